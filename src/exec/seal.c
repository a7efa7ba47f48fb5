#include "exec/seal_step.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* Without these a worker is not sealed at all, on whatever system. */
static const struct {
    uint32_t mechanism;
    const char *name;
} required[] = {
    {SEAL_SECCOMP, "seccomp"},
    {SEAL_NO_NEW_PRIVS, "no new privileges"},
    {SEAL_NO_CAPABILITIES, "empty capabilities"},
    {SEAL_MEMORY_CAP, "bounded memory"},
};

void seal_refuse(struct seal_state *state, const char *what, int error)
{
    char *text = state->report.refused;
    size_t size = sizeof(state->report.refused), used = strlen(text);
    const char *separator = used > 0 ? "; " : "";

    if (error != 0)
        snprintf(text + used, size - used, "%s%s (%s)", separator, what, strerrordesc_np(error));
    else
        snprintf(text + used, size - used, "%s%s", separator, what);
}

/* A worker must not outlive the zygote. Changing the uid clears this, so it comes late. */
static void seal_step_die_with_parent(struct seal_state *state)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        seal_refuse(state, "death with the parent", 0);
}

/*
 * The order matters. Not dumpable before the id maps makes /proc/self root's; mounts fail after
 * landlock; landlock needs no_new_privs; the capabilities are needed for all before the identity;
 * landlock needs a descriptor of its own; and the filter refuses every call used before it.
 */
static void (*const steps[])(struct seal_state *) = {
    seal_step_cgroup,          seal_step_look,           seal_step_namespaces,
    seal_step_close,           seal_step_limits,         seal_step_identity,
    seal_step_die_with_parent, seal_step_not_dumpable,   seal_step_no_new_privileges,
    seal_step_landlock,        seal_step_no_descriptors, seal_step_filter,
};

int seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                struct error_detail *detail)
{
    struct seal_state state = {.options = options, .namespaces = namespaces};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        steps[i](&state);

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (!(state.report.mechanisms & required[i].mechanism))
            return error_set(detail, ERR_SYSTEM, "isolation",
                             "a worker cannot be sealed here: no %s; refused: %s", required[i].name,
                             state.report.refused);
    }
    *ret = state.report;
    return 0;
}
