#include "exec/seal_step.h"
#include "exec/seal_table.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile uint32_t *hint_place;

/*
 * A call that is not in the table ends here, on whatever stack is left. The kernel undoes a blocked
 * or replaced handler by killing, so the worker ends in any case.
 */
static void on_trap(int signal, siginfo_t *info, void *context)
{
    if (hint_place != NULL)
        *hint_place = (uint32_t)info->si_syscall + 1; /* 0 is "none", and read is call 0 */
    for (;;)
        syscall(SYS_exit_group, SEAL_EXIT_TRAPPED);
}

static int install_handler(void)
{
    struct sigaction action = {.sa_sigaction = on_trap,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    if (sigaction(SIGSYS, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) != 0)
        return errno;
    return 0;
}

static uint32_t action_of(enum seal_verdict verdict)
{
    switch (verdict) {
    case SEAL_ALLOW:
        return SCMP_ACT_ALLOW;
    case SEAL_PROBE:
        return SCMP_ACT_ERRNO(SEAL_PROBE_ERRNO);
    case SEAL_KILL:
        break;
    }
    return SCMP_ACT_KILL_PROCESS;
}

/* One line of the table; 0 or an errno. */
static int add_rule(scmp_filter_ctx filter, const struct seal_rule *rule, int socket)
{
    struct scmp_arg_cmp checks[SEAL_CHECK_MOST];
    unsigned count = 0;

    for (int i = 0; i < SEAL_CHECK_MOST; i++) {
        const struct seal_check *check = &rule->checks[i];

        switch ((enum seal_check_kind)check->kind) {
        case SEAL_ANY:
            break;
        case SEAL_SOCKET:
            checks[count++] = SCMP_CMP(check->argument, SCMP_CMP_EQ, (scmp_datum_t)socket, 0);
            break;
        case SEAL_EQUALS:
            checks[count++] = SCMP_CMP(check->argument, SCMP_CMP_EQ, check->value, 0);
            break;
        case SEAL_WITHIN:
            checks[count++] = SCMP_CMP(check->argument, SCMP_CMP_MASKED_EQ, ~check->value, 0);
            break;
        }
    }
    return -seccomp_rule_add_array(filter, action_of(rule->verdict), rule->call, count, checks);
}

static int add_rules(scmp_filter_ctx filter, const struct seal_rule *rules, size_t count,
                     int socket)
{
    for (size_t i = 0; i < count; i++) {
        int error = add_rule(filter, &rules[i], socket);
        if (error != 0)
            return error;
    }
    return 0;
}

static int load(int socket)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    int error;

    if (filter == NULL)
        return ENOMEM;
    /* i386 and x32 calls have other numbers: they are no way around the table. */
    error = -seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (error == 0)
        error = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0); /* a step of its own */
    if (error == 0)
        error = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    if (error == 0)
        error = add_rules(filter, seal_rules, seal_rule_count, socket);
#if __has_feature(address_sanitizer)
    if (error == 0)
        error = add_rules(filter, seal_rules_asan, seal_rule_asan_count, socket);
#endif
    if (error == 0)
        error = -seccomp_load(filter);
    seccomp_release(filter);
    return error;
}

void seal_step_filter(struct seal_state *state)
{
    int error;

    hint_place = state->options->hint;
    error = install_handler();
    if (error == 0)
        error = load(state->options->keep_fd);
    if (error == 0 && (syscall(SYS_getppid) != -1 || errno != SEAL_PROBE_ERRNO))
        error = EPERM; /* loaded, and yet not asked */
    if (error == 0)
        state->report.mechanisms |= SEAL_SECCOMP;
    else
        seal_refuse(state, "seccomp", error);
}

const char *seal_hint_call(uint32_t hint, char *text, size_t size)
{
    char *name;

    if (hint == 0)
        return NULL;
    name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)(hint - 1));
    if (name != NULL)
        snprintf(text, size, "%s", name);
    else
        snprintf(text, size, "system call %u", hint - 1);
    free(name);
    return text;
}
