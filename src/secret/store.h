/*
 * Where secrets are kept: one interface, a file for each database behind it.
 *
 * Every call blocks, so a store belongs to one thread of its own (queue.c), never to the loop.
 * Values are sealed before they come here and stay so. A store keeps rows, in the tables that the
 * other services of the layer read, and decides nothing.
 *
 * Rows are filled by the store into the caller's arena and are good until arena_done.
 *
 * Life cycle: store_sqlite_open or store_postgres_open -> calls, those that write between `begin`
 * and `commit` -> close. After ERR_SYSTEM (the database is gone or busy) call `rollback`; the next
 * `begin` tries again.
 */
#ifndef NEOCOMPUTE_SECRET_STORE_H
#define NEOCOMPUTE_SECRET_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "secret/cipher.h"
#include "secret/policy.h"
#include <stdbool.h>
#include <stdint.h>

#define STORE_VERSIONS_KEPT 10   /* versions of a secret, the current one included */
#define STORE_PAGE_MOST     1000 /* rows of one page */
#define STORE_MAC_SIZE      32   /* of the audit chain */
#define STORE_BOOT_ID_SIZE  37   /* text of a UUID with its NUL */
#define STORE_TROUBLE_SIZE  160

/* One secret with its owner's rules. */
struct store_secret {
    struct span id; /* of the row, as text */
    struct span name;
    struct span sealed; /* only where asked for */
    uint64_t version;
    int64_t created_unix_ms, updated_unix_ms;
    uint64_t policy_version; /* changes with every change of the rules */
    struct secret_policy policy;
};

/* Actions of secret_audit_logs; their names are the existing ones. */
enum store_action {
    STORE_CREATE,
    STORE_READ,
    STORE_UPDATE,
    STORE_DELETE,
    STORE_GRANT,
    STORE_REVOKE,
    STORE_ACTION_COUNT
};
const char *store_action_name(enum store_action action);
enum store_action store_action_of(struct span name); /* STORE_ACTION_COUNT if there is none */

/*
 * A service's id as it stands in secret_policies, and back: a pinned secret's entry for this
 * service is written so that readers who know nothing of pinned scripts refuse it.
 */
struct span store_service_written(struct span service, bool pinned);
struct span store_service_read(struct span row, bool *pinned); /* sets *pinned, never clears it */

/* For stores: room for one more pinned script? The list is made with the first; most have none. */
bool store_policy_room(struct secret_policy *policy, struct arena *arena);

/* One audit row. `seq`, `boot_id` and `mac` are empty in rows of other services. */
struct store_audit {
    uint64_t id;
    struct span user, name;
    enum store_action action;
    struct span service, address, user_agent, error;
    bool success;
    int64_t created_unix_ms;
    struct span job_id, script_sha256; /* text; empty where there is none */
    struct span boot_id;
    uint64_t seq;
    bool chained;
    /* Only in a list of everybody's: no row, but where rows stood that cannot be read any more. */
    bool damaged;
    uint8_t mac[STORE_MAC_SIZE];
};

/* A sealed value and where it stands; for rotation. */
struct store_sealed_row {
    struct span cursor; /* pass it to next_sealed to go on behind this row */
    struct span user, name;
    uint64_t version;
    bool current; /* the secret's row itself, not a kept version */
    struct span sealed;
};

struct store_page {
    uint64_t after;         /* ids below this for audit rows, 0: from the newest */
    struct span after_name; /* secrets: names above this */
    size_t limit;
};

/* Secrets of one user, asked for together. */
struct store_wanted {
    struct span user;
    const struct span *names; /* without NULs */
    size_t count;
    struct arena *arena; /* for what is found */
    struct store_secret
        *found; /* found[i] belongs to names[i]; its name is empty if there is none */
};

/*
 * A public document of the service, kept for good under its digest: the bundle of a keyring. It is
 * no secret; it is here because the database and its one thread are.
 */
struct store_document {
    struct span digest; /* hex SHA-256, the key */
    struct span text;
    int64_t not_after_unix_ms; /* when what it describes ends; for operators */
};

