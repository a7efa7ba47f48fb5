#include "base/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char token[] = "sk_live_51H8fGz+Qx/7 p";
static const char lines[] = "-----BEGIN-----\nMIIEvQIBADANBgkqhk\nshort\n-----END-------x\n";
static char long_value[300];

static struct guard *guard_of(const char *name, const char *value)
{
    struct guard_secret s = {.name = span_of(name), .value = span_of(value)};
    struct guard *g;
    assert_int_equal(guard_new(&s, 1, &g), 0);
    return g;
}

static struct guard *guard_in_pieces(const char *value)
{
    struct guard_secret s = {SPAN("NAME"), span_of(value), .in_pieces = true};
    struct guard *g;
    assert_int_equal(guard_new(&s, 1, &g), 0);
    return g;
}

static bool finds(const char *value, const char *text)
{
    struct guard *g = guard_of("NAME", value);
    struct guard_match m;
    bool found = guard_find(g, span_of(text), 0, &m);
    guard_free(g);
    return found;
}

/* Each spelling of `value`, with `before` bytes encoded in front of it and something behind. */
static void spell(const char *how, const char *value, unsigned before, char *out)
{
    static const char std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char plain[1024];
    size_t n = (size_t)snprintf(plain, sizeof plain, "%.*s%s<>", (int)before, "??", value);
    char *at = out;
    if (!strcmp(how, "plain")) {
        memcpy(out, plain, n + 1);
    } else if (!strcmp(how, "reversed")) {
        for (size_t i = n; i > 0; i--)
            *at++ = plain[i - 1];
    } else if (!strcmp(how, "hex") || !strcmp(how, "HEX")) {
        for (size_t i = 0; i < n; i++)
            at += snprintf(at, 3, *how == 'h' ? "%02x" : "%02X", (unsigned char)plain[i]);
    } else if (!strcmp(how, "percent all")) {
        for (size_t i = 0; i < n; i++)
            at += snprintf(at, 4, "%%%02x", (unsigned char)plain[i]);
    } else if (!strcmp(how, "percent")) {
        for (size_t i = 0; i < n; i++)
            at += snprintf(at, 4, strchr("+/ <>?\n", plain[i]) ? "%%%02X" : "%c",
                           (unsigned char)plain[i]);
    } else {
        const char *digits = !strcmp(how, "base64") ? std : url;
        for (size_t bit = 0; bit < 8 * n; bit += 6) {
            unsigned d = 0;
            for (size_t b = bit; b < bit + 6; b++)
                d = d << 1 | (b < 8 * n ? (unsigned char)plain[b / 8] >> (7 - b % 8) & 1 : 0);
            *at++ = digits[d];
        }
    }
    if (at != out)
        *at = 0;
}

static const char *const spellings[] = {"plain",  "reversed",  "hex",     "HEX",
                                        "base64", "base64url", "percent", "percent all"};
#define SPELLINGS (sizeof spellings / sizeof *spellings)

static void every_spelling_is_found(void **state)
{
    (void)state;
    const char *values[] = {token, "12345678", "hunter2hunter2", long_value};
    char text[2048];
    for (size_t v = 0; v < sizeof values / sizeof *values; v++)
        for (size_t h = 0; h < SPELLINGS; h++)
            for (unsigned before = 0; before < 3; before++) {
                spell(spellings[h], values[v], before, text);
                if (!finds(values[v], text))
                    fail_msg("%s of %.20s after %u: %s", spellings[h], values[v], before, text);
            }
}

static void assert_windows_found(struct guard *g)
{
    char part[64], text[512];
    for (size_t start = 0; start + GUARD_WINDOW <= strlen(long_value); start++)
        for (size_t h = 0; h < SPELLINGS; h++) {
            snprintf(part, sizeof part, "%.*s", GUARD_WINDOW, long_value + start);
            spell(spellings[h], part, (unsigned)start % 3, text);
            struct guard_match m;
            if (!guard_find(g, span_of(text), 0, &m))
                fail_msg("%s of the window at %zu", spellings[h], start);
        }
    guard_free(g);
}

static void any_window_of_a_long_value_is_found(void **state)
{
    (void)state;
    assert_windows_found(guard_of("LONG", long_value));
    assert_windows_found(guard_in_pieces(long_value));
}

/* Somebody knows the first bytes of a value and shows it one more at a time, in every spelling,
 * from every place: what is found must be known already, but for one whole piece. */
