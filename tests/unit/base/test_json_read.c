#include "base/error.h"
#include "base/json_read.h"
#include "unit.h"

static void members_keep_their_bytes(void **state)
{
    struct span object =
        SPAN(" { \"a\" : 1.50e3 , \"b\":{\"a\":[1,{\"}\":\"]\"}]},\"c\":\"\\\"}\" ,"
             "\"d\":null,\"e\":true}");
    static const char *const members[][2] = {{"a", "1.50e3"},
                                             {"b", "{\"a\":[1,{\"}\":\"]\"}]}"},
                                             {"c", "\"\\\"}\""},
                                             {"d", "null"},
                                             {"e", "true"}};
    struct span value;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        assert_true(json_member(object, members[i][0], &value));
        assert_bytes(value, members[i][1]);
    }
    assert_false(json_member(object, "f", &value));
    assert_false(json_member(SPAN("{}"), "a", &value));
    assert_false(json_member(SPAN("[1]"), "a", &value));
}

static void elements_come_one_by_one(void **state)
{
    struct span rest, value;

    assert_true(json_array(SPAN(" [ [1,2] , \"a,]\",{} ,3] "), &rest));
    assert_true(json_element(&rest, &value));
    assert_bytes(value, "[1,2]");
    assert_true(json_element(&rest, &value));
    assert_bytes(value, "\"a,]\"");
    assert_true(json_element(&rest, &value));
    assert_bytes(value, "{}");
    assert_true(json_element(&rest, &value));
    assert_bytes(value, "3");
    assert_false(json_element(&rest, &value));
    assert_true(json_array(SPAN("[]"), &rest));
    assert_false(json_element(&rest, &value));
    assert_false(json_array(SPAN("{}"), &rest));
}

/* Every cut of a text, and every text with one byte changed: no fault, no endless loop. */
static void malformed_text_is_walked_safely(void **state)
{
    static const char text[] = "{\"a\":[1,\"\\u00e9\",{\"b\":null}],\"b\":\"x\"}";

    for (size_t size = 0; size < sizeof(text); size++)
        for (int byte = 0; byte < 256; byte++) {
            /* Exactly as large as the span, so that the sanitizer sees a read past it. */
            char *copy = malloc(size + 1);
            struct span rest, value, object = {copy, size};

            memcpy(copy, text, size);
            if (size > 0)
                copy[size - 1] = (char)byte;
            char *exact = realloc(copy, size ? size : 1);
            object.data = exact;
            if (json_member(object, "a", &value) && json_array(value, &rest))
                for (int i = 0; json_element(&rest, &value); i++)
                    assert_true(i < 100);
            json_member(object, "zz", &value);
            free(exact);
        }
}

static void deep_nesting_is_no_recursion(void **state)
{
    size_t depth = 1000000;
    char *text = malloc(2 * depth);
    struct span rest, value;

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    assert_true(json_array((struct span){text, 2 * depth}, &rest));
    assert_true(json_element(&rest, &value));
    assert_int_equal(value.size, 2 * depth - 2);
    free(text);
}

static void strings_are_decoded(void **state)
{
    struct buf buf = BUF_INIT(100);

    assert_int_equal(json_unquote(SPAN("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC"
                                       "\\ud83d\\ude00é\""),
                                  &buf),
                     0);
    assert_bytes(buf, "a\"\\/\b\f\n\r\tAé€\xf0\x9f\x98\x80é");
    buf_reset(&buf);
    assert_int_equal(json_unquote(SPAN("\"\\ud800\\udc0\\u0000x\""), &buf), ERR_INVALID_JSON);
    assert_int_equal(json_unquote(SPAN("\"\\ud800x\\ud800\\u0041\\udc00\""), &buf), 0);
    assert_bytes(buf, "\xef\xbf\xbdx\xef\xbf\xbd"
                      "A\xef\xbf\xbd");
    assert_int_equal(json_unquote(SPAN("12"), &buf), ERR_INVALID_JSON);
    assert_int_equal(json_unquote(SPAN(""), &buf), ERR_INVALID_JSON);
    buf_done(&buf);
}

static void whole_numbers(void **state)
{
    uint64_t value = 0;

    assert_true(json_read_u64(SPAN("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    assert_false(json_read_u64(SPAN("18446744073709551616"), &value));
    assert_false(json_read_u64(SPAN("1.0"), &value));
    assert_false(json_read_u64(SPAN("-1"), &value));
    assert_false(json_read_u64(SPAN(""), &value));
}

static void halves_of_surrogate_pairs_are_seen(void **state)
{
    (void)state;
    static const struct {
        const char *literal;
        bool paired;
    } table[] = {
        {"\"\"", true},
        {"\"plain \\n \\\\ud800\"", true},
        {"\"\\ud83d\\udd11\"", true},
        {"\"\\uD83D\\uDD11\\ud83d\\udd11\"", true},
        {"\"\\ud800\"", false},
        {"\"\\udc00\"", false},
        {"\"\\udc00\\ud800\"", false},
        {"\"\\ud800x\\udc00\"", false},
        {"\"\\ud800\\ud800\\udc00\"", false},
        {"\"\\\\\\ud800\"", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(json_is_paired(span_of(table[i].literal)), table[i].paired);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_keep_their_bytes),
        cmocka_unit_test(elements_come_one_by_one),
        cmocka_unit_test(malformed_text_is_walked_safely),
        cmocka_unit_test(deep_nesting_is_no_recursion),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(halves_of_surrogate_pairs_are_seen),
        cmocka_unit_test(whole_numbers),
    };
    return RUN_TESTS(tests);
}