struct store_ops;
struct store {
    const struct store_ops *ops;
    char trouble[STORE_TROUBLE_SIZE]; /* why a call failed last, for operators: "" or the database's
                                       * own words, of which none is a value */
    bool in_doubt; /* commit_audit failed, and its rows may be there all the same */
};

struct store_ops {
    void (*close)(struct store *store);

    int (*begin)(struct store *store);
    int (*commit)(struct store *store); /* durable when it returns 0 */
    void (*rollback)(struct store *store);

    /*
     * Can the tables hold this user's id at all? Where they cannot (a column of UUIDs, and a user
     * who is none) the user has nothing, and no other call may be made with it.
     */
    bool (*takes_user)(struct store *store, struct span user);

    /*
     * Everything in `wanted`, in one round trip. Between `begin` and `commit` nobody else changes
     * what was found; ERR_CONFLICT if somebody has just made it anew: roll back and begin again.
     * ERR_SYSTEM, ERR_NO_MEMORY.
     */
    int (*get)(struct store *store, struct store_wanted *wanted, size_t count);

    /*
     * May somebody else have changed a secret or a rule since this was asked last? True the first
     * time. Sends nothing to a server: it is for dropping early what would not be used anyway.
     */
    bool (*changed)(struct store *store);

    /* A page of the user's secrets by name, without values. *count: in room, out rows. */
    int (*list)(struct store *store, struct span user, const struct store_page *page,
                struct arena *arena, struct store_secret *rows, size_t *count);
    int (*count)(struct store *store, struct span user, uint64_t *ret);

    /*
     * Writes version `version`: 1 creates it (and clears rules left by a namesake), a later one
     * replaces version - 1. ERR_CONFLICT if that is not the current version.
     */
    int (*put)(struct store *store, struct span user, struct span name, uint64_t version,
               struct span sealed);
    int (*remove)(struct store *store, struct span user, struct span name); /* ERR_NOT_FOUND */

    /* Replaces the rules of a row that was read in this transaction; ERR_CONFLICT if they are
     * others by now: the row's lock does not keep other services from writing into their list. */
    int (*put_policy)(struct store *store, struct span user, const struct store_secret *row,
                      const struct secret_policy *policy);

    int (*add_audit)(struct store *store, const struct store_audit *rows, size_t count);
    /* The same as a transaction of its own, not between begin and commit; in one round trip. */
    int (*commit_audit)(struct store *store, const struct store_audit *const *rows, size_t count);
    /* The user's rows, newest first; an empty user: everybody's, oldest first from id `after`. */
    int (*list_audit)(struct store *store, struct span user, const struct store_page *page,
                      struct arena *arena, struct store_audit *rows, size_t *count);

    /* Small facts about the database: "format", "key_check", "checkpoint:<boot id>". */
    int (*get_fact)(struct store *store, const char *name, struct arena *arena, struct span *ret);
    int (*put_fact)(struct store *store, const char *name, struct span value);
    int (*list_facts)(struct store *store, const char *prefix, struct span after,
                      struct arena *arena, struct span *names, struct span *values, size_t *count);

    /* Documents: put changes nothing where the digest is known; ERR_NOT_FOUND from get. One
     * statement each, not between begin and commit. */
    int (*put_document)(struct store *store, const struct store_document *document);
    int (*get_document)(struct store *store, struct span digest, struct arena *arena,
                        struct span *ret);

    /*
     * Rotation: sealed rows (current and kept versions) after a cursor, and their replacement,
     * which changes nothing if the row is no longer `old` (ERR_CONFLICT).
     */
    int (*next_sealed)(struct store *store, struct span cursor, struct arena *arena,
                       struct store_sealed_row *rows, size_t *count);
    int (*replace_sealed)(struct store *store, const struct store_sealed_row *row,
                          struct span sealed);
};

/*
 * The database file, made with mode 0600 if there is none; integrity checked, migrated forward.
 * ERR_USAGE where it is not ours or newer than this program, ERR_SYSTEM where it cannot be used.
 */
int store_sqlite_open(const char *path, struct store **ret, struct error_detail *detail);

/* A libpq URL; TLS verified unless the host is this machine. Errors as above. */
int store_postgres_open(const char *url, struct store **ret, struct error_detail *detail);

#endif
