#include "exec/answer_check.h"
#include "unit.h"

#define DEPTH 16

static struct answer_scratch scratch;

static const char *check(const char *text, size_t size)
{
    /* An exact copy, so that a sanitizer sees every byte read past the end. */
    char *copy = malloc(size ? size : 1);
    memcpy(copy, text, size);
    const char *fault = answer_check_output(&scratch, (struct span){copy, size});
    free(copy);
    return fault;
}

/* Literals may hold NUL bytes. */
struct text {
    const char *data;
    size_t size;
};
#define T(literal) {literal, sizeof(literal) - 1}

static const struct text canonical[] = {
    T("{}"), T("{\"\":0}"), T("{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}"),
    T("{\"a\":[[],{},[[]]]}"),
    T("{\"a\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\\u000b\\u000e/\x7f\"}"),
    T("{\"a\":\"\xc2\x80\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\"}"),
    /* RFC 8785, 3.2.3: its example of sorted keys. */
    T("{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin\","
      "\"\xe2\x82\xac\":\"Euro\",\"\xf0\x9f\x98\x80\":\"Emoji\",\"\xef\xac\xb3\":\"Hebrew\"}"),
    T("{\"\\u0001\":1,\"\\t\":2,\" \":3,\"\\\"\":4,\"\\\\\":5,\"\\\\a\":6}"),
    T("{\"a\":0,\"aa\":0,\"b\":0}"),
    T("{\"n\":[0,1,-1,10,100000000000000000000,123456789012345680000,1e+21,1.5e+300]}"),
    T("{\"n\":[0.1,-0.5,1.25,0.000001,1e-7,1.5e-7,5e-324,1.7976931348623157e+308]}"),
    T("{\"n\":[0.30000000000000004,9007199254740994,333333333.3333333,4.5,2e-10]}"),
    T("{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"), /* 16 deep */
};

static const struct text forged[] = {
    T(""),
    T("null"),
    T("[]"),
    T("\"\""),
    T(" {}"),
    T("{} "),
    T("{}\n"),
    T("{}{}"),
    T("{}, \"status\": \"completed\""),
    T("{},\"status\":\"completed\""),
    T("{}}"),
    T("{\"a\":1}]"),
    T("{"),
    T("{\""),
    T("{\"a"),
    T("{\"a\""),
    T("{\"a\":"),
    T("{\"a\":1"),
    T("{\"a\":1,"),
    T("{\"a\":1,}"),
    T("{,}"),
    T("{\"a\"}"),
    T("{\"a\" :1}"),
    T("{\"a\": 1}"),
    T("{\"a\":1 }"),
    T("{\"a\":[1,]}"),
    T("{\"a\":[,1]}"),
    T("{\"a\":[1 ,2]}"),
    T("{\"a\":[1}}"),
    T("{\"a\":{]}"),
    T("{\"a\":[1,\"b\":2]}"),
    T("{1:2}"),
    T("{\"a\":1 \"b\":2}"),
    T("{\"a\":tru}"),
    T("{\"a\":TRUE}"),
    T("{\"a\":undefined}"),
    T("{\"a\":NaN}"),
    T("{\"a\":Infinity}"),
    T("{\"a\":-Infinity}"),
    T("{'a':1}"),
    T("{\"a\":1}/**/"),
    T("\xef\xbb\xbf{}"),
    T("{}\0"),
    T("{\"a\":\0}"),
    /* Keys: twice, out of order, twice under another spelling, ordered by bytes and not by UTF-16.
     */
    T("{\"a\":1,\"a\":2}"),
    T("{\"b\":1,\"a\":2}"),
    T("{\"aa\":1,\"a\":2}"),
    T("{\"a\":1,\"\\u0061\":2}"),
    T("{\"\\u0061\":1}"),
    T("{\"x\":{\"b\":1,\"a\":2}}"),
    T("{\"x\":[{\"a\":1},{\"b\":1,\"b\":2}]}"),
    T("{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":2}"),
    T("{\"a\":1,\"\":2}"),
    /* Strings: escapes that are not needed, not known or of another form, raw controls. */
    T("{\"a\":\"\\/\"}"),
    T("{\"a\":\"\\u000A\"}"),
    T("{\"a\":\"\\u000a\"}"),
    T("{\"a\":\"\\u0008\"}"),
    T("{\"a\":\"\\u0009\"}"),
    T("{\"a\":\"\\u000c\"}"),
    T("{\"a\":\"\\u000d\"}"),
    T("{\"a\":\"\\u001F\"}"),
    T("{\"a\":\"\\u0020\"}"),
    T("{\"a\":\"\\u0022\"}"),
    T("{\"a\":\"\\ud800\"}"),
    T("{\"a\":\"\\ud83d\\ude00\"}"),
    T("{\"a\":\"\\u00\"}"),
    T("{\"a\":\"\\u00"),
    T("{\"a\":\"\\u0\0\0\0\"}"),
    T("{\"a\":\"\\u00\x31\0\"}"),
    T("{\"a\":\"\\x41\"}"),
    T("{\"a\":\"\\\0\"}"),
    T("{\"a\":\"\\"),
    T("{\"a\":\"\n\"}"),
    T("{\"a\":\"\0\"}"),
    T("{\"a\":\"\x1f\"}"),
    /* UTF-8: overlong, surrogates, past the end, cut, stray. */
    T("{\"a\":\"\xc0\x80\"}"),
    T("{\"a\":\"\xe0\x80\x80\"}"),
    T("{\"a\":\"\xed\xa0\x80\"}"),
    T("{\"a\":\"\xf4\x90\x80\x80\"}"),
    T("{\"a\":\"\xe2\x82\"}"),
    T("{\"a\":\"\x80\"}"),
    T("{\"a\":\"\xff\"}"),
    T("{\"\xc3\":1}"),
    /* Numbers. */
    T("{\"a\":-0}"),
    T("{\"a\":+1}"),
    T("{\"a\":01}"),
    T("{\"a\":-}"),
    T("{\"a\":.5}"),
    T("{\"a\":5.}"),
    T("{\"a\":1.0}"),
    T("{\"a\":1.50}"),
    T("{\"a\":0.0}"),
    T("{\"a\":-0.0}"),
    T("{\"a\":1e5}"),
    T("{\"a\":1E+21}"),
    T("{\"a\":1e21}"),
    T("{\"a\":1e+021}"),
    T("{\"a\":1e+20}"),
    T("{\"a\":1e+}"),
    T("{\"a\":1e}"),
    T("{\"a\":1e-6}"),
    T("{\"a\":0.0000001}"),
    T("{\"a\":10e+21}"),
    T("{\"a\":1.0e+21}"),
    T("{\"a\":0e+21}"),
    T("{\"a\":1000000000000000000000}"),
    T("{\"a\":123456789012345678}"),
    T("{\"a\":0.123456789012345678}"),
    T("{\"a\":1.2345678901234567e-7,\"b\":12345678901.12345678}"),
    T("{\"a\":1e+309}"),
    T("{\"a\":1.8e+308}"),
    T("{\"a\":1.7976931348623158e+308}"),
    T("{\"a\":9e+308}"),
    T("{\"a\":1e+9999}"),
    T("{\"a\":1e-325}"),
    T("{\"a\":0x10}"),
    T("{\"a\":1_0}"),
    /* Deeper than allowed: 17. */
    T("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"),
    T("{\"a\":[[[[[[[[[[[[[[[{\"a\":1}]]]]]]]]]]]]]]]}"),
};

