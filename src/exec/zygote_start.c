#include "engine/engine.h"
#include "exec/exec.h"
#include "exec/zygote.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long a zygote may take to end its workers before it is killed. */
#define ZYGOTE_END_MS 2000

/* For every worker a message each way fits, so that neither side ever has to wait for long. */
#define ZYGOTE_SOCKET_BYTES (4 * 1024 * 1024)

/* The child's part: never returns. Only calls that are safe after fork. */
static _Noreturn void zygote_exec(int fd)
{
    char name[] = "neocompute", option[] = "--zygote";
    char *const arguments[] = {name, option, NULL};
    char *const environment[] = {NULL};
    struct rlimit stack;

    /* A main thread's stack is laid out at exec: the workers' forks keep what is set here. */
    if (getrlimit(RLIMIT_STACK, &stack) != 0)
        _exit(127);
    stack.rlim_cur = engine_stack_bytes + ZYGOTE_STACK_EXTRA_BYTES;
    if (stack.rlim_max != RLIM_INFINITY && stack.rlim_max < stack.rlim_cur)
        stack.rlim_max = stack.rlim_cur;
    if (setrlimit(RLIMIT_STACK, &stack) != 0)
        _exit(126);
    if (fd == ZYGOTE_FD)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, ZYGOTE_FD) < 0)
        _exit(127);
    execve("/proc/self/exe", arguments, environment);
    _exit(127);
}

int exec_zygote_start(struct exec_zygote **ret, struct error_detail *detail)
{
    int pair[2] = {-1, -1};
    int size = ZYGOTE_SOCKET_BYTES;
    struct exec_zygote *zygote = calloc(1, sizeof *zygote);

    if (!zygote)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the zygote");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        goto failed;
    /* Best effort: the system's maximum may be less, and a full socket is not an error anywhere. */
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    zygote->fd = pair[0];
    zygote->pid = fork();
    if (zygote->pid < 0)
        goto failed;
    if (zygote->pid == 0)
        zygote_exec(pair[1]);
    close(pair[1]);
    *ret = zygote;
    return 0;

failed:
    error_set(detail, ERR_SYSTEM, "", "could not start the zygote: %s", strerror(errno));
    if (pair[0] >= 0) {
        close(pair[0]);
        close(pair[1]);
    }
    free(zygote);
    return ERR_SYSTEM;
}

void zygote_free(struct exec_zygote *zygote)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    if (!zygote)
        return;
    close(zygote->fd);
    for (int ms = 0; waitpid(zygote->pid, NULL, WNOHANG) == 0; ms++) {
        if (ms == ZYGOTE_END_MS)
            kill(zygote->pid, SIGKILL); /* its workers follow by PDEATHSIG */
        nanosleep(&pause, NULL);
    }
    free(zygote);
}
