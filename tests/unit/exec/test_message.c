/*
 * Messages on streams, which do not keep them apart.
 */
#include "base/clock.h"
#include "base/error.h"
#include "exec/message.h"
#include "unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct ends {
    int ours, theirs;
};

static int open_ends(void **state)
{
    static struct ends ends;
    int pair[2];
    *state = &ends;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return -1;
    ends = (struct ends){pair[0], pair[1]};
    return 0;
}

static int close_ends(void **state)
{
    struct ends *ends = *state;
    close(ends->ours);
    return ends->theirs < 0 ? 0 : close(ends->theirs);
}

static int receive(const struct ends *ends, struct message *ret)
{
    return message_receive(ends->ours, MESSAGE_CORE, MESSAGE_WORKER, MESSAGE_STREAM, ret, NULL);
}

static size_t make_start(struct message *message, uint32_t sequence, uint32_t text_size)
{
    message_init(message, MESSAGE_START_TYPE);
    message->start.sequence = sequence;
    message->text_size = text_size;
    memset(message->text, (int)('a' + sequence % 26), text_size);
    return MESSAGE_HEAD_BYTES + text_size;
}

static void assert_start(const struct message *message, uint32_t sequence, uint32_t text_size)
{
    struct message wanted;
    size_t size = make_start(&wanted, sequence, text_size);
    assert_memory_equal(message, &wanted, size);
}

static void put(const struct ends *ends, const void *data, size_t size)
{
    assert_int_equal(send(ends->theirs, data, size, MSG_NOSIGNAL), size);
}

static void those_that_follow_each_other_stay_apart(void **state)
{
    const struct ends *ends = *state;
    static struct message message;
    const uint32_t sizes[] = {0, 1, MESSAGE_TEXT_BYTES, 0, 7, 4096};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    assert_int_equal(receive(ends, &message), ERR_QUEUE_FULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        make_start(&message, i, sizes[i]);
        assert_int_equal(message_send(ends->theirs, &message, NULL), 0);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(receive(ends, &message), 0);
        assert_start(&message, i, sizes[i]);
    }
    assert_int_equal(receive(ends, &message), ERR_QUEUE_FULL);
}

static void *put_in_pieces(void *arg)
{
    const struct ends *ends = arg;
    struct message message;
    size_t size = make_start(&message, 3, 1000);
    for (size_t at = 0; at < size; at += 97) {
        put(ends, (char *)&message + at, size - at < 97 ? size - at : 97);
        usleep(2000);
    }
    return NULL;
}

static void one_that_comes_in_pieces_is_whole(void **state)
{
    const struct ends *ends = *state;
    static struct message message;
    pthread_t thread;
    int r;
    assert_int_equal(pthread_create(&thread, NULL, put_in_pieces, (void *)ends), 0);
    while ((r = receive(ends, &message)) == ERR_QUEUE_FULL)
        ;
    pthread_join(thread, NULL);
    assert_int_equal(r, 0);
    assert_start(&message, 3, 1000);
}

static void half_of_one_is_not_waited_for_long(void **state)
{
    const struct ends *ends = *state;
    static struct message message;
    size_t size = make_start(&message, 3, 1000);
    uint64_t start = clock_now_ns();
    put(ends, &message, size - 1);
    assert_int_equal(receive(ends, &message), ERR_PROTOCOL);
    assert_true(clock_now_ns() - start >= MESSAGE_REST_MS * NS_PER_MS / 2);
}

static void half_of_one_is_none_when_the_other_side_is_gone(void **state)
{
    struct ends *ends = *state;
    static struct message message;
    put(ends, &message, make_start(&message, 3, 1000) - 1);
    close(ends->theirs);
    ends->theirs = -1;
    assert_int_equal(receive(ends, &message), ERR_SYSTEM);
}

/* Nothing that follows is taken for the text of a head that is none. */
static void a_head_that_is_none_has_no_text(void **state)
{
    const struct ends *ends = *state;
    static struct message message;
    const struct {
        uint32_t type, size, text_size;
    } heads[] = {{MESSAGE_COUNT, sizeof message.start, 8},
                 {UINT32_MAX, sizeof message.start, 8},
                 {MESSAGE_DONE_TYPE, sizeof message.done, 8},
                 {MESSAGE_START_TYPE, sizeof message.start + 1, 8},
                 {MESSAGE_CANCEL_TYPE, sizeof message.cancel, 8},
                 {MESSAGE_START_TYPE, sizeof message.start, MESSAGE_TEXT_BYTES + 1},
                 {MESSAGE_START_TYPE, sizeof message.start, UINT32_MAX}};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char rest[8];
        make_start(&message, 1, 8);
        message.type = heads[i].type;
        message.size = heads[i].size;
        message.text_size = heads[i].text_size;
        put(ends, &message, MESSAGE_HEAD_BYTES + 8);
        assert_int_equal(receive(ends, &message), ERR_PROTOCOL);
        assert_int_equal(recv(ends->ours, rest, sizeof rest, MSG_DONTWAIT), sizeof rest);
    }
}

/* The kernel says first that the connection was reset; that loses nothing. */
static void one_sent_before_dying_with_something_unread_is_there(void **state)
{
    struct ends *ends = *state;
    struct message message;
    size_t size = make_start(&message, 7, 100);
    assert_int_equal(send(ends->ours, "unread", 6, MSG_NOSIGNAL), 6);
    put(ends, &message, size);
    close(ends->theirs);
    ends->theirs = -1;
    assert_int_equal(receive(ends, &message), 0);
    assert_start(&message, 7, 100);
    assert_int_equal(receive(ends, &message), ERR_SYSTEM);
}

#define MESSAGE_TEST(name) cmocka_unit_test_setup_teardown(name, open_ends, close_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MESSAGE_TEST(one_sent_before_dying_with_something_unread_is_there),
        MESSAGE_TEST(those_that_follow_each_other_stay_apart),
        MESSAGE_TEST(one_that_comes_in_pieces_is_whole),
        MESSAGE_TEST(half_of_one_is_not_waited_for_long),
        MESSAGE_TEST(half_of_one_is_none_when_the_other_side_is_gone),
        MESSAGE_TEST(a_head_that_is_none_has_no_text),
    };
    return RUN_TESTS(tests);
}
