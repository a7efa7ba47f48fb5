/* What store_postgres.c (connection, schema), store_postgres_values.c (parameters and results) and
 * the files of the tables share. */
#ifndef NEOCOMPUTE_SECRET_STORE_POSTGRES_H
#define NEOCOMPUTE_SECRET_STORE_POSTGRES_H

#include "base/limits.h"
#include "secret/libpq.h"
#include "secret/store.h"

/* Times as Unix ms, whatever the column's type prints. */
#define PG_MS(column) "(extract(epoch from " column ") * 1000)::bigint"

/* The columns of a secret's row; the value only where `value` says so. */
#define PG_SECRET_COLUMNS(value)                                                                   \
    "s.id::text, s.name::text, " value                                                             \
    ", s.version::text, " PG_MS("s.created_at") "::text, " PG_MS(                                  \
        "s.updated_at") "::text, coalesce(r.pinned, false)::text, "                                \
                        "coalesce(r.allow_output, false)::text, coalesce(r.guard, true)::text, "   \
                        "coalesce(r.version, 0)::text"
#define PG_SECRET_TABLES                                                                           \
    " FROM secrets s LEFT JOIN secret_rules r"                                                     \
    " ON r.user_id = s.user_id::text AND r.secret_name = s.name"

/* Rules of the secrets named in an array, below their rows: kind, name, then up to three values. */
#define PG_RULES(names)                                                                            \
    " UNION ALL SELECT 'service', secret_name::text, service_id::text, '', '', '', '', '', '', ''" \
    ", '' FROM secret_policies WHERE user_id = $1 AND secret_name = ANY(" names ")"                \
    " UNION ALL SELECT 'script', secret_name, encode(sha256, 'hex'), entry_point,"                 \
    " coalesce(expires_at, 0)::text, '', '', '', '', '', '' FROM secret_scripts"                   \
    " WHERE user_id = $1::text AND secret_name = ANY(" names ")"                                   \
    " ORDER BY 1, 2, 3, 4"

/* Secrets of many users and their rules, by their place in two arrays: $1 users, $2 names. */
#define PG_WANTED(type)                                                                            \
    " FROM unnest($1::" type "[], $2::text[]) WITH ORDINALITY w(user_id, name, place)"
#define PG_GET_MANY(type)                                                                          \
    "SELECT * FROM (SELECT 'secret', " PG_SECRET_COLUMNS(                                          \
        "s.encrypted_value::text") ", w.place::text" PG_WANTED(type) " JOIN secrets s ON "         \
                                                                     "s.user_id = w.user_id AND "  \
                                                                     "s.name = w.name"             \
                                                                     " LEFT JOIN secret_rules r "  \
                                                                     "ON r.user_id = "             \
                                                                     "s.user_id::text AND "        \
                                                                     "r.secret_name = s.name) q"   \
                                                                     " UNION ALL SELECT "          \
                                                                     "'service', "                 \
                                                                     "p.secret_name::text, "       \
                                                                     "p.service_id::text, '', "    \
                                                                     "'', '', '', '', '',"         \
                                                                     " '', '', "                   \
                                                                     "w.place::text" PG_WANTED(    \
                                                                         type) " JOIN "            \
                                                                               "secret_policies "  \
                                                                               "p ON p.user_id = " \
                                                                               "w.user_id AND "    \
                                                                               "p.secret_name = "  \
                                                                               "w.name"            \
                                                                               " UNION ALL "       \
                                                                               "SELECT 'script', " \
                                                                               "c.secret_name, "   \
                                                                               "encode(c.sha256, " \
                                                                               "'hex'), "          \
                                                                               "c.entry_point,"    \
                                                                               " coalesce(c."      \
                                                                               "expires_at, "      \
                                                                               "0)::text, '', "    \
                                                                               "'', '', '', '', "  \
                                                                               "'', "              \
                                                                               "w.place::"         \
                                                                               "text" PG_WANTED(   \
                                                                                   type) " JOIN "  \
                                                                                         "secret_" \
                                                                                         "scripts" \
                                                                                         " c ON "  \
                                                                                         "c.user_" \
                                                                                         "id = "   \
                                                                                         "w.user_" \
                                                                                         "id::"    \
                                                                                         "text "   \
                                                                                         "AND "    \
                                                                                         "c."      \
                                                                                         "secret_" \
                                                                                         "name = " \
                                                                                         "w.name"  \
                                                                                         " ORDER " \
                                                                                         "BY 1, "  \
                                                                                         "2, 3, 4"

/* A text is called as its column is: to sort by the column, say whose it is. */
/*
 * The time that is MACed, or, if the one that all others read says something else, that: so it
 * cannot be changed unseen. A second is what a live column may have been rounded to.
 */
