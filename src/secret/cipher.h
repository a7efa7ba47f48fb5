/*
 * How a secret's value is sealed at rest. AES-256-GCM (NIST SP 800-38D) under SECRETS_MASTER_KEY,
 * in two formats:
 *
 *   v1  base64(nonce[12] ‖ ciphertext ‖ tag[16]), the master key itself, no associated data. What
 *       the other services of the layer read and write. A row can be swapped for another of the
 *       same key without the cipher noticing.
 *   v2  "nc2." key id (16 hex digits) "." base64(nonce[12] ‖ ciphertext ‖ tag[16]). The key is
 *       HKDF-SHA256(master, info "neocompute/v1/secrets"); the associated data is "nc2", key id,
 *       user, name and version, each with its length, so that a row opens only where it belongs.
 *       v1 text never has a '.', so the two cannot be taken for each other.
 *
 * Life cycle: secret_key_init -> secret_seal, secret_open -> secret_key_done (wipes).
 */
#ifndef NEOCOMPUTE_SECRET_CIPHER_H
#define NEOCOMPUTE_SECRET_CIPHER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/secmem.h"
#include <stdint.h>

#define SECRET_MASTER_SIZE 32 /* bytes */
#define SECRET_KEY_ID_SIZE 8  /* bytes */
#define SECRET_NONCE_SIZE  12
#define SECRET_TAG_SIZE    16
#define SECRET_VALUE_MOST  (64 * 1024)  /* bytes of UTF-8 */
#define SECRET_SEALED_MOST (128 * 1024) /* characters, in either format */

enum secret_format { SECRET_FORMAT_V1 = 1, SECRET_FORMAT_V2 = 2 };

struct secret_key {
    struct secret_bytes master;   /* for v1 */
    struct secret_bytes derived;  /* for v2 */
    struct evp_cipher_st *cipher; /* looked up once: OpenSSL would for each value */
    /* HKDF of the master under a label of its own: no key material; and the same as hex digits. */
    uint8_t id[SECRET_KEY_ID_SIZE];
    char id_text[2 * SECRET_KEY_ID_SIZE + 1];
};

/* Where a row belongs. Borrowed. */
struct secret_place {
    struct span user;
    struct span name;
    uint64_t version;
};

/*
 * Takes SECRETS_MASTER_KEY's text: 64 hex digits, 0x allowed in front. ERR_USAGE with a message
 * that shows none of it; ERR_NO_MEMORY; ERR_INTERNAL if OpenSSL fails.
 */
int secret_key_init(struct secret_key *key, const char *text, struct error_detail *detail);
void secret_key_done(struct secret_key *key);

/*
 * Seals `value` (at most SECRET_VALUE_MOST bytes) and appends the text to `out`.
 * ERR_INVALID_FIELD if it is too long, ERR_NO_MEMORY.
 */
int secret_seal(const struct secret_key *key, enum secret_format format,
                const struct secret_place *place, struct span value, struct buf *out);

/* The format of a sealed text; 0 if it is neither. */
int secret_format_of(struct span sealed);

/*
 * Opens a text of either format into locked memory (returns owned; size 0 values have size 1 and a
 * zero byte, *size says the true size). ERR_SECRET_UNAVAILABLE whatever is wrong with the text or
 * the key: a caller can do nothing with the difference, and an attacker could.
 */
int secret_open(const struct secret_key *key, const struct secret_place *place, struct span sealed,
                struct secret_bytes *ret, size_t *size);

/*
 * The same for many texts: what the key is expanded to is made with the first text of a format and
 * kept, in ordinary memory, until secret_opener_done wipes it. So: one for a batch, not for good.
 */
struct secret_opener {
    const struct secret_key *key;          /* borrowed */
    struct evp_cipher_ctx_st *contexts[2]; /* of v1, v2 */
    struct buf aad, raw;
};
void secret_opener_init(struct secret_opener *opener, const struct secret_key *key);
void secret_opener_done(struct secret_opener *opener);
int secret_opener_open(struct secret_opener *opener, const struct secret_place *place,
                       struct span sealed, struct secret_bytes *ret, size_t *size);

#endif
