#include "base/privileges.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECUREBITS                                                                                 \
    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |                              \
     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |                                 \
     SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

void privileges_close_inherited(void)
{
    close_range(STDERR_FILENO + 1, ~0u, 0);
}

bool privileges_empty_bounding_set(void)
{
    bool empty = true;

    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
        if (prctl(PR_CAPBSET_READ, cap) == 1 && prctl(PR_CAPBSET_DROP, cap) != 0)
            empty = false;
    }
    return empty;
}

int privileges_lock_securebits(void)
{
    return prctl(PR_SET_SECUREBITS, SECUREBITS) == 0 ? 0 : errno;
}

int privileges_empty_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    memset(data, 0, sizeof(data));
    if (syscall(SYS_capset, &header, data) != 0)
        return errno;

    memset(data, 0xff, sizeof(data));
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

/* A library OS that lacks the calls (ENOSYS) has nothing of the kind to give up. */
static int unless_missing(int error)
{
    return error == ENOSYS ? 0 : error;
}

static const struct passwd *find_user(const char *name)
{
    static char root_name[] = "root"; /* known without /etc/passwd */
    static const struct passwd root = {.pw_name = root_name};
    const struct passwd *user;

    if (name != NULL)
        return strcmp(name, root_name) == 0 ? &root : getpwnam(name);
    user = getpwnam(PRIVILEGES_USER);
    return user != NULL ? user : getpwnam(PRIVILEGES_FALLBACK_USER);
}

/*
 * Gives root's data directory, and root's files right in it, to the new user. A directory that is
 * somebody else's is left alone: that somebody could have put a link to any file there.
 */
static int give_data_dir(const char *path, const struct passwd *user)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    DIR *dir = NULL;
    int error = 0;

    if (fd < 0 || fstat(fd, &info) != 0) {
        error = errno;
    } else if (info.st_uid == 0 && user->pw_uid != 0) {
        dir = fdopendir(fd);
        if (dir == NULL)
            error = errno;
        for (struct dirent *entry; dir != NULL && error == 0 && (entry = readdir(dir)) != NULL;) {
            if (fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(info.st_mode) && info.st_uid == 0 &&
                fchownat(fd, entry->d_name, user->pw_uid, user->pw_gid, AT_SYMLINK_NOFOLLOW) != 0)
                error = errno;
        }
        /* Last: from here on the user may put things in. */
        if (error == 0 && fchown(fd, user->pw_uid, user->pw_gid) != 0)
            error = errno;
    }
    if (dir != NULL)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    return error;
}

/* EINVAL if the system knows no such id here: a user namespace with a map of root alone. */
static int become(const struct passwd *user)
{
    if (setgroups(0, NULL) != 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return errno;
    if (user->pw_uid != 0 && (setuid(0) == 0 || setgid(0) == 0))
        return EPERM;
    return 0;
}

/* For root: everything that only root can give up. */
static int leave_root(const char *name, const char *data_dir, struct error_detail *detail)
{
    const struct passwd *user = find_user(name);
    int error;

    if (user == NULL)
        return error_set(detail, ERR_USAGE, "--run-as", "there is no user \"%s\"",
                         name != NULL ? name : PRIVILEGES_FALLBACK_USER);
    error = data_dir != NULL ? give_data_dir(data_dir, user) : 0;
    if (error != 0)
        return error_set(detail, ERR_USAGE, "--data-dir", "%s cannot be given to the user %s: %s",
                         data_dir, user->pw_name, strerror(error));

    if (!privileges_empty_bounding_set())
        return error_set(detail, ERR_SYSTEM, "", "the capability bounding set cannot be emptied");
    error = unless_missing(privileges_lock_securebits());
    if (error != 0)
        return error_set(detail, ERR_SYSTEM, "", "securebits cannot be set: %s", strerror(error));
    error = become(user);
    if (error != 0)
        return error_set(detail, ERR_SYSTEM, "--run-as", "cannot become the user %s: %s",
                         user->pw_name, strerror(error));
    if (data_dir != NULL && access(data_dir, R_OK | W_OK | X_OK) != 0)
        return error_set(detail, ERR_USAGE, "--data-dir",
                         "%s cannot be reached by the user %s, whom a service started as root "
                         "becomes: %s",
                         data_dir, user->pw_name, strerror(errno));
    return 0;
}

/* What keeps other processes of the same user out of this one's memory. */
static int hide_memory(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return errno;
#if !__has_feature(address_sanitizer) /* its leak check reads the memory as another process does   \
                                       */
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        return unless_missing(errno);
#endif
    return 0;
}

int privileges_drop(const char *user, const char *data_dir, char ret_user[PRIVILEGES_USER_BYTES],
                    struct error_detail *detail)
{
    const struct passwd *now;
    int r, error;

    if (geteuid() == 0) {
        r = leave_root(user, data_dir, detail);
        if (r != 0)
            return r;
    } else {
        /* Only a capability can empty them: without one they are out of reach anyway. */
        privileges_empty_bounding_set();
        privileges_lock_securebits();
    }

    error = unless_missing(privileges_empty_capabilities());
    if (error == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        error = unless_missing(errno);
    if (error == 0)
        error = hide_memory();
    if (error != 0)
        return error_set(detail, ERR_SYSTEM, "", "privileges cannot be dropped: %s",
                         strerror(error));

    now = getpwuid(geteuid());
    if (now != NULL)
        snprintf(ret_user, PRIVILEGES_USER_BYTES, "%s", now->pw_name);
    else
        snprintf(ret_user, PRIVILEGES_USER_BYTES, "%u", geteuid());
    return 0;
}
