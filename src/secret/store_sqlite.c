#include "secret/store_sqlite.h"

#include "secret/audit_block.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000 /* how long another writer may hold the file */

/*
 * Migrations, forward only: number i brings the file from user_version i to i + 1. The first three
 * tables have the columns of the layer's shared database; what is ours alone is in tables and
 * nullable columns of its own.
 */
static const char *const migrations[] = {
    "CREATE TABLE secrets (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, name TEXT NOT NULL,"
    " encrypted_value TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,"
    " updated_at INTEGER NOT NULL, UNIQUE (user_id, name));"
    "CREATE TABLE secret_policies (id TEXT PRIMARY KEY, user_id TEXT NOT NULL,"
    " secret_name TEXT NOT NULL, service_id TEXT NOT NULL, created_at INTEGER NOT NULL,"
    " UNIQUE (user_id, secret_name, service_id));"
    "CREATE TABLE secret_audit_logs (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL,"
    " secret_name TEXT NOT NULL, action TEXT NOT NULL, service_id TEXT, ip_address TEXT,"
    " user_agent TEXT, success INTEGER NOT NULL, error_message TEXT, created_at INTEGER NOT NULL,"
    " job_id TEXT, script_sha256 TEXT, boot_id TEXT, seq INTEGER, mac BLOB);"
    "CREATE INDEX secret_audit_logs_user ON secret_audit_logs (user_id, id);"
    "CREATE TABLE secret_versions (user_id TEXT NOT NULL, secret_name TEXT NOT NULL,"
    " version INTEGER NOT NULL, encrypted_value TEXT NOT NULL, created_at INTEGER NOT NULL,"
    " UNIQUE (user_id, secret_name, version));"
    "CREATE TABLE secret_scripts (user_id TEXT NOT NULL, secret_name TEXT NOT NULL,"
    " sha256 BLOB NOT NULL, entry_point TEXT NOT NULL, expires_at INTEGER,"
    " UNIQUE (user_id, secret_name, sha256, entry_point));"
    "CREATE TABLE secret_rules (user_id TEXT NOT NULL, secret_name TEXT NOT NULL,"
    " pinned INTEGER NOT NULL, allow_output INTEGER NOT NULL, guard INTEGER NOT NULL,"
    " version INTEGER NOT NULL, PRIMARY KEY (user_id, secret_name));"
    "CREATE TABLE secret_facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);",
    "CREATE TABLE neocompute_keys (claims_sha256 TEXT PRIMARY KEY, bundle TEXT NOT NULL,"
    " not_after INTEGER NOT NULL, created_at INTEGER NOT NULL);",
    /* The log without what each row of it paid for: an index by user, and AUTOINCREMENT. */
    "DROP INDEX secret_audit_logs_user;"
    "ALTER TABLE secret_audit_logs RENAME TO old_audit_logs;"
    "CREATE TABLE secret_audit_logs (id INTEGER PRIMARY KEY, user_id TEXT NOT NULL,"
    " secret_name TEXT NOT NULL, action TEXT NOT NULL, service_id TEXT, ip_address TEXT,"
    " user_agent TEXT, success INTEGER NOT NULL, error_message TEXT, created_at INTEGER NOT NULL,"
    " job_id TEXT, script_sha256 TEXT, boot_id TEXT, seq INTEGER, mac BLOB);"
    "INSERT INTO secret_audit_logs SELECT * FROM old_audit_logs ORDER BY id;"
    "DROP TABLE old_audit_logs;"
    "CREATE TABLE secret_audit_users (user_id TEXT NOT NULL, id INTEGER NOT NULL,"
    " PRIMARY KEY (user_id, id)) WITHOUT ROWID;"
    "INSERT INTO secret_audit_users SELECT user_id, id FROM secret_audit_logs ORDER BY 1, 2;"
    "INSERT INTO secret_facts SELECT 'audit_indexed', coalesce(max(id), 0) FROM"
    " secret_audit_logs;",
    /* The rows of a transaction in one (audit_block.h). Those of before stay where they are. */
    "CREATE TABLE secret_audit_blocks (first_id INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    " rows BLOB NOT NULL);",
    /* An entry of the index may name several blocks (store_sqlite_index.c). */
    "ALTER TABLE secret_audit_users ADD COLUMN more BLOB;",
};
#define SCHEMA_VERSION ((int)(sizeof migrations / sizeof *migrations))

/* "NCS1": tells our files from other SQLite databases. */
#define APPLICATION_ID 0x4e435331