static void a_value_in_pieces_is_not_told_byte_by_byte(void **state)
{
    (void)state;
    char part[128], text[1024];
    struct guard *g = guard_in_pieces(long_value);
    for (size_t known = GUARD_WINDOW; known + 1 < 3 * GUARD_WINDOW; known++)
        for (size_t start = 0; start < known; start++)
            for (size_t h = 0; h < SPELLINGS; h++) {
                struct guard_match right, wrong;
                /* in base64 the bytes beside it share a digit with it */
                size_t left = (GUARD_PIECE - (known + 1) % GUARD_PIECE) % GUARD_PIECE;
                bool ends_piece = strstr(spellings[h], "base64")
                                      ? left <= 1 || left == GUARD_PIECE - 1
                                      : left == 0;
                snprintf(part, sizeof part, "%.*s", (int)(known + 1 - start), long_value + start);
                spell(spellings[h], part, (unsigned)start % 3, text);
                bool found = guard_find(g, span_of(text), 0, &right);
                part[known - start] ^= 1;
                spell(spellings[h], part, (unsigned)start % 3, text);
                bool without = guard_find(g, span_of(text), 0, &wrong);
                if (found && !without && !ends_piece)
                    fail_msg("%s from %zu tells byte %zu", spellings[h], start, known);
            }
    guard_free(g);
}

static void lines_are_found_and_short_ones_are_not(void **state)
{
    (void)state;
    assert_true(finds(lines, "x MIIEvQIBADANBgkqhk y"));
    assert_true(finds(lines, "-----END-------x"));
    assert_false(finds(lines, "short"));
    assert_false(finds(lines, "-----BEGIN-----"));
}

static void ordinary_text_is_clean(void **state)
{
    (void)state;
    assert_false(finds("1234567", "1234567"));
    assert_false(finds("", "anything at all"));
    assert_false(finds("     \n    ", "     \n     \n"));
    assert_false(finds("password1", "passwor d1 drowssap 1drowss"));
    assert_false(finds(token, "sk_live_51H8fGz+Qx/7"));
}

static void white_space_around_the_value_does_not_matter(void **state)
{
    (void)state;
    assert_true(finds("  correct horse\n", "<correct horse>"));
}

static void redacts_each_match_whole(void **state)
{
    (void)state;
    struct guard *g = guard_of("KEY", long_value);
    struct buf out = BUF_INIT(4096), text = BUF_INIT(4096);
    buf_addf(&text, "a %s b %s c", long_value, long_value);
    assert_int_equal(guard_redact(g, (struct span){text.data, text.size}, &out), 0);
    buf_terminate(&out);
    assert_string_equal(out.data, "a [secret KEY] b [secret KEY] c");
    buf_done(&out);
    buf_done(&text);
    guard_free(g);
}

static void json_is_searched_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *json, *path; /* NULL: clean */
    } table[] = {
        {"{\"a\":[1,{\"b/c\":\"x tab\\tandmore\"}]}", "/a/1/b~1c"},
        {"{\"a\":{\"tab\\u0009andmore\":1}}", "/a"},
        {"{\"tab\\tandmore\":1}", ""},
        {"[\"clean\",\"tab\\\\tandmore\"]", NULL},
        {"{\"tab\\tandmore!\":{\"x\":\"tab\\tandmore\"}}", ""},
    };
    struct guard *g = guard_of("T", "tab\tandmore");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char path[64] = "?";
        size_t secret;
        bool found = guard_check_json(g, span_of(table[i].json), &secret, path, sizeof path);
        assert_int_equal(found, table[i].path != NULL);
        if (found)
            assert_string_equal(path, table[i].path);
    }
    guard_free(g);
    g = guard_of("N", "1234567890123");
    char path[64];
    size_t secret;
    assert_true(guard_check_json(g, SPAN("{\"n\":[0,1234567890123]}"), &secret, path, sizeof path));
    assert_string_equal(path, "/n/1");
    guard_free(g);
}

