/*
 * Who alone may read a result: the X25519 key of `encrypt_to`, and the one HPKE message (RFC 9180,
 * base mode) that is sealed to it.
 *
 * Life cycle: recipient_read -> recipient_seal, once -> recipient_done (wipes).
 */
#ifndef NEOCOMPUTE_PROTECT_RECIPIENT_H
#define NEOCOMPUTE_PROTECT_RECIPIENT_H

#include "base/buf.h"
#include "base/error.h"
#include "protect/hpke.h"
#include "protect/jws.h"

#define RECIPIENT_INFO     SPAN("neocompute encrypted output")
#define RECIPIENT_ENC_SIZE 32
#define RECIPIENT_FRAME    (RECIPIENT_ENC_SIZE + HPKE_TAG_SIZE) /* bytes that sealing adds */

struct recipient {
    char thumbprint[JWS_KID_SIZE]; /* of the key, RFC 7638 */
    uint8_t enc[RECIPIENT_ENC_SIZE];
    struct hpke_context context;
};

/*
 * The key as well-formed JSON: a string of 43 characters of base64url, or a JWK (RFC 8037) with
 * "kty":"OKP", "crv":"X25519" and "x". ERR_INVALID_FIELD with what is wrong: a private key, a
 * member twice, a point of low order. ERR_INTERNAL.
 */
int recipient_read(struct span json, struct recipient *ret, struct error_detail *detail);

/* Appends enc ‖ ciphertext and tag; additional data is the job id. ERR_NO_MEMORY, ERR_INTERNAL. */
int recipient_seal(struct recipient *recipient, struct span job_id, struct span text,
                   struct buf *out);

/* What became of a job. `output` is JSON and empty if it failed, `logs` is a JSON array. */
struct recipient_result {
    struct span error, logs, output;
    const uint8_t *salt; /* RECEIPT_SALT_SIZE bytes */
};

/* Seals it as JSON: {"error"?,"logs","output"?,"receipt_salt"}. As recipient_seal. */
int recipient_seal_result(struct recipient *recipient, struct span job_id,
                          const struct recipient_result *result, struct buf *out);

void recipient_done(struct recipient *recipient);

#endif
