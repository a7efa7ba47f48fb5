#include "exec/message.h"
#include "base/error.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MESSAGE_INFO(symbol, member, sender, receiver, fds, text)                                  \
    [MESSAGE_##symbol##_TYPE] = {.name = #member,                                                  \
                                 .from = MESSAGE_##sender,                                         \
                                 .to = MESSAGE_##receiver,                                         \
                                 .size = sizeof(struct message_##member),                          \
                                 .descriptors = (fds),                                             \
                                 .text_max = (text)},
const struct message_info message_table[MESSAGE_COUNT] = {MESSAGES(MESSAGE_INFO)};
#undef MESSAGE_INFO

/* Looks at the head alone. */
static bool message_head_valid(const struct message *message, enum message_party from,
                               enum message_party to)
{
    if (message->type >= MESSAGE_COUNT)
        return false;
    const struct message_info *info = &message_table[message->type];
    return info->from == from && info->to == to && info->size == message->size &&
           message->text_size <= info->text_max;
}

bool message_valid(const struct message *message, size_t bytes, enum message_party from,
                   enum message_party to)
{
    return bytes >= MESSAGE_HEAD_BYTES && message_head_valid(message, from, to) &&
           bytes == MESSAGE_HEAD_BYTES + message->text_size;
}

void message_init(struct message *message, enum message_type type)
{
    /* All of it is sent, so nothing of the sender's stack may stand in it. */
    memset(message, 0, MESSAGE_HEAD_BYTES);
    message->type = type;
    message->size = message_table[type].size;
}

int message_send(int fd, const struct message *message, const int *fds)
{
    size_t count = message_table[message->type].descriptors;
    size_t bytes = MESSAGE_HEAD_BYTES + message->text_size;
    ssize_t sent;

    if (count == 0) {
        do
            sent = send(fd, message, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
    } else {
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(MESSAGE_DESCRIPTORS_MOST * sizeof(int))];
        memset(control, 0, sizeof control);
        struct iovec part = {.iov_base = (void *)message, .iov_len = bytes};
        struct msghdr head = {.msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = CMSG_SPACE(count * sizeof(int))};
        struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
        do
            sent = sendmsg(fd, &head, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
    }
    if (sent == (ssize_t)bytes)
        return 0;
    return sent < 0 && (errno == EAGAIN || errno == ENOBUFS) ? ERR_QUEUE_FULL : ERR_SYSTEM;
}

/* Takes the descriptors that came along; how many. Never more than MESSAGE_DESCRIPTORS_MOST. */
static size_t message_take_descriptors(struct msghdr *head, int *fds)
{
    size_t count = 0;
    for (struct cmsghdr *rights = CMSG_FIRSTHDR(head); rights; rights = CMSG_NXTHDR(head, rights)) {
        if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
            continue;
        size_t got = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < got; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
            if (count < MESSAGE_DESCRIPTORS_MOST)
                fds[count++] = fd;
            else
                close(fd);
        }
    }
    return count;
}

static ssize_t message_receive_with_descriptors(int fd, int flags, struct message *message,
                                                int *fds, size_t *count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(MESSAGE_DESCRIPTORS_MOST * sizeof(int))];
    struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
    ssize_t got;
    do
        got = recvmsg(fd, &head, flags | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        *count = message_take_descriptors(&head, fds);
    return got;
}

/*
 * Without recvmsg: descriptors that come along are dropped by the kernel. Of a side that died with
 * something unread the kernel says so first (ECONNRESET), once; what it sent before is still there.
 */
static ssize_t message_receive_bytes(int fd, int flags, void *at, size_t most)
{
    ssize_t got;
    do
        got = recv(fd, at, most, flags);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    return got;
}

/* Waits until a stream has something. False: not within MESSAGE_REST_MS. */
static bool message_rest_comes(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, MESSAGE_REST_MS) > 0;
}

/* Reads a stream on from `got` bytes to `size`: they were sent by one call, so they are there or
 * just about to come. */
static int message_fill(int fd, struct message *message, size_t got, size_t size)
{
    while (got < size) {
        ssize_t more = message_receive_bytes(fd, MSG_DONTWAIT, (char *)message + got, size - got);
        if (more > 0)
            got += (size_t)more;
        else if (more == 0 || errno != EAGAIN)
            return ERR_SYSTEM;
        else if (!message_rest_comes(fd))
            return ERR_PROTOCOL;
    }
    return 0;
}

static int message_receive_stream(int fd, enum message_party from, enum message_party to, int flags,
                                  struct message *ret)
{
    ssize_t got =
        message_receive_bytes(fd, flags & MESSAGE_WAIT ? 0 : MSG_DONTWAIT, ret, MESSAGE_HEAD_BYTES);
    if (got < 0 && errno == EAGAIN)
        return ERR_QUEUE_FULL;
    if (got <= 0)
        return ERR_SYSTEM;
    int r = message_fill(fd, ret, (size_t)got, MESSAGE_HEAD_BYTES);
    if (r)
        return r;
    if (!message_head_valid(ret, from, to))
        return ERR_PROTOCOL;
    return message_fill(fd, ret, MESSAGE_HEAD_BYTES, MESSAGE_HEAD_BYTES + ret->text_size);
}

int message_receive(int fd, enum message_party from, enum message_party to, int flags,
                    struct message *ret, int *fds)
{
    int wait = flags & MESSAGE_WAIT ? 0 : MSG_DONTWAIT;
    size_t count = 0;
    ssize_t got;

    if (flags & MESSAGE_STREAM)
        return message_receive_stream(fd, from, to, flags, ret);
    if (fds)
        got = message_receive_with_descriptors(fd, wait, ret, fds, &count);
    else
        got = message_receive_bytes(fd, wait, ret, sizeof *ret);
    if (got < 0 && errno == EAGAIN)
        return ERR_QUEUE_FULL;
    if (got <= 0)
        return ERR_SYSTEM;
    if (!message_valid(ret, (size_t)got, from, to) ||
        count != (fds ? message_table[ret->type].descriptors : 0)) {
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
        return ERR_PROTOCOL;
    }
    return 0;
}
