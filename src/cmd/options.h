/*
 * The options of one command: filled by the command, read by the parser, --help and completion.
 */
#ifndef NEOCOMPUTE_CMD_OPTIONS_H
#define NEOCOMPUTE_CMD_OPTIONS_H

#include "base/args.h"
#include "base/limits.h"
#include "exec/exec.h"

#define OPTIONS_MOST 64

struct option_list {
    struct args_option options[OPTIONS_MOST];
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

/* The choices of --isolation, into an int at `offset`; auto is the standard. */
enum isolation_choice { ISOLATION_AUTO, ISOLATION_PROCESS, ISOLATION_THREAD };
void option_add_isolation(struct option_list *list, size_t offset);

/* What a choice comes to here: auto means threads inside a Gramine enclave, processes elsewhere. */
enum exec_isolation option_isolation(int choice);

/* What every command that talks to a server takes, into the struct client_options at `offset`. */
struct client_options {
    const char *server, *user;
};
void option_add_client(struct option_list *list, size_t offset);

#endif
