/* One suite for every store: test_store_*.c opens its own and runs these. */
#ifndef TESTS_STORE_SUITE_H
#define TESTS_STORE_SUITE_H

#include "secret/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Makes an empty store; `again` opens the same one a second time. */
struct store_suite {
    struct store *store;
    int (*again)(struct store_suite *suite, struct store **ret);
};

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_MOST (1u << 20)

static const struct span alice = {"alice", 5}, bob = {"bob", 3};
static struct store_suite *suite;

static struct store *st(void)
{
    return suite->store;
}

static int put(struct span user, const char *name, uint64_t version, const char *sealed)
{
    assert_int_equal(st()->ops->begin(st()), 0);
    int r = st()->ops->put(st(), user, span_of(name), version, span_of(sealed));
    if (r)
        st()->ops->rollback(st());
    else
        assert_int_equal(st()->ops->commit(st()), 0);
    return r;
}

static struct store_secret get(struct span user, const char *name, struct arena *arena)
{
    struct store_secret found;
    struct span names = span_of(name);
    struct store_wanted wanted = {user, &names, 1, arena, &found};
    assert_int_equal(st()->ops->get(st(), &wanted, 1), 0);
    return found;
}

/* As if the rules had been read at that version. */
static int put_policy(struct span user, const char *name, const struct secret_policy *policy,
                      uint64_t version)
{
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(st()->ops->begin(st()), 0);
    struct store_secret row = get(user, name, &arena);
    row.policy_version = version;
    int r = st()->ops->put_policy(st(), user, &row, policy);
    if (r)
        st()->ops->rollback(st());
    else
        assert_int_equal(st()->ops->commit(st()), 0);
    arena_done(&arena);
    return r;
}

static void assert_span(struct span got, const char *expected)
{
    if (!span_equal(got, span_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)got.size, got.data ? got.data : "", expected);
}

static void versions_count_up_and_conflicts_are_seen(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(put(alice, "KEY", 2, "x"), ERR_CONFLICT);
    assert_int_equal(put(alice, "KEY", 1, "one"), 0);
    assert_int_equal(put(alice, "KEY", 1, "again"), ERR_CONFLICT);
    assert_int_equal(put(alice, "KEY", 3, "gap"), ERR_CONFLICT);
    assert_int_equal(put(alice, "KEY", 2, "two"), 0);
    struct store_secret found = get(alice, "KEY", &arena);
    assert_int_equal(found.version, 2);
    assert_span(found.sealed, "two");
    assert_true(found.id.size > 0);
    assert_true(found.created_unix_ms > 0 && found.updated_unix_ms >= found.created_unix_ms);
    assert_true(found.policy.guard && !found.policy.allow_output && !found.policy.pinned);
    arena_done(&arena);
}

static void users_do_not_see_each_other(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(put(alice, "MINE", 1, "a"), 0);
    assert_int_equal(get(bob, "MINE", &arena).name.size, 0);
    assert_int_equal(put(bob, "MINE", 1, "b"), 0);
    assert_span(get(alice, "MINE", &arena).sealed, "a");
    assert_int_equal(st()->ops->begin(st()), 0);
    assert_int_equal(st()->ops->remove(st(), bob, SPAN("MINE")), 0);
    assert_int_equal(st()->ops->remove(st(), bob, SPAN("MINE")), ERR_NOT_FOUND);
    assert_int_equal(st()->ops->commit(st()), 0);
    assert_span(get(alice, "MINE", &arena).sealed, "a");
    arena_done(&arena);
}

static void several_are_read_in_one_go(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(put(alice, "A1", 1, "a1"), 0);
    assert_int_equal(put(alice, "A2", 1, "a2"), 0);
    struct span names[] = {SPAN("A2"), SPAN("none"), SPAN("A1"), SPAN("A1")};
    struct store_secret found[4];
    struct store_wanted wanted = {alice, names, 4, &arena, found};
    assert_int_equal(st()->ops->get(st(), &wanted, 1), 0);
    assert_span(found[0].sealed, "a2");
    assert_int_equal(found[1].name.size, 0);
    assert_span(found[2].sealed, "a1");
    assert_span(found[3].sealed, "a1");
    arena_done(&arena);
}

