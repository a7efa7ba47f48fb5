#include "exec/seal_step.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Root is no root to anybody who becomes it, now or ever. */
#define SECUREBITS                                                                                 \
    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |                              \
     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |                                 \
     SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* The bounding set, which only a capability can empty. True if it is empty afterwards. */
static bool empty_bounding_set(void)
{
    bool empty = true;

    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
        if (prctl(PR_CAPBSET_READ, cap) == 1 && prctl(PR_CAPBSET_DROP, cap) != 0)
            empty = false;
    }
    return empty;
}

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

static int no_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    memset(data, 0, sizeof(data));
    if (syscall(SYS_capset, &header, data) != 0)
        return errno;

    memset(data, 0xff, sizeof(data));
    header.pid = 0;
    if (syscall(SYS_capget, &header, data) != 0)
        return errno;
    for (int i = 0; i < 2; i++) {
        if (data[i].effective | data[i].permitted | data[i].inheritable)
            return EPERM;
    }
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
            return EPERM;
    }
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

    if (!empty_bounding_set())
        seal_refuse(state, "empty bounding set", EPERM);
    if (prctl(PR_SET_SECUREBITS, SECUREBITS) != 0)
        seal_refuse(state, "securebits", errno);

    error = become_unprivileged();
    if (error == 0 && is_unprivileged())
        state->report.mechanisms |= SEAL_UNPRIVILEGED_UID;
    else
        seal_refuse(state, "unprivileged uid", error);
    if (getgroups(0, NULL) > 0)
        seal_refuse(state, "dropping supplementary groups", 0);

    error = no_capabilities();
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
