#include "exec/seal_step.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
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

static void close_from_to(struct seal_state *state, int first, int last)
{
    if (first <= last && syscall(SYS_close_range, first, last, 0) != 0)
        seal_refuse(state, "closing descriptors", errno);
}

void seal_step_close(struct seal_state *state)
{
    int keep = state->options->keep_fd, first = 0;

#if __has_feature(address_sanitizer)
    if (keep > STDERR_FILENO) { /* where the sanitizer reports */
        close_from_to(state, 0, STDERR_FILENO - 1);
        first = STDERR_FILENO + 1;
    }
#endif
    close_from_to(state, first, keep - 1);
    close_from_to(state, keep + 1, INT_MAX);
}

#if __has_feature(address_sanitizer)
/* The sanitizer's shadow counts as data, terabytes of it. */
static rlim_t data_of_runtime;

void seal_step_look(struct seal_state *state)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long long pages = 0;

    if (file == NULL || fscanf(file, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
        seal_refuse(state, "looking at the sanitizer's memory", errno);
    if (file != NULL)
        fclose(file);
    data_of_runtime = pages * 4096;
}
#else
enum { data_of_runtime = 0 };

void seal_step_look(struct seal_state *state)
{
}
#endif

void seal_step_limits(struct seal_state *state)
{
    int error = set_limit(RLIMIT_DATA, state->options->memory_max + data_of_runtime);
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
