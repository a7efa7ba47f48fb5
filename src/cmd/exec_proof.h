/*
 * The part of `neocompute exec` that trusts nobody in between: keys from claims that were verified,
 * a request sealed to them, and the receipt of the answer.
 *
 * Life cycle: proof_fetch -> (proof_call) -> proof_check -> proof_done.
 */
#ifndef NEOCOMPUTE_CMD_EXEC_PROOF_H
#define NEOCOMPUTE_CMD_EXEC_PROOF_H

#include "cmd/client.h"
#include "cmd/exec_fields.h"
#include "cmd/script.h"
#include "cmd/trust.h"

#define PROOF_NONCE_TEXT 23 /* base64url of 16 bytes, with its NUL */

struct proof {
    struct trust trust;
    char nonce[PROOF_NONCE_TEXT]; /* random; for a request that was given none */
    struct buf text;              /* the bundle as it came */
    struct bundle bundle;
};

/*
 * Asks the service for its bundle, and verifies it under the options: ERR_PROTOCOL, with the name
 * of the refusal in detail->field, if they do not allow it; ERR_USAGE if they allow nothing at all.
 */
int proof_fetch(const struct client_options *client, const struct trust_options *options,
                struct proof *ret, struct error_detail *detail);
void proof_done(struct proof *proof);

/*
 * POST /execute, sealed to the key in the claims; appends the body that the plain call would have
 * answered to `ret`. ERR_PROTOCOL or the service's own error.
 */
int proof_call(struct proof *proof, const struct client_options *client, struct span body,
               struct buf *ret, struct error_detail *detail);

/* What was asked for. */
struct proof_asked {
    const struct script *script;
    const char *entry; /* NULL: main */
    const struct exec_fields *fields;
    bool sealed;
};

/*
 * Does the receipt in this answer say that this script ran on this input, with these fields, for
 * the request with our nonce, and do the answer's members agree with it? Shows on standard error
 * what does not, and first that it is a simulation, if it is one.
 */
int proof_check(struct proof *proof, const struct client_options *client, struct span answer,
                const struct proof_asked *asked, struct error_detail *detail);

#endif
