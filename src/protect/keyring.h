/*
 * A keyring: the keys of one stretch of time. An Ed25519 result key and HPKE keys, random, never
 * written anywhere; and statements about them by the service identity, which is derived from the
 * master key, so that there is something lasting to pin.
 *
 * The claims document binds them together and to the engine and isolation in force; evidence of a
 * TEE covers its digest, and without a TEE it says "tee":"none".
 *
 * Private keys: the result key lies in locked memory (base/secmem.h) until the keyring goes, HPKE
 * keys in OpenSSL's secure heap (secret_heap_init) until keyring_wipe_hpke. The identity's private
 * key exists only while keyring_new signs the statement.
 *
 * Life cycle: keyring_new -> keyring_hold for everyone who keeps it -> keyring_release by each; the
 * last wipes it. Of the loop's thread.
 */
#ifndef NEOCOMPUTE_PROTECT_KEYRING_H
#define NEOCOMPUTE_PROTECT_KEYRING_H

#include "protect/hpke.h"
#include "protect/jws.h"
#include "protect/protect.h"
#include <stdint.h>

#define KEYRING_DIGEST_TEXT 65 /* hex of a SHA-256 with its NUL */
#define KEYRING_KEY_ID_SIZE 16 /* first bytes of SHA-256 of an HPKE key configuration */
#define KEYRING_HPKE_COUNT  2  /* X25519 first, then P-256 */

struct keyring;

struct keyring_options {
    struct protect *protect;
    struct protect *previous;         /* of the master key before this one; NULL: none */
    const char *engine_digest;        /* hex */
    const char *isolation;            /* JSON value for the claims: all that /info says of it */
    const char *isolation_of_receipt; /* JSON value: the same in short */
    uint64_t lifetime_ms;
    uint64_t now_unix_ms;
};

/* The caller's is the first hold. ERR_NO_MEMORY, ERR_INTERNAL: also if the secure heap is full;
 * as jws_key_new. */
int keyring_new(const struct keyring_options *options, struct keyring **ret);
struct keyring *keyring_hold(struct keyring *keyring);
void keyring_release(struct keyring *keyring); /* NULL is fine */

/* For signing what jws.h has a type for. */
const struct jws_key *keyring_result_key(const struct keyring *keyring);

/* The public half only. `previous` is NULL without a previous master key. */
const struct jws_key *keyring_identity(const struct keyring *keyring);
const struct jws_key *keyring_previous_identity(const struct keyring *keyring);

/* Hex SHA-256 of the claims document's bytes. Borrowed. */
const char *keyring_claims_digest(const struct keyring *keyring);

/* The identity's JWS over the result key (typ neocompute-key+jwt). Borrowed. */
struct span keyring_statement(const struct keyring *keyring);

/*
 * The bundle: claims (a string that holds the document's bytes), their digest, evidence, identity
 * key and statement, and with a previous master key its identity and statement. All that somebody
 * needs to trust the keys. Borrowed.
 */
struct span keyring_bundle(const struct keyring *keyring);

/* {"keys":[...]}: result key, identity, previous identity if there is one (RFC 7517). Borrowed. */
struct span keyring_jwks(const struct keyring *keyring);

/*
 * The HPKE key configurations in the form of RFC 9458, section 3.1 (application/ohttp-keys): for
 * each its length (u16), key id (u8), KEM id, public key, length of the suites, KDF id and AEAD id.
 */
struct span keyring_hpke_configurations(const struct keyring *keyring);

/* The private key whose configuration has this id, and its KEM; NULL if there is none, or none any
 * more. Borrowed. */
EVP_PKEY *keyring_hpke_key(const struct keyring *keyring, const uint8_t key_id[KEYRING_KEY_ID_SIZE],
                           uint16_t *kem);

/* What was sealed to these keys can never be opened again. */
void keyring_wipe_hpke(struct keyring *keyring);

/* For receipts. Borrowed. */
const char *keyring_engine_digest(const struct keyring *keyring);
const char *keyring_isolation(const struct keyring *keyring); /* in short */

/* When the keys end, Unix ms. */
uint64_t keyring_not_after(const struct keyring *keyring);

#endif