static int fail(struct store_sqlite *s, const char *path, const char *what,
                struct error_detail *detail)
{
    return error_set(detail, ERR_SYSTEM, "data-dir", "%s: %s: %s", path, what,
                     s->db ? sqlite3_errmsg(s->db) : strerror(errno));
}

static int execute(struct store_sqlite *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : ERR_SYSTEM;
}

/* The first column of the first row, as an integer or into `text`. */
static int query(struct store_sqlite *s, const char *sql, int64_t *number, char *text, size_t size)
{
    sqlite3_stmt *statement = NULL;
    int r = ERR_SYSTEM;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        if (number)
            *number = sqlite3_column_int64(statement, 0);
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        if (text)
            snprintf(text, size, "%s", found ? found : "");
        r = 0;
    }
    sqlite3_finalize(statement);
    return r;
}

/* The file is made by us with mode 0600 before SQLite sees it; an existing one is narrowed to it.
 */
static int prepare_file(const char *path, struct error_detail *detail)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        ((st.st_mode & 077) && fchmod(fd, 0600) != 0)) {
        int r = error_set(detail, ERR_SYSTEM, "data-dir", "%s: %s", path,
                          errno ? strerror(errno) : "not a regular file");
        if (fd >= 0)
            close(fd);
        return r;
    }
    close(fd);
    return 0;
}

static int migrate(struct store_sqlite *s, const char *path, struct error_detail *detail)
{
    int64_t version = 0, application = 0, tables = 0;
    if (query(s, "PRAGMA user_version", &version, NULL, 0) ||
        query(s, "PRAGMA application_id", &application, NULL, 0) ||
        query(s, "SELECT count(*) FROM sqlite_master", &tables, NULL, 0))
        return fail(s, path, "not a database", detail);
    if (tables > 0 && application != APPLICATION_ID)
        return error_set(detail, ERR_USAGE, "data-dir", "%s is a database of another program",
                         path);
    if (version > SCHEMA_VERSION)
        return error_set(detail, ERR_USAGE, "data-dir",
                         "%s has schema version %lld; this program knows up to %d: use a newer one",
                         path, (long long)version, SCHEMA_VERSION);
    for (; version < SCHEMA_VERSION; version++) {
        char *mark = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
                                     APPLICATION_ID, (int)version + 1);
        int64_t now = version;
        int r = mark ? execute(s, "BEGIN IMMEDIATE") : ERR_NO_MEMORY;
        if (!r)
            r = query(s, "PRAGMA user_version", &now, NULL, 0);
        if (!r && now == version) /* else another server that starts has done it */
            r = execute(s, migrations[version]);
        if (!r && now == version)
            r = execute(s, mark);
        if (!r)
            r = execute(s, "COMMIT");
        sqlite3_free(mark);
        if (r) {
            fail(s, path, "migration failed", detail);
            execute(s, "ROLLBACK");
            return ERR_SYSTEM;
        }
    }
    return 0;
}

static int prepare_statements(struct store_sqlite *s)
{
    static const char *const sql[] = {
#define STATEMENT_SQL(symbol, text) text,
        SQLITE_STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
    };
    for (int i = 0; i < SQL_COUNT_OF_STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                               NULL) != SQLITE_OK)
            return ERR_SYSTEM;
    return 0;
}

/* --- where the files are --- */

static void find_files(const struct store_sqlite *s, struct sqlite_file ret[SQLITE_FILES])
{
    static const char *const suffixes[SQLITE_FILES] = {"", "-wal", "-shm"};
    const char *path = sqlite3_db_filename(s->db, "main");
    char name[PATH_MAX];
    for (int i = 0; i < SQLITE_FILES; i++) {
        struct stat st;
        ret[i] = (struct sqlite_file){0};
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (stat(name, &st) == 0)
            ret[i] = (struct sqlite_file){st.st_dev, st.st_ino};
    }
}

/*
 * Are they those that we write to? As long as a connection is open SQLite keeps all three. What is
 * written to a file that was removed or replaced, no other process sees and nothing keeps.
 */
static bool files_in_place(const struct store_sqlite *s)
{
    struct sqlite_file now[SQLITE_FILES];
    find_files(s, now);
    return memcmp(now, s->files, sizeof now) == 0;
}

