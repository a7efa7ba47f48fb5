#include "exec/seal_step.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every limit is set hard and soft; only a capability could raise it again. */
static const struct {
    int resource;
    const char *name;
} zero_limits[] = {
    {RLIMIT_CORE, "core dumps"},          /* a dump holds a tenant's data */
    {RLIMIT_FSIZE, "file size"},          /* no file grows by it */
    {RLIMIT_NPROC, "processes"},          /* no fork (root is exempt; see tried below) */
    {RLIMIT_MEMLOCK, "locked memory"},    /* no memory that cannot be swapped */
    {RLIMIT_MSGQUEUE, "message queues"},  /* no kernel memory by POSIX queues */
    {RLIMIT_NICE, "nice"},                /* no higher priority than it was given */
    {RLIMIT_RTPRIO, "real-time priority"} /* no starving of the core */
};

static int set_limit(int resource, rlim_t most)
{
    struct rlimit old, limit;

    if (getrlimit(resource, &old) != 0)
        return errno;
    if (old.rlim_max != RLIM_INFINITY && old.rlim_max < most)
        most = old.rlim_max;
    limit.rlim_cur = limit.rlim_max = most;
    if (setrlimit(resource, &limit) != 0)
        return errno;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur != most || limit.rlim_max != most)
        return EPERM;
    return 0;
}

void seal_step_close(struct seal_state *state)
{
    unsigned keep = (unsigned)state->options->keep_fd;
    unsigned last = keep;

#if defined(__has_feature) && __has_feature(address_sanitizer)
    if (keep < STDERR_FILENO) /* the sanitizer's reports */
        last = STDERR_FILENO;
#endif
    if ((keep > 0 && syscall(SYS_close_range, 0, keep - 1, 0) != 0) ||
        syscall(SYS_close_range, last + 1, ~0u, 0) != 0)
        seal_refuse(state, "closing descriptors", errno);
}

void seal_step_limits(struct seal_state *state)
{
    int error = set_limit(RLIMIT_DATA, state->options->memory_max);
    struct rlimit stack;

    if (error == 0)
        state->report.mechanisms |= SEAL_MEMORY_CAP;
    else
        seal_refuse(state, "limit of memory", error);

    if (getrlimit(RLIMIT_STACK, &stack) == 0)
        set_limit(RLIMIT_STACK, stack.rlim_cur);

    state->report.mechanisms |= SEAL_RLIMITS;
    for (size_t i = 0; i < sizeof(zero_limits) / sizeof(zero_limits[0]); i++) {
        error = set_limit(zero_limits[i].resource, 0);
        if (error != 0) {
            state->report.mechanisms &= ~(uint32_t)SEAL_RLIMITS;
            seal_refuse(state, zero_limits[i].name, error);
        }
    }
}

/* Root and capabilities are exempt from RLIMIT_NPROC, so try it. */
static bool can_fork(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return pid > 0;
}

void seal_step_no_descriptors(struct seal_state *state)
{
    int error, fd;

    if ((state->report.mechanisms & SEAL_RLIMITS) && can_fork()) {
        state->report.mechanisms &= ~(uint32_t)SEAL_RLIMITS;
        seal_refuse(state, "limit of processes", 0);
    }

    error = set_limit(RLIMIT_NOFILE, 0);
    fd = error == 0 ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;
    if (error == 0 && fd < 0 && errno == EMFILE)
        state->report.mechanisms |= SEAL_NO_DESCRIPTORS;
    else
        seal_refuse(state, "limit of descriptors", error);
    if (fd >= 0)
        close(fd);
}
