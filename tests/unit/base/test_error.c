#include "base/error.h"
#include "unit.h"

static void names_are_unique_and_lead_back(void **state)
{
    for (int code = -1; code >= -ERROR_COUNT; code--)
        assert_int_equal(error_from_name(error_name(code)), code);
}

static void every_row_is_filled(void **state)
{
    for (int code = -1; code >= -ERROR_COUNT; code--) {
        int status = error_status(code);

        assert_true(status == 200 || (status >= 400 && status <= 599));
        assert_true(strlen(error_text(code)) > 10);
        assert_int_not_equal(error_text(code)[strlen(error_text(code)) - 1], '.');
    }
}

static void known_rows(void **state)
{
    assert_string_equal(error_name(ERR_GAS_EXHAUSTED), "gas_exhausted");
    assert_int_equal(error_status(ERR_GAS_EXHAUSTED), 200);
    assert_int_equal(error_status(ERR_BODY_TOO_LARGE), 413);
    assert_int_equal(error_status(ERR_QUEUE_FULL), 503);
}

static void zero_is_ok_and_strange_numbers_are_internal(void **state)
{
    assert_string_equal(error_name(0), "ok");
    assert_int_equal(error_status(0), 200);
    const int strange[] = {1, -ERROR_COUNT - 1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(error_name(strange[i]), "internal");
        assert_int_equal(error_status(strange[i]), 500);
        assert_string_equal(error_text(strange[i]), "the service failed");
    }
    assert_int_equal(error_from_name("nonsense"), 0);
}

static void detail_is_filled_and_cut(void **state)
{
    struct error_detail detail;
    char large[1000];

    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_int_equal(error_set(&detail, ERR_USAGE, "port", "%d is no port", 99999), ERR_USAGE);
    assert_int_equal(detail.code, ERR_USAGE);
    assert_string_equal(detail.field, "port");
    assert_string_equal(detail.message, "99999 is no port");
    error_set(&detail, ERR_SYSTEM, large, "%s", large);
    assert_int_equal(strlen(detail.field), sizeof(detail.field) - 1);
    assert_int_equal(strlen(detail.message), sizeof(detail.message) - 1);
    error_set(&detail, ERR_SYSTEM, NULL, "x");
    assert_string_equal(detail.field, "");
    assert_int_equal(error_set(NULL, ERR_SYSTEM, "a", "b"), ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique_and_lead_back),
        cmocka_unit_test(every_row_is_filled),
        cmocka_unit_test(known_rows),
        cmocka_unit_test(zero_is_ok_and_strange_numbers_are_internal),
        cmocka_unit_test(detail_is_filled_and_cut),
    };
    return RUN_TESTS(tests);
}