int store_sqlite_open(const char *path, struct store **ret, struct error_detail *detail)
{
    struct store_sqlite *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NO_MEMORY;
    s->store.ops = &store_sqlite_ops;
    s->cache = sqlite_cache_new(); /* it works without, too */
    s->block = BUF_INIT(AUDIT_BLOCK_SIZE);
    char checked[256] = "";
    errno = 0;
    int r = prepare_file(path, detail);
    if (r)
        goto out;
    r = ERR_SYSTEM;
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        fail(s, path, "cannot be opened", detail);
        goto out;
    }
    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (execute(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                   "PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;") ||
        query(s, "PRAGMA quick_check(1)", NULL, checked, sizeof checked)) {
        fail(s, path, "cannot be used", detail);
        goto out;
    }
    if (strcmp(checked, "ok") != 0) {
        error_set(detail, ERR_SYSTEM, "data-dir",
                  "%s is damaged (%s): restore it from a copy; nothing was changed", path, checked);
        goto out;
    }
    r = migrate(s, path, detail);
    if (!r && prepare_statements(s))
        r = fail(s, path, "unexpected schema", detail);
    if (!r)
        find_files(s, s->files);
out:
    if (r)
        store_sqlite_close(&s->store);
    else
        *ret = &s->store;
    return r;
}

void store_sqlite_close(struct store *store)
{
    struct store_sqlite *s = (struct store_sqlite *)store;
    for (int i = 0; i < SQL_COUNT_OF_STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    sqlite_cache_free(s->cache);
    buf_done(&s->block);
    free(s);
}

static int result_of(struct store_sqlite *s, int rc)
{
    if (rc == SQLITE_DONE || rc == SQLITE_ROW)
        return 0;
    snprintf(s->store.trouble, sizeof s->store.trouble, "%s", sqlite3_errmsg(s->db));
    return rc == SQLITE_NOMEM ? ERR_NO_MEMORY : ERR_SYSTEM;
}

int store_sqlite_run(struct store_sqlite *s, enum sqlite_statement statement)
{
    sqlite3_stmt *stmt = s->statements[statement];
    int r = result_of(s, sqlite3_step(stmt));
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return r;
}

int store_sqlite_begin(struct store *store)
{
    struct store_sqlite *s = (struct store_sqlite *)store;
    if (!files_in_place(s)) {
        snprintf(s->store.trouble, sizeof s->store.trouble,
                 "secrets.db, its -wal or its -shm was removed or replaced: put it back, or start "
                 "the service again");
        return ERR_SYSTEM;
    }
    int r = store_sqlite_run(s, SQL_BEGIN);
    s->in_transaction = r == 0;
    if (!r)
        s->store.trouble[0] = 0;
    return r;
}

int store_sqlite_commit(struct store *store)
{
    struct store_sqlite *s = (struct store_sqlite *)store;
    int r = store_sqlite_run(s, SQL_COMMIT);
    if (!r)
        s->in_transaction = false;
    return r;
}

void store_sqlite_rollback(struct store *store)
{
    struct store_sqlite *s = (struct store_sqlite *)store;
    if (s->in_transaction && !sqlite3_get_autocommit(s->db)) /* a full disk rolls back by itself */
        store_sqlite_run(s, SQL_ROLLBACK);
    s->in_transaction = false;
    s->audit_indexed = 0;
}

/* --- parameters and columns --- */

void sqlite_bind_text(sqlite3_stmt *stmt, int at, struct span text)
{
    sqlite3_bind_text(stmt, at, text.data ? text.data : "", (int)text.size, SQLITE_STATIC);
}

void sqlite_bind_optional(sqlite3_stmt *stmt, int at, struct span text)
{
    if (text.size)
        sqlite_bind_text(stmt, at, text);
}

sqlite3_stmt *sqlite_bind_place(struct store_sqlite *s, enum sqlite_statement which,
                                struct span user, struct span name)
{
    sqlite3_stmt *stmt = s->statements[which];
    sqlite_bind_text(stmt, 1, user);
    sqlite_bind_text(stmt, 2, name);
    return stmt;
}

bool sqlite_read_text(sqlite3_stmt *stmt, int at, struct arena *arena, struct span *ret)
{
    const char *data = sqlite3_column_blob(stmt, at);
    return arena_copy(arena, (struct span){data, (size_t)sqlite3_column_bytes(stmt, at)}, ret);
}

int sqlite_each_row(sqlite3_stmt *stmt, struct arena *arena, sqlite_row_fn *row, void *ctx)
{
    int r = 0, rc;
    while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        r = row(stmt, arena, ctx);
    if (!r && rc != SQLITE_DONE)
        r = rc == SQLITE_NOMEM ? ERR_NO_MEMORY : ERR_SYSTEM;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return r == SQLITE_ENOUGH ? 0 : r;
}
