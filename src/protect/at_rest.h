/*
 * Sealing of what is kept: AES-256-GCM under a key derived from the master key, bound to the job
 * and the user it belongs to, so that no one's text can be put in the place of another's.
 *
 *     nonce (12) ‖ ciphertext ‖ tag (16)
 *
 * Nonces count up from a random number of 96 bits that is drawn when the sealer is made: two boots
 * under one master key meet with a chance of about 2^-96 a text.
 *
 * Life cycle: at_rest_new -> at_rest_seal, at_rest_open ... -> at_rest_free (wipes). One thread.
 */
#ifndef NEOCOMPUTE_PROTECT_AT_REST_H
#define NEOCOMPUTE_PROTECT_AT_REST_H

#include "base/buf.h"
#include "base/error.h"
#include "protect/protect.h"

#define AT_REST_NONCE_SIZE 12
#define AT_REST_FRAME      28 /* bytes that sealing adds: nonce and tag */

struct at_rest;

/* Whose text it is; authenticated with it. */
struct at_rest_owner {
    struct span job_id, user;
};

/* ERR_NO_MEMORY, ERR_INTERNAL. */
int at_rest_new(struct protect *protect, struct at_rest **ret);
void at_rest_free(struct at_rest *at_rest); /* NULL is fine */

/*
 * Seals in place: `size` bytes stand at `room` + AT_REST_NONCE_SIZE, and `room` has size +
 * AT_REST_FRAME bytes. ERR_INTERNAL: the text is then wiped.
 */
int at_rest_seal(struct at_rest *at_rest, const struct at_rest_owner *owner, char *room,
                 size_t size);

/* Appends what was sealed to `out`. ERR_INTERNAL if it does not open, ERR_NO_MEMORY. */
int at_rest_open(struct at_rest *at_rest, const struct at_rest_owner *owner, struct span sealed,
                 struct buf *out);

#endif
