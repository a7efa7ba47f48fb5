#include "base/args.h"
#include "unit.h"

struct values {
    bool loud;
    const char *name;
    int color;
    uint64_t wait_ms;
};

static const char *const colors[] = {"red", "green", "blue", NULL};
static const struct args_option options[] = {
    {"loud", NULL, "makes noise", .set = args_set_flag, .offset = offsetof(struct values, loud)},
    {"full-name", "NAME", "who it is", .standard = "nobody", .set = args_set_text,
     .offset = offsetof(struct values, name)},
    {"color", "COLOR", "red, green or blue", .set = args_set_choice,
     .offset = offsetof(struct values, color), .choices = colors},
    {"wait", "TIME", "how long", .set = args_set_ms, .offset = offsetof(struct values, wait_ms)},
};
static const struct args_command command = {
    .name = "paint",
    .arguments = "WALL",
    .text = "Paints a wall.",
    .arguments_least = 1,
    .arguments_most = 2,
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
};

static struct values values;
static struct args_result result;
static struct error_detail detail;

static int clean(void **state)
{
    unsetenv("NEOCOMPUTE_LOUD");
    unsetenv("NEOCOMPUTE_FULL_NAME");
    unsetenv("NEOCOMPUTE_COLOR");
    values = (struct values){0};
    return 0;
}

static int parse(const char *line)
{
    static char copy[512];
    static char *argv[32];
    int argc = 0;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        if (*word)
            argv[argc++] = word;
    detail = (struct error_detail){0};
    return args_parse(&command, &values, argc, argv, &result, &detail);
}

static void values_in_both_forms_around_arguments(void **state)
{
    assert_int_equal(parse("one --loud --full-name Ada two --color=blue --wait 1.5s"), 0);
    assert_true(values.loud);
    assert_string_equal(values.name, "Ada");
    assert_int_equal(values.color, 2);
    assert_int_equal(values.wait_ms, 1500);
    assert_int_equal(result.argument_count, 2);
    assert_string_equal(result.arguments[0], "one");
    assert_string_equal(result.arguments[1], "two");
    assert_false(result.help);
}

static void two_dashes_end_the_options(void **state)
{
    assert_int_equal(parse("- -- --loud"), 0);
    assert_false(values.loud);
    assert_string_equal(result.arguments[0], "-");
    assert_string_equal(result.arguments[1], "--loud");
}

static void the_environment_counts_less_than_the_command_line(void **state)
{
    setenv("NEOCOMPUTE_FULL_NAME", "Eve", 1);
    setenv("NEOCOMPUTE_COLOR", "green", 1);
    setenv("NEOCOMPUTE_LOUD", "true", 1);
    assert_int_equal(parse("one --color red"), 0);
    assert_string_equal(values.name, "Eve");
    assert_int_equal(values.color, 0);
    assert_true(values.loud);
    setenv("NEOCOMPUTE_LOUD", "0", 1);
    assert_int_equal(parse("one"), 0);
    assert_false(values.loud);
}

static void what_is_wrong_is_told(void **state)
{
    static const struct {
        const char *line, *field, *message;
    } cases[] = {
        {"one --colour red", "", "there is no option --colour; did you mean --color?"},
        {"one --hlep", "", "there is no option --hlep; did you mean --help?"},
        {"one --zzzzzzzz", "", "there is no option --zzzzzzzz"},
        {"one -x", "", "there is no option -x"},
        {"one --color pink", "--color", "\"pink\" is not red, green or blue"},
        {"one --color", "--color", "needs a value: COLOR"},
        {"one --loud=yes", "--loud=yes", "takes no value"},
        {"one --wait soon", "--wait", "\"soon\" is not a time such as 30s, 1.5s or 24h"},
        {"", "", "WALL is missing"},
        {"one two three", "", "\"three\" is one argument too many"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(cases[i].line), ERR_USAGE);
        assert_string_equal(detail.field, cases[i].field);
        assert_string_equal(detail.message, cases[i].message);
    }
    setenv("NEOCOMPUTE_COLOR", "pink", 1);
    assert_int_equal(parse("one"), ERR_USAGE);
    assert_string_equal(detail.field, "NEOCOMPUTE_COLOR");
    unsetenv("NEOCOMPUTE_COLOR");
    setenv("NEOCOMPUTE_LOUD", "maybe", 1);
    assert_int_equal(parse("one"), ERR_USAGE);
    assert_string_equal(detail.field, "NEOCOMPUTE_LOUD");
}

static void help_wins_over_what_is_wrong(void **state)
{
    assert_int_equal(parse("--nonsense --help"), 0);
    assert_true(result.help);
    assert_int_equal(parse("-h"), 0);
    assert_true(result.help);
    assert_int_equal(parse("-- --help"), 0);
    assert_false(result.help);
}

static void help_text(void **state)
{
    struct buf buf = BUF_INIT(4096);

    args_help(&command, &buf);
    assert_bytes(buf, "Usage: neocompute paint [OPTION...] WALL\n"
                      "\n"
                      "Paints a wall.\n"
                      "\n"
                      "Options (each also as NEOCOMPUTE_NAME in the environment):\n"
                      "  --loud            makes noise\n"
                      "  --full-name NAME  who it is (default: nobody)\n"
                      "  --color COLOR     red, green or blue\n"
                      "  --wait TIME       how long\n"
                      "  --help            this text\n");
    buf_done(&buf);
}

static void long_help_is_wrapped(void **state)
{
    struct buf buf = BUF_INIT(4096);
    const struct args_option large = {
        "large", "N",
        "words and words and words and words and words and words and words and words and words",
        .standard = "a value"};
    const struct args_command wide = {
        .name = "wide", .arguments = "", .text = "Wide.", .options = &large, .option_count = 1};

    args_help(&wide, &buf);
    assert_int_equal(buf_terminate(&buf), 0);
    assert_non_null(strstr(buf.data, " and words and words\n             (default: a value)\n"));
    for (const char *line = buf.data; line; line = strchr(line + 1, '\n'))
        assert_true(strcspn(line + 1, "\n") <= 100);
    buf_done(&buf);
}

static const char *word_at(const void *ctx, size_t index)
{
    return ((const char *const *)ctx)[index];
}

static void nearest_words(void **state)
{
    const char *const words[] = {"serve", "run", "exec", "jobs", "completion", NULL};

    assert_string_equal(args_nearest("serv", word_at, words), "serve");
    assert_string_equal(args_nearest("rnu", word_at, words), "run");
    assert_string_equal(args_nearest("job", word_at, words), "jobs");
    assert_string_equal(args_nearest("comple", word_at, words), "completion");
    assert_null(args_nearest("something", word_at, words));
    char large[300];
    memset(large, 'r', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_null(args_nearest(large, word_at, words));
}

static void names_in_the_environment(void **state)
{
    char name[ARGS_NAME_BYTES];

    args_environment_name(name, "data-dir");
    assert_string_equal(name, "NEOCOMPUTE_DATA_DIR");
}

int main(void)
{
#define CLEAN(test) cmocka_unit_test_setup_teardown(test, clean, clean)
    const struct CMUnitTest tests[] = {
        CLEAN(values_in_both_forms_around_arguments),
        CLEAN(two_dashes_end_the_options),
        CLEAN(the_environment_counts_less_than_the_command_line),
        CLEAN(what_is_wrong_is_told),
        CLEAN(help_wins_over_what_is_wrong),
        CLEAN(help_text),
        CLEAN(long_help_is_wrapped),
        CLEAN(nearest_words),
        CLEAN(names_in_the_environment),
    };
    return RUN_TESTS(tests);
}
