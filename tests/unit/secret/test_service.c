#include "secret/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define MASTER "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER  "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* A service on a database of its own. */
struct fixture {
    char folder[64], path[96];
    uv_loop_t loop;
    struct secret_key key;
    struct secret_service *service;
    uint8_t audit_key[AUDIT_KEY_SIZE];
};

static int start(struct fixture *f, bool strict, struct error_detail *detail)
{
    struct secret_options options = {
        .loop = &f->loop, .key = &f->key, .audit_key = f->audit_key, .strict = strict};
    assert_int_equal(store_sqlite_open(f->path, &options.store, NULL), 0);
    int r = secret_service_new(&options, &f->service, detail);
    if (r) {
        options.store->ops->close(options.store);
        f->service = NULL;
        uv_run(&f->loop, UV_RUN_DEFAULT);
    }
    return r;
}

static void stop(struct fixture *f)
{
    secret_service_free(f->service);
    f->service = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    snprintf(f->folder, sizeof f->folder, "/tmp/neocompute-secret-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/secrets.db", f->folder);
    uv_loop_init(&f->loop);
    assert_int_equal(secret_key_init(&f->key, MASTER, NULL), 0);
    return start(f, true, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->service)
        stop(f);
    secret_key_done(&f->key);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

/* What an answer left behind, copied out of the callback. */
struct seen {
    bool done;
    int code;
    char message[512], value[64];
    uint64_t version;
    char tag[SECRET_ETAG_SIZE + 2]; /* quoted */
    size_t count;
    bool created;
};

static void on_answer(void *ctx, const struct secret_answer *a)
{
    struct seen *seen = ctx;
    *seen = (struct seen){.done = true, .code = a->code, .count = a->count, .created = a->created};
    snprintf(seen->message, sizeof seen->message, "%s", a->detail.message);
    snprintf(seen->value, sizeof seen->value, "%.*s", (int)a->value_size,
             a->value.data ? (char *)a->value.data : "");
    if (a->rows && a->count)
        seen->version = a->rows[0].version;
    if (*a->tag)
        snprintf(seen->tag, sizeof seen->tag, "\"%s\"", a->tag);
}

static struct seen manage(struct fixture *f, struct secret_manage m)
{
    struct seen seen = {0};
    struct secret_ticket *ticket;
    if (!m.caller.user.size)
        m.caller.user = SPAN("alice");
    assert_int_equal(secret_manage(f->service, &m, on_answer, &seen, &ticket), 0);
    while (!seen.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    return seen;
}

static void on_resolved(void *ctx, int code, struct secret_set *set,
                        const struct error_detail *detail)
{
    struct seen *seen = ctx;
    *seen = (struct seen){.done = true, .code = code, .count = set ? set->count : 0};
    snprintf(seen->message, sizeof seen->message, "%s", detail->message);
    assert_true((code == 0) == (set != NULL));
    if (set && set->count)
        snprintf(seen->value, sizeof seen->value, "%.*s", (int)set->values[0].size,
                 (char *)set->values[0].bytes.data);
    secret_set_free(set);
}

static struct seen resolve(struct fixture *f, const char *user, uint8_t script, const char *first,
                           const char *second)
{
    struct seen seen = {0};
    struct secret_ticket *ticket;
    struct span names[] = {span_of(first), span_of(second)};
    struct secret_ask ask = {.caller = {.user = span_of(user)},
                             .names = names,
                             .count = second ? 2 : 1,
                             .script_sha256 = {script},
                             .job_id = SPAN("job")};
    assert_int_equal(secret_resolve(f->service, &ask, on_resolved, &seen, &ticket), 0);
    while (!seen.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    return seen;
}

static void put(struct fixture *f, const char *name, const char *value)
{
    struct seen seen =
        manage(f, (struct secret_manage){
                      .operation = SECRET_PUT, .name = span_of(name), .value = span_of(value)});
    assert_int_equal(seen.code, 0);
}

static void allow(struct fixture *f, const char *name, const struct secret_script *script)
{
    struct span services[] = {SPAN(SECRET_SERVICE)};
    struct secret_policy policy = {.services = services,
                                   .service_count = 1,
                                   .pinned = script != NULL,
                                   .scripts = script,
                                   .script_count = script ? 1 : 0,
                                   .guard = true};
    struct seen seen =
        manage(f, (struct secret_manage){
                      .operation = SECRET_SET_POLICY, .name = span_of(name), .policy = &policy});
    assert_int_equal(seen.code, 0);
}

static void a_job_gets_what_its_owner_allowed(void **state)
{
    struct fixture *f = *state;
    put(f, "KEY", "value-1");
    allow(f, "KEY", NULL);
    struct seen seen = resolve(f, "alice", 1, "KEY", "secrets:KEY");
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.value, "value-1");
}

static void jobs_of_one_turn_share_a_transaction(void **state)
{
    enum { JOBS = 20 };
    struct fixture *f = *state;
    struct seen seen[JOBS] = {0};
    struct secret_ticket *ticket;
    struct span name = SPAN("KEY");
    struct secret_stats stats;
    put(f, "KEY", "value-1");
    allow(f, "KEY", NULL);
    for (int round = 1; round <= 2; round++) { /* the second has tickets of the first */
        for (int i = 0; i < JOBS; i++) {
            struct secret_ask ask = {.caller = {.user = i % 2 ? SPAN("alice") : SPAN("bob")},
                                     .names = &name,
                                     .count = 1,
                                     .job_id = SPAN("job")};
            seen[i].done = false;
            assert_int_equal(secret_resolve(f->service, &ask, on_resolved, &seen[i], &ticket), 0);
        }
        while (!seen[JOBS - 1].done)
            uv_run(&f->loop, UV_RUN_ONCE);
        for (int i = 0; i < JOBS; i++) {
            assert_true(seen[i].done);
            assert_int_equal(seen[i].code, i % 2 ? 0 : ERR_SECRET_UNAVAILABLE);
            assert_string_equal(seen[i].value, i % 2 ? "value-1" : "");
        }
        secret_service_stats(f->service, &stats);
        assert_int_equal(stats.batches, round);
        assert_int_equal(stats.audit_rows, round * JOBS);
    }
}

static void what_was_asked_in_the_last_turn_is_answered(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct secret_ticket *ticket;
    struct span name = SPAN("KEY");
    struct secret_ask ask = {
        .caller = {.user = SPAN("alice")}, .names = &name, .count = 1, .job_id = SPAN("job")};
    assert_int_equal(secret_resolve(f->service, &ask, on_resolved, &seen, &ticket), 0);
    secret_service_stop(f->service, NULL, NULL);
    struct secret_ticket *late;
    assert_int_equal(secret_resolve(f->service, &ask, on_resolved, &seen, &late),
                     ERR_SHUTTING_DOWN);
    while (!seen.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(seen.code, ERR_SECRET_UNAVAILABLE); /* there is no such secret */
}

static void every_refusal_names_secret_and_reason(void **state)
{
    struct fixture *f = *state;
    struct secret_script pin = {.sha256 = {7}};
    put(f, "UNLISTED", "v");
    put(f, "PINNED", "v");
    allow(f, "PINNED", &pin);
    static const struct {
        const char *user, *name, *message;
        uint8_t script;
    } table[] = {
        {"alice", "NONE", "not_found: NONE: ", 1},
        {"alice", "UNLISTED", "not_allowed: UNLISTED: ", 1},
        {"alice", "PINNED", "not_allowed: PINNED: ", 1},
        {"mallory", "PINNED", "not_found: PINNED: ", 7},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct seen seen = resolve(f, table[i].user, table[i].script, table[i].name, NULL);
        assert_int_equal(seen.code, ERR_SECRET_UNAVAILABLE);
        assert_memory_equal(seen.message, table[i].message, strlen(table[i].message));
    }
    assert_int_equal(resolve(f, "alice", 7, "PINNED", NULL).code, 0);
}

static void one_refused_secret_withholds_all(void **state)
{
    struct fixture *f = *state;
    put(f, "GOOD", "v");
    allow(f, "GOOD", NULL);
    struct seen seen = resolve(f, "alice", 1, "GOOD", "NONE");
    assert_int_equal(seen.code, ERR_SECRET_UNAVAILABLE);
    assert_int_equal(seen.count, 0);
    seen = manage(f, (struct secret_manage){.operation = SECRET_AUDIT, .limit = 10});
    assert_int_equal(seen.count, 4); /* create, grant, two refused reads */
}

static void conditions_are_of_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct secret_manage m = {.operation = SECRET_PUT, .name = SPAN("V"), .value = SPAN("one")};
    struct seen one = manage(f, m);
    assert_true(one.created);
    assert_int_equal(one.version, 1);
    m.if_match = span_of(one.tag);
    struct seen two = manage(f, m);
    assert_int_equal(two.version, 2);
    assert_string_not_equal(two.tag, one.tag);
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.operation = SECRET_SHOW;
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.operation = SECRET_REVEAL;
    assert_string_equal(manage(f, m).value, "");
    m.operation = SECRET_DELETE;
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.if_match = span_of(two.tag);
    struct seen gone = manage(f, m);
    assert_int_equal(gone.code, 0);
    assert_string_equal(gone.tag, "");
    assert_int_equal(manage(f, m).code, ERR_NOT_FOUND);
}

static void a_namesake_is_not_what_was_seen(void **state)
{
    struct fixture *f = *state;
    struct secret_policy none = {.guard = true};
    struct secret_manage m = {.operation = SECRET_PUT, .name = SPAN("V"), .value = SPAN("one")};
    struct seen first = manage(f, m);
    m.operation = SECRET_SHOW_POLICY;
    struct seen rules = manage(f, m);
    m.operation = SECRET_DELETE;
    assert_int_equal(manage(f, m).code, 0);
    m.operation = SECRET_PUT;
    struct seen again = manage(f, m);
    assert_int_equal(again.version, first.version);
    m.if_match = span_of(first.tag);
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.operation = SECRET_SET_POLICY;
    m.policy = &none;
    m.if_match = span_of(rules.tag);
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.if_match = span_of(again.tag); /* the value's, not the rules' */
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
}

static void a_star_is_whatever_is_there(void **state)
{
    struct fixture *f = *state;
    struct secret_manage m = {
        .operation = SECRET_PUT, .name = SPAN("V"), .value = SPAN("one"), .if_match = SPAN("*")};
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.if_match = (struct span){0};
    m.if_none_match = SPAN("*");
    assert_true(manage(f, m).created);
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.operation = SECRET_SHOW; /* who shows it says that nothing is new, with the tag */
    assert_int_equal(manage(f, m).code, 0);
    m.operation = SECRET_PUT;
    m.if_match = SPAN("*");
    assert_int_equal(manage(f, m).code, ERR_PRECONDITION_FAILED);
    m.if_none_match = SPAN("\"x\"");
    assert_int_equal(manage(f, m).version, 2);
}

static void bad_names_and_values(void **state)
{
    struct fixture *f = *state;
    static char big[SECRET_VALUE_MOST + 1];
    memset(big, 'x', sizeof big);
    struct secret_manage m = {.operation = SECRET_PUT, .value = SPAN("v")};
    static const char *const names[] = {"", "../x", "__proto__", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        m.name = span_of(names[i]);
        assert_int_equal(manage(f, m).code, ERR_INVALID_FIELD);
    }
    m.name = SPAN("OK");
    m.value = (struct span){big, sizeof big};
    assert_int_equal(manage(f, m).code, ERR_INVALID_FIELD);
    m.value = SPAN("\xff\xfe");
    assert_int_equal(manage(f, m).code, ERR_INVALID_FIELD);
    m.value = (struct span){big, SECRET_VALUE_MOST};
    assert_int_equal(manage(f, m).code, 0);
    m.value = (struct span){"nul\0in", 6};
    assert_int_equal(manage(f, m).code, 0);
}

static void reveal_is_audited(void **state)
{
    struct fixture *f = *state;
    put(f, "R", "shown");
    struct seen seen =
        manage(f, (struct secret_manage){.operation = SECRET_REVEAL, .name = SPAN("R")});
    assert_string_equal(seen.value, "shown");
    seen = manage(f, (struct secret_manage){.operation = SECRET_AUDIT});
    assert_int_equal(seen.count, 2);
}

static void a_wrong_master_key_is_refused_at_start(void **state)
{
    struct fixture *f = *state;
    put(f, "K", "v");
    stop(f);
    secret_key_done(&f->key);
    assert_int_equal(secret_key_init(&f->key, OTHER, NULL), 0);
    struct error_detail detail = {0};
    assert_int_equal(start(f, true, &detail), ERR_USAGE);
    assert_non_null(strstr(detail.message, "nothing was changed"));
    secret_key_done(&f->key);
    assert_int_equal(secret_key_init(&f->key, MASTER, NULL), 0);
    assert_int_equal(start(f, true, NULL), 0);
    struct seen seen =
        manage(f, (struct secret_manage){.operation = SECRET_REVEAL, .name = SPAN("K")});
    assert_string_equal(seen.value, "v");
}

static void the_audit_chain_shows_tampering(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++)
        put(f, "C", "v");
    stop(f); /* writes a checkpoint */
    struct store *store;
    struct audit_report report;
    assert_int_equal(store_sqlite_open(f->path, &store, NULL), 0);
    assert_int_equal(audit_verify(store, f->audit_key, NULL, &report), 0);
    assert_true(audit_report_clean(&report));
    assert_int_equal(report.chained, 5);
    assert_int_equal(report.checkpoints, 1);
    store->ops->close(store);
    static const struct {
        const char *sql;
        size_t offset; /* of the counter that must rise */
    } attacks[] = {
        {"UPDATE secret_audit_blocks SET rows = CAST(replace(rows, 'alice', 'bobby') AS BLOB)"
         " WHERE first_id = 2",
         offsetof(struct audit_report, changed)},
        {"UPDATE secret_audit_blocks SET rows = CAST(replace(rows, 'bobby', 'alice') AS BLOB);"
         "UPDATE secret_audit_blocks SET rows = substr(rows, 1, length(rows) - 1)"
         " WHERE first_id = 2",
         offsetof(struct audit_report, changed)},
        {"DELETE FROM secret_audit_blocks WHERE first_id = 3", offsetof(struct audit_report, gaps)},
        {"DELETE FROM secret_audit_blocks WHERE first_id = 5", offsetof(struct audit_report, cut)},
        {"UPDATE secret_facts SET value = '4' || substr(value, 2) WHERE name LIKE 'checkpoint:%'",
         offsetof(struct audit_report, forged)},
    };
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        sqlite3 *db;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, attacks[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(store_sqlite_open(f->path, &store, NULL), 0);
        assert_int_equal(audit_verify(store, f->audit_key, NULL, &report), 0);
        assert_int_not_equal(*(uint64_t *)((char *)&report + attacks[i].offset), 0);
        store->ops->close(store);
    }
}

static void without_a_key_everything_is_store_down(void **state)
{
    struct fixture *f = *state;
    stop(f);
    struct secret_options options = {.loop = &f->loop, .audit_key = f->audit_key};
    assert_int_equal(secret_service_new(&options, &f->service, NULL), 0);
    struct seen seen = resolve(f, "alice", 1, "K", NULL);
    assert_int_equal(seen.code, ERR_SECRET_UNAVAILABLE);
    assert_memory_equal(seen.message, "store_down: K: ", 15);
    seen = manage(f, (struct secret_manage){.operation = SECRET_SHOW, .name = SPAN("K")});
    assert_int_equal(seen.code, ERR_STORE_DOWN);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_job_gets_what_its_owner_allowed),
        TEST(jobs_of_one_turn_share_a_transaction),
        TEST(what_was_asked_in_the_last_turn_is_answered),
        TEST(every_refusal_names_secret_and_reason),
        TEST(one_refused_secret_withholds_all),
        TEST(conditions_are_of_what_is_there),
        TEST(a_namesake_is_not_what_was_seen),
        TEST(a_star_is_whatever_is_there),
        TEST(bad_names_and_values),
        TEST(reveal_is_audited),
        TEST(a_wrong_master_key_is_refused_at_start),
        TEST(the_audit_chain_shows_tampering),
        TEST(without_a_key_everything_is_store_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
