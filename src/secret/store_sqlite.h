/* What store_sqlite.c (the file), store_sqlite_rows.c (the tables) and those beside it share. */
#ifndef NEOCOMPUTE_SECRET_STORE_SQLITE_H
#define NEOCOMPUTE_SECRET_STORE_SQLITE_H

#include "base/limits.h"
#include "secret/audit_block.h"
#include "secret/store.h"
#include <sqlite3.h>

/* A UUID version 4 (RFC 9562) of the database's own making. */
#define SQLITE_UUID                                                                                \
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), " \
    "2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"

#define SQLITE_AUDIT_COLUMNS                                                                       \
    " l.user_id, l.secret_name, l.action, l.service_id, l.ip_address, l.user_agent, "              \
    "l.success,"                                                                                   \
    " l.error_message, l.created_at, l.job_id, l.script_sha256, l.boot_id, l.seq, l.mac"

/* The id of the last row of the log that secret_audit_users has. */
#define SQLITE_AUDIT_INDEXED                                                                       \
    "(SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM secret_facts WHERE name = "             \
    "'audit_indexed')"

/* X(symbol, SQL): every statement, prepared once. */
#define SQLITE_STATEMENTS(X)                                                                       \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(READ, "BEGIN")                                                                               \
    X(DATA_VERSION, "PRAGMA data_version")                                                         \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(GET, "SELECT s.id, s.name, s.encrypted_value, s.version, s.created_at, s.updated_at,"        \
           " coalesce(r.pinned, 0), coalesce(r.allow_output, 0), coalesce(r.guard, 1),"            \
           " coalesce(r.version, 0) FROM secrets s LEFT JOIN secret_rules r"                       \
           " ON r.user_id = s.user_id AND r.secret_name = s.name"                                  \
           " WHERE s.user_id = ?1 AND s.name = ?2")                                                \
    X(LIST, "SELECT s.id, s.name, NULL, s.version, s.created_at, s.updated_at,"                    \
            " coalesce(r.pinned, 0), coalesce(r.allow_output, 0), coalesce(r.guard, 1),"           \
            " coalesce(r.version, 0) FROM secrets s LEFT JOIN secret_rules r"                      \
            " ON r.user_id = s.user_id AND r.secret_name = s.name"                                 \
            " WHERE s.user_id = ?1 AND s.name > ?2 ORDER BY s.name LIMIT ?3")                      \
    X(COUNT, "SELECT count(*) FROM secrets WHERE user_id = ?1")                                    \
    X(SERVICES, "SELECT service_id FROM secret_policies"                                           \
                " WHERE user_id = ?1 AND secret_name = ?2 ORDER BY service_id")                    \
    X(SCRIPTS, "SELECT sha256, entry_point, expires_at FROM secret_scripts"                        \
               " WHERE user_id = ?1 AND secret_name = ?2 ORDER BY sha256, entry_point")            \
    X(INSERT, "INSERT INTO secrets (id, user_id, name, encrypted_value, version, created_at,"      \
              " updated_at) VALUES (" SQLITE_UUID ", ?1, ?2, ?3, 1, ?4, ?4)"                       \
              " ON CONFLICT DO NOTHING")                                                           \
    X(KEEP, "INSERT OR REPLACE INTO secret_versions (user_id, secret_name, version,"               \
            " encrypted_value, created_at) SELECT user_id, name, version, encrypted_value,"        \
            " updated_at FROM secrets WHERE user_id = ?1 AND name = ?2")                           \
    X(UPDATE, "UPDATE secrets SET encrypted_value = ?3, version = ?4, updated_at = ?5"             \
              " WHERE user_id = ?1 AND name = ?2 AND version = ?4 - 1")                            \
    X(FORGET, "DELETE FROM secret_versions"                                                        \
              " WHERE user_id = ?1 AND secret_name = ?2 AND version <= ?3")                        \
    X(REMOVE, "DELETE FROM secrets WHERE user_id = ?1 AND name = ?2")                              \
    X(CLEAR_SERVICES, "DELETE FROM secret_policies WHERE user_id = ?1 AND secret_name = ?2")       \
    X(CLEAR_SCRIPTS, "DELETE FROM secret_scripts WHERE user_id = ?1 AND secret_name = ?2")         \
    X(CLEAR_RULES, "DELETE FROM secret_rules WHERE user_id = ?1 AND secret_name = ?2")             \
    X(ADD_SERVICE, "INSERT INTO secret_policies (id, user_id, secret_name, service_id,"            \
                   " created_at) VALUES (" SQLITE_UUID ", ?1, ?2, ?3, ?4)")                        \
    X(ADD_SCRIPT, "INSERT INTO secret_scripts (user_id, secret_name, sha256, entry_point,"         \
                  " expires_at) VALUES (?1, ?2, ?3, ?4, ?5)")                                      \
    X(NEW_RULES, "INSERT INTO secret_rules (user_id, secret_name, pinned, allow_output, guard,"    \
                 " version) VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT DO NOTHING")                \
    X(SET_RULES, "UPDATE secret_rules SET pinned = ?3, allow_output = ?4, guard = ?5,"             \
                 " version = version + 1"                                                          \
                 " WHERE user_id = ?1 AND secret_name = ?2 AND version = ?6")                      \
    X(ADD_BLOCK, "INSERT INTO secret_audit_blocks (first_id, count, rows) VALUES (1 + max("        \
                 "(SELECT coalesce(max(id), 0) FROM secret_audit_logs), coalesce((SELECT first_id" \
                 " + count - 1 FROM secret_audit_blocks ORDER BY first_id DESC LIMIT 1), 0)),"     \
                 " ?1, ?2)")                                                                       \
    X(INDEX_ROWS, "INSERT OR IGNORE INTO secret_audit_users (user_id, id) SELECT user_id, id"      \
                  " FROM secret_audit_logs WHERE id > ?1 AND id <= ?2 ORDER BY user_id, id")       \
    X(NEW_BLOCKS,                                                                                  \
      "SELECT first_id, rows FROM secret_audit_blocks WHERE first_id > ?1 ORDER BY first_id")      \
    X(INDEX_BLOCKS,                                                                                \
      "INSERT OR REPLACE INTO secret_audit_users (user_id, id, more) VALUES (?1, ?2, ?3)")         \
    /* u.id comes in order; of l.id SQLite does not see that it does, and would sort them all */   \
    X(ROWS_OF_USER, "SELECT l.id AS id," SQLITE_AUDIT_COLUMNS                                      \
                    " FROM secret_audit_logs l WHERE l.id < ?2 AND l.id > " SQLITE_AUDIT_INDEXED   \
                    " AND l.user_id = ?1 UNION ALL SELECT u.id AS id," SQLITE_AUDIT_COLUMNS        \
                    " FROM secret_audit_users u CROSS JOIN secret_audit_logs l ON l.id = u.id"     \
                    " AND l.user_id = u.user_id "                                                  \
                    "WHERE u.user_id = ?1 AND u.id < min(?2, (SELECT coalesce(max(id), 0) + 1"     \
                    " FROM secret_audit_logs)) ORDER BY id DESC LIMIT ?3")                         \
    X(BLOCKS_BEHIND, "SELECT first_id, rows FROM secret_audit_blocks WHERE first_id < ?1 AND"      \
                     " first_id > " SQLITE_AUDIT_INDEXED " ORDER BY first_id DESC")                \
    X(ENTRIES_OF_USER, "SELECT id, more FROM secret_audit_users"                                   \
                       " WHERE user_id = ?1 AND id < ?2 ORDER BY id DESC")                         \
    X(BLOCK, "SELECT first_id, rows FROM secret_audit_blocks WHERE first_id = ?1")                 \
    X(ROWS_OF_ALL, "SELECT l.id AS id," SQLITE_AUDIT_COLUMNS                                       \
                   " FROM secret_audit_logs l WHERE l.id > ?1 ORDER BY l.id LIMIT ?2")             \
    X(BLOCKS_OF_ALL, "SELECT first_id, rows FROM secret_audit_blocks WHERE first_id >= coalesce("  \
                     "(SELECT max(first_id) FROM secret_audit_blocks WHERE first_id <= ?1), 0)"    \
                     " ORDER BY first_id")                                                         \
    X(GET_FACT, "SELECT value FROM secret_facts WHERE name = ?1")                                  \
    X(PUT_FACT, "INSERT INTO secret_facts (name, value) VALUES (?1, ?2)"                           \
                " ON CONFLICT (name) DO UPDATE SET value = ?2")                                    \
    X(LIST_FACTS, "SELECT name, value FROM secret_facts"                                           \
                  " WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3")  \
    X(PUT_DOCUMENT, "INSERT INTO neocompute_keys (claims_sha256, bundle, not_after, created_at)"   \
                    " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")                             \
    X(GET_DOCUMENT, "SELECT bundle FROM neocompute_keys WHERE claims_sha256 = ?1")                 \
    X(NEXT_CURRENT, "SELECT 'c' || id, user_id, name, version, encrypted_value FROM secrets"       \
                    " WHERE id > ?1 ORDER BY id LIMIT ?2")                                         \
    X(NEXT_KEPT,                                                                                   \
      "SELECT 'v' || rowid, user_id, secret_name, version, encrypted_value"                        \
      " FROM secret_versions WHERE rowid > CAST(?1 AS INTEGER) ORDER BY rowid LIMIT ?2")           \
    X(SWAP_CURRENT, "UPDATE secrets SET encrypted_value = ?1"                                      \
                    " WHERE user_id = ?2 AND name = ?3 AND version = ?4"                           \
                    " AND encrypted_value = ?5")                                                   \
    X(SWAP_KEPT, "UPDATE secret_versions SET encrypted_value = ?1"                                 \
                 " WHERE user_id = ?2 AND secret_name = ?3 AND version = ?4"                       \
                 " AND encrypted_value = ?5")

