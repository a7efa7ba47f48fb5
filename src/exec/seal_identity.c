#include "base/privileges.h"
#include "exec/seal_step.h"

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Gives up uid and gid of root. In a user namespace of its own the process already is nobody. */
static int become_unprivileged(void)
{
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) != 0 ||
        setresgid(SEAL_UNPRIVILEGED_ID, SEAL_UNPRIVILEGED_ID, SEAL_UNPRIVILEGED_ID) != 0 ||
        setresuid(SEAL_UNPRIVILEGED_ID, SEAL_UNPRIVILEGED_ID, SEAL_UNPRIVILEGED_ID) != 0)
        return errno;
    return 0;
}

static bool is_unprivileged(void)
{
    uid_t ruid = 0, euid = 0, suid = 0;
    gid_t rgid = 0, egid = 0, sgid = 0;

    return getresuid(&ruid, &euid, &suid) == 0 && getresgid(&rgid, &egid, &sgid) == 0 && ruid &&
           euid && suid && rgid && egid && sgid;
}

void seal_step_identity(struct seal_state *state)
{
    int error;

    if (!privileges_empty_bounding_set())
        seal_refuse(state, "empty bounding set", EPERM);
    error = privileges_lock_securebits();
    if (error != 0)
        seal_refuse(state, "securebits", error);

    error = become_unprivileged();
    if (error == 0 && is_unprivileged())
        state->report.mechanisms |= SEAL_UNPRIVILEGED_UID;
    else
        seal_refuse(state, "unprivileged uid", error);
    if (getgroups(0, NULL) > 0)
        seal_refuse(state, "dropping supplementary groups", 0);

    error = privileges_empty_capabilities();
    if (error == 0)
        state->report.mechanisms |= SEAL_NO_CAPABILITIES;
    else
        seal_refuse(state, "empty capabilities", error);
}

void seal_step_not_dumpable(struct seal_state *state)
{
    if (prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == 0)
        state->report.mechanisms |= SEAL_NOT_DUMPABLE;
    else
        seal_refuse(state, "not dumpable", errno);
}

void seal_step_no_new_privileges(struct seal_state *state)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        state->report.mechanisms |= SEAL_NO_NEW_PRIVS;
    else
        seal_refuse(state, "no new privileges", errno);
}
