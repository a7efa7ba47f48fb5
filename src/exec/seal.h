/*
 * Sealing: what a worker gives up before it sees a tenant's byte.
 *
 * seal_prepare and seal_worker run in the forked worker, one thread, in the order that works:
 * (zygote clones it into namespaces) -> id maps -> empty read-only root -> close descriptors ->
 * rlimits -> unprivileged uid, no capabilities -> not dumpable -> no_new_privs -> landlock ->
 * seccomp. Every step that the system refuses is recorded, never passed over in silence.
 */
#ifndef NEOCOMPUTE_EXEC_SEAL_H
#define NEOCOMPUTE_EXEC_SEAL_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The mechanisms, as bits; the property table below says which protects what. */
enum seal_mechanism {
    SEAL_SECCOMP = 1 << 0,
    SEAL_NO_NEW_PRIVS = 1 << 1,
    SEAL_NO_CAPABILITIES = 1 << 2,
    SEAL_NOT_DUMPABLE = 1 << 3,
    SEAL_RLIMITS = 1 << 4,
    SEAL_LANDLOCK_FILES = 1 << 5,
    SEAL_LANDLOCK_TCP = 1 << 6,
    SEAL_LANDLOCK_SCOPE = 1 << 7, /* signals and abstract sockets, ABI 6 */
    SEAL_USER_NAMESPACE = 1 << 8,
    SEAL_MOUNT_NAMESPACE = 1 << 9, /* with the empty read-only root */
    SEAL_PID_NAMESPACE = 1 << 10,
    SEAL_NET_NAMESPACE = 1 << 11,
    SEAL_IPC_NAMESPACE = 1 << 12,
    SEAL_UTS_NAMESPACE = 1 << 13,
    SEAL_UNPRIVILEGED_UID = 1 << 14,
    SEAL_MEMORY_CAP = 1 << 15 /* RLIMIT_DATA, and shared mappings refused by seccomp */
};

/* What an auditor asks for; each is kept up by one or more mechanisms. */
enum seal_property {
    SEAL_NO_FILES,
    SEAL_NO_NETWORK,
    SEAL_NO_OTHER_PROCESS,
    SEAL_NO_PRIVILEGES,
    SEAL_BOUNDED_MEMORY,
    SEAL_PROPERTY_COUNT
};

enum seal_level { SEAL_NONE, SEAL_REDUCED, SEAL_FULL }; /* no, one, two or more mechanisms */

struct seal_report {
    uint32_t mechanisms; /* seal_mechanism bits in force */
    char refused[256];   /* what the system refused, for the log: "landlock tcp (ABI 2)" */
};

struct seal_options {
    uint64_t memory_max; /* bytes of private data a worker may have: RLIMIT_DATA */
    int keep_fd;         /* the only descriptor that stays open */
};

/* Flags for clone(2) that this system allows for a worker (CLONE_NEWUSER ...); found once. */
int seal_namespaces(void);

/*
 * Seals the calling process for good. `namespaces` is what it was cloned into. Fails (ERR_SYSTEM)
 * if one of the always required mechanisms (seccomp, no new privileges, no capabilities, bounded
 * memory) is refused.
 */
int seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                struct error_detail *detail);

enum seal_level seal_level_of(enum seal_property property, uint32_t mechanisms);
const char *seal_property_name(enum seal_property property); /* "no files" */
const char *seal_level_name(enum seal_level level);          /* "full" */

/* The mechanisms of one property that are in force, comma-separated, into `text`. */
void seal_describe(enum seal_property property, uint32_t mechanisms, char *text, size_t size);

#endif
