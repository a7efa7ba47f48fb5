/*
 * Sealed calls: a request that only the service can read, and answers that only its caller can. The
 * framing is in the style of RFC 9458 around HPKE (RFC 9180, base mode); docs/protocol.md, "Sealed
 * calls", has it byte by byte.
 *
 *     request   key id (16) ‖ KEM, KDF, AEAD (u16 each) ‖ enc ‖ sequence (u32) ‖ ciphertext and tag
 *     response  job id (36) ‖ sequence (u32) ‖ nonce (32) ‖ ciphertext and tag
 *
 * One encapsulation serves many requests, numbered by their sender. What stands before the number
 * is all that the HPKE context follows from, together with the private key; so the context can be
 * kept, or derived again, and each request opens by itself, in any order. The secret that answers
 * are sealed with is exported for the digest of the request: of two requests under one context,
 * neither's answer opens as the other's, not even if a careless sender gave both one number.
 *
 * Life cycle, in the service: envelope_parse -> envelope_derive -> envelope_open, any number of
 * times -> envelope_answer -> envelope_done; at the caller: envelope_key_read ->
 * envelope_sender_init -> envelope_seal, any number of times -> envelope_sender_done;
 * envelope_read -> envelope_done.
 */
#ifndef NEOCOMPUTE_PROTECT_ENVELOPE_H
#define NEOCOMPUTE_PROTECT_ENVELOPE_H

#include "base/buf.h"
#include "base/error.h"
#include "protect/hpke.h"
#include <stdint.h>

#define ENVELOPE_REQUEST_TYPE  "application/vnd.neocompute.sealed-request"
#define ENVELOPE_RESPONSE_TYPE "application/vnd.neocompute.sealed-response"

#define ENVELOPE_KEY_ID_SIZE    16
#define ENVELOPE_HEADER_SIZE    22 /* key id and the three algorithms */
#define ENVELOPE_ORIGIN_MOST    (ENVELOPE_HEADER_SIZE + HPKE_PUBLIC_MOST)
#define ENVELOPE_SEQUENCE_SIZE  4
#define ENVELOPE_DIGEST_SIZE    32 /* SHA-256 */
#define ENVELOPE_JOB_ID_SIZE    36 /* a UUID's text */
#define ENVELOPE_NONCE_SIZE     32
#define ENVELOPE_RESPONSE_HEAD  (ENVELOPE_JOB_ID_SIZE + 4 + ENVELOPE_NONCE_SIZE)
#define ENVELOPE_RESPONSE_FRAME (ENVELOPE_RESPONSE_HEAD + HPKE_TAG_SIZE)

/* Where an answer is of no job. */
#define ENVELOPE_NO_JOB "00000000-0000-0000-0000-000000000000"

/* A request taken apart; borrowed from its bytes. */
struct envelope {
    struct span whole;
    struct span origin; /* header and enc: whose context it is. The key id comes first */
    uint16_t kem;
    struct span enc;
    uint32_t sequence;
    struct span sealed;
};

/*
 * What seals the answers to one request, the same at both ends. It opens them too: keep it in
 * memory that is wiped.
 */
struct envelope_reply {
    uint8_t request[ENVELOPE_DIGEST_SIZE]; /* SHA-256 of it: which request that is */
    uint8_t secret[HPKE_HASH_SIZE];
    uint8_t enc[HPKE_PUBLIC_MOST];
    uint8_t enc_size;
};

/* A public key to seal to. */
struct envelope_key {
    uint8_t id[ENVELOPE_KEY_ID_SIZE];
    uint16_t kem;
    uint8_t public_key[HPKE_PUBLIC_MOST];
};

/* The first ENVELOPE_KEY_ID_SIZE bytes of SHA-256 of a key configuration. */
void envelope_key_id(struct span configuration, uint8_t ret[ENVELOPE_KEY_ID_SIZE]);

/* --- the service --- */

/* ERR_SEALED_MALFORMED: too short for a tag, or a suite that is not spoken here. */
int envelope_parse(struct span request, struct envelope *ret, struct error_detail *detail);

/*
 * The context of all requests with this origin; `kem` is that of `key`. It takes what a small job
 * takes, most of it the Diffie-Hellman result. hpke_context_done it, and keep it in memory that is
 * wiped. ERR_SEALED_UNOPENED as below, ERR_NO_MEMORY.
 */
int envelope_derive(const struct envelope *envelope, uint16_t kem, EVP_PKEY *key,
                    struct hpke_context *ret, struct error_detail *detail);

/*
 * Appends the plaintext to `out` (reserved at once: nothing moves, so the caller can wipe it).
 * `context` is that of its origin; `route` is the method and path as sent, "POST /execute".
 * ERR_SEALED_UNOPENED, with one text for every reason; ERR_NO_MEMORY.
 */
int envelope_open(const struct envelope *envelope, const struct hpke_context *context,
                  struct span route, struct buf *out, struct envelope_reply *ret,
                  struct error_detail *detail);

/*
 * A response that is written where it is sealed. The first appends its head, with a fresh nonce,
 * and makes room for `size` bytes of text; the caller appends the text; the second seals it.
 * `begun` is the size of `out` before all that: if anything was without memory, everything from
 * there on is wiped. A buffer that it once was in leaves no copy when it grows. ERR_NO_MEMORY,
 * ERR_INTERNAL.
 */
int envelope_answer_begin(const char *job_id, uint32_t sequence, size_t size, struct buf *out);
int envelope_answer_end(const struct envelope_reply *reply, size_t begun, struct buf *out);

/*
 * Appends a response with a fresh nonce. `job_id` is ENVELOPE_JOB_ID_SIZE characters.
 * ERR_NO_MEMORY, ERR_INTERNAL.
 */
int envelope_answer(const struct envelope_reply *reply, const char *job_id, uint32_t sequence,
                    struct span text, struct buf *out);

void envelope_done(struct envelope_reply *reply); /* wipes */

/* --- the caller --- */

/*
 * A key configuration (RFC 9458, section 3.1, without the length in front), as in a claims
 * document. It must offer the suite spoken here. ERR_INVALID_FIELD.
 */
int envelope_key_read(struct span configuration, struct envelope_key *ret,
                      struct error_detail *detail);

/* An encapsulation, and what seals requests under it. Two that seal with copies of one would use a
 * number twice, and whoever sees both requests could read and change them: make no copy. */
struct envelope_sender {
    struct hpke_context context; /* counts the requests */
    uint8_t origin[ENVELOPE_ORIGIN_MOST];
    uint8_t origin_size;
};

/* ERR_INVALID_FIELD (a key that is none), ERR_NO_MEMORY, ERR_INTERNAL. */
int envelope_sender_init(const struct envelope_key *key, struct envelope_sender *ret);
void envelope_sender_done(struct envelope_sender *sender); /* wipes */

/* Appends the next request. `ret` opens its answers. ERR_NO_MEMORY, ERR_INTERNAL: also where there
 * is no number left after 2^32 of them. */
int envelope_seal(struct envelope_sender *sender, struct span route, struct span text,
                  struct buf *out, struct envelope_reply *ret);

/*
 * Appends what a response says; `job_id` gets its text with a NUL. ERR_SEALED_UNOPENED if it is
 * none to this request, or has been changed.
 */
int envelope_read(const struct envelope_reply *reply, struct span response, struct buf *out,
                  char job_id[ENVELOPE_JOB_ID_SIZE + 1], uint32_t *sequence);

#endif
