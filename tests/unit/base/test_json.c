#include "base/json.h"
#include "unit.h"

static void strings_are_escaped_as_rfc_8785_asks(void **state)
{
    struct buf buf = BUF_INIT(1000);

    json_string(&buf, SPAN("a\"b\\c/d\b\t\n\f\r\x01\x1f\x7f\0é\xe2\x80\xa8<&>"));
    assert_false(buf_failed(&buf));
    assert_bytes(buf, "\"a\\\"b\\\\c/d\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\\u0000é\xe2\x80\xa8<&>\"");
    buf_done(&buf);
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    struct buf buf = BUF_INIT(1000);

    json_string(&buf, SPAN("a\xff"
                           "b\xed\xa0\x80"
                           "c\xc3"));
    assert_bytes(buf, "\"a\xef\xbf\xbd"
                      "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                      "c\xef\xbf\xbd\"");
    buf_done(&buf);
}

static void every_byte_gives_a_valid_string(void **state)
{
    struct buf buf = BUF_INIT(1000);

    for (int c = 0; c < 256; c++) {
        char byte = (char)c;

        buf_reset(&buf);
        json_string(&buf, (struct span){&byte, 1});
        assert_int_equal(json_scan_string((struct span){buf.data, buf.size}), buf.size);
    }
    buf_done(&buf);
}

static void numbers_keys_and_words(void **state)
{
    struct buf buf = BUF_INIT(1000);

    buf_add_char(&buf, '{');
    json_next_key(&buf, "a");
    json_u64(&buf, 0);
    json_next_key(&buf, "b");
    json_u64(&buf, UINT64_MAX);
    json_next_key(&buf, "c");
    json_bool(&buf, true);
    json_next_key(&buf, "d");
    json_bool(&buf, false);
    json_next_key(&buf, "e");
    json_str(&buf, NULL);
    json_next_key(&buf, "f");
    json_str(&buf, "");
    buf_add_char(&buf, '}');
    assert_bytes(buf, "{\"a\":0,\"b\":18446744073709551615,\"c\":true,\"d\":false,\"e\":null,"
                      "\"f\":\"\"}");
    buf_done(&buf);
}

static void a_full_buffer_is_noticed_at_the_end(void **state)
{
    struct buf buf = BUF_INIT(8);

    json_key(&buf, "key");
    json_str(&buf, "a long value");
    json_u64(&buf, 1);
    assert_true(buf_failed(&buf));
    buf_done(&buf);
}

static void scan_finds_the_end_of_a_string(void **state)
{
    assert_int_equal(json_scan_string(SPAN("\"\"")), 2);
    assert_int_equal(json_scan_string(SPAN("\"a\\\"\\\\b\" : 1")), 8);
    assert_int_equal(json_scan_string(SPAN("\"\\ud800\\u00E9\\/\"")), 16);
    assert_int_equal(json_scan_string(SPAN("\"é\"")), 4);
}

static void scan_refuses_what_is_no_string(void **state)
{
    const struct span wrong[] = {SPAN(""),          SPAN("\""),          SPAN("a\""),
                                 SPAN("\"a"),       SPAN("\"\\\""),      SPAN("\"\\x\""),
                                 SPAN("\"\\u12\""), SPAN("\"\\u12g4\""), SPAN("\"\\"),
                                 SPAN("\"\n\""),    SPAN("\"\0\""),      SPAN("\"\xff\""),
                                 SPAN("\"\xc3\""),  SPAN("\"\\\0\""),    SPAN("\"\\u000\0\""),
                                 SPAN("\"\\u00"),   SPAN("'a'")};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(json_scan_string(wrong[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped_as_rfc_8785_asks),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(every_byte_gives_a_valid_string),
        cmocka_unit_test(numbers_keys_and_words),
        cmocka_unit_test(a_full_buffer_is_noticed_at_the_end),
        cmocka_unit_test(scan_finds_the_end_of_a_string),
        cmocka_unit_test(scan_refuses_what_is_no_string),
    };
    return RUN_TESTS(tests);
}
