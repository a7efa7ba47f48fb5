#include "base/encode.h"
#include "base/error.h"
#include "unit.h"

static void hex(void **state)
{
    uint8_t bytes[3] = {7, 7, 7};
    char text[7];

    hex_encode(text, "\x00\x7f\xff", 3);
    assert_string_equal(text, "007fff");
    assert_int_equal(hex_decode(bytes, 3, SPAN("00e9Ff")), 0);
    assert_memory_equal(bytes, "\x00\xe9\xff", 3);
    const char *wrong[] = {"", "00", "0011223", "00112233", "0011g2", "00112 ", "0x1122"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(hex_decode(bytes, 3, span_of(wrong[i])), ERR_INVALID_FIELD);
    assert_memory_equal(bytes, "\x00\xe9\xff", 3);
}

/* RFC 4648, section 10, and the two characters that differ. */
static const struct {
    const char *plain, *base64, *base64url;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+", "-__-"},
};

static void base64(void **state)
{
    struct buf buf = BUF_INIT(100);

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct span plain = span_of(vectors[i].plain);

        buf_reset(&buf);
        assert_int_equal(base64_encode(&buf, plain.data, plain.size), 0);
        assert_bytes(buf, vectors[i].base64);
        buf_reset(&buf);
        assert_int_equal(base64url_encode(&buf, plain.data, plain.size), 0);
        assert_bytes(buf, vectors[i].base64url);
        buf_reset(&buf);
        assert_int_equal(base64_decode(&buf, span_of(vectors[i].base64)), 0);
        assert_bytes(buf, vectors[i].plain);
        buf_reset(&buf);
        assert_int_equal(base64url_decode(&buf, span_of(vectors[i].base64url)), 0);
        assert_bytes(buf, vectors[i].plain);
    }
    buf_done(&buf);
}

static void what_base64_does_not_write_it_does_not_read(void **state)
{
    const char *wrong[] = {"Z",      "Zg",   "Zg=",  "Zh==", "Zm9=", "Zg==Zg==", "====",
                           "Zm9v\n", " Zm9", "Zm-v", "=m9v", "Z===", "Zm9v====", "Zm_v"};
    const char *wrong_url[] = {"Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm9v\n"};
    struct buf buf = BUF_INIT(100);

    buf_add_str(&buf, "kept");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(base64_decode(&buf, span_of(wrong[i])), ERR_INVALID_FIELD);
    for (size_t i = 0; i < sizeof(wrong_url) / sizeof(wrong_url[0]); i++)
        assert_int_equal(base64url_decode(&buf, span_of(wrong_url[i])), ERR_INVALID_FIELD);
    assert_int_equal(base64url_decode(&buf, SPAN("Zm9v\0Zm9")), ERR_INVALID_FIELD);
    assert_bytes(buf, "kept");
    buf_done(&buf);
}

static void base64_keeps_to_the_maximum(void **state)
{
    struct buf buf = BUF_INIT(7);

    assert_int_equal(base64_encode(&buf, "foobar", 6), ERR_NO_MEMORY);
    assert_int_equal(buf.size, 0);
    assert_true(buf_failed(&buf));
    buf_done(&buf);
}

/* Each byte as each of eight characters: what is read is what is written, and is nothing else. */
static void base64_knows_all_digits_and_no_others(void **state)
{
    int (*const decode[])(struct buf *, struct span) = {base64_decode, base64url_decode};
    int (*const encode[])(struct buf *, const void *, size_t) = {base64_encode, base64url_encode};
    struct buf bytes = BUF_INIT(16), again = BUF_INIT(16);

    for (int url = 0; url < 2; url++)
        for (size_t at = 0; at < 8; at++) {
            int digits = 0;
            for (int c = 0; c < 256; c++) {
                char text[] = "AAAAAAAA";
                text[at] = (char)c;
                buf_reset(&bytes);
                buf_reset(&again);
                if (c == '=' || decode[url](&bytes, SPAN(text)))
                    continue; /* a '=' may stand at the end */
                assert_int_equal(encode[url](&again, bytes.data, bytes.size), 0);
                assert_bytes(again, text);
                digits++;
            }
            assert_int_equal(digits, 64);
        }
    buf_done(&bytes);
    buf_done(&again);
}