#define STATEMENT_INDEX(symbol, sql) SQL_##symbol,
enum sqlite_statement { SQLITE_STATEMENTS(STATEMENT_INDEX) SQL_COUNT_OF_STATEMENTS };
#undef STATEMENT_INDEX

/* The database, its log and the index of that. */
#define SQLITE_FILES 3

struct store_sqlite {
    struct store store;
    sqlite3 *db;
    struct sqlite_file {
        uint64_t device, inode;
    } files[SQLITE_FILES]; /* as they were when they were opened */
    sqlite3_stmt *statements[SQL_COUNT_OF_STATEMENTS];
    bool in_transaction;
    int64_t audit_indexed; /* of the log's rows, by user, as last read; 0: not known */
    struct buf block;      /* as it is packed */
    struct sqlite_cache *cache;
    int64_t data_version; /* when the cache was last found to be current */
    int64_t told_version; /* when `changed` was last asked */
};

/* The rows' part of the interface; store_sqlite.c adds the rest. */
extern const struct store_ops store_sqlite_ops;

/* Runs a statement that returns no rows. ERR_SYSTEM, ERR_NO_MEMORY. */
int store_sqlite_run(struct store_sqlite *s, enum sqlite_statement statement);

/* --- for the tables' files --- */

static inline struct store_sqlite *sqlite_self(struct store *store)
{
    return (struct store_sqlite *)store;
}