static void rules_are_kept_whole(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct span services[] = {SPAN("neocompute"), SPAN("oracle")};
    struct secret_script scripts[] = {{{1, 2, 3}, SPAN("main"), 0}, {{9}, SPAN("run"), 123456789}};
    struct secret_policy rules = {.services = services,
                                  .service_count = 2,
                                  .pinned = true,
                                  .scripts = scripts,
                                  .script_count = 2,
                                  .allow_output = true};
    assert_int_equal(put(alice, "RULED", 1, "x"), 0);
    assert_int_equal(put_policy(alice, "RULED", &rules, 7), ERR_CONFLICT);
    assert_int_equal(put_policy(alice, "RULED", &rules, 0), 0);
    assert_int_equal(put_policy(alice, "RULED", &rules, 0), ERR_CONFLICT);
    struct store_secret found = get(alice, "RULED", &arena);
    assert_int_equal(found.policy_version, 1);
    assert_int_equal(found.policy.service_count, 2);
    assert_span(found.policy.services[0], "neocompute");
    assert_span(found.policy.services[1], "oracle");
    assert_true(found.policy.pinned && found.policy.allow_output && !found.policy.guard);
    assert_int_equal(found.policy.script_count, 2);
    assert_memory_equal(found.policy.scripts[0].sha256, scripts[0].sha256, SECRET_HASH_SIZE);
    assert_span(found.policy.scripts[1].entry_point, "run");
    assert_int_equal(found.policy.scripts[1].expires_unix_ms, 123456789);
    struct secret_policy none = {.guard = true};
    assert_int_equal(put_policy(alice, "RULED", &none, 1), 0);
    found = get(alice, "RULED", &arena);
    assert_int_equal(found.policy_version, 2);
    assert_int_equal(found.policy.service_count + found.policy.script_count, 0);
    assert_false(found.policy.pinned);
    arena_done(&arena);
}

static void a_namesake_does_not_inherit_rules(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct span services[] = {SPAN("neocompute")};
    struct secret_policy rules = {.services = services, .service_count = 1, .guard = true};
    assert_int_equal(put(alice, "AGAIN", 1, "x"), 0);
    assert_int_equal(put_policy(alice, "AGAIN", &rules, 0), 0);
    assert_int_equal(st()->ops->begin(st()), 0);
    assert_int_equal(st()->ops->remove(st(), alice, SPAN("AGAIN")), 0);
    assert_int_equal(st()->ops->commit(st()), 0);
    assert_int_equal(put(alice, "AGAIN", 1, "y"), 0);
    assert_int_equal(get(alice, "AGAIN", &arena).policy.service_count, 0);
    arena_done(&arena);
}

static void pages_of_names(void **state)
{
    (void)state;
    const struct span carol = SPAN("carol");
    for (int i = 0; i < 25; i++) {
        char name[16];
        snprintf(name, sizeof name, "N%02d", i);
        assert_int_equal(put(carol, name, 1, "x"), 0);
    }
    struct store_secret rows[10];
    struct store_page page = {.limit = 10};
    size_t seen = 0, count;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    do {
        count = 10;
        assert_int_equal(st()->ops->list(st(), carol, &page, &arena, rows, &count), 0);
        for (size_t i = 0; i < count; i++) {
            char name[16];
            snprintf(name, sizeof name, "N%02zu", seen++);
            assert_span(rows[i].name, name);
            assert_int_equal(rows[i].sealed.size, 0);
            page.after_name = rows[i].name;
        }
    } while (count == 10);
    assert_int_equal(seen, 25);
    uint64_t total = 0;
    assert_int_equal(st()->ops->count(st(), carol, &total), 0);
    assert_int_equal(total, 25);
    arena_done(&arena);
}

