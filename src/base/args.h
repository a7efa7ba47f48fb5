/*
 * Command lines from a table: --name VALUE or --name=VALUE, NEOCOMPUTE_NAME in the environment (the
 * command line wins), the text of --help, and what to say when something is wrong.
 */
#ifndef NEOCOMPUTE_BASE_ARGS_H
#define NEOCOMPUTE_BASE_ARGS_H

#include "base/buf.h"
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGS_NAME_BYTES 64

struct args_option;

/* Takes one value into `ctx`; ERR_USAGE with what would be right. `text` is "" for a flag. */
typedef int args_set_fn(void *ctx, const struct args_option *option, const char *text,
                        struct error_detail *detail);

struct args_option {
    const char *name;     /* "data-dir", without the dashes; as in NEOCOMPUTE_DATA_DIR */
    const char *value;    /* "DIR"; NULL for a flag */
    const char *text;     /* one line, for --help */
    const char *standard; /* default, for --help; NULL if there is none to speak of */
    args_set_fn *set;
    size_t offset;              /* of the field that args_set_* fill in ctx */
    const char *const *choices; /* NULL-terminated, for args_set_choice; else NULL */
    int tag;                    /* whatever `set` wants to know */
};

struct args_command {
    const char *name;      /* "run" */
    const char *arguments; /* "FILE"; "" if there are none */
    const char *text;      /* one sentence */
    const char *details;   /* more for --help, lines; NULL if there is no more */
    size_t arguments_least, arguments_most;
    const struct args_option *options;
    size_t option_count;
};

struct args_result {
    bool help;        /* --help or -h was there; nothing else was checked after it */
    char **arguments; /* what is no option, in order; borrowed from argv, which is permuted */
    size_t argument_count;
};

/*
 * Parses argv[0..argc), which starts after the name of the command. ERR_USAGE with the option in
 * detail->field; `ctx` may then be half filled.
 */
int args_parse(const struct args_command *command, void *ctx, int argc, char **argv,
               struct args_result *ret, struct error_detail *detail);

void args_help(const struct args_command *command, struct buf *buf);

/* The name of the option in the environment: "data-dir" -> "NEOCOMPUTE_DATA_DIR". */
void args_environment_name(char name[static ARGS_NAME_BYTES], const char *option);

/* The candidate most like `word`, else the first that begins with it, or NULL if there is none:
 * "did you mean". Names borrowed. */
const char *args_nearest(const char *word, const char *(*candidate)(const void *ctx, size_t index),
                         const void *ctx);

/* Setters of a field at `offset`. */
args_set_fn args_set_flag;   /* bool; in the environment 1, true, 0 or false */
args_set_fn args_set_text;   /* const char *, borrowed from argv or the environment */
args_set_fn args_set_choice; /* int: the index in `choices` */
args_set_fn args_set_ms;     /* uint64_t: a Go duration or seconds, in ms */

#endif
