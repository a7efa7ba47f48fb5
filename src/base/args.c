#include "base/args.h"

#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMNS 100
#define WORD_BYTES   64 /* longer words are like nothing */

#define BEGINNING_LEAST 3 /* characters of a name that stand for all of it */

void args_environment_name(char name[static ARGS_NAME_BYTES], const char *option)
{
    static const char prefix[] = "NEOCOMPUTE_";
    size_t size = sizeof(prefix) - 1;

    memcpy(name, prefix, size);
    for (; *option && size < ARGS_NAME_BYTES - 1; option++)
        name[size++] = *option == '-'                       ? '_'
                       : (*option >= 'a' && *option <= 'z') ? (char)(*option - 'a' + 'A')
                                                            : *option;
    name[size] = '\0';
}

/* Levenshtein distance, one row at a time. Both words are shorter than WORD_BYTES. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_BYTES], length = strlen(b);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t best = diagonal + (a[i] != b[j]);

            diagonal = row[j + 1];
            if (diagonal + 1 < best)
                best = diagonal + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[length];
}

const char *args_nearest(const char *word, const char *(*candidate)(const void *ctx, size_t index),
                         const void *ctx)
{
    size_t length = strlen(word), best = length / 3 + 1;
    const char *name, *nearest = NULL;

    if (length >= WORD_BYTES)
        return NULL;
    for (size_t i = 0; (name = candidate(ctx, i)); i++)
        if (strlen(name) < WORD_BYTES && distance(word, name) <= best &&
            (!nearest || distance(word, name) < best)) {
            nearest = name;
            best = distance(word, name);
        }
    /* "secret" is far from "secret-file", and yet it is how one begins to look for it. */
    for (size_t i = 0; !nearest && length >= BEGINNING_LEAST && (name = candidate(ctx, i)); i++)
        if (strncmp(word, name, length) == 0)
            nearest = name;
    return nearest;
}

static const char *option_name(const void *ctx, size_t index)
{
    const struct args_command *command = ctx;

    if (index < command->option_count)
        return command->options[index].name;
    return index == command->option_count ? "help" : NULL;
}

static const struct args_option *find_option(const struct args_command *command, struct span name)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (span_equal(span_of(command->options[i].name), name))
            return &command->options[i];
    return NULL;
}

/* Where the wrong value stood, in the words of whoever wrote it. */
static void name_place(struct error_detail *detail, const char *dashes, const char *name)
{
    if (detail)
        snprintf(detail->field, sizeof(detail->field), "%s%s", dashes, name);
}

static int set_from_environment(const struct args_command *command, void *ctx,
                                struct error_detail *detail)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct args_option *option = &command->options[i];
        char name[ARGS_NAME_BYTES];
        const char *text;
        int r;

        args_environment_name(name, option->name);
        text = getenv(name);
        if (!text)
            continue;
        r = option->set(ctx, option, text, detail);
        if (r < 0) {
            name_place(detail, "", name);
            return r;
        }
    }
    return 0;
}

static int unknown_option(const struct args_command *command, struct span name,
                          struct error_detail *detail)
{
    char word[WORD_BYTES] = "";
    const char *nearest = NULL;

    if (name.size < sizeof(word)) {
        memcpy(word, name.data, name.size);
        nearest = args_nearest(word, option_name, command);
    }
    return error_set(detail, ERR_USAGE, "", "there is no option --%.*s%s%s%s",
                     name.size > 80 ? 80 : (int)name.size, name.data,
                     nearest ? "; did you mean --" : "", nearest ? nearest : "",
                     nearest ? "?" : "");
}

/* One option at argv[0], with its value perhaps at argv[1]. Returns how many were used. */
static int take_option(const struct args_command *command, void *ctx, int argc, char **argv,
                       struct error_detail *detail)
{
    const char *text = argv[0] + 2, *equals = strchr(text, '=');
    struct span name = {text, equals ? (size_t)(equals - text) : strlen(text)};
    const struct args_option *option = find_option(command, name);
    const char *value = equals ? equals + 1 : "";
    int used = 1, r;

    if (!option)
        return unknown_option(command, name, detail);
    if (!option->value && equals)
        return error_set(detail, ERR_USAGE, argv[0], "takes no value");
    if (option->value && !equals) {
        if (argc < 2)
            return error_set(detail, ERR_USAGE, argv[0], "needs a value: %s", option->value);
        value = argv[1];
        used = 2;
    }
    r = option->set(ctx, option, value, detail);
    if (r < 0)
        name_place(detail, "--", option->name);
    return r < 0 ? r : used;
}

static int check_argument_count(const struct args_command *command, size_t count, char **arguments,
                                struct error_detail *detail)
{
    if (count < command->arguments_least)
        return error_set(detail, ERR_USAGE, "", "%s is missing", command->arguments);
    if (count > command->arguments_most)
        return error_set(detail, ERR_USAGE, "", "\"%.80s\" is one argument too many",
                         arguments[command->arguments_most]);
    return 0;
}