#define PG_CHAINED_MS                                                                              \
    "CASE WHEN chain_ms IS NULL OR (pg_typeof(created_at) = 'timestamptz'::regtype AND"            \
    " abs(" PG_MS("created_at") " - chain_ms) > 1000) THEN " PG_MS(                                \
        "created_at") " ELSE chain_ms END"
#define PG_AUDIT_COLUMNS                                                                           \
    "entry::text, user_id::text, secret_name::text, action::text, service_id::text,"               \
    " split_part(ip_address::text, '/', 1), user_agent::text, success::text, error_message::text," \
    " " PG_CHAINED_MS "::text, job_id, script_sha256, boot_id, seq::text, encode(mac, 'hex')"

#define PG_ADD_AUDIT_INTO                                                                          \
    "INSERT INTO secret_audit_logs (id, user_id, secret_name, action, service_id, ip_address,"     \
    " user_agent, success, error_message, created_at, job_id, script_sha256, boot_id, seq, mac,"   \
    " chain_ms) VALUES "
/* One row; the arguments are the numbers of its parameters, as text. */
#define PG_ADD_AUDIT_VALUES(a, b, c, d, e, f, g, h, i, j, k, l, m, n)                              \
    "(gen_random_uuid(), $" a ", $" b ", $" c ", $" d ", $" e ", $" f ", $" g "::boolean, $" h     \
    ", to_timestamp($" i "::bigint / 1000.0), $" j ", $" k ", $" l ", $" m "::bigint, decode($" n  \
    ", 'hex'), $" i "::bigint)"