static void fields_say_how_long_they_are(void **state)
{
    struct buf buf = BUF_INIT(8 + 8 + 3 + 8);

    assert_int_equal(number_encode(&buf, 0x0102030405060708), 0);
    assert_int_equal(field_encode(&buf, SPAN("abc")), 0);
    assert_int_equal(field_encode(&buf, (struct span){0}), 0);
    assert_int_equal(buf.size, 27);
    assert_memory_equal(buf.data, "\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\3abc\0\0\0\0\0\0\0\0", 27);
    assert_int_equal(field_encode(&buf, SPAN("")), ERR_NO_MEMORY);
    assert_true(buf_failed(&buf));
    buf_reset(&buf);
    assert_int_equal(field_encode(&buf, (struct span){"", SIZE_MAX}), ERR_NO_MEMORY);
    assert_true(buf_failed(&buf));
    buf_done(&buf);
}

/* The last and first of each length and range, and their neighbours that are none. */
static void utf8_at_its_edges(void **state)
{
    const char *valid[] = {"\x7f",         "\xc2\x80",         "\xdf\xbf",
                           "\xe0\xa0\x80", "\xed\x9f\xbf",     "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    const char *invalid[] = {"\x80",
                             "\xbf",
                             "\xc0\x80",
                             "\xc1\xbf",
                             "\xc2",
                             "\xc2\x7f",
                             "\xc2\xc0",
                             "\xe0\x9f\xbf",
                             "\xed\xa0\x80",
                             "\xed\xbf\xbf",
                             "\xe2\x82",
                             "\xe2\x82\x7f",
                             "\xf0\x8f\xbf\xbf",
                             "\xf4\x90\x80\x80",
                             "\xf5\x80\x80\x80",
                             "\xf0\x9f\x98",
                             "\xff",
                             "\xfe"};
    char text[64];

    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        assert_true(utf8_valid(span_of(valid[i])));
    /* At each place, so that the eight-byte steps meet them all. */
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        for (int before = 0; before < 20; before++) {
            int size = snprintf(text, sizeof(text), "%.*s%s", before, "aaaaaaaaaaaaaaaaaaaaaaaa",
                                invalid[i]);

            assert_int_equal(utf8_valid_prefix((struct span){text, (size_t)size}), before);
        }
    assert_true(utf8_valid(SPAN("nul \0 is a character like others")));
    assert_true(utf8_valid(SPAN("")));
}

static void measures_broken_characters(void **state)
{
    assert_int_equal(utf8_broken(SPAN("\xe2\x82x")), 2);
    assert_int_equal(utf8_broken(SPAN("\xe2x")), 1);
    assert_int_equal(utf8_broken(SPAN("\xf0\x9f\x98")), 3);
    assert_int_equal(utf8_broken(SPAN("\x80")), 1);
    assert_int_equal(utf8_broken(SPAN("\xed\xa0\x80")), 1);
    assert_int_equal(utf8_character(SPAN("\xf0\x9f\x98\x80")), 4);
    assert_int_equal(utf8_character(SPAN("\xe0\x9f\x98")), 0);
}

/* Every character comes back from its bytes; a surrogate is written, but is none. */
static void writes_characters(void **state)
{
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[UTF8_MOST];
        size_t size = utf8_encode(text, c);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;

        assert_int_equal(size, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_character((struct span){text, size}), surrogate ? 0 : size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex),
        cmocka_unit_test(base64),
        cmocka_unit_test(what_base64_does_not_write_it_does_not_read),
        cmocka_unit_test(base64_keeps_to_the_maximum),
        cmocka_unit_test(base64_knows_all_digits_and_no_others),
        cmocka_unit_test(fields_say_how_long_they_are),
        cmocka_unit_test(utf8_at_its_edges),
        cmocka_unit_test(measures_broken_characters),
        cmocka_unit_test(writes_characters),
    };
    return RUN_TESTS(tests);
}