static void audit_rows_come_back_as_written(void **state)
{
    (void)state;
    struct store_audit rows[] = {
        {.user = SPAN("dave"),
         .name = SPAN("K"),
         .action = STORE_READ,
         .service = SPAN("neocompute"),
         .error = SPAN("not_allowed"),
         .created_unix_ms = 5,
         .job_id = SPAN("j-1"),
         .script_sha256 = SPAN("ab"),
         .boot_id = SPAN("boot"),
         .seq = 1,
         .chained = true,
         .mac = {7}},
        {.user = SPAN("dave"),
         .name = SPAN("K"),
         .action = STORE_GRANT,
         .success = true,
         .created_unix_ms = 6,
         .address = SPAN("127.0.0.1"),
         .user_agent = SPAN("curl")},
    };
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(st()->ops->begin(st()), 0);
    assert_int_equal(st()->ops->add_audit(st(), rows, 2), 0);
    assert_int_equal(st()->ops->commit(st()), 0);
    struct store_audit got[5];
    size_t count = 5;
    struct store_page page = {.limit = 5};
    assert_int_equal(st()->ops->list_audit(st(), SPAN("dave"), &page, &arena, got, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(got[0].action, STORE_GRANT);
    assert_true(got[0].success && !got[0].chained);
    assert_span(got[0].address, "127.0.0.1");
    assert_int_equal(got[1].action, STORE_READ);
    assert_true(got[1].chained && !got[1].success && got[1].mac[0] == 7 && got[1].seq == 1);
    assert_span(got[1].error, "not_allowed");
    assert_span(got[1].boot_id, "boot");
    page.after = got[0].id;
    count = 5;
    assert_int_equal(st()->ops->list_audit(st(), SPAN("dave"), &page, &arena, got, &count), 0);
    assert_int_equal(count, 1);
    arena_done(&arena);
}

static void audit_pages_are_in_the_order_of_writing(void **state)
{
    (void)state;
    enum { COUNT = 25, PAGE = 7 };
    struct store_audit rows[COUNT], got[PAGE];
    const struct store_audit *list[COUNT];
    for (int i = 0; i < COUNT; i++) {
        rows[i] = (struct store_audit){.user = SPAN("frank"),
                                       .name = SPAN("K"),
                                       .action = STORE_READ,
                                       .created_unix_ms = 1000 + i};
        list[i] = &rows[i];
    }
    assert_int_equal(st()->ops->commit_audit(st(), list, COUNT), 0);
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct store_page page = {.limit = PAGE};
    int64_t expected = 1000 + COUNT;
    size_t count;
    do {
        count = PAGE;
        assert_int_equal(st()->ops->list_audit(st(), SPAN("frank"), &page, &arena, got, &count), 0);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(got[i].created_unix_ms, --expected);
            page.after = got[i].id;
        }
    } while (count == PAGE);
    assert_int_equal(expected, 1000);
    arena_done(&arena);
}

static void nothing_is_left_of_a_rollback(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(st()->ops->begin(st()), 0);
    assert_int_equal(st()->ops->put(st(), alice, SPAN("GONE"), 1, SPAN("x")), 0);
    st()->ops->rollback(st());
    assert_int_equal(get(alice, "GONE", &arena).name.size, 0);
    assert_int_equal(put(alice, "GONE", 1, "x"), 0);
    arena_done(&arena);
}

static void two_servers_lose_no_update(void **state)
{
    (void)state;
    struct store *other;
    assert_int_equal(suite->again(suite, &other), 0);
    assert_int_equal(put(alice, "SHARED", 1, "mine"), 0);
    assert_int_equal(other->ops->begin(other), 0);
    assert_int_equal(other->ops->put(other, alice, SPAN("SHARED"), 2, SPAN("theirs")), 0);
    assert_int_equal(other->ops->commit(other), 0);
    assert_int_equal(put(alice, "SHARED", 2, "mine"), ERR_CONFLICT);
    other->ops->close(other);
}

/* What was read before must not be answered again once it has changed, whoever changed it. */
static void a_change_is_seen_by_the_next_read(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct span services[] = {SPAN("neocompute")};
    struct secret_policy rules = {.services = services, .service_count = 1, .guard = true};
    struct store *other;
    assert_int_equal(suite->again(suite, &other), 0);
    assert_int_equal(put(alice, "READ", 1, "one"), 0);
    assert_span(get(alice, "READ", &arena).sealed, "one");
    assert_int_equal(put(alice, "READ", 2, "two"), 0);
    assert_span(get(alice, "READ", &arena).sealed, "two");
    assert_int_equal(put_policy(alice, "READ", &rules, 0), 0);
    assert_int_equal(get(alice, "READ", &arena).policy.service_count, 1);

    assert_int_equal(other->ops->begin(other), 0);
    assert_int_equal(other->ops->put(other, alice, SPAN("READ"), 3, SPAN("three")), 0);
    assert_span(get(alice, "READ", &arena).sealed, "two");
    assert_int_equal(other->ops->commit(other), 0);
    assert_span(get(alice, "READ", &arena).sealed, "three");

    rules.service_count = 0;
    assert_int_equal(other->ops->begin(other), 0);
    struct store_secret row = get(alice, "READ", &arena);
    assert_int_equal(other->ops->put_policy(other, alice, &row, &rules), 0);
    assert_int_equal(other->ops->commit(other), 0);
    assert_int_equal(get(alice, "READ", &arena).policy.service_count, 0);

    assert_int_equal(other->ops->begin(other), 0);
    assert_int_equal(other->ops->remove(other, alice, SPAN("READ")), 0);
    assert_int_equal(other->ops->commit(other), 0);
    assert_int_equal(get(alice, "READ", &arena).name.size, 0);
    other->ops->close(other);
    arena_done(&arena);
}

static void a_change_that_was_rolled_back_is_not_seen(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    assert_int_equal(put(alice, "ROLLED", 1, "one"), 0);
    assert_span(get(alice, "ROLLED", &arena).sealed, "one");
    assert_int_equal(st()->ops->begin(st()), 0);
    assert_int_equal(st()->ops->put(st(), alice, SPAN("ROLLED"), 2, SPAN("two")), 0);
    assert_span(get(alice, "ROLLED", &arena).sealed, "two");
    st()->ops->rollback(st());
    assert_span(get(alice, "ROLLED", &arena).sealed, "one");
    arena_done(&arena);
}

/* Far more rows than a store may keep an index for at a time, of users whose rows alternate. */
static void a_users_audit_is_found_in_a_long_log(void **state)
{
    (void)state;
    enum { ROWS = 10000, BATCH = 250, PAGE = 700 };
    const struct span users[] = {SPAN("grace"), SPAN("heidi"), SPAN("ivan")};
    struct store_audit *rows = calloc(BATCH, sizeof *rows), *got = calloc(PAGE, sizeof *got);
    const struct store_audit *list[BATCH];
    assert_true(rows && got);
    for (int i = 0; i < ROWS; i++) {
        rows[i % BATCH] = (struct store_audit){
            .user = users[i % 2], .name = SPAN("K"), .action = STORE_READ, .created_unix_ms = i};
        list[i % BATCH] = &rows[i % BATCH];
        if ((i + 1) % BATCH == 0)
            assert_int_equal(st()->ops->commit_audit(st(), list, BATCH), 0);
    }
    struct store_page page = {.limit = PAGE};
    int64_t expected = ROWS;
    size_t count;
    do {
        struct arena arena;
        arena_init(&arena, 16 * ARENA_MOST);
        count = PAGE;
        assert_int_equal(st()->ops->list_audit(st(), users[0], &page, &arena, got, &count), 0);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(got[i].created_unix_ms, expected -= 2);
            page.after = got[i].id;
        }
        arena_done(&arena);
    } while (count == PAGE);
    assert_int_equal(expected, 0);
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    count = PAGE;
    page.after = 0;
    assert_int_equal(st()->ops->list_audit(st(), users[2], &page, &arena, got, &count), 0);
    assert_int_equal(count, 0);
    arena_done(&arena);
    free(rows);
    free(got);
}