/* X(symbol, SQL): every statement, prepared at each connect. */
#define POSTGRES_STATEMENTS(X)                                                                     \
    X(GET, PG_GET_MANY("text"))                                                                    \
    X(GET_UUIDS, PG_GET_MANY("uuid"))                                                              \
    X(LOCK, "SELECT 1 FROM secrets WHERE user_id = $1 AND name = $2 FOR UPDATE")                   \
    X(LIST, "WITH page AS (SELECT " PG_SECRET_COLUMNS("''") PG_SECRET_TABLES                       \
      " WHERE s.user_id = $1 AND s.name COLLATE \"C\" > $2 ORDER BY s.name COLLATE \"C\""          \
      " LIMIT $3::int), names AS (SELECT array_agg(name) AS list FROM page)"                       \
      " SELECT 'secret', page.* FROM page" PG_RULES("(SELECT list FROM names)::text[]"))           \
    X(COUNT, "SELECT count(*) FROM secrets WHERE user_id = $1")                                    \
    X(INSERT, "INSERT INTO secrets (id, user_id, name, encrypted_value, version, created_at,"      \
              " updated_at) VALUES (gen_random_uuid(), $1, $2, $3, 1, now(), now())"               \
              " ON CONFLICT DO NOTHING")                                                           \
    X(KEEP, "INSERT INTO secret_versions (user_id, secret_name, version, encrypted_value,"         \
            " created_at) SELECT user_id::text, name, version, encrypted_value, updated_at"        \
            " FROM secrets WHERE user_id = $1 AND name = $2 FOR UPDATE"                            \
            " ON CONFLICT (user_id, secret_name, version)"                                         \
            " DO UPDATE SET encrypted_value = excluded.encrypted_value")                           \
    X(UPDATE, "UPDATE secrets SET encrypted_value = $3, version = $4::int, updated_at = now()"     \
              " WHERE user_id = $1 AND name = $2 AND version = $4::int - 1")                       \
    X(FORGET, "DELETE FROM secret_versions"                                                        \
              " WHERE user_id = $1 AND secret_name = $2 AND version <= $3::bigint")                \
    X(REMOVE, "DELETE FROM secrets WHERE user_id = $1 AND name = $2")                              \
    X(CLEAR_SERVICES, "DELETE FROM secret_policies WHERE user_id = $1 AND secret_name = $2"        \
                      " RETURNING service_id::text")                                               \
    X(CLEAR_SCRIPTS, "DELETE FROM secret_scripts WHERE user_id = $1 AND secret_name = $2")         \
    X(CLEAR_RULES, "DELETE FROM secret_rules WHERE user_id = $1 AND secret_name = $2")             \
    X(ADD_SERVICE, "INSERT INTO secret_policies (id, user_id, secret_name, service_id,"            \
                   " created_at) VALUES (gen_random_uuid(), $1, $2, $3, now())"                    \
                   " ON CONFLICT DO NOTHING")                                                      \
    X(ADD_SCRIPT, "INSERT INTO secret_scripts (user_id, secret_name, sha256, entry_point,"         \
                  " expires_at) VALUES ($1, $2, decode($3, 'hex'), $4, $5::bigint)")               \
    X(NEW_RULES, "INSERT INTO secret_rules (user_id, secret_name, pinned, allow_output, guard,"    \
                 " version) VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING")                \
    X(SET_RULES, "UPDATE secret_rules SET pinned = $3, allow_output = $4, guard = $5,"             \
                 " version = version + 1"                                                          \
                 " WHERE user_id = $1 AND secret_name = $2 AND version = $6::bigint")              \
    X(ADD_AUDIT, PG_ADD_AUDIT_INTO PG_ADD_AUDIT_VALUES("1", "2", "3", "4", "5", "6", "7", "8",     \
                                                       "9", "10", "11", "12", "13", "14"))         \
    X(AUDIT_OF_USER, "SELECT " PG_AUDIT_COLUMNS " FROM secret_audit_logs"                          \
                     " WHERE user_id = $1 AND entry < $2::bigint"                                  \
                     " ORDER BY secret_audit_logs.entry DESC"                                      \
                     " LIMIT $3::int")                                                             \
    X(AUDIT_OF_ALL, "SELECT " PG_AUDIT_COLUMNS " FROM secret_audit_logs"                           \
                    " WHERE entry > $1::bigint"                                                    \
                    " ORDER BY secret_audit_logs.entry LIMIT $2::int")                             \
    X(GET_FACT, "SELECT value FROM secret_facts WHERE name = $1")                                  \
    X(PUT_FACT, "INSERT INTO secret_facts (name, value) VALUES ($1, $2)"                           \
                " ON CONFLICT (name) DO UPDATE SET value = $2")                                    \
    X(LIST_FACTS, "SELECT name, value FROM secret_facts WHERE name COLLATE \"C\" > $1"             \
                  " AND starts_with(name, $2) ORDER BY name COLLATE \"C\" LIMIT $3::int")          \
    X(PUT_DOCUMENT, "INSERT INTO neocompute_keys (claims_sha256, bundle, not_after) VALUES"        \
                    " ($1, $2, to_timestamp($3::bigint / 1000.0)) ON CONFLICT DO NOTHING")         \
    X(GET_DOCUMENT, "SELECT bundle FROM neocompute_keys WHERE claims_sha256 = $1")                 \
    X(NEXT_SEALED, "SELECT * FROM (SELECT 'c' || id::text AS place, user_id::text, name::text,"    \
                   " version::text, encrypted_value::text FROM secrets UNION ALL"                  \
                   " SELECT 'v' || to_char(row, 'FM0000000000000000'), user_id, secret_name,"      \
                   " version::text, encrypted_value FROM secret_versions) q"                       \
                   " WHERE place COLLATE \"C\" > $1 ORDER BY place COLLATE \"C\" LIMIT $2::int")   \
    X(SWAP_CURRENT, "UPDATE secrets SET encrypted_value = $1 WHERE user_id = $2 AND name = $3"     \
                    " AND version = $4::int AND encrypted_value = $5")                             \
    X(SWAP_KEPT, "UPDATE secret_versions SET encrypted_value = $1 WHERE user_id = $2"              \
                 " AND secret_name = $3 AND version = $4::bigint AND encrypted_value = $5")

#define STATEMENT_INDEX(symbol, sql) PG_##symbol,
enum postgres_statement { POSTGRES_STATEMENTS(STATEMENT_INDEX) PG_STATEMENT_COUNT };
#undef STATEMENT_INDEX

/* Rows of the audit log that one statement adds, where there are so many, and parameters of each.
 */
#define PG_AUDIT_ROWS       32
#define PG_AUDIT_PARAMETERS 14
#define PG_AUDIT_MANY       "audit_many"

#define PG_PARAMETERS_MOST (PG_AUDIT_ROWS * PG_AUDIT_PARAMETERS)

struct store_postgres {
    struct store store;
    PGconn *connection;
    bool in_transaction, ready; /* ready: connected and every statement prepared */
    bool users_are_uuids;       /* the type of secrets.user_id, as live databases have it */
    bool listening;             /* on this connection */
    uint64_t retry_at_ns, retry_after_ns;
    uint64_t renew_at_ns; /* when this connection is given up for a new one; 0: never */
    char names[PG_STATEMENT_COUNT][8]; /* of the prepared statements */
};

/* Parameters of one statement, in order; NULL pointers are SQL NULLs. */
struct postgres_parameters {
    const char *values[PG_PARAMETERS_MOST];
    int lengths[PG_PARAMETERS_MOST];
    int count;
    struct arena arena; /* copies that end with a NUL */
};
#define PG_PARAMETER_BYTES (8 * MIB) /* of one statement's parameters */

