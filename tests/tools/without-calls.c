/*
 * without-calls CALLS COMMAND [ARGUMENT ...]: runs a command on a system that lacks system calls.
 *
 * CALLS is a comma-separated list of names ("memfd_create,prctl"), or "gramine" for those that the
 * Gramine library OS does not have. Each of them answers ENOSYS in the command and all it starts,
 * for good; a fork or vfork is refused too where a preset says so, threads are not.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LIST_MOST 4096

/*
 * No seccomp, landlock, unshare, prctl, userfaultfd, memfd, io_uring, POSIX timers, clone3, mremap,
 * pidfd; `clone` stands for making a process (fork makes a new enclave and is switched off), not
 * for making a thread.
 */
static const char gramine[] =
    "seccomp,landlock_create_ruleset,landlock_add_rule,landlock_restrict_self,unshare,setns,prctl,"
    "userfaultfd,memfd_create,memfd_secret,io_uring_setup,io_uring_enter,io_uring_register,"
    "timer_create,timer_settime,timer_gettime,timer_delete,timer_getoverrun,clone3,mremap,"
    "pidfd_open,pidfd_getfd,pidfd_send_signal,fork,vfork,clone";

static const struct {
    const char *name, *calls;
} presets[] = {{"gramine", gramine}};

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "without-calls: %s: %s\n", what, name);
    exit(126);
}

static const char *find_list(const char *calls)
{
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        if (strcmp(presets[i].name, calls) == 0)
            return presets[i].calls;
    }
    return calls;
}

/* Threads are made by clone with CLONE_THREAD; everything else that clone makes is a process. */
static int refuse(scmp_filter_ctx filter, int call)
{
    const struct scmp_arg_cmp no_thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);

    if (call == SCMP_SYS(clone))
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 1, no_thread);
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
}

static void add_calls(scmp_filter_ctx filter, const char *calls)
{
    char list[LIST_MOST], *save = NULL;

    if (snprintf(list, sizeof(list), "%s", calls) >= (int)sizeof(list))
        fail("the list is too long", calls);
    for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
        int call = seccomp_syscall_resolve_name(name);

        if (call == __NR_SCMP_ERROR)
            fail("no such system call", name);
        if (refuse(filter, call) != 0)
            fail("cannot refuse", name);
    }
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter;

    if (argc < 3) {
        fprintf(stderr, "usage: without-calls CALLS|gramine COMMAND [ARGUMENT ...]\n");
        return 126;
    }
    filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        fail("no memory", argv[1]);
    add_calls(filter, find_list(argv[1]));
    /* libseccomp sets no_new_privs by itself, before prctl is gone. */
    if (seccomp_load(filter) != 0)
        fail("the filter cannot be loaded", argv[1]);
    seccomp_release(filter);
    execvp(argv[2], argv + 2);
    fail(strerror(errno), argv[2]);
}