static void facts(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct span value, names[4], values[4];
    assert_int_equal(st()->ops->get_fact(st(), "none", &arena, &value), ERR_NOT_FOUND);
    assert_int_equal(st()->ops->begin(st()), 0);
    assert_int_equal(st()->ops->put_fact(st(), "f:1", SPAN("one")), 0);
    assert_int_equal(st()->ops->put_fact(st(), "f:2", SPAN("two")), 0);
    assert_int_equal(st()->ops->put_fact(st(), "f:1", SPAN("uno")), 0);
    assert_int_equal(st()->ops->commit(st()), 0);
    assert_int_equal(st()->ops->get_fact(st(), "f:1", &arena, &value), 0);
    assert_span(value, "uno");
    size_t count = 4;
    assert_int_equal(
        st()->ops->list_facts(st(), "f:", (struct span){0}, &arena, names, values, &count), 0);
    assert_int_equal(count, 2);
    assert_span(names[1], "f:2");
    arena_done(&arena);
}

static void rotation_sees_every_sealed_row_once(void **state)
{
    (void)state;
    const struct span erin = SPAN("erin");
    for (uint64_t v = 1; v <= STORE_VERSIONS_KEPT + 3; v++) {
        char sealed[16];
        snprintf(sealed, sizeof sealed, "s%02d", (int)v);
        assert_int_equal(put(erin, "R", v, sealed), 0);
    }
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct store_sealed_row rows[3];
    struct span cursor = {0};
    size_t seen = 0, current = 0, count;
    assert_int_equal(st()->ops->begin(st()), 0);
    do {
        count = 3;
        assert_int_equal(st()->ops->next_sealed(st(), cursor, &arena, rows, &count), 0);
        for (size_t i = 0; i < count; i++) {
            cursor = rows[i].cursor;
            if (!span_equal(rows[i].user, erin))
                continue;
            seen++;
            current += rows[i].current;
            assert_int_equal(st()->ops->replace_sealed(st(), &rows[i], SPAN("new")), 0);
            assert_int_equal(st()->ops->replace_sealed(st(), &rows[i], SPAN("x")), ERR_CONFLICT);
        }
    } while (count == 3);
    assert_int_equal(st()->ops->commit(st()), 0);
    assert_int_equal(seen, STORE_VERSIONS_KEPT);
    assert_int_equal(current, 1);
    assert_span(get(erin, "R", &arena).sealed, "new");
    arena_done(&arena);
}

