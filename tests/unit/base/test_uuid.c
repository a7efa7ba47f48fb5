#include "base/clock.h"
#include "base/uuid.h"
#include "unit.h"

static void form_and_time(void **state)
{
    uint64_t before = clock_unix_ms();
    char text[UUID_SIZE], stamp[13];

    assert_int_equal(uuid_new(text), 0);
    assert_int_equal(strlen(text), 36);
    assert_true(uuid_valid(span_of(text)));
    assert_int_equal(text[14], '7');
    assert_non_null(strchr("89ab", text[19]));
    snprintf(stamp, sizeof(stamp), "%.8s%.4s", text, text + 9);
    uint64_t ms = strtoull(stamp, NULL, 16);
    assert_true(ms >= before && ms <= clock_unix_ms() + 1);
}

static void they_rise_and_never_repeat(void **state)
{
    char last[UUID_SIZE] = "", text[UUID_SIZE];

    /* Far more than one a microsecond: the sequence overflows its millisecond many times. */
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(uuid_new(text), 0);
        assert_true(strcmp(last, text) < 0);
        memcpy(last, text, sizeof(last));
    }
}

static void the_random_part_is_random(void **state)
{
    char a[UUID_SIZE], b[UUID_SIZE];

    assert_int_equal(uuid_new(a), 0);
    assert_int_equal(uuid_new(b), 0);
    assert_string_not_equal(a + 24, b + 24);
}

static void forms_that_are_none(void **state)
{
    const char *wrong[] = {"",
                           "0193559a-7c11-7000-8000-00000000000",
                           "0193559a-7c11-7000-8000-0000000000000",
                           "0193559A-7c11-7000-8000-000000000000",
                           "0193559a-7c11-7000-8000-00000000000g",
                           "0193559a07c11-7000-8000-000000000000",
                           "{193559a-7c11-7000-8000-00000000000}"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(uuid_valid(span_of(wrong[i])));
    assert_true(uuid_valid(SPAN("0193559a-7c11-7000-8000-000000000000")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_and_time),
        cmocka_unit_test(they_rise_and_never_repeat),
        cmocka_unit_test(the_random_part_is_random),
        cmocka_unit_test(forms_that_are_none),
    };
    return RUN_TESTS(tests);
}