static void half_a_surrogate_pair_hides_nothing_behind_it(void **state)
{
    (void)state;
    static const struct {
        const char *value, *json;
        bool found;
    } table[] = {
        {"A value to hide", "[\"\\ud800\\u0041 value to hide\"]", true},
        {"A value to hide", "[\"\\udbff\\u0041 value to hide\"]", true},
        {"A value to hide", "[\"\\ud800\\ud800\\u0041 value to hide\"]", true},
        {"A value to hide", "[\"\\udc00\\u0041 value to hide\"]", true},
        {"A value to hide", "[\"A value to hid\\u0065\\ud800\"]", true},
        {"a \xf0\x9f\x98\x80 to hide", "[\"a \\ud83d\\uDE00 to hide\"]", true},
        {"a \xf0\x9f\x98\x80 to hide", "[\"a \\ud83d\\uDE01 to hide\"]", false},
        {"a \xf0\x9f\x98\x80 to hide", "[\"a \\ud83d\\u0e00 to hide\"]", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct guard *g = guard_of("T", table[i].value);
        char path[64];
        size_t secret;
        if (guard_check_json(g, span_of(table[i].json), &secret, path, sizeof path) !=
            table[i].found)
            fail_msg("%s", table[i].json);
        guard_free(g);
    }
}

static void several_secrets_are_told_apart(void **state)
{
    (void)state;
    struct guard_secret s[] = {{SPAN("A"), SPAN("first-secret")},
                               {SPAN("B"), SPAN("other-secret")}};
    struct guard *g;
    struct guard_match m;
    assert_int_equal(guard_new(s, 2, &g), 0);
    assert_true(guard_find(g, SPAN("..other-secret.."), 0, &m));
    assert_int_equal(m.secret, 1);
    assert_int_equal(m.start, 2);
    assert_int_equal(m.size, 12);
    guard_free(g);
}

/* A value of one block over and over, and a text of nothing else: each position meets each block.
 */
static void alike_blocks_end_the_search_and_count_as_found(void **state)
{
    enum { VALUE = 65000, TEXT = 1000000, PERIOD = 25 };
    char *value = malloc(VALUE + 1), *text = malloc(TEXT + 1);
    unsigned random = 1;
    for (int i = 0; i < VALUE; i++) {
        random = random * 1103515245u + 12345u;
        value[i] = i % PERIOD < 8 ? 'a' : (char)('B' + random / 65536 % 24);
    }
    memset(text, 'a', TEXT);
    value[VALUE] = text[TEXT] = '\0';
    struct guard *g = guard_of("NAME", value);
    struct guard_match m;
    assert_false(guard_find(g, SPAN("aaaaaaaaaa"), 0, &m));
    assert_true(
        guard_find(g, span_of(text), 0, &m)); /* ends at all: the test's time is the check */
    assert_int_equal(m.start + m.size, TEXT);
    assert_true(m.start < 1000);
    assert_true(guard_find(g, SPAN("aaaaaaaaaa"), 0, &m));
    assert_false(guard_find(g, SPAN("nothing like it at all"), 0, &m));
    guard_free(g);
    free(value);
    free(text);
}

/* Who repeats a guess of the first characters of a block must not be told by the steps, which only
 * a right one uses up: in the spelling with the longest characters they are two bytes and a half.
 */
static void steps_tell_nothing_of_a_value_in_pieces(void **state)
{
    static const char value[] = "q7Rt-zK2Lm9xVw4Y_0pBs8Hd3Nf6Gj1C5aTeUyXiQo";
    enum { TEXT = 1 << 20, KEY = 8 };
    char *text = malloc(TEXT + 1), part[64], spelled[256];
    for (size_t size = 8; size < sizeof value; size += sizeof value - 1 - 8)
        for (size_t h = 0; h < SPELLINGS; h++) {
            snprintf(part, sizeof part, "%.*s", (int)size, value);
            spell(spellings[h], part, 0, spelled);
            if (size == 8 && strlen(spelled) <= 2 * KEY)
                continue; /* what is repeated is all of it */
            for (size_t i = 0; i < TEXT; i++)
                text[i] = spelled[i % KEY];
            struct guard *g = guard_in_pieces(part);
            struct guard_match m;
            if (guard_find(g, (struct span){text, TEXT}, 0, &m))
                fail_msg("%s of a value of %zu bytes", spellings[h], size);
            guard_free(g);
        }
    free(text);
}

int main(void)
{
    for (size_t i = 0; i < sizeof long_value - 1; i++)
        long_value[i] = "abcdefghijklmnopqrstuvwxyz+/ ?0123456789"[(i * i + i / 7) % 40];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_is_found),
        cmocka_unit_test(any_window_of_a_long_value_is_found),
        cmocka_unit_test(a_value_in_pieces_is_not_told_byte_by_byte),
        cmocka_unit_test(lines_are_found_and_short_ones_are_not),
        cmocka_unit_test(ordinary_text_is_clean),
        cmocka_unit_test(white_space_around_the_value_does_not_matter),
        cmocka_unit_test(redacts_each_match_whole),
        cmocka_unit_test(json_is_searched_decoded),
        cmocka_unit_test(half_a_surrogate_pair_hides_nothing_behind_it),
        cmocka_unit_test(several_secrets_are_told_apart),
        cmocka_unit_test(alike_blocks_end_the_search_and_count_as_found),
        cmocka_unit_test(steps_tell_nothing_of_a_value_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
