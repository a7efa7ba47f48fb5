/*
 * The keys of one boot: an Ed25519 result key and HPKE keys, random, never written anywhere; and
 * the service identity, derived from the master key, which signs a statement about them so that
 * there is something lasting to pin.
 *
 * The claims document binds them together and to the engine and isolation in force; evidence of a
 * TEE covers its digest, and without a TEE it says "tee":"none".
 *
 * Life cycle: keyring_new -> keyring_* -> keyring_free (wipes). Of the loop's thread, except that
 * jws_sign with keyring_result_key may run on another one at a time.
 */
#ifndef NEOCOMPUTE_PROTECT_KEYRING_H
#define NEOCOMPUTE_PROTECT_KEYRING_H

#include "protect/hpke.h"
#include "protect/jws.h"
#include "protect/protect.h"
#include <stdbool.h>
#include <stdint.h>

#define KEYRING_DIGEST_TEXT 65 /* hex of a SHA-256 with its NUL */
#define KEYRING_KEY_ID_SIZE 16 /* first bytes of SHA-256 of an HPKE key configuration */
#define KEYRING_HPKE_COUNT  2  /* X25519 first, then P-256 */

struct keyring;

struct keyring_options {
    struct protect *protect;
    const char *engine_digest; /* hex */
    const char *isolation;     /* JSON value: what /info says of it */
    uint64_t lifetime_ms;      /* of the boot keys */
    uint64_t now_unix_ms;
};

int keyring_new(const struct keyring_options *options, struct keyring **ret);
void keyring_free(struct keyring *keyring);

const struct jws_key *keyring_result_key(const struct keyring *keyring);
const struct jws_key *keyring_identity(const struct keyring *keyring);

/* The claims document, its bytes as they are digested, and hex SHA-256 of them. Borrowed. */
struct span keyring_claims(const struct keyring *keyring);
const char *keyring_claims_digest(const struct keyring *keyring);

/* The identity's JWS over the boot keys (typ neocompute-key+jwt). Borrowed. */
struct span keyring_statement(const struct keyring *keyring);

/* {"keys":[...]}: result key and identity (RFC 7517). Borrowed. */
struct span keyring_jwks(const struct keyring *keyring);

/*
 * The HPKE key configurations in the form of RFC 9458, section 3.1 (application/ohttp-keys): for
 * each its length (u16), key id (u8), KEM id, public key, length of the suites, KDF id and AEAD id.
 */
struct span keyring_hpke_configurations(const struct keyring *keyring);

/* The private key whose configuration has this id, and its KEM; NULL if there is none. Borrowed. */
EVP_PKEY *keyring_hpke_key(const struct keyring *keyring, const uint8_t key_id[KEYRING_KEY_ID_SIZE],
                           uint16_t *kem);

/* When the boot keys end, Unix ms. */
uint64_t keyring_not_after(const struct keyring *keyring);

#endif
