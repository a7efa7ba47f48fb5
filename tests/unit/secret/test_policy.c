#include "secret/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1000

static const struct span ours[] = {{"oracle", 6}, {"neocompute", 10}};
static const struct span others[] = {{"oracle", 6}, {"neocompute2", 11}};

/* Scripts are told apart by the first byte of their hash here. */
static const struct secret_script pin_1[] = {{{1}, {NULL, 0}, 0}};
static const struct secret_script pin_1_run[] = {{{1}, {"run", 3}, 0}};
static const struct secret_script pin_1_old[] = {{{1}, {NULL, 0}, NOW}};
static const struct secret_script pin_1_soon[] = {{{1}, {NULL, 0}, NOW + 1}};
static const struct secret_script pin_2[] = {{{2}, {NULL, 0}, 0}};
static const struct secret_script pin_many[] = {
    {{2}, {NULL, 0}, 0}, {{1}, {NULL, 0}, NOW - 5}, {{1}, {"run", 3}, 0}, {{1}, {"main", 4}, 0}};

#define LIST(l) l, sizeof l / sizeof *l
#define NO_LIST NULL, 0

static const struct {
    const char *name;
    const struct span *services;
    size_t service_count;
    bool pinned;
    const struct secret_script *scripts;
    size_t script_count;
    bool strict;
    const char *entry;
    enum secret_verdict expected;
} table[] = {
    {"listed", LIST(ours), false, NO_LIST, true, "", SECRET_ALLOWED},
    {"listed for others", LIST(others), false, NO_LIST, false, "", SECRET_OTHER_SERVICE},
    {"no list, strict", NO_LIST, false, NO_LIST, true, "", SECRET_NO_LIST},
    {"no list, not strict", NO_LIST, false, NO_LIST, false, "", SECRET_ALLOWED_UNLISTED},
    {"pinned to this", LIST(ours), true, LIST(pin_1), true, "", SECRET_ALLOWED},
    {"main is the default entry", LIST(ours), true, LIST(pin_1), true, "main", SECRET_ALLOWED},
    {"pinned, other entry", LIST(ours), true, LIST(pin_1), true, "run", SECRET_OTHER_ENTRY},
    {"pinned to run", LIST(ours), true, LIST(pin_1_run), true, "run", SECRET_ALLOWED},
    {"pinned to run, main asked", LIST(ours), true, LIST(pin_1_run), true, "", SECRET_OTHER_ENTRY},
    {"entry is no prefix", LIST(ours), true, LIST(pin_1_run), true, "ru", SECRET_OTHER_ENTRY},
    {"pinned to another", LIST(ours), true, LIST(pin_2), true, "", SECRET_OTHER_SCRIPT},
    {"expires at its instant", LIST(ours), true, LIST(pin_1_old), true, "", SECRET_EXPIRED},
    {"not yet expired", LIST(ours), true, LIST(pin_1_soon), true, "", SECRET_ALLOWED},
    {"any entry will do", LIST(ours), true, LIST(pin_many), true, "", SECRET_ALLOWED},
    {"pinned, no entry left", LIST(ours), true, NO_LIST, true, "", SECRET_OTHER_SCRIPT},
    {"pinning needs the list too", LIST(others), true, LIST(pin_1), true, "", SECRET_OTHER_SERVICE},
    {"pinned, no list, not strict", NO_LIST, true, LIST(pin_1), false, "", SECRET_ALLOWED_UNLISTED},
    {"pinned, no list, strict", NO_LIST, true, LIST(pin_1), true, "", SECRET_NO_LIST},
    {"pinned to another, no list", NO_LIST, true, LIST(pin_2), false, "", SECRET_OTHER_SCRIPT},
};

/* Rules in the order of what they let: none of them lets more than one before it. */
static void wider_and_narrower_are_told_apart(void **state)
{
    (void)state;
    static const struct secret_policy wide = {.services = ours, .service_count = 2, .guard = true};
    struct secret_policy open = wide, loose = wide, pinned = wide, two = wide, soon = wide,
                         one = wide, none = wide;
    open.allow_output = true;
    loose.guard = false;
    two.pinned = pinned.pinned = soon.pinned = none.pinned = true;
    two.scripts = pin_many, two.script_count = 4;
    pinned.scripts = pin_1, pinned.script_count = 1;
    soon.scripts = pin_1_soon, soon.script_count = 1;
    one.service_count = 1;
    const struct {
        const struct secret_policy *more, *less;
    } pairs[] = {{&open, &wide},   {&loose, &wide}, {&wide, &two},  {&wide, &pinned},
                 {&two, &pinned},  {&two, &soon},   {&two, &none},  {&pinned, &soon},
                 {&pinned, &none}, {&wide, &one},   {&soon, &none}, {&wide, &none}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!secret_policy_widens(pairs[i].less, pairs[i].more) ||
            secret_policy_widens(pairs[i].more, pairs[i].less))
            fail_msg("pair %zu", i);
    assert_true(secret_policy_widens(&one, &pinned)); /* each lets what the other does not */
    assert_true(secret_policy_widens(&pinned, &one));
    assert_false(secret_policy_widens(&two, &two));
}

static void each_case_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct secret_policy policy = {.services = table[i].services,
                                       .service_count = table[i].service_count,
                                       .pinned = table[i].pinned,
                                       .scripts = table[i].scripts,
                                       .script_count = table[i].script_count};
        struct secret_request request = {.script_sha256 = {1},
                                         .entry_point = span_of(table[i].entry),
                                         .now_unix_ms = NOW,
                                         .strict = table[i].strict};
        enum secret_verdict got = secret_decide(&policy, &request);
        if (got != table[i].expected)
            fail_msg("%s: %s", table[i].name, secret_verdict_text(got));
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const good[] = {"A", "api_key", "a.b-c", "_x", "9lives", "__proto"};
    static const char *const bad[] = {
        "", "../x", ".x", "-x", "a b", "a/b", "__proto__", "\xf0\x9f\x98\x80", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(secret_name_valid(span_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(secret_name_valid(span_of(bad[i])));
    assert_false(secret_name_valid((struct span){"a\0b", 3}));
    char name[SECRET_NAME_MOST + 1];
    memset(name, 'n', sizeof name);
    assert_true(secret_name_valid((struct span){name, SECRET_NAME_MOST}));
    assert_false(secret_name_valid((struct span){name, SECRET_NAME_MOST + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_of_the_table),
        cmocka_unit_test(wider_and_narrower_are_told_apart),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
