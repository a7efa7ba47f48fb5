/* What the prelude gives a script: the console as in console_cases.txt, the rest as it says itself.
 */
#include "fixture.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions" /* #embed */
static const char checks[] = {
#embed "prelude_checks.js"
    , '\0'};
static const char tampering[] = {
#embed "tampering.js"
    , '\0'};
static const char console_cases[] = {
#embed "console_cases.txt"
    , '\0'};
#pragma clang diagnostic pop

static void everything_is_as_it_should_be(void **state)
{
    struct fixture *f = *state;
    static const char *const entries[] = {"globals",   "cryptoCases", "encoder", "decoder",
                                          "atobCases", "clone",       "timers",  "language"};
    int failed = 0;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        int code = run_entry(f, checks, entries[i], "{}");
        f->output[f->result.output_size] = '\0';
        if (code != 0 || strcmp(f->output, "{\"result\":[]}") != 0) {
            print_error("%s: %s %s\n", entries[i], code != 0 ? error_name(code) : f->output,
                        code != 0 ? f->error : "");
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* The next line of *text, without its end; false at the end. */
static bool next_line(const char **text, struct span *ret)
{
    const char *end = strchr(*text, '\n');
    if (end == NULL) {
        return false;
    }
    *ret = (struct span){*text, (size_t)(end - *text)};
    *text = end + 1;
    return true;
}

static void check_console(struct fixture *f, struct span arguments, const char *expected,
                          int *wrong)
{
    char script[2000];
    int n = snprintf(script, sizeof(script), "function main() { console.log(%.*s) }",
                     (int)arguments.size, arguments.data);
    assert_true(n > 0 && (size_t)n < sizeof(script));
    int code = run(f, script);
    struct span entry = code == 0 && f->result.log_count == 1 ? log_entry(f, 0) : (struct span){0};
    if (entry.size != strlen(expected) || memcmp(entry.data, expected, entry.size) != 0) {
        print_error("%.*s\n  expected: %s\n  got: %.*s %s\n", (int)arguments.size, arguments.data,
                    expected, (int)entry.size, entry.data, code != 0 ? f->error : "");
        ++*wrong;
    }
}

static void renders_as_people_expect(void **state)
{
    struct fixture *f = *state;
    static char expected[20000];
    struct span arguments = {0}, line;
    size_t size = 0;
    int wrong = 0, count = 0;
    const char *text = console_cases;
    for (bool more = true; more;) {
        more = next_line(&text, &line);
        if (more && line.size >= 2 && memcmp(line.data, "> ", 2) == 0) {
            assert_true(size + line.size < sizeof(expected));
            size += (size_t)snprintf(expected + size, sizeof(expected) - size, "%s%.*s",
                                     size > 0 ? "\n" : "", (int)line.size - 2, line.data + 2);
            continue;
        }
        if (arguments.size > 0) {
            check_console(f, arguments, expected, &wrong);
            count++;
        }
        size = 0;
        expected[0] = '\0';
        arguments = more && line.data[0] != '#' ? line : (struct span){0};
    }
    assert_true(count > 130);
    assert_int_equal(wrong, 0);
}

static void entries_and_their_number_are_bounded(void **state)
{
    struct fixture *f = *state;
    assert_code(f, "for (let i = 0; i < 250; i++) console.info('n' + i); main = () => 1", 0);
    assert_int_equal(f->result.log_count, 101);
    assert_bytes(log_entry(f, 99), "n99");
    assert_bytes(log_entry(f, 100), "...(150 more entries dropped)");
    assert_code(f,
                "console.log('a'.repeat(4096)); console.log('b'.repeat(4097));"
                "console.log('\\u20ac'.repeat(2000)); console.log(); main = () => 1",
                0);
    assert_int_equal(f->result.log_count, 4);
    assert_int_equal(log_entry(f, 0).size, 4096);
    struct span cut = log_entry(f, 1);
    assert_int_equal(cut.size, 4096);
    assert_memory_equal(cut.data + 4096 - 14, "...(truncated)", 14);
    assert_int_equal(cut.data[4096 - 15], 'b');
    cut = log_entry(f, 2);
    assert_int_equal(cut.size, (4096 - 14) / 3 * 3 + 14); /* whole characters only */
    assert_int_equal(log_entry(f, 3).size, 0);
    f->job.log_entries = 0;
    assert_code(f, "console.log(1); main = () => 1", 0);
    assert_int_equal(f->result.log_count, 1);
    assert_bytes(log_entry(f, 0), "...(1 more entries dropped)");
    f->job.log_entries = 100;
    assert_code(f, "console.log(1); console.error(2); console.warn(3); console.debug(4); throw 5",
                ERR_SCRIPT_ERROR);
    assert_int_equal(f->result.log_count, 4); /* what was logged before a failure is kept */
    assert_code(f, "main = () => console.log('\\ud800|\\0|')", 0);
    assert_int_equal(log_entry(f, 0).size, 6);
    assert_memory_equal(log_entry(f, 0).data, "\xef\xbf\xbd|\0|", 6);
}

/* Rendering runs no getter and no trap, and takes nothing from what a script replaced. */
static void rendering_leans_on_nothing_of_the_scripts(void **state)
{
    struct fixture *f = *state;
    assert_code(f, tampering, 0);
    assert_memory_equal(f->output, "{\"result\":0}", 12);
    struct span entry = log_entry(f, 0);
    static const char expected[] =
        "{\n  p: { q: 1 },\n  g: [Getter],\n  m: Map(1) { 1 => [ 2 ] },\n"
        "  s: 'it',\n  n: -0,\n  r: /x/g,\n  d: 1970-01-01T00:00:00.000Z,\n"
        "  e: [ 1, <1 empty item>, 3 ],\n  f: [Function: f],\n"
        "  u: Uint8Array(2) [ 0, 0 ]\n} x";
    if (entry.size != strlen(expected) || memcmp(entry.data, expected, entry.size) != 0) {
        fail_msg("got %.*s", (int)entry.size, entry.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_TESTS(everything_is_as_it_should_be),
        GUARD_TEST(renders_as_people_expect),
        GUARD_TEST(entries_and_their_number_are_bounded),
        GUARD_TEST(rendering_leans_on_nothing_of_the_scripts),
    };
    return RUN_ENGINE_TESTS(tests);
}