/*
 * Runs a prepared statement. *ret (PQclear it) may be NULL if rows do not matter; *changed is the
 * number of rows changed. ERR_SYSTEM: the connection is gone or the server refused.
 */
int store_postgres_run(struct store_postgres *p, enum postgres_statement statement,
                       const struct postgres_parameters *parameters, PGresult **ret,
                       uint64_t *changed);

/*
 * Several statements in one round trip (libpq's pipeline mode), all or none of them: _start, _add
 * for each, then _end, which gives a result each if `results` is not NULL. After a failed _start or
 * _add nothing else may be called but _end, which fails too. Statements that write are put between
 * _begin and _commit, and are durable when _end returns 0.
 */
int store_postgres_pipe_start(struct store_postgres *p);
int store_postgres_pipe_add(struct store_postgres *p, enum postgres_statement statement,
                            const struct postgres_parameters *parameters);
/* PG_AUDIT_ROWS rows of the audit log. */
int store_postgres_pipe_audits(struct store_postgres *p,
                               const struct postgres_parameters *parameters);
int store_postgres_pipe_word(struct store_postgres *p, const char *word); /* BEGIN, COMMIT */
int store_postgres_pipe_end(struct store_postgres *p, size_t count, PGresult **results);

/* Was the connection lost just now, and is there a new one? Then what only read is tried again. */
bool store_postgres_again(struct store_postgres *p);

/* --- for the tables' files --- */

static inline struct store_postgres *postgres_self(struct store *store)
{
    return (struct store_postgres *)store;
}

/* Starts a statement's parameters; arena_done(&q->arena) wipes them. */
void postgres_begin(struct postgres_parameters *q);
void postgres_add_null(struct postgres_parameters *q);
/* Without memory the parameter becomes NULL, and the tables refuse it. */
void postgres_add_text(struct postgres_parameters *q, struct span text);
void postgres_add_optional(struct postgres_parameters *q, struct span text); /* empty: NULL */
void postgres_add_number(struct postgres_parameters *q, int64_t value);
void postgres_add_bool(struct postgres_parameters *q, bool value);
void postgres_add_hex(struct postgres_parameters *q, const uint8_t *bytes, size_t size); /* <= 64 */

/* Starts them with user and name. */
void postgres_begin_place(struct postgres_parameters *q, struct span user, struct span name);

/* Run a statement and wipe its parameters: one without rows, and one with (PQclear them). Errors of
 * store_postgres_run. */
int postgres_change(struct store_postgres *p, enum postgres_statement which,
                    struct postgres_parameters *q, uint64_t *changed);
int postgres_query(struct store_postgres *p, enum postgres_statement which,
                   struct postgres_parameters *q, PGresult **ret);

struct span postgres_cell(const PGresult *result, int row, int column); /* the result's */
/* Copies it; false without memory. */
bool postgres_read_text(const PGresult *result, int row, int column, struct arena *arena,
                        struct span *ret);
int64_t postgres_read_number(const PGresult *result, int row, int column);
bool postgres_read_bool(const PGresult *result, int row, int column);

/* --- for the table of operations --- */

extern const struct store_ops store_postgres_ops;

bool store_postgres_changed(struct store *store);
void store_postgres_close(struct store *store);
int store_postgres_begin(struct store *store);
int store_postgres_commit(struct store *store);
void store_postgres_rollback(struct store *store);

int store_postgres_add_audit(struct store *store, const struct store_audit *rows, size_t count);
int store_postgres_commit_audit(struct store *store, const struct store_audit *const *rows,
                                size_t count);
int store_postgres_list_audit(struct store *store, struct span user, const struct store_page *page,
                              struct arena *arena, struct store_audit *rows, size_t *count);
/* Of a secret that is new, or gone. */
int store_postgres_clear_rules(struct store_postgres *p, struct span user, struct span name);
int store_postgres_put_policy(struct store *store, struct span user, const struct store_secret *row,
                              const struct secret_policy *policy);
int store_postgres_get_fact(struct store *store, const char *name, struct arena *arena,
                            struct span *ret);
int store_postgres_put_fact(struct store *store, const char *name, struct span value);
int store_postgres_list_facts(struct store *store, const char *prefix, struct span after,
                              struct arena *arena, struct span *names, struct span *values,
                              size_t *count);
int store_postgres_put_document(struct store *store, const struct store_document *document);
int store_postgres_get_document(struct store *store, struct span digest, struct arena *arena,
                                struct span *ret);
int store_postgres_next_sealed(struct store *store, struct span cursor, struct arena *arena,
                               struct store_sealed_row *rows, size_t *count);
int store_postgres_replace_sealed(struct store *store, const struct store_sealed_row *row,
                                  struct span sealed);

#endif
