#include "engine/text.h"
#include "unit.h"

static void keeps_utf8_and_replaces_the_rest(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xed\xa0\x80z", "a\xef\xbf\xbdz"}, /* a lone surrogate is one */
        {"\xed\xa0\xbd\xed\xb8\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong */
        {"\xf5\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd"}, /* cut short */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char data[64];
        struct text_out out = {.data = data, .max = sizeof(data)};
        text_add(&out, span_of(cases[i].in));
        assert_false(out.cut);
        assert_bytes(out, cases[i].out);
    }
}

static void cuts_between_characters(void **state)
{
    char data[8];
    for (size_t max = 0; max <= sizeof(data); max++) {
        struct text_out out = {.data = data, .max = max};
        text_add(&out, span_of("a\xe2\x82\xac\xe2\x82\xac"));
        assert_int_equal(out.size, max < 1 ? 0 : max < 4 ? 1 : max < 7 ? 4 : 7);
        assert_int_equal(out.cut, max < 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_utf8_and_replaces_the_rest),
        cmocka_unit_test(cuts_between_characters),
    };
    return RUN_TESTS(tests);
}
