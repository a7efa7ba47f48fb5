/*
 * The other end of recipient.h: the key pair of whoever asks for `encrypt_to`, and opening what was
 * sealed to it. The private key is a JWK (RFC 8037) with "d"; the service never sees one.
 *
 * Life cycle: recipient_key_new or recipient_key_read -> recipient_key_open ->
 * recipient_key_done (wipes).
 */
#ifndef NEOCOMPUTE_PROTECT_RECIPIENT_KEY_H
#define NEOCOMPUTE_PROTECT_RECIPIENT_KEY_H

#include "base/buf.h"
#include "base/error.h"
#include <openssl/evp.h>
#include <stdbool.h>

struct recipient_key {
    EVP_PKEY *pkey; /* owned */
};

int recipient_key_new(struct recipient_key *ret); /* random. ERR_INTERNAL */

/* Reads a private JWK. ERR_INVALID_FIELD, and what is wrong, in `detail`. */
int recipient_key_read(struct span json, struct recipient_key *ret, struct error_detail *detail);
void recipient_key_done(struct recipient_key *key);

/* Appends the JWK, with its private part if `with_private`. ERR_NO_MEMORY, ERR_INTERNAL. */
int recipient_key_write(const struct recipient_key *key, bool with_private, struct buf *out);

/*
 * Opens an answer's `encrypted_output` (its text: base64) for the job of this id, and appends the
 * JSON object in it. ERR_INVALID_FIELD, with one message for every reason.
 */
int recipient_key_open(const struct recipient_key *key, struct span job_id, struct span text,
                       struct buf *out, struct error_detail *detail);

#endif
