#include "base/limits.h"
#include "base/machine.h"
#include "unit.h"

static void set(struct limits *limits, enum limit limit, const char *text, uint64_t value)
{
    assert_int_equal(limits_set(limits, limit, text, NULL), 0);
    assert_int_equal(limits->value[limit], value);
}

static void defaults_lie_within_their_bounds(void **state)
{
    struct limits limits;

    limits_init(&limits);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        assert_true(limits.value[i] >= limit_table[i].least);
        assert_true(limits.value[i] <= limit_table[i].most);
    }
    assert_true(limits.value[LIMIT_MEMORY_TOTAL] <= machine_memory(""));
}

static void values_are_read_in_their_units(void **state)
{
    struct limits limits;

    limits_init(&limits);
    set(&limits, LIMIT_BODY_BYTES, "8192", 8192);
    set(&limits, LIMIT_BODY_BYTES, "8192B", 8192);
    set(&limits, LIMIT_BODY_BYTES, "64K", 65536);
    set(&limits, LIMIT_BODY_BYTES, "64KiB", 65536);
    set(&limits, LIMIT_BODY_BYTES, "3M", 3 * MIB);
    set(&limits, LIMIT_MEMORY_TOTAL, "2GiB", 2 * GIB);
    set(&limits, LIMIT_MEMORY_TOTAL, "2G", 2 * GIB);
    set(&limits, LIMIT_TIMEOUT, "2", 2000);
    set(&limits, LIMIT_TIMEOUT, "1.5s", 1500);
    set(&limits, LIMIT_RESULT_TTL, "24h", 86400000);
    set(&limits, LIMIT_RESULT_TTL, "90m", 5400000);
    set(&limits, LIMIT_WORKERS, "1024", 1024);
    set(&limits, LIMIT_GAS, "1000", 1000);
}

static void a_wrong_value_says_what_would_be_right(void **state)
{
    struct limits limits;
    struct error_detail detail;

    limits_init(&limits);
    assert_int_equal(limits_set(&limits, LIMIT_WORKERS, "many", &detail), ERR_USAGE);
    assert_string_equal(detail.field, "workers");
    assert_string_equal(detail.message, "\"many\" is not a whole number, from 1 to 1024");
    assert_int_equal(limits_set(&limits, LIMIT_TIMEOUT, "1h", &detail), ERR_USAGE);
    assert_string_equal(detail.message, "\"1h\" is not a time such as 30s, 1.5s or 24h "
                                        "(a bare number is seconds), from 1s to 2m0s");
    assert_int_equal(limits_set(&limits, LIMIT_MEMORY, "1MiB", &detail), ERR_USAGE);
    assert_string_equal(detail.message, "\"1MiB\" is not bytes such as 1048576, 64KiB or 64MiB, "
                                        "from 4MiB to 256MiB");
}

static void nonsense_changes_nothing(void **state)
{
    const char *nonsense[] = {
        "", "-1", "0x10", " 1", "1 ", "1.5M", "18446744073709551616", "99999999999G", "MiB", "1TB"};
    struct limits limits;

    limits_init(&limits);
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
        assert_int_equal(limits_set(&limits, LIMIT_BODY_BYTES, nonsense[i], NULL), ERR_USAGE);
    assert_int_equal(limits.value[LIMIT_BODY_BYTES], limit_table[LIMIT_BODY_BYTES].standard);
    assert_int_equal(limits_set(&limits, LIMIT_WORKERS, "5K", NULL), ERR_USAGE);
    assert_int_equal(limits_set(&limits, LIMIT_QUEUE_TIMEOUT, "1.5us", NULL), ERR_USAGE);
}

static void written_values_are_read_back(void **state)
{
    struct limits limits;
    char text[LIMIT_TEXT_SIZE];

    limits_init(&limits);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const uint64_t values[] = {limit_table[i].least, limit_table[i].most};

        for (int j = 0; j < 2; j++) {
            limit_format(text, (enum limit)i, values[j]);
            set(&limits, (enum limit)i, text, values[j]);
        }
    }
}

static void whoever_hits_a_limit_is_told_which(void **state)
{
    struct error_detail detail;

    assert_int_equal(limit_exceeded(&detail, ERR_MEMORY_EXCEEDED, LIMIT_MEMORY, 70254592, 67108864),
                     ERR_MEMORY_EXCEEDED);
    assert_string_equal(detail.field, "memory_limit");
    assert_string_equal(detail.message, "memory_limit: 70254592 of 67108864 bytes used");
    limit_exceeded(&detail, ERR_TIMEOUT, LIMIT_TIMEOUT, 1001, 1000);
    assert_string_equal(detail.message, "timeout: 1001 of 1000 ms used");
    limit_exceeded(&detail, ERR_INTERNAL, LIMIT_TIMERS, 1001, 1000);
    assert_string_equal(detail.message, "timers: 1001 of 1000 used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_lie_within_their_bounds),
        cmocka_unit_test(values_are_read_in_their_units),
        cmocka_unit_test(a_wrong_value_says_what_would_be_right),
        cmocka_unit_test(nonsense_changes_nothing),
        cmocka_unit_test(written_values_are_read_back),
        cmocka_unit_test(whoever_hits_a_limit_is_told_which),
    };
    return RUN_TESTS(tests);
}
