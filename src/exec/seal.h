/*
 * Sealing: what a worker gives up before it sees a tenant's byte.
 *
 * Life cycle: the zygote calls seal_namespaces once; for each worker it calls seal_clone, and the
 * child, still one thread, calls seal_worker before anything else. The order there is the one that
 * works: (cloned into namespaces) -> id maps -> empty read-only root -> close descriptors ->
 * rlimits -> unprivileged uid, no capabilities -> not dumpable -> no_new_privs -> landlock ->
 * seccomp. Every step that the system refuses is recorded, never passed over in silence, and what
 * is reported as in force was read back or tried, not believed.
 *
 * After seal_worker only the calls in seal_table.c work. In particular: no descriptor can ever be
 * made again (RLIMIT_NOFILE is 0, so poll and ppoll fail with EINVAL: wait with pselect), and no
 * memory can be mapped executable or shared.
 */
#ifndef NEOCOMPUTE_EXEC_SEAL_H
#define NEOCOMPUTE_EXEC_SEAL_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The mechanisms, as bits; the property table in seal_property.c says which protects what. */
enum seal_mechanism {
    SEAL_SECCOMP = 1 << 0,
    SEAL_NO_NEW_PRIVS = 1 << 1,
    SEAL_NO_CAPABILITIES = 1 << 2,
    SEAL_NOT_DUMPABLE = 1 << 3,
    SEAL_RLIMITS = 1 << 4, /* no new process, no file growth, no core dump */
    SEAL_LANDLOCK_FILES = 1 << 5,
    SEAL_LANDLOCK_TCP = 1 << 6,   /* ABI 4 */
    SEAL_LANDLOCK_SCOPE = 1 << 7, /* signals and abstract sockets, ABI 6 */
    SEAL_USER_NAMESPACE = 1 << 8,
    SEAL_MOUNT_NAMESPACE = 1 << 9, /* with the empty read-only root */
    SEAL_PID_NAMESPACE = 1 << 10,
    SEAL_NET_NAMESPACE = 1 << 11,
    SEAL_IPC_NAMESPACE = 1 << 12,
    SEAL_UTS_NAMESPACE = 1 << 13,
    SEAL_UNPRIVILEGED_UID = 1 << 14,
    SEAL_MEMORY_CAP = 1 << 15,     /* RLIMIT_DATA, and shared mappings refused by seccomp */
    SEAL_NO_DESCRIPTORS = 1 << 16, /* RLIMIT_NOFILE 0: none but the socket, none ever again */
    SEAL_MEMORY_CGROUP = 1 << 17   /* the service's cgroup has a limit, workers die first */
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
    char refused[256];   /* what the system refused, for the log: "landlock tcp (ABI 2); ..." */
};

struct seal_options {
    uint64_t memory_max; /* bytes of private data a worker may have: RLIMIT_DATA */
    int keep_fd;         /* the only descriptor that stays open: the socket to the core */
    /*
     * Where the number of a refused system call goes before the worker ends (seal_hint_call reads
     * it): in the window, so that the core can log it. Written by the worker, so a hint and no
     * more. May be NULL.
     */
    volatile uint32_t *hint;
};

/* Exit status of a worker that made a system call which is not in the table. */
#define SEAL_EXIT_TRAPPED 111

/*
 * Flags for seal_clone that this system allows for a worker (CLONE_NEWUSER ...), found by trying
 * each in a child. Called in the zygote; remembers the zygote's own namespaces, so that a worker
 * can see that its are others.
 */
int seal_namespaces(void);

/* As fork(2), but into new namespaces. Only for a process of one thread. -1 and errno on failure.
 */
pid_t seal_clone(int namespaces);

/*
 * Seals the calling process for good. `namespaces` is what it was cloned into. Fails (ERR_SYSTEM)
 * if one of the always required mechanisms (seccomp, no new privileges, no capabilities, bounded
 * memory) is refused; the process must end then.
 */
int seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                struct error_detail *detail);

/*
 * Writes the name of the system call that a hint stands for ("getpid") into `text` (48 bytes are
 * enough) and returns it, or returns NULL if there is none. The hint is hostile: any value is fine.
 */
const char *seal_hint_call(uint32_t hint, char *text, size_t size);

enum seal_level seal_level_of(enum seal_property property, uint32_t mechanisms);
const char *seal_property_name(enum seal_property property); /* "no files" */
const char *seal_level_name(enum seal_level level);          /* "full" */

/* The mechanisms of one property that are in force, comma-separated, into `text`. */
void seal_describe(enum seal_property property, uint32_t mechanisms, char *text, size_t size);

#endif
