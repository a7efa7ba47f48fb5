/*
 * What `neocompute exec` asks for beside script, input and limits: an option for each of the other
 * fields of POST /execute, its place in the request, and whether the receipt says the same.
 *
 * Life cycle: exec_fields_add_options and the parser -> exec_fields_read -> exec_fields_write,
 * exec_fields_check -> exec_fields_done.
 */
#ifndef NEOCOMPUTE_CMD_EXEC_FIELDS_H
#define NEOCOMPUTE_CMD_EXEC_FIELDS_H

#include "cmd/options.h"
#include "protect/jws.h"
#include "protect/verify.h"

struct exec_fields {
    const char *secrets[SECRET_REFS_MOST]; /* names, each once */
    size_t secret_count;
    bool allow_secret_output;
    const char *app_id, *script_name, *nonce, *encrypt_to; /* as given; NULL: not given */
    struct buf recipient;          /* encrypt_to as JSON; empty if it was not given */
    char thumbprint[JWS_KID_SIZE]; /* of that key */
};

void exec_fields_add_options(struct option_list *list, size_t offset);

/* Reads the key of --encrypt-to, if there is one. ERR_USAGE, and why. */
int exec_fields_read(struct exec_fields *fields, struct error_detail *detail);
void exec_fields_done(struct exec_fields *fields);

/*
 * Appends them as members of an object that has one already. `nonce` stands in for one that was not
 * given; NULL: then there is none. Look at buf_failed afterwards.
 */
void exec_fields_write(const struct exec_fields *fields, const char *nonce, struct buf *body);

/*
 * Adds a check for each to a receipt that verify_run found good: was the job given just these
 * secrets and labels, and is its output encrypted to this key, or to none? The nonce is
 * verify_run's.
 */
void exec_fields_check(const struct exec_fields *fields, struct verify *verify);

#endif
