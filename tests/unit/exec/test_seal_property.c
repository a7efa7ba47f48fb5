/* Properties, the mechanisms that keep them up, and the level that follows. */
#include "exec/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REQUIRED (SEAL_SECCOMP | SEAL_NO_NEW_PRIVS | SEAL_NO_CAPABILITIES | SEAL_MEMORY_CAP)

static const struct {
    enum seal_property property;
    uint32_t mechanisms;
    enum seal_level level;
    const char *text;
} cases[] = {
    {SEAL_NO_FILES, 0, SEAL_NONE, ""},
    {SEAL_NO_FILES, SEAL_SECCOMP, SEAL_REDUCED, "seccomp"},
    {SEAL_NO_FILES, SEAL_SECCOMP | SEAL_LANDLOCK_FILES, SEAL_FULL, "seccomp, landlock"},
    {SEAL_NO_FILES, SEAL_LANDLOCK_FILES | SEAL_MOUNT_NAMESPACE, SEAL_FULL, "landlock, empty root"},
    {SEAL_NO_NETWORK, SEAL_SECCOMP, SEAL_REDUCED, "seccomp"},
    /* Landlock knows TCP only: no wall against UDP. */
    {SEAL_NO_NETWORK, SEAL_SECCOMP | SEAL_LANDLOCK_TCP, SEAL_REDUCED, "seccomp"},
    {SEAL_NO_NETWORK, SEAL_SECCOMP | SEAL_NO_DESCRIPTORS, SEAL_FULL, "seccomp, no descriptors"},
    {SEAL_NO_NETWORK, SEAL_NET_NAMESPACE, SEAL_REDUCED, "net namespace"},
    {SEAL_NO_OTHER_PROCESS, SEAL_SECCOMP | SEAL_PID_NAMESPACE, SEAL_REDUCED, "seccomp"},
    {SEAL_NO_OTHER_PROCESS, SEAL_SECCOMP | SEAL_PID_NAMESPACE | SEAL_RLIMITS, SEAL_FULL,
     "seccomp, pid namespace"},
    {SEAL_NO_OTHER_PROCESS, SEAL_SECCOMP | SEAL_LANDLOCK_SCOPE | SEAL_RLIMITS, SEAL_FULL,
     "seccomp, landlock scope"},
    {SEAL_NO_PRIVILEGES, REQUIRED, SEAL_REDUCED, "seccomp"},
    {SEAL_NO_PRIVILEGES, REQUIRED | SEAL_UNPRIVILEGED_UID, SEAL_FULL,
     "seccomp, unprivileged for good"},
    {SEAL_BOUNDED_MEMORY, SEAL_MEMORY_CAP, SEAL_NONE, ""}, /* shared mappings are open */
    {SEAL_BOUNDED_MEMORY, REQUIRED, SEAL_REDUCED, "data limit"},
    {SEAL_BOUNDED_MEMORY, REQUIRED | SEAL_MEMORY_CGROUP, SEAL_FULL, "data limit, cgroup limit"},
};

static void levels_follow_from_the_table(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];

        assert_int_equal(seal_level_of(cases[i].property, cases[i].mechanisms), cases[i].level);
        seal_describe(cases[i].property, cases[i].mechanisms, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

/* What is always required leaves no property at none, or strict mode could not start at all. */
static void the_required_are_enough_to_start(void **state)
{
    for (int i = 0; i < SEAL_PROPERTY_COUNT; i++)
        assert_int_equal(seal_level_of(i, REQUIRED), SEAL_REDUCED);
}

/* No mechanism alone makes anything full. */
static void one_mechanism_is_never_full(void **state)
{
    for (int i = 0; i < SEAL_PROPERTY_COUNT; i++)
        for (int bit = 0; bit < 32; bit++)
            assert_int_not_equal(seal_level_of(i, 1u << bit), SEAL_FULL);
}

static void a_short_text_is_cut(void **state)
{
    char text[12];

    memset(text, 'x', sizeof(text));
    seal_describe(SEAL_NO_FILES, ~0u, text, 10);
    assert_string_equal(text, "seccomp, ");
    assert_int_equal(text[10], 'x');
    seal_describe(SEAL_NO_FILES, ~0u, text, 0);
    assert_string_equal(text, "seccomp, ");
}

static void a_hint_may_be_anything(void **state)
{
    char text[48];

    assert_null(seal_hint_call(0, text, sizeof(text)));
    assert_string_equal(seal_hint_call(1, text, sizeof(text)), "read");
    assert_string_equal(seal_hint_call(0xffffffff, text, sizeof(text)), "system call 4294967294");
    for (uint32_t hint = 1; hint != 0; hint <<= 1)
        assert_non_null(seal_hint_call(hint, text, sizeof(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_follow_from_the_table),
        cmocka_unit_test(the_required_are_enough_to_start),
        cmocka_unit_test(one_mechanism_is_never_full),
        cmocka_unit_test(a_short_text_is_cut),
        cmocka_unit_test(a_hint_may_be_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
