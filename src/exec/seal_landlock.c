#include "exec/seal_step.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface (linux/landlock.h), newer than the headers of the systems we build on. */
#define LANDLOCK_VERSION_FLAG 1u
struct landlock_attr {
    uint64_t access_fs;
    uint64_t access_net; /* since ABI 4 */
    uint64_t scoped;     /* since ABI 6 */
};
#define LANDLOCK_NET_ALL   3u /* TCP bind, TCP connect */
#define LANDLOCK_SCOPE_ALL 3u /* abstract unix sockets, signals */

enum { ABI_TCP = 4, ABI_SCOPE = 6 };

/* Access rights to files by ABI: bit n is the n-th right. ABI 2 refer, 3 truncate, 5 ioctl. */
static uint64_t file_rights(int abi)
{
    int rights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
    return (1ull << rights) - 1;
}

static int restrict_self(int abi)
{
    struct landlock_attr attr = {.access_fs = file_rights(abi)};
    size_t size = sizeof(attr.access_fs);
    int fd, error = 0;

    if (abi >= ABI_TCP) {
        attr.access_net = LANDLOCK_NET_ALL;
        size = offsetof(struct landlock_attr, scoped);
    }
    if (abi >= ABI_SCOPE) {
        attr.scoped = LANDLOCK_SCOPE_ALL;
        size = sizeof(attr);
    }
    fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (fd < 0)
        return errno;
    /* No rule is added: what is handled is denied. */
    if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
        error = errno;
    close(fd);
    return error;
}

static bool denies_files(void)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EACCES;
}

static bool denies_tcp(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool denied;

    if (fd < 0)
        return false;
    denied = bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 && errno == EACCES;
    close(fd);
    return denied;
}

/* The parent lives outside the domain. In a pid namespace of its own it is not to be seen, and a
 * kernel of this ABI is believed. */
static bool denies_signals(void)
{
    return getppid() == 0 || (kill(getppid(), 0) != 0 && errno == EPERM);
}

void seal_step_landlock(struct seal_state *state)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
    int error = abi < 1 ? errno : restrict_self(abi);
    char text[48];

    if (error != 0) {
        seal_refuse(state, "landlock", error);
        return;
    }
    if (denies_files())
        state->report.mechanisms |= SEAL_LANDLOCK_FILES;
    else
        seal_refuse(state, "landlock files", errno);

    if (abi >= ABI_TCP && denies_tcp()) {
        state->report.mechanisms |= SEAL_LANDLOCK_TCP;
    } else {
        snprintf(text, sizeof(text), "landlock tcp (ABI %d)", abi);
        seal_refuse(state, text, 0);
    }
    if (abi >= ABI_SCOPE && denies_signals()) {
        state->report.mechanisms |= SEAL_LANDLOCK_SCOPE;
    } else {
        snprintf(text, sizeof(text), "landlock scope (ABI %d)", abi);
        seal_refuse(state, text, 0);
    }
}