int args_parse(const struct args_command *command, void *ctx, int argc, char **argv,
               struct args_result *ret, struct error_detail *detail)
{
    struct args_result result = {.arguments = argv};
    bool options_end = false;
    int r;

    /* --help wins over whatever is wrong with the rest. */
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            *ret = (struct args_result){.help = true};
            return 0;
        }
    r = set_from_environment(command, ctx, detail);
    if (r < 0)
        return r;
    for (int i = 0; i < argc; i += r) {
        r = 1;
        if (options_end || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[result.argument_count++] = argv[i]; /* "-" alone is an argument: standard input */
        } else if (strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (argv[i][1] != '-') {
            return error_set(detail, ERR_USAGE, "", "there is no option %.80s", argv[i]);
        } else {
            r = take_option(command, ctx, argc - i, argv + i, detail);
            if (r < 0)
                return r;
        }
    }
    r = check_argument_count(command, result.argument_count, argv, detail);
    if (r < 0)
        return r;
    *ret = result;
    return 0;
}

static size_t option_width(const struct args_option *option)
{
    return strlen(option->name) + (option->value ? 1 + strlen(option->value) : 0);
}

/* Adds words with a break before the one that would pass column HELP_COLUMNS. */
static void add_wrapped(struct buf *buf, const char *text, size_t indent)
{
    size_t column = indent;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (column > indent && column + 1 + word > HELP_COLUMNS) {
            buf_addf(buf, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            buf_add_char(buf, ' ');
            column++;
        }
        buf_add(buf, text, word);
        column += word;
        text += word + strspn(text + word, " ");
    }
    buf_add_char(buf, '\n');
}

static void add_option_help(struct buf *buf, const struct args_option *option, size_t width)
{
    char text[512];

    buf_addf(buf, "  --%s%s%-*s  ", option->name, option->value ? " " : "",
             (int)(width - strlen(option->name) - (option->value ? 1 : 0)),
             option->value ? option->value : "");
    if (option->standard)
        snprintf(text, sizeof(text), "%s (default: %s)", option->text, option->standard);
    else
        snprintf(text, sizeof(text), "%s", option->text);
    add_wrapped(buf, text, width + 6); /* two spaces, two dashes, two spaces */
}

void args_help(const struct args_command *command, struct buf *buf)
{
    static const struct args_option help = {"help", .text = "this text"};
    size_t width = strlen(help.name);

    buf_addf(buf, "Usage: neocompute %s%s%s%s\n\n%s\n", command->name,
             command->option_count ? " [OPTION...]" : "", *command->arguments ? " " : "",
             command->arguments, command->text);
    if (command->details)
        buf_addf(buf, "\n%s", command->details);
    for (size_t i = 0; i < command->option_count; i++)
        if (option_width(&command->options[i]) > width)
            width = option_width(&command->options[i]);
    buf_add_str(buf, "\nOptions (each also as NEOCOMPUTE_NAME in the environment):\n");
    for (size_t i = 0; i < command->option_count; i++)
        add_option_help(buf, &command->options[i], width);
    add_option_help(buf, &help, width);
}

static void *field(void *ctx, const struct args_option *option)
{
    return (char *)ctx + option->offset;
}

int args_set_flag(void *ctx, const struct args_option *option, const char *text,
                  struct error_detail *detail)
{
    static const char *const yes[] = {"", "1", "true"}, *const no[] = {"0", "false"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (strcmp(text, yes[i]) == 0) {
            *(bool *)field(ctx, option) = true;
            return 0;
        }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (strcmp(text, no[i]) == 0) {
            *(bool *)field(ctx, option) = false;
            return 0;
        }
    return error_set(detail, ERR_USAGE, option->name, "\"%.60s\" is not 1, true, 0 or false", text);
}

int args_set_text(void *ctx, const struct args_option *option, const char *text,
                  struct error_detail *detail)
{
    *(const char **)field(ctx, option) = text;
    return 0;
}

int args_set_choice(void *ctx, const struct args_option *option, const char *text,
                    struct error_detail *detail)
{
    struct buf list = BUF_INIT(sizeof(detail->message));
    int r;

    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *(int *)field(ctx, option) = i;
            buf_done(&list);
            return 0;
        }
        buf_addf(&list, "%s%s",
                 i == 0                   ? ""
                 : option->choices[i + 1] ? ", "
                                          : " or ",
                 option->choices[i]);
    }
    r = error_set(detail, ERR_USAGE, option->name, "\"%.60s\" is not %.*s", text, (int)list.size,
                  list.data ? list.data : "");
    buf_done(&list);
    return r;
}

int args_set_ms(void *ctx, const struct args_option *option, const char *text,
                struct error_detail *detail)
{
    uint64_t ns;

    if (clock_parse_duration(text, &ns) < 0)
        return error_set(detail, ERR_USAGE, option->name,
                         "\"%.60s\" is not a time such as 30s, 1.5s or 24h", text);
    *(uint64_t *)field(ctx, option) = ns / NS_PER_MS;
    return 0;
}
