/*
 * Protection of results: what is derived from the service's master key, and the proof that stands
 * in every answer (a hash anyone can recompute, a MAC for holders of the key).
 *
 * The signing key is taken in once (base/sha256.h), so that a proof costs about as much as its
 * SHA-256.
 *
 * Life cycle: protect_new -> protect_* ... -> protect_free (wipes). One thread at a time.
 */
#ifndef NEOCOMPUTE_PROTECT_PROTECT_H
#define NEOCOMPUTE_PROTECT_PROTECT_H

#include "base/buf.h"
#include "base/error.h"
#include <stdint.h>

#define PROTECT_MASTER_LEAST     32   /* bytes */
#define PROTECT_MASTER_MOST      1024 /* bytes */
/* Different bytes: of 32 random ones fewer are expected once in 10^20 keys. */
#define PROTECT_MASTER_DIFFERENT 12
#define PROTECT_HASH_SIZE        32 /* SHA-256 */
#define PROTECT_KEY_SIZE         32 /* derived keys */

struct protect;

/* The proof of one output. */
struct proof {
    uint8_t output_hash[PROTECT_HASH_SIZE]; /* SHA-256 of the output's bytes */
    uint8_t signature[PROTECT_HASH_SIZE];   /* HMAC-SHA256(signing key, output_hash) */
};

/*
 * Takes the master key's text: if the whole of it is hex digits (an even number, 0x allowed in
 * front) they are decoded, otherwise its bytes are the key. NULL makes a random key, which proves
 * nothing once the service has restarted. ERR_USAGE if it is shorter than PROTECT_MASTER_LEAST
 * bytes, too long, or weak: a counting sequence, a block of bytes that repeats, or fewer than
 * PROTECT_MASTER_DIFFERENT different bytes. The message never shows any of it.
 */
int protect_new(const char *master, struct protect **ret, struct error_detail *detail);
void protect_free(struct protect *protect);

/* HMAC-SHA256 with the signing key of the hash that stands for an output. */
void protect_sign(const struct protect *protect, const uint8_t hash[PROTECT_HASH_SIZE],
                  uint8_t ret[PROTECT_HASH_SIZE]);

/* Hashes and signs the canonical bytes of an output. */
void protect_prove(const struct protect *protect, struct span output, struct proof *ret);

/*
 * What else is derived from the master key, from one table: X(symbol, label). Result and HPKE keys
 * are not here: they are random at each boot, and only what must outlive a boot is derived.
 */
#define PROTECT_PURPOSES(X)                                                                        \
    X(SERVICE_IDENTITY, "service-identity") /* the Ed25519 key that signs each boot's keys */      \
    X(JOBS_AT_REST, "jobs-at-rest")         /* kept results */                                     \
    X(OUTPUT_AT_REST, "output-at-rest")                                                            \
    X(AUDIT, "audit")                 /* the chain of the secrets' audit log */                    \
    X(GATEWAY_TOKEN, "gateway-token") /* between gateway and service */

#define PROTECT_PURPOSE_INDEX(symbol, label) PROTECT_##symbol,
enum protect_purpose { PROTECT_PURPOSES(PROTECT_PURPOSE_INDEX) PROTECT_PURPOSE_COUNT };
#undef PROTECT_PURPOSE_INDEX

/*
 * HKDF-SHA256 (RFC 5869) without salt; info = the lengths (u32, big-endian) and bytes of
 * "neocompute/v1", the purpose's label, `version` (4 bytes) and `tenant` (may be empty), so that no
 * two purposes, versions or tenants share a key. PROTECT_KEY_SIZE bytes; the caller wipes `ret`.
 * ERR_INTERNAL.
 */
int protect_derive(struct protect *protect, enum protect_purpose purpose, uint32_t version,
                   struct span tenant, uint8_t ret[PROTECT_KEY_SIZE]);

#endif
