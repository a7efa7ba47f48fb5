#include "base/random.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void nothing_comes_twice(void **state)
{
    (void)state;
    static uint8_t all[1000][32];
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(random_take(all[i], sizeof all[i]), 0);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(all[i], all[k], sizeof all[i]);
    }
}

static void no_more_than_is_told_is_given(void **state)
{
    (void)state;
    uint8_t bytes[RANDOM_MOST + 1] = {0}, none[RANDOM_MOST + 1] = {0};
    assert_int_equal(random_take(bytes, RANDOM_MOST + 1), ERR_SYSTEM);
    assert_memory_equal(bytes, none, sizeof bytes);
    assert_int_equal(random_take(bytes, RANDOM_MOST), 0);
    assert_memory_not_equal(bytes, none, RANDOM_MOST);
    assert_int_equal(bytes[RANDOM_MOST], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_twice),
        cmocka_unit_test(no_more_than_is_told_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