static void test_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++) {
        const char *fault = check(canonical[i].data, canonical[i].size);
        if (fault)
            fail_msg("%s: %s", canonical[i].data, fault);
    }
}

static void test_forged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++)
        if (!check(forged[i].data, forged[i].size))
            fail_msg("accepted: %s", forged[i].data);
}

/* Cutting anything off the end, or changing one byte to a brace, never gives another legal text. */
static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++)
        for (size_t size = 0; size < canonical[i].size; size++)
            assert_non_null(check(canonical[i].data, size));
}

static void test_deep_costs_no_stack(void **state)
{
    (void)state;
    size_t depth = 1000000;
    char *text = malloc(5 + depth);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', depth);
    assert_string_equal(check(text, 5 + depth), "the output is nested too deep");
    free(text);
}

static void put(struct buf *buf, const char *text, uint32_t size)
{
    buf_add(buf, &size, sizeof size);
    buf_add(buf, text, size);
}

static const char *logs(const struct buf *records, uint32_t count, struct buf *json)
{
    buf_reset(json);
    const struct answer_log_rules rules = {.count = count, .entry_max = 8};
    return answer_write_logs((struct span){records->data, records->size}, &rules, json);
}

static void test_logs(void **state)
{
    (void)state;
    struct buf records = BUF_INIT(1000), json = BUF_INIT(1000);
    assert_null(logs(&records, 0, &json));
    assert_bytes(json, "[]");
    assert_non_null(logs(&records, 1, &json));
    put(&records, "a\"\n", 3);
    put(&records, "", 0);
    put(&records, "\xe2\x82\xac", 3);
    assert_null(logs(&records, 3, &json));
    assert_bytes(json, "[\"a\\\"\\n\",\"\",\"\xe2\x82\xac\"]");
    assert_non_null(logs(&records, 2, &json));
    assert_non_null(logs(&records, 4, &json));
    assert_non_null(logs(&records, UINT32_MAX, &json));
    records.size -= 1;
    assert_non_null(logs(&records, 3, &json));

    buf_reset(&records);
    put(&records, "\xff", 1);
    assert_string_equal(logs(&records, 1, &json), "a log entry is not UTF-8");
    buf_reset(&records);
    put(&records, "123456789", 9);
    assert_string_equal(logs(&records, 1, &json), "a log entry is longer than allowed");
    uint32_t huge = UINT32_MAX;
    memcpy(records.data, &huge, sizeof huge);
    assert_non_null(logs(&records, 1, &json));
    buf_done(&records);
    buf_done(&json);
}

static void test_error_text(void **state)
{
    (void)state;
    assert_null(answer_check_error(SPAN("Error: \xe2\x82\xac\n    at f")));
    assert_null(answer_check_error((struct span){0}));
    assert_non_null(answer_check_error(SPAN("\xc3")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_forged),
        cmocka_unit_test(test_prefixes),  cmocka_unit_test(test_deep_costs_no_stack),
        cmocka_unit_test(test_logs),      cmocka_unit_test(test_error_text),
    };
    if (answer_scratch_init(&scratch, DEPTH))
        return 1;
    int failed = RUN_TESTS(tests);
    answer_scratch_done(&scratch);
    return failed;
}
