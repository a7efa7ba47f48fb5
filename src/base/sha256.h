/*
 * SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), for the many short texts of a job. Nothing here
 * allocates or can fail. Of any thread.
 *
 * Of OpenSSL's digests by name (EVP), beginning and ending one costs more than a hash of a hundred
 * bytes, and their state cannot be copied without allocation.
 *
 * Life cycle of an HMAC: hmac_init -> hmac_sign, for any number of texts -> hmac_done (wipes).
 */
#ifndef NEOCOMPUTE_BASE_SHA256_H
#define NEOCOMPUTE_BASE_SHA256_H

#include "base/buf.h"
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE SHA256_DIGEST_LENGTH

/* Of the parts, one after another. */
void sha256_parts(const struct span *parts, size_t count, uint8_t ret[SHA256_SIZE]);

static inline void sha256(struct span data, uint8_t ret[SHA256_SIZE])
{
    sha256_parts(&data, 1, ret);
}

/* A key that both hashes of an HMAC have begun with: as secret as the key. */
struct hmac {
    SHA256_CTX inner, outer;
};

void hmac_init(struct hmac *hmac, struct span key);
void hmac_sign(const struct hmac *hmac, const struct span *parts, size_t count,
               uint8_t ret[SHA256_SIZE]);
void hmac_done(struct hmac *hmac);

/* All three at once. */
void hmac_parts(struct span key, const struct span *parts, size_t count, uint8_t ret[SHA256_SIZE]);

#endif
