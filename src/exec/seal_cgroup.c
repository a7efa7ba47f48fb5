#include "exec/seal_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* cgroup v1 says "no limit" with a number near 2^63. */
#define NO_LIMIT (1ull << 60)

static ssize_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = read(fd, text, size - 1);
    close(fd);
    if (n >= 0)
        text[n] = '\0';
    return n;
}

/* Does the group at `path` under `mount`, or one above it, have a limit in `file`? */
static bool is_limited(const char *mount, char *path, const char *file)
{
    char name[512], text[64];

    for (;;) {
        int n = snprintf(name, sizeof(name), "%s%s/%s", mount, path, file);
        char *end, *slash = strrchr(path, '/');

        if (n > 0 && n < (int)sizeof(name) && read_file(name, text, sizeof(text)) > 0 &&
            strtoull(text, &end, 10) < NO_LIMIT && end != text)
            return true;
        if (path[0] == '\0')
            return false;
        if (slash == NULL)
            slash = path;
        *slash = '\0';
    }
}

/* Lines of /proc/self/cgroup: "4:memory:/a/b" (v1), "0::/a/b" (v2). */
static bool cgroup_is_limited(void)
{
    char text[4096], *save = NULL;

    if (read_file("/proc/self/cgroup", text, sizeof(text)) <= 0)
        return false;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (path == NULL)
            continue;
        *path++ = '\0';
        if (strcmp(controllers + 1, "memory") == 0 &&
            is_limited("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"))
            return true;
        if (controllers[1] == '\0' && is_limited("/sys/fs/cgroup", path, "memory.max"))
            return true;
    }
    return false;
}

/* When memory runs out, a worker goes first: it is the cheapest to lose and the likeliest cause. */
static int die_first(void)
{
    int fd, error = 0;

    prctl(PR_SET_DUMPABLE, 1); /* or the file is root's; seal_step_not_dumpable takes it back */
    fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (write(fd, "1000", 4) != 4)
        error = errno;
    close(fd);
    return error;
}

void seal_step_cgroup(struct seal_state *state)
{
    int error = die_first();

    if (error != 0)
        seal_refuse(state, "oom score", error);
    else if (cgroup_is_limited())
        state->report.mechanisms |= SEAL_MEMORY_CGROUP;
    else
        seal_refuse(state, "memory limit of the cgroup: none set", 0);
}
