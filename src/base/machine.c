#include "base/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 4096

/* The number that a file holds; UINT64_MAX if there is no such file or no number ("max"). */
static uint64_t read_limit(const char *root, const char *folder, const char *group,
                           const char *file)
{
    char path[PATH_BYTES];
    uint64_t limit = UINT64_MAX;
    FILE *in;

    if (snprintf(path, sizeof(path), "%s%s%s/%s", root, folder, group, file) >= (int)sizeof(path))
        return limit;
    in = fopen(path, "re");
    if (!in)
        return limit;
    if (fscanf(in, "%" SCNu64, &limit) != 1)
        limit = UINT64_MAX;
    fclose(in);
    return limit;
}

/* The least limit of `group` and all groups above it. Cuts `group` to "". */
static uint64_t least_limit(const char *root, const char *folder, char *group, const char *file)
{
    uint64_t least = UINT64_MAX;

    for (;;) {
        uint64_t limit = read_limit(root, folder, group, file);
        char *slash = strrchr(group, '/');

        if (limit < least)
            least = limit;
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* /proc/self/cgroup has a line "ID:CONTROLLERS:/GROUP"; version 2 is "0::/GROUP". */
static uint64_t cgroup_memory(const char *root)
{
    char path[PATH_BYTES], line[PATH_BYTES];
    uint64_t least = UINT64_MAX;
    FILE *in;

    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    in = fopen(path, "re");
    if (!in)
        return least;
    while (fgets(line, sizeof(line), in)) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        uint64_t limit = UINT64_MAX;

        if (!group)
            continue;
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        if (strcmp(controllers, ":") == 0)
            limit = least_limit(root, "/sys/fs/cgroup", group, "memory.max");
        else if (strstr(controllers, "memory"))
            limit = least_limit(root, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
        if (limit < least)
            least = limit;
    }
    fclose(in);
    return least;
}

static uint64_t physical_memory(const char *root)
{
    char path[PATH_BYTES], line[256];
    uint64_t kib = 0;
    FILE *in;

    snprintf(path, sizeof(path), "%s/proc/meminfo", root);
    in = fopen(path, "re");
    if (!in)
        return UINT64_MAX;
    while (fgets(line, sizeof(line), in))
        if (sscanf(line, "MemTotal: %" SCNu64 " kB", &kib) == 1)
            break;
    fclose(in);
    return kib > 0 ? kib * 1024 : UINT64_MAX;
}

uint64_t machine_memory(const char *root)
{
    uint64_t physical = physical_memory(root), group = cgroup_memory(root);

    return physical < group ? physical : group;
}