void sqlite_bind_text(sqlite3_stmt *stmt, int at, struct span text);     /* borrowed until it ran */
void sqlite_bind_optional(sqlite3_stmt *stmt, int at, struct span text); /* empty: NULL */

/* The statement, with user and name bound as its first two parameters. */
sqlite3_stmt *sqlite_bind_place(struct store_sqlite *s, enum sqlite_statement which,
                                struct span user, struct span name);

bool sqlite_read_text(sqlite3_stmt *stmt, int at, struct arena *arena, struct span *ret);

/*
 * Steps through the rows and gives each to `row`; ends the statement. ERR_SYSTEM, ERR_NO_MEMORY, or
 * what `row` returns: SQLITE_ENOUGH ends it too, and is no error.
 */
#define SQLITE_ENOUGH 1
typedef int sqlite_row_fn(sqlite3_stmt *stmt, struct arena *arena, void *ctx);
int sqlite_each_row(sqlite3_stmt *stmt, struct arena *arena, sqlite_row_fn *row, void *ctx);

/*
 * The cache of rows: what the store read, as it is in the tables, sealed. It is exact: its user
 * empties it when another connection has committed anything (PRAGMA data_version), and drops a row
 * when this one writes it.
 *
 * Bounded by SQLITE_CACHE_ROWS and SQLITE_CACHE_BYTES; when either is reached it starts anew.
 */
#define SQLITE_CACHE_ROWS  16384
#define SQLITE_CACHE_BYTES (16 * MIB)

struct sqlite_cache *sqlite_cache_new(void); /* NULL without memory */
void sqlite_cache_free(struct sqlite_cache *cache);
void sqlite_cache_clear(struct sqlite_cache *cache);

/* Copies the row into the arena. ERR_NOT_FOUND, ERR_NO_MEMORY. */
int sqlite_cache_get(const struct sqlite_cache *cache, struct span user, struct span name,
                     struct arena *arena, struct store_secret *ret);
/* Keeps a copy; without room or memory it does not. */
void sqlite_cache_put(struct sqlite_cache *cache, struct span user, const struct store_secret *row);
void sqlite_cache_drop(struct sqlite_cache *cache, struct span user, struct span name);

/* A block of the audit log as it was read; `rows` have room for AUDIT_BLOCK_ROWS. */
struct sqlite_block {
    struct store_audit *rows;
    size_t count;
    uint64_t first_id;
    bool whole;
};
/* From the first two columns, first_id and rows; good until the statement's next step. */
void sqlite_block_unpack(sqlite3_stmt *stmt, struct sqlite_block *ret);

/*
 * The index of the log by user (store_sqlite_index.c). To be called in each transaction that adds
 * rows, up to the id `last`: brings it up to date, if there is enough to do.
 */
int sqlite_index_follow(struct store_sqlite *s, int64_t last);

/* Gives `row` each block that may have rows of the user's with ids below `below`, newest first. */
int sqlite_index_find(struct store_sqlite *s, struct span user, int64_t below, struct arena *arena,
                      sqlite_row_fn *row, void *ctx);

int store_sqlite_add_audit(struct store *store, const struct store_audit *rows, size_t count);
int store_sqlite_commit_audit(struct store *store, const struct store_audit *const *rows,
                              size_t count);
int store_sqlite_list_audit(struct store *store, struct span user, const struct store_page *page,
                            struct arena *arena, struct store_audit *rows, size_t *count);

/* --- for the table of operations --- */

void store_sqlite_close(struct store *store);
int store_sqlite_begin(struct store *store);
int store_sqlite_commit(struct store *store);
void store_sqlite_rollback(struct store *store);

#endif
