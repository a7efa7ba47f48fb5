#include "exec/seal.h"

#include <stdio.h>
#include <string.h>

/*
 * What keeps a property up. A mechanism counts only if it would be enough with all the others
 * gone, so `needs` may be several bits; two that count are `full`. Landlock for TCP is reported but
 * counts for nothing: it leaves UDP and the rest open.
 */
struct keeper {
    uint32_t needs;
    const char *name;
};

static const struct {
    const char *name;
    struct keeper keepers[5];
} properties[SEAL_PROPERTY_COUNT] = {
    [SEAL_NO_FILES] = {"no files",
                       {{SEAL_SECCOMP, "seccomp"},
                        {SEAL_LANDLOCK_FILES, "landlock"},
                        {SEAL_MOUNT_NAMESPACE, "empty root"}}},
    [SEAL_NO_NETWORK] = {"no network",
                         {{SEAL_SECCOMP, "seccomp"},
                          {SEAL_NET_NAMESPACE, "net namespace"},
                          {SEAL_NO_DESCRIPTORS, "no descriptors"}}},
    /* It makes none (rlimits) and touches none (pid namespace, or landlock's scope). */
    [SEAL_NO_OTHER_PROCESS] = {"no other process",
                               {{SEAL_SECCOMP, "seccomp"},
                                {SEAL_RLIMITS | SEAL_PID_NAMESPACE, "pid namespace"},
                                {SEAL_RLIMITS | SEAL_LANDLOCK_SCOPE, "landlock scope"}}},
    [SEAL_NO_PRIVILEGES] = {"no privileges",
                            {{SEAL_SECCOMP, "seccomp"},
                             {SEAL_NO_NEW_PRIVS | SEAL_NO_CAPABILITIES | SEAL_UNPRIVILEGED_UID,
                              "unprivileged for good"},
                             {SEAL_USER_NAMESPACE, "user namespace"}}},
    [SEAL_BOUNDED_MEMORY] = {"bounded memory",
                             {{SEAL_MEMORY_CAP | SEAL_SECCOMP, "data limit"},
                              {SEAL_MEMORY_CGROUP, "cgroup limit"}}},
};
enum { KEEPER_COUNT = sizeof(properties[0].keepers) / sizeof(properties[0].keepers[0]) };

static const char *const level_names[] = {
    [SEAL_NONE] = "none",
    [SEAL_REDUCED] = "reduced",
    [SEAL_FULL] = "full",
};

static bool holds(const struct keeper *keeper, uint32_t mechanisms)
{
    return keeper->needs != 0 && (mechanisms & keeper->needs) == keeper->needs;
}

enum seal_level seal_level_of(enum seal_property property, uint32_t mechanisms)
{
    int count = 0;

    for (int i = 0; i < KEEPER_COUNT; i++)
        count += holds(&properties[property].keepers[i], mechanisms);
    return count >= 2 ? SEAL_FULL : count == 1 ? SEAL_REDUCED : SEAL_NONE;
}

const char *seal_property_name(enum seal_property property)
{
    return properties[property].name;
}

const char *seal_level_name(enum seal_level level)
{
    return level_names[level];
}

void seal_describe(enum seal_property property, uint32_t mechanisms, char *text, size_t size)
{
    size_t used = 0;

    if (size > 0)
        text[0] = '\0';
    for (int i = 0; i < KEEPER_COUNT && used < size; i++) {
        const struct keeper *keeper = &properties[property].keepers[i];

        if (holds(keeper, mechanisms))
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", keeper->name);
    }
}
