#include "secret/etag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct span services[] = {{"neocompute", 10}, {"oracle", 6}};
static const struct secret_script scripts[] = {{{1}, {"main", 4}, 0}, {{2}, {"run", 3}, 5}};

static struct store_secret row(void)
{
    return (struct store_secret){.id = SPAN("id"),
                                 .name = SPAN("NAME"),
                                 .sealed = SPAN("sealed"),
                                 .version = 3,
                                 .created_unix_ms = 10,
                                 .updated_unix_ms = 20,
                                 .policy_version = 4,
                                 .policy = {.services = services,
                                            .service_count = 2,
                                            .pinned = true,
                                            .scripts = scripts,
                                            .script_count = 2,
                                            .guard = true}};
}

/* Whether the change makes another tag of the value, and of the rules. */
static void expect(struct store_secret changed, bool value, bool policy)
{
    struct store_secret same = row();
    char before[SECRET_ETAG_SIZE], after[SECRET_ETAG_SIZE];
    secret_etag_value(&same, before);
    secret_etag_value(&changed, after);
    assert_int_equal(strlen(after), SECRET_ETAG_SIZE - 1);
    assert_int_equal(strcmp(before, after) != 0, value);
    secret_etag_policy(&same, before);
    secret_etag_policy(&changed, after);
    assert_int_equal(strlen(after), SECRET_ETAG_SIZE - 1);
    assert_int_equal(strcmp(before, after) != 0, policy);
}

#define CHANGED(assignment, value, policy)                                                         \
    do {                                                                                           \
        struct store_secret changed = row();                                                       \
        changed.assignment;                                                                        \
        expect(changed, value, policy);                                                            \
    } while (0)

static void every_change_is_seen_and_no_other(void **state)
{
    (void)state;
    static const struct span swapped[] = {{"oracle", 6}, {"neocompute", 10}};
    static const struct span split[] = {{"neocomput", 9}, {"eoracle", 7}};
    static const struct secret_script later[] = {{{1}, {"main", 4}, 0}, {{2}, {"run", 3}, 6}};
    static const struct secret_script moved[] = {{{1}, {"mainr", 5}, 0}, {{2}, {"un", 2}, 5}};
    expect(row(), false, false);
    CHANGED(id = SPAN("another"), true, true);
    CHANGED(name = SPAN("OTHER"), true, true);
    CHANGED(version = 4, true, false);
    CHANGED(created_unix_ms = 11, true, false);
    CHANGED(updated_unix_ms = 21, true, false);
    CHANGED(sealed = SPAN("sealeD"), true, false);
    CHANGED(policy_version = 5, false, true);
    CHANGED(policy.guard = false, false, true);
    CHANGED(policy.allow_output = true, false, true);
    CHANGED(policy.pinned = false, false, true);
    CHANGED(policy.service_count = 1, false, true);
    CHANGED(policy.services = swapped, false, true);
    CHANGED(policy.services = split, false, true);
    CHANGED(policy.script_count = 1, false, true);
    CHANGED(policy.scripts = later, false, true);
    CHANGED(policy.scripts = moved, false, true);
}

static void value_and_rules_never_have_one_tag(void **state)
{
    (void)state;
    struct store_secret all = row(), none = {.id = SPAN("id"), .name = SPAN("NAME")};
    char value[SECRET_ETAG_SIZE], policy[SECRET_ETAG_SIZE];
    secret_etag_value(&all, value);
    secret_etag_policy(&all, policy);
    assert_string_not_equal(value, policy);
    secret_etag_value(&none, value);
    secret_etag_policy(&none, policy);
    assert_string_not_equal(value, policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_is_seen_and_no_other),
        cmocka_unit_test(value_and_rules_never_have_one_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
