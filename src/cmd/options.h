/*
 * The options of one command: filled by the command, read by the parser, --help and completion.
 */
#ifndef NEOCOMPUTE_CMD_OPTIONS_H
#define NEOCOMPUTE_CMD_OPTIONS_H

#include "base/args.h"
#include "base/limits.h"

#define OPTIONS_MAX 64

struct option_list {
    struct args_option options[OPTIONS_MAX];
    size_t count;
    char limit_names[LIMIT_COUNT][ARGS_NAME_BYTES];
    char limit_values[LIMIT_COUNT][LIMIT_TEXT_SIZE];
};

void option_add(struct option_list *list, struct args_option option);

/*
 * The option of a limit, named as it is with dashes, that fills the struct limits at `offset` of
 * the command's ctx.
 */
void option_add_limit(struct option_list *list, enum limit limit, size_t offset);

/* "process" or "thread", into an int that holds enum exec_isolation, at `offset`. */
void option_add_isolation(struct option_list *list, size_t offset);

/* What every command that talks to a server takes, into the struct client_options at `offset`. */
struct client_options {
    const char *server, *user;
};
void option_add_client(struct option_list *list, size_t offset);

#endif
