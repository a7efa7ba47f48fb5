#include "base/clock.h"
#include "base/error.h"
#include "unit.h"

/* Written by Go 1.19's time.Duration.String. */
static const struct {
    uint64_t ns;
    const char *text;
} durations[] = {
    {0, "0s"},
    {1, "1ns"},
    {999, "999ns"},
    {1000, "1µs"},
    {1500, "1.5µs"},
    {999999, "999.999µs"},
    {1000000, "1ms"},
    {12000000, "12ms"},
    {12345678, "12.345678ms"},
    {1000000000, "1s"},
    {1500000000, "1.5s"},
    {1000000001, "1.000000001s"},
    {59999999999, "59.999999999s"},
    {60000000000, "1m0s"},
    {90000000000, "1m30s"},
    {3600000000000, "1h0m0s"},
    {3600500000000, "1h0m0.5s"},
    {86400000000000, "24h0m0s"},
    {INT64_MAX, "2562047h47m16.854775807s"},
    {UINT64_MAX, "2562047h47m16.854775807s"},
};

static void durations_are_written_as_go_writes_them(void **state)
{
    char text[CLOCK_DURATION_SIZE];

    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        clock_format_duration(text, durations[i].ns);
        assert_string_equal(text, durations[i].text);
    }
}

static void durations_are_read_back(void **state)
{
    uint64_t ns;

    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]) - 1; i++) {
        assert_int_equal(clock_parse_duration(durations[i].text, &ns), 0);
        assert_int_equal(ns, durations[i].ns);
    }
    assert_int_equal(clock_parse_duration("90m", &ns), 0);
    assert_int_equal(ns, 5400 * NS_PER_S);
    assert_int_equal(clock_parse_duration("30", &ns), 0);
    assert_int_equal(ns, 30 * NS_PER_S);
    assert_int_equal(clock_parse_duration(".5", &ns), 0);
    assert_int_equal(ns, NS_PER_S / 2);
    assert_int_equal(clock_parse_duration("1.5us", &ns), 0);
    assert_int_equal(ns, 1500);
    assert_int_equal(clock_parse_duration("0.0000000019s", &ns), 0);
    assert_int_equal(ns, 1);
}

static void nonsense_is_no_duration(void **state)
{
    const char *nonsense[] = {"",
                              "s",
                              ".",
                              "-1s",
                              "+1s",
                              " 1s",
                              "1s ",
                              "1d",
                              "1.2.3s",
                              "1s2",
                              "1e3s",
                              "0x1s",
                              "1h30",
                              "inf",
                              "9223372036854775808ns",
                              "99999999999999999999s",
                              "3000000h"};
    uint64_t ns = 42;

    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        assert_int_equal(clock_parse_duration(nonsense[i], &ns), ERR_USAGE);
        assert_int_equal(ns, 42);
    }
}

static void times_are_rfc_3339(void **state)
{
    char text[CLOCK_TIME_SIZE];

    clock_format_time(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format_time(text, 1795399788007);
    assert_string_equal(text, "2026-11-23T02:09:48.007Z");
    clock_format_time(text, UINT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void clocks_run(void **state)
{
    uint64_t before = clock_now_ns();

    assert_true(clock_now_ns() >= before);
    assert_true(clock_unix_ms() > 1700000000000);
}

static void test_parse_time(void **state)
{
    static const struct {
        const char *text;
        uint64_t unix_ms; /* 0: refused */
    } table[] = {
        {"1970-01-01T00:00:01Z", 1000},
        {"2026-11-23T01:02:03Z", 1795395723000},
        {"2026-11-23T01:02:03.5Z", 1795395723500},
        {"2026-11-23T01:02:03.123456Z", 1795395723123},
        {"2024-02-29T23:59:59Z", 1709251199000},
        {"2023-02-29T00:00:00Z", 0},
        {"2023-13-01T00:00:00Z", 0},
        {"2023-01-01T24:00:00Z", 0},
        {"2023-01-01T00:00:00", 0},
        {"2023-01-01T00:00:00+01:00", 0},
        {"2023-01-01 00:00:00Z", 0},
        {"tomorrow", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t ms = 0;
        int r = clock_parse_time(table[i].text, &ms);
        if ((r == 0) != (table[i].unix_ms != 0) || ms != table[i].unix_ms)
            fail_msg("%s: %d, %llu", table[i].text, r, (unsigned long long)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_time),
        cmocka_unit_test(durations_are_written_as_go_writes_them),
        cmocka_unit_test(durations_are_read_back),
        cmocka_unit_test(nonsense_is_no_duration),
        cmocka_unit_test(times_are_rfc_3339),
        cmocka_unit_test(clocks_run),
    };
    return RUN_TESTS(tests);
}
