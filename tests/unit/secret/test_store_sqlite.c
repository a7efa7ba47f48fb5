#include "secret/store_sqlite.h"
#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/neocompute-store-XXXXXX", path[64];

static int again(struct store_suite *suite, struct store **ret)
{
    (void)suite;
    return store_sqlite_open(path, ret, NULL);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void the_file_is_for_its_owner_only(void **state)
{
    (void)state;
    struct stat st;
    struct store *store;
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(store_sqlite_open(path, &store, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store->ops->close(store);
}

static void what_is_no_database_is_left_alone(void **state)
{
    (void)state;
    char other[80], text[32] = "";
    snprintf(other, sizeof other, "%s/other", folder);
    write_file(other, "this is not a database, it only has to be long enough to look at");
    struct store *store;
    struct error_detail detail = {0};
    assert_int_equal(store_sqlite_open(other, &store, &detail), ERR_SYSTEM);
    assert_true(strlen(detail.message) > 0);
    FILE *f = fopen(other, "r");
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "this is not a database, it only");
    unlink(other);
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    char other[80], command[64];
    snprintf(other, sizeof other, "%s/damaged", folder);
    struct store *store;
    assert_int_equal(store_sqlite_open(other, &store, NULL), 0);
    for (int i = 1; i < 400; i++) {
        snprintf(command, sizeof command, "n%d", i);
        assert_int_equal(store->ops->begin(store), 0);
        assert_int_equal(store->ops->put(store, SPAN("u"), span_of(command), 1, SPAN("xxxxxxxx")),
                         0);
        assert_int_equal(store->ops->commit(store), 0);
    }
    store->ops->close(store);
    FILE *f = fopen(other, "r+");
    for (long at = 4096; at < 4096 * 30; at += 64) {
        fseek(f, at, SEEK_SET);
        fputs("\xff\xff\xff\xff", f);
    }
    fclose(f);
    struct error_detail detail = {0};
    assert_int_equal(store_sqlite_open(other, &store, &detail), ERR_SYSTEM);
    assert_true(strlen(detail.message) > 0);
}

/* A file as the first version of the schema made it, with a row of the log in it. */
static const char *const first_schema =
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
    "CREATE TABLE secret_facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);"
    "INSERT INTO secret_audit_logs (id, user_id, secret_name, action, success, created_at, boot_id,"
    " seq, mac) VALUES (41, 'old', 'K', 'create', 1, 9, 'boot', 3, randomblob(32));"
    "PRAGMA application_id = 0x4e435331; PRAGMA user_version = 1;";

static void an_older_file_is_migrated(void **state)
{
    char old[80];
    snprintf(old, sizeof old, "%s/old", folder);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(old, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, first_schema, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct store *store;
    assert_int_equal(store_sqlite_open(old, &store, NULL), 0);
    struct store_audit row = {.user = SPAN("old"), .name = SPAN("L"), .action = STORE_READ}, got[3];
    const struct store_audit *list[] = {&row};
    assert_int_equal(store->ops->commit_audit(store, list, 1), 0);
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct store_page page = {.limit = 3};
    size_t count = 3;
    assert_int_equal(store->ops->list_audit(store, SPAN("old"), &page, &arena, got, &count), 0);
    assert_int_equal(count, 2);
    assert_true(got[0].id == 42 && got[1].id == 41);
    assert_true(got[1].chained && got[1].seq == 3);
    assert_span(got[1].boot_id, "boot");
    arena_done(&arena);
    store->ops->close(store);
}

/* The ids of `user`'s rows, or of everybody's, page by page: "12 11 10". A damaged place has a !.
 */
static void ids_of(struct store *store, struct span user, char *text, size_t size)
{
    struct store_audit got[2];
    struct store_page page = {.limit = 2};
    size_t count, at = 0;
    do {
        struct arena arena;
        arena_init(&arena, ARENA_MOST);
        count = 2;
        assert_int_equal(store->ops->list_audit(store, user, &page, &arena, got, &count), 0);
        for (size_t i = 0; i < count && at < size; i++) {
            at += (size_t)snprintf(text + at, size - at, "%s%d%s", at ? " " : "", (int)got[i].id,
                                   got[i].damaged ? "!" : "");
            page.after = got[i].id;
        }
        arena_done(&arena);
    } while (count == 2);
}

static void change(const char *file, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Blocks, and rows that an older version or somebody else wrote beside them. */
static void table_and_blocks_are_one_log(void **state)
{
    (void)state;
    char file[80], ids[128];
    snprintf(file, sizeof file, "%s/both", folder);
    struct store *store;
    assert_int_equal(store_sqlite_open(file, &store, NULL), 0);
    const struct store_audit a = {.user = SPAN("ann"), .name = SPAN("K"), .action = STORE_READ},
                             b = {.user = SPAN("ben"), .name = SPAN("K"), .action = STORE_READ};
    const struct store_audit *rows[] = {&a, &b, &a, &a};
    assert_int_equal(store->ops->commit_audit(store, rows, 4), 0);
    change(file,
           "INSERT INTO secret_audit_logs (id, user_id, secret_name, action, success,"
           " created_at) VALUES (10, 'ann', 'K', 'read', 1, 1), (20, 'ann', 'K', 'read', 1, 1)");
    assert_int_equal(store->ops->commit_audit(store, rows, 4), 0);
    ids_of(store, SPAN("ann"), ids, sizeof ids);
    assert_string_equal(ids, "24 23 21 20 10 4 3 1");
    ids_of(store, SPAN("ben"), ids, sizeof ids);
    assert_string_equal(ids, "22 2");
    ids_of(store, SPAN(""), ids, sizeof ids);
    assert_string_equal(ids, "1 2 3 4 10 20 21 22 23 24");
    /* The last row of a block is cut off, the other block is no block at all. */
    change(file,
           "UPDATE secret_audit_blocks SET rows = substr(rows, 1, length(rows) - 1)"
           " WHERE first_id = 1; UPDATE secret_audit_blocks SET rows = 'x' WHERE first_id > 1");
    ids_of(store, SPAN(""), ids, sizeof ids);
    assert_string_equal(ids, "1 2 3 10 20 21!");
    ids_of(store, SPAN("ann"), ids, sizeof ids);
    assert_string_equal(ids, "20 10 3 1");
    store->ops->close(store);
}

/* --- the index of a long log --- */

enum { LOG_MOST = 20000, LOG_PAGE = 700, LOG_BATCH = 40 };

/* Rows of two users in turn, and one of a third. */
static void write_log(struct store *store, size_t count)
{
    const struct store_audit row[] = {{.user = SPAN("ann"), .name = SPAN("K")},
                                      {.user = SPAN("ben"), .name = SPAN("K")},
                                      {.user = SPAN("eve"), .name = SPAN("K")}};
    const struct store_audit *list[LOG_BATCH];
    for (size_t i = 0; i < count; i += LOG_BATCH) {
        for (size_t k = 0; k < LOG_BATCH; k++)
            list[k] = &row[i + k == count / 2 ? 2 : k % 2];
        assert_int_equal(store->ops->commit_audit(store, list, LOG_BATCH), 0);
    }
}

/* The ids of the user's rows, as they are listed; with `all`, as they stand in everybody's list. */
static size_t walk_log(struct store *store, struct span user, bool all, uint64_t *ids)
{
    struct store_audit *got = calloc(LOG_PAGE, sizeof *got);
    struct store_page page = {.limit = LOG_PAGE};
    size_t count, n = 0;
    do {
        struct arena arena;
        arena_init(&arena, 16 * ARENA_MOST);
        count = LOG_PAGE;
        assert_int_equal(
            store->ops->list_audit(store, all ? SPAN("") : user, &page, &arena, got, &count), 0);
        for (size_t i = 0; i < count; i++) {
            page.after = got[i].id;
            assert_true(n < LOG_MOST);
            if (span_equal(got[i].user, user))
                ids[n++] = got[i].id;
        }
        arena_done(&arena);
    } while (count == LOG_PAGE);
    free(got);
    return n;
}

static void assert_index_finds_all(struct store *store, struct span user, size_t least)
{
    uint64_t *all = calloc(LOG_MOST, sizeof *all), *own = calloc(LOG_MOST, sizeof *own);
    size_t count = walk_log(store, user, true, all);
    assert_true(count >= least);
    assert_int_equal(walk_log(store, user, false, own), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(own[i], all[count - 1 - i]);
    free(all);
    free(own);
}

/* Entries of many blocks, of blocks far apart, of one each as before, and what is behind them. */
static void the_index_of_a_long_log_misses_nothing(void **state)
{
    (void)state;
    char file[80];
    snprintf(file, sizeof file, "%s/long", folder);
    struct store *store;
    assert_int_equal(store_sqlite_open(file, &store, NULL), 0);
    write_log(store, 5000);
    store->ops->close(store);
    change(file, "DELETE FROM secret_audit_users WHERE user_id <> 'eve';"
                 "INSERT INTO secret_audit_users (user_id, id) SELECT u, first_id FROM"
                 " secret_audit_blocks, (SELECT 'ann' AS u UNION SELECT 'ben') WHERE first_id <="
                 " (SELECT value FROM secret_facts WHERE name = 'audit_indexed');"
                 "ALTER TABLE secret_audit_users DROP COLUMN more; PRAGMA user_version = 4");
    assert_int_equal(store_sqlite_open(file, &store, NULL), 0);
    write_log(store, 2000);
    change(file, "INSERT INTO secret_audit_logs (id, user_id, secret_name, action, success,"
                 " created_at) VALUES (100000, 'ann', 'K', 'read', 1, 1)");
    write_log(store, 6000);
    assert_index_finds_all(store, SPAN("ann"), 6400);
    assert_index_finds_all(store, SPAN("ben"), 6400);
    assert_index_finds_all(store, SPAN("eve"), 3);
    store->ops->close(store);
}

static void the_cache_starts_anew_when_it_is_full(void **state)
{
    struct sqlite_cache *cache = sqlite_cache_new();
    struct store_secret row = {.name = SPAN("K"), .sealed = SPAN("sealed"), .version = 1}, got;
    struct arena arena;
    char user[16];
    size_t kept = 0;
    for (int i = 0; i <= SQLITE_CACHE_ROWS; i++) {
        snprintf(user, sizeof user, "u%d", i);
        sqlite_cache_put(cache, span_of(user), &row);
        arena_init(&arena, ARENA_MOST);
        assert_int_equal(sqlite_cache_get(cache, span_of(user), SPAN("K"), &arena, &got), 0);
        assert_span(got.sealed, "sealed");
        arena_done(&arena);
    }
    for (int i = 0; i <= SQLITE_CACHE_ROWS; i++) {
        snprintf(user, sizeof user, "u%d", i);
        arena_init(&arena, ARENA_MOST);
        kept += sqlite_cache_get(cache, span_of(user), SPAN("K"), &arena, &got) == 0;
        arena_done(&arena);
    }
    assert_int_equal(kept, 1);
    /* Nor do bytes: one that does not fit is not there, and nothing breaks. */
    char *large = calloc(1, SQLITE_CACHE_BYTES);
    row.sealed = (struct span){large, SQLITE_CACHE_BYTES};
    sqlite_cache_put(cache, SPAN("large"), &row);
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(sqlite_cache_get(cache, SPAN("large"), SPAN("K"), &arena, &got),
                     ERR_NOT_FOUND);
    arena_done(&arena);
    free(large);
    sqlite_cache_free(cache);
}

/* An entry of the index is of a block or of a row of the table, and both may have that id. */
static void the_index_shows_nobody_anothers_row(void **state)
{
    (void)state;
    char file[80], ids[32] = "";
    snprintf(file, sizeof file, "%s/entry", folder);
    struct store *store;
    assert_int_equal(store_sqlite_open(file, &store, NULL), 0);
    struct store_audit row = {.user = SPAN("alice"), .name = SPAN("K"), .action = STORE_READ};
    const struct store_audit *list[] = {&row};
    assert_int_equal(store->ops->commit_audit(store, list, 1), 0);
    change(file,
           "INSERT INTO secret_audit_logs (id, user_id, secret_name, action, success,"
           " created_at) VALUES (1, 'bob', 'K', 'read', 1, 0);"
           "INSERT INTO secret_audit_users (user_id, id) VALUES ('alice', 1);"
           "INSERT OR REPLACE INTO secret_facts (name, value) VALUES ('audit_indexed', '1');");
    ids_of(store, SPAN("alice"), ids, sizeof ids);
    assert_string_equal(ids, "1");
    store->ops->close(store);
}

/* The thread that reads is the one that all jobs wait behind: it may not sort what grows. */
static void assert_sorts_nothing(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *plan;
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    assert_non_null(explain);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        if (strstr(step, "TEMP B-TREE"))
            fail_msg("%s: %s", sql, step);
    }
    sqlite3_finalize(plan);
    sqlite3_free(explain);
}

static void no_reading_sorts(void **state)
{
    (void)state;
    struct store *store;
    assert_int_equal(store_sqlite_open(path, &store, NULL), 0);
    struct store_sqlite *s = sqlite_self(store);
    for (int i = 0; i < SQL_COUNT_OF_STATEMENTS; i++)
        if (sqlite3_stmt_readonly(s->statements[i]))
            assert_sorts_nothing(s->db, sqlite3_sql(s->statements[i]));
    store->ops->close(store);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/secrets.db", folder);
    struct store_suite suite = {.again = again};
    if (store_sqlite_open(path, &suite.store, NULL))
        return 1;
    int failed = store_suite_run(&suite);
    suite.store->ops->close(suite.store);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_for_its_owner_only),
        cmocka_unit_test(what_is_no_database_is_left_alone),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test(an_older_file_is_migrated),
        cmocka_unit_test(table_and_blocks_are_one_log),
        cmocka_unit_test(the_index_of_a_long_log_misses_nothing),
        cmocka_unit_test(the_index_shows_nobody_anothers_row),
        cmocka_unit_test(no_reading_sorts),
        cmocka_unit_test(the_cache_starts_anew_when_it_is_full),
    };
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
