/*
 * The secrets of `neocompute run`: --secret-file NAME=PATH, as often as wanted. They are kept in
 * locked memory and guarded as those of a service are; --allow-secret-output is for the output what
 * the owner's rule and the request's field are there.
 *
 * Life cycle: run_secrets_add_options and the parser -> run_secrets_read (not before the zygote is
 * started: nothing secret may be in memory then) -> run_secrets_put -> run_secrets_done.
 */
#ifndef NEOCOMPUTE_CMD_RUN_SECRETS_H
#define NEOCOMPUTE_CMD_RUN_SECRETS_H

#include "cmd/options.h"
#include "cmd/secret_value.h"
#include "exec/exec.h"

struct run_secrets {
    const char *given[SECRET_REFS_MOST]; /* NAME=PATH, borrowed */
    struct secret_value_text values[SECRET_REFS_MOST];
    struct exec_secret secrets[SECRET_REFS_MOST];
    size_t count, read;
    bool allow_output;
    bool guard_in_pieces; /* as of secrets that are pinned; set before they are read */
    struct guard *guard;
};

void run_secrets_add_options(struct option_list *list, size_t offset);

/* ERR_USAGE for a file that cannot be read or is no secret's value; ERR_NO_MEMORY. */
int run_secrets_read(struct run_secrets *secrets, struct error_detail *detail);

/* Gives them and their guard to the request, which borrows them. */
void run_secrets_put(const struct run_secrets *secrets, struct exec_request *request);
void run_secrets_done(struct run_secrets *secrets);

#endif
