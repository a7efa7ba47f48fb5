/*
 * HKDF with SHA-256 (RFC 5869). Texts are given in parts, so that nobody has to put them together.
 */
#ifndef NEOCOMPUTE_PROTECT_HKDF_H
#define NEOCOMPUTE_PROTECT_HKDF_H

#include "base/sha256.h"

/* The pseudorandom key from input keying material in parts; an empty salt is one of zeros. */
void hkdf_extract(struct span salt, const struct span *ikm, size_t count, uint8_t ret[SHA256_SIZE]);

/* `size` bytes, at most HKDF_MOST, from a pseudorandom key (hmac_init with it) and an info in
 * parts, at most HKDF_PARTS_MOST of them. */
#define HKDF_MOST       (255 * SHA256_SIZE)
#define HKDF_PARTS_MOST 6
void hkdf_expand(const struct hmac *prk, const struct span *info, size_t count, uint8_t *ret,
                 size_t size);

#endif
