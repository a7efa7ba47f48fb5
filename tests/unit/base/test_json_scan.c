/* Values that are JSON and values that are not, and where they go wrong. */
#include "base/json_scan.h"
#include "unit.h"
#include <stdlib.h>

/* An exact copy on the heap, so that a sanitizer sees any step past its end. */
static size_t scan(struct span text, struct json_fault *fault)
{
    char *copy = malloc(text.size ? text.size : 1);
    if (text.size)
        memcpy(copy, text.data, text.size);
    size_t size = json_scan_value((struct span){copy, text.size}, fault);
    free(copy);
    return size;
}

static void test_values(void **state)
{
    static const char *const values[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-1.5",
        "0.1",
        "1e5",
        "1E+5",
        "0e-0",
        "-1.25e-10",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u00e9\\uD800\"",
        "\"\xc3\xa9\x7f\"",
        "[]",
        "[ ]",
        "{}",
        "{ \n}",
        "[1]",
        "[ 1 , 2 ]",
        "[[],[[]],{}]",
        "{\"a\":1}",
        "{ \"a\" : [ ] , \"a\" : { } }",
        "[\"]\", \"}\"]",
        "{\"}\":\"]\"}",
    };
    struct json_fault fault = {"untouched", 77};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        static const char *const tails[] = {"", ",", " x", "]", "}"};
        for (size_t k = 0; k < sizeof tails / sizeof *tails; k++) {
            char text[100];
            snprintf(text, sizeof text, "%s%s", values[i], tails[k]);
            if (scan(span_of(text), &fault) != strlen(values[i]))
                fail_msg("%s: %s at %zu", text, fault.why, fault.at);
        }
        /* Cut short it is none, but for a number, of which the beginning may be one. */
        for (size_t size = 0; size < strlen(values[i]); size++) {
            struct json_fault cut;
            size_t found = scan((struct span){values[i], size}, &cut);
            if (found > 0 && !strchr("-0123456789", values[i][0]))
                fail_msg("the first %zu of %s", size, values[i]);
            if (found == 0)
                assert_true(cut.at <= size);
        }
    }
    assert_string_equal(fault.why, "untouched");
}

static void test_faults(void **state)
{
    static const struct {
        struct span text;
        size_t at;
    } cases[] = {
        {SPAN(""), 0},
        {SPAN(" 1"), 0},
        {SPAN("x"), 0},
        {SPAN("nul"), 0},
        {SPAN("True"), 0},
        {SPAN("+1"), 0},
        {SPAN("-"), 1},
        {SPAN("-a"), 1},
        {SPAN(".5"), 0},
        {SPAN("1."), 2},
        {SPAN("1.e5"), 2},
        {SPAN("1e"), 2},
        {SPAN("1e+"), 3},
        {SPAN("\"a"), 2},
        {SPAN("\"a\nb\""), 2},
        {SPAN("\"\0\""), 1},
        {SPAN("\"\\x\""), 2},
        {SPAN("\"\\\0\""), 2},
        {SPAN("\"\\u12g4\""), 5},
        {SPAN("\"\\u123\""), 6},
        {SPAN("\"\\"), 2},
        {SPAN("[01]"), 2},
        {SPAN("[1,]"), 3},
        {SPAN("[,1]"), 1},
        {SPAN("[1 2]"), 3},
        {SPAN("[1"), 2},
        {SPAN("["), 1},
        {SPAN("[1}"), 2},
        {SPAN("{\"a\":1]"), 6},
        {SPAN("{1:2}"), 1},
        {SPAN("{\"a\"}"), 4},
        {SPAN("{\"a\":}"), 5},
        {SPAN("{\"a\":1,}"), 7},
        {SPAN("{\"a\" 1}"), 5},
        {SPAN("{,}"), 1},
        {SPAN("[1,\0]"), 3},
        {SPAN("[/**/1]"), 1},
        {SPAN("[NaN]"), 1},
        {SPAN("['a']"), 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_fault fault = {0};
        size_t size = scan(cases[i].text, &fault);
        if (size != 0 || fault.at != cases[i].at || !fault.why)
            fail_msg("%s: size %zu, at %zu", cases[i].text.data, size, fault.at);
    }
}

static void test_depth(void **state)
{
    struct json_fault fault;
    for (int extra = 0; extra < 2; extra++) {
        size_t depth = JSON_SCAN_DEPTH + (size_t)extra;
        for (int objects = 0; objects < 2; objects++) {
            struct buf text = BUF_INIT(16 * 1024 * 1024);
            for (size_t i = 0; i < depth; i++)
                buf_add_str(&text, objects && i + 1 < depth ? "{\"\":" : "[");
            for (size_t i = depth; i-- > 0;)
                buf_add_char(&text, objects && i + 1 < depth ? '}' : ']');
            size_t size = scan((struct span){text.data, text.size}, &fault);
            assert_int_equal(size, extra ? 0 : text.size);
            buf_done(&text);
        }
    }
    assert_non_null(strstr(fault.why, "too deep"));
}

static void test_space(void **state)
{
    assert_int_equal(json_scan_space(SPAN("")), 0);
    assert_int_equal(json_scan_space(SPAN(" \t\r\n1 ")), 4);
    assert_int_equal(json_scan_space(SPAN("\v")), 0);
    assert_int_equal(json_scan_space(SPAN("\0")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_space),
    };
    return RUN_TESTS(tests);
}
