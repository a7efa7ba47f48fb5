/*
 * Protection of results: what is derived from the service's master key, and the proof that stands
 * in every answer (a hash anyone can recompute, a MAC for holders of the key).
 *
 * All algorithms and key schedules are fetched once (OpenSSL 3 takes microseconds to find one by
 * name), so that a proof costs about as much as its SHA-256.
 *
 * Life cycle: protect_new -> protect_* ... -> protect_free (wipes). One thread at a time.
 */
#ifndef NEOCOMPUTE_PROTECT_PROTECT_H
#define NEOCOMPUTE_PROTECT_PROTECT_H

#include "base/buf.h"
#include "base/error.h"
#include <stdint.h>

#define PROTECT_MASTER_LEAST 32   /* bytes */
#define PROTECT_MASTER_MAX   1024 /* bytes */
#define PROTECT_HASH_SIZE    32   /* SHA-256 */
#define PROTECT_KEY_SIZE     32   /* derived keys */

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
 * bytes or too long; the message never shows any of it.
 */
int protect_new(const char *master, struct protect **ret, struct error_detail *detail);
void protect_free(struct protect *protect);

/* SHA-256 of `data`. ERR_INTERNAL if OpenSSL fails. */
int protect_hash(struct protect *protect, struct span data, uint8_t ret[PROTECT_HASH_SIZE]);

/* Hashes and signs the canonical bytes of an output. ERR_INTERNAL. */
int protect_prove(struct protect *protect, struct span output, struct proof *ret);

/*
 * HKDF-SHA256 (RFC 5869) of the master key for another purpose, PROTECT_KEY_SIZE bytes. The caller
 * wipes `ret`. ERR_INTERNAL.
 */
int protect_derive(struct protect *protect, const char *salt, const char *info,
                   uint8_t ret[PROTECT_KEY_SIZE]);

#endif
