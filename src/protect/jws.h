/*
 * JSON Web Signatures, compact form (RFC 7515), with Ed25519 only: "alg":"Ed25519" (RFC 9864) when
 * signing; "EdDSA" (RFC 8037) is taken too when verifying.
 *
 * libsodium signs, in half of the time that OpenSSL takes; OpenSSL verifies, which is there anyway,
 * so that a process that only verifies does not load one more library.
 *
 * What is signed says by its `typ` what it is, and a verifier names the one it wants: a signature
 * made for one purpose can never be shown for another.
 *
 * Life cycle: jws_signing_load -> jws_key_new or jws_key_derive -> jws_sign -> jws_key_done;
 * jws_parse -> jws_verify -> jws_done. Keys are made by one thread only.
 */
#ifndef NEOCOMPUTE_PROTECT_JWS_H
#define NEOCOMPUTE_PROTECT_JWS_H

#include "base/buf.h"
#include "base/error.h"
#include "base/secmem.h"
#include <stdint.h>

#define JWS_PUBLIC_SIZE    32
#define JWS_SEED_SIZE      32
#define JWS_SIGNATURE_SIZE 64
#define JWS_KID_SIZE       44            /* base64url of a SHA-256, with its NUL */
#define JWS_TEXT_MOST      (1024 * 1024) /* characters of a JWS that is parsed */

/* X(symbol, typ): everything that a key of this service ever signs. */
#define JWS_TYPES(X)                                                                               \
    X(RECEIPT, "neocompute-receipt+jwt") /* one job's receipt */                                   \
    X(BATCH, "neocompute-batch+jwt")     /* the root over receipts that were signed together */    \
    X(KEY, "neocompute-key+jwt")         /* a boot key, by the service identity */                 \
    X(FRESHNESS, "neocompute-freshness+jwt") /* a caller's nonce, to show that the key is alive */

#define JWS_TYPE_INDEX(symbol, typ) JWS_##symbol,
enum jws_type { JWS_TYPES(JWS_TYPE_INDEX) JWS_TYPE_COUNT };
#undef JWS_TYPE_INDEX

const char *jws_type_name(enum jws_type type);

struct jws_key {
    struct secret_bytes private_key; /* seed ‖ public key; zero where only the latter is known */
    uint8_t public_key[JWS_PUBLIC_SIZE];
    char kid[JWS_KID_SIZE]; /* thumbprint, RFC 7638 */
};

/*
 * Loads what keys are made and signed with. Those who make one do it themselves; whoever will need
 * it later learns here, at its start, what is missing. ERR_SYSTEM.
 */
int jws_signing_load(struct error_detail *detail);

/* A random key; one of a seed (RFC 8032). As above, and ERR_NO_MEMORY, ERR_INTERNAL. */
int jws_key_new(struct jws_key *ret);
int jws_key_derive(const uint8_t seed[JWS_SEED_SIZE], struct jws_key *ret);
void jws_key_done(struct jws_key *key);

/* Wipes the private half and keeps the public one. */
void jws_key_forget(struct jws_key *key);

/* The thumbprint of an Ed25519 public key. ERR_INTERNAL. */
int jws_thumbprint(const uint8_t public_key[JWS_PUBLIC_SIZE], char ret[JWS_KID_SIZE]);

/* {"alg":"Ed25519","crv":"Ed25519","kid":...,"kty":"OKP","use":"sig","x":...} */
int jws_write_jwk(const struct jws_key *key, struct buf *out);

/*
 * Reads an Ed25519 JWK (RFC 8037), without regard to its kid. A private part ("d") is refused, and
 * a point of small order, for which anybody can sign. Refuses as refusal.h says.
 */
int jws_read_jwk(struct span json, uint8_t ret[JWS_PUBLIC_SIZE], struct error_detail *detail);

/*
 * Appends header.payload.signature; the signature goes to `ret` as well, which may be NULL. This is
 * the only function that uses a private key. What is signed is the signing input that it makes
 * itself of the type's header and the payload, never bytes that somebody gave it. ERR_NO_MEMORY,
 * ERR_INTERNAL: also if the key has no private half; nothing is appended then.
 */
int jws_sign(const struct jws_key *key, enum jws_type type, struct span payload, struct buf *out,
             uint8_t *ret);

/* Appends the same with a signature that was made before. ERR_NO_MEMORY. */
int jws_write(const char *kid, enum jws_type type, struct span payload,
              const uint8_t signature[JWS_SIGNATURE_SIZE], struct buf *out);

/* A JWS taken apart. `signing_input` is borrowed from the text. */
struct jws {
    char typ[64], kid[64];
    struct buf payload;
    struct span signing_input;
    uint8_t signature[JWS_SIGNATURE_SIZE];
};

/*
 * Takes the compact form apart and judges its header: `alg` must be Ed25519 or EdDSA, `crit` must
 * not be there, nothing may stand twice. Refuses as refusal.h says.
 */
int jws_parse(struct span text, struct jws *ret, struct error_detail *detail);
void jws_done(struct jws *jws);

/* Has it this very type? And did this key sign it, too? They refuse as refusal.h says. */
int jws_is_type(const struct jws *jws, enum jws_type type, struct error_detail *detail);
int jws_verify(const struct jws *jws, enum jws_type type, const uint8_t public_key[JWS_PUBLIC_SIZE],
               struct error_detail *detail);

#endif
