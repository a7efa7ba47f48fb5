#include "exec/seal_step.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    int flag;
    uint32_t mechanism;
    const char *name;
    const char *file;
} kinds[] = {
    {CLONE_NEWUSER, SEAL_USER_NAMESPACE, "user", "/proc/self/ns/user"},
    {CLONE_NEWNS, SEAL_MOUNT_NAMESPACE, "mount", "/proc/self/ns/mnt"},
    {CLONE_NEWPID, SEAL_PID_NAMESPACE, "pid", "/proc/self/ns/pid"},
    {CLONE_NEWNET, SEAL_NET_NAMESPACE, "net", "/proc/self/ns/net"},
    {CLONE_NEWIPC, SEAL_IPC_NAMESPACE, "ipc", "/proc/self/ns/ipc"},
    {CLONE_NEWUTS, SEAL_UTS_NAMESPACE, "uts", "/proc/self/ns/uts"},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

/* What the zygote is, handed down by fork: a child in a new user namespace has no ids of its own
 * yet, and cannot see its parent's namespaces. */
static struct {
    uid_t uid;
    gid_t gid;
    ino_t inodes[KIND_COUNT];
} zygote;

static ino_t inode_of(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 ? st.st_ino : 0;
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, text, strlen(text));
    int saved = errno;
    close(fd);
    errno = saved;
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Maps "nobody" inside to the zygote's user outside: the one map that an ordinary user may write.
 */
static int map_ids(void)
{
    char text[64];

    prctl(PR_SET_DUMPABLE, 1); /* or these files are root's */
    if (write_file("/proc/self/setgroups", "deny") != 0)
        return -1;
    snprintf(text, sizeof(text), "%d %u 1", SEAL_UNPRIVILEGED_ID, zygote.gid);
    if (write_file("/proc/self/gid_map", text) != 0)
        return -1;
    snprintf(text, sizeof(text), "%d %u 1", SEAL_UNPRIVILEGED_ID, zygote.uid);
    return write_file("/proc/self/uid_map", text);
}

/*
 * Makes an empty read-only file system the root and lets go of the old one. It is mounted over
 * /proc only because that directory exists everywhere; pivot_root(".", ".") stacks the old root
 * over the new one, from where it is detached.
 */
static int empty_root(void)
{
    const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    struct statfs fs;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/proc", "tmpfs", flags, "size=4k,nr_inodes=1,mode=555") != 0 ||
        chdir("/proc") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return -1;

    if (statfs("/", &fs) != 0 || fs.f_type != TMPFS_MAGIC || !(fs.f_flags & MS_RDONLY) ||
        access("/proc", F_OK) == 0) {
        errno = EEXIST; /* not the empty root */
        return -1;
    }
    return 0;
}

pid_t seal_clone(int namespaces)
{
    zygote.uid = geteuid();
    zygote.gid = getegid();
    return (pid_t)syscall(SYS_clone, (long)(namespaces | SIGCHLD), NULL, NULL, NULL, NULL);
}

/* Can a child be made with these, and set them up? */
static bool probe(int namespaces)
{
    int status;
    pid_t pid = seal_clone(namespaces);

    if (pid < 0)
        return false;
    if (pid == 0)
        _exit(((namespaces & CLONE_NEWUSER) && map_ids() != 0) ||
              ((namespaces & CLONE_NEWNS) && empty_root() != 0));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/*
 * Root makes the others without a user namespace: the only map it could write from inside would
 * keep it root outside.
 */
int seal_namespaces(void)
{
    int all = 0, found = 0;

    for (int i = 0; i < KIND_COUNT; i++) {
        zygote.inodes[i] = inode_of(kinds[i].file);
        if (!(kinds[i].flag == CLONE_NEWUSER && geteuid() == 0))
            all |= kinds[i].flag;
    }
    if (probe(all))
        return all;
    for (int i = 0; i < KIND_COUNT; i++) {
        if ((all & kinds[i].flag) && probe(found | kinds[i].flag))
            found |= kinds[i].flag;
    }
    return found;
}

/* One namespace: is it there, is it not the zygote's, is it set up? 0 or an errno. */
static int check_kind(const struct seal_state *state, int i)
{
    ino_t inode;

    if (!(state->namespaces & kinds[i].flag))
        return EPERM;
    inode = inode_of(kinds[i].file);
    if (inode == 0 || zygote.inodes[i] == 0 || inode == zygote.inodes[i])
        return EEXIST;
    if (kinds[i].flag == CLONE_NEWUSER && map_ids() != 0)
        return errno;
    if (kinds[i].flag == CLONE_NEWPID && getpid() != 1)
        return ESRCH;
    return 0;
}

void seal_step_namespaces(struct seal_state *state)
{
    char refused[96] = "namespaces";
    int error[KIND_COUNT], last_error = 0;

    for (int i = 0; i < KIND_COUNT; i++)
        error[i] = check_kind(state, i);

    for (int i = 0; i < KIND_COUNT; i++) {
        /* The mounts come last: they take /proc away, which the checks of the others need. */
        if (kinds[i].flag == CLONE_NEWNS && error[i] == 0 && empty_root() != 0)
            error[i] = errno;
        if (error[i] == 0) {
            state->report.mechanisms |= kinds[i].mechanism;
        } else if (!(kinds[i].flag == CLONE_NEWUSER && zygote.uid == 0)) {
            snprintf(refused + strlen(refused), sizeof(refused) - strlen(refused), " %s",
                     kinds[i].name);
            last_error = error[i];
        }
    }
    if (last_error != 0)
        seal_refuse(state, refused, last_error);
}