static void documents_are_kept_once_under_their_digest(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_MOST);
    struct span text;
    const struct store_document one = {SPAN("d1"), SPAN("{\"a\":\"1'\u00e9\"}"), 1795716093000},
                                other = {SPAN("d1"), SPAN("forged"), 1};
    assert_int_equal(st()->ops->get_document(st(), SPAN("d1"), &arena, &text), ERR_NOT_FOUND);
    assert_int_equal(st()->ops->put_document(st(), &one), 0);
    assert_int_equal(st()->ops->put_document(st(), &other), 0);
    assert_int_equal(st()->ops->get_document(st(), SPAN("d1"), &arena, &text), 0);
    assert_span(text, "{\"a\":\"1'\u00e9\"}");
    assert_int_equal(st()->ops->get_document(st(), SPAN("d"), &arena, &text), ERR_NOT_FOUND);
    arena_done(&arena);
}

static int store_suite_run(struct store_suite *given)
{
    suite = given;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_count_up_and_conflicts_are_seen),
        cmocka_unit_test(users_do_not_see_each_other),
        cmocka_unit_test(several_are_read_in_one_go),
        cmocka_unit_test(rules_are_kept_whole),
        cmocka_unit_test(a_namesake_does_not_inherit_rules),
        cmocka_unit_test(pages_of_names),
        cmocka_unit_test(audit_rows_come_back_as_written),
        cmocka_unit_test(audit_pages_are_in_the_order_of_writing),
        cmocka_unit_test(nothing_is_left_of_a_rollback),
        cmocka_unit_test(two_servers_lose_no_update),
        cmocka_unit_test(a_change_is_seen_by_the_next_read),
        cmocka_unit_test(a_change_that_was_rolled_back_is_not_seen),
        cmocka_unit_test(a_users_audit_is_found_in_a_long_log),
        cmocka_unit_test(facts),
        cmocka_unit_test(documents_are_kept_once_under_their_digest),
        cmocka_unit_test(rotation_sees_every_sealed_row_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
