#include "base/etag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void lists(void **state)
{
    (void)state;
    /* The tag looked for is: a */
    static const struct {
        const char *list;
        bool valid, strong, weak;
    } table[] = {
        {"*", true, true, true},
        {"\"a\"", true, true, true},
        {"W/\"a\"", true, false, true},
        {"\"b\"", true, false, false},
        {"\"b\", \"a\"", true, true, true},
        {"\"b\"\t,W/\"a\",\"c\"", true, false, true},
        {", ,\"a\",,", true, true, true},
        {"\"b,a\"", true, false, false},
        {"\"\"", true, false, false},
        {"\"\xc3\xa9\", \"a\"", true, true, true},
        {"\"aa\", \"A\"", true, false, false},
        {"\"*\"", true, false, false},
        {"", false, false, false},
        {",", false, false, false},
        {" ", false, false, false},
        {"a", false, false, false},
        {"\"a", false, false, false},
        {"a\"", false, false, false},
        {"\"b\" \"a\"", false, false, false},
        {"\"b\"\"a\"", false, false, false},
        {"\"b c\", \"a\"", false, false, false},
        {"\"b\x7f\", \"a\"", false, false, false},
        {"w/\"a\"", false, false, false},
        {"W/ \"a\"", false, false, false},
        {"W/", false, false, false},
        {"W/a", false, false, false},
        {"*, \"b\"", false, false, false},
        {"**", false, false, false},
        {"\"b\";\"a\"", false, false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct span list = span_of(table[i].list);
        if (etag_list_valid(list) != table[i].valid ||
            etag_list_has(list, SPAN("a"), ETAG_STRONG) != table[i].strong ||
            etag_list_has(list, SPAN("a"), ETAG_WEAK) != table[i].weak)
            fail_msg("%s", table[i].list);
    }
}

static void a_nul_is_no_part_of_a_tag(void **state)
{
    (void)state;
    struct span list = SPAN("\"a\0\", \"a\"");
    assert_false(etag_list_valid(list));
    assert_false(etag_list_has(list, SPAN("a"), ETAG_WEAK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(a_nul_is_no_part_of_a_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
