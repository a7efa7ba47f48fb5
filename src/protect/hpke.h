/*
 * Hybrid public key encryption, RFC 9180, base mode: anyone seals to a public key, only the holder
 * of the private key opens.
 *
 * Suites: DHKEM(X25519, HKDF-SHA256) and DHKEM(P-256, HKDF-SHA256), both with HKDF-SHA256 and
 * AES-256-GCM.
 *
 * Life cycle: hpke_key_new or hpke_key_import -> hpke_setup_receiver (with a public key only,
 * hpke_setup_sender) -> hpke_seal / hpke_open / hpke_export -> hpke_context_done (wipes).
 */
#ifndef NEOCOMPUTE_PROTECT_HPKE_H
#define NEOCOMPUTE_PROTECT_HPKE_H

#include "base/buf.h"
#include "base/error.h"
#include <openssl/evp.h>
#include <stdint.h>

/* Algorithm identifiers of RFC 9180, section 7. */
#define HPKE_KEM_P256        0x0010
#define HPKE_KEM_X25519      0x0020
#define HPKE_KDF_SHA256      0x0001
#define HPKE_AEAD_AES256_GCM 0x0002

#define HPKE_PUBLIC_MOST                                                                           \
    65 /* bytes of a serialised public key or enc: 32 for X25519, 65 for P-256 */
#define HPKE_KEY_SIZE   32
#define HPKE_NONCE_SIZE 12
#define HPKE_TAG_SIZE   16
#define HPKE_HASH_SIZE  32

struct hpke_context {
    uint16_t kem;
    uint8_t key[HPKE_KEY_SIZE];
    uint8_t base_nonce[HPKE_NONCE_SIZE];
    uint8_t exporter[HPKE_HASH_SIZE];
    uint64_t sequence; /* of the next message that is sealed */
};

/* Size of a serialised public key and of enc; 0 for a KEM that is not spoken here. */
size_t hpke_public_size(uint16_t kem);

/* A random key pair (EVP_PKEY_free it). ERR_INTERNAL. */
int hpke_key_new(uint16_t kem, EVP_PKEY **ret);

/* A private key from its serialised form, RFC 9180 section 7.1.2. ERR_INVALID_FIELD. */
int hpke_key_import(uint16_t kem, struct span private_key, EVP_PKEY **ret);

/* The serialised public key. ERR_INTERNAL. */
int hpke_key_public(const EVP_PKEY *key, uint8_t ret[HPKE_PUBLIC_MOST], size_t *size);

/*
 * Sender: makes a context for the receiver's public key and `enc`, which goes in front of the
 * message. ERR_INVALID_FIELD for a key that is none, or whose shared secret is all zero (a
 * low-order point, RFC 7748 section 6.1). `ephemeral` is NULL except in tests with fixed vectors.
 */
int hpke_setup_sender(uint16_t kem, struct span public_key, struct span info, EVP_PKEY *ephemeral,
                      uint8_t enc[HPKE_PUBLIC_MOST], struct hpke_context *ret);

/* Receiver. ERR_INVALID_FIELD as above. */
int hpke_setup_receiver(uint16_t kem, EVP_PKEY *key, struct span enc, struct span info,
                        struct hpke_context *ret);

/* Appends ciphertext ‖ tag. Each call moves the sequence number on. ERR_NO_MEMORY, ERR_INTERNAL. */
int hpke_seal(struct hpke_context *context, struct span aad, struct span text, struct buf *out);

/* The same, of what stands in `out` from byte `from` on; room for the tag is best there already. */
int hpke_seal_in_place(struct hpke_context *context, struct span aad, size_t from, struct buf *out);

/*
 * Appends the plaintext of the message that was sealed under this number, the first being 0. The
 * number comes with the message (RFC 9180, section 9.7.1), so they open in any order, as often as
 * one likes, and nothing of the context changes: who must not take one twice sees to that.
 * ERR_INVALID_FIELD if it does not open.
 */
int hpke_open(const struct hpke_context *context, uint64_t sequence, struct span aad,
              struct span sealed, struct buf *out);

/* Export, RFC 9180 section 5.3: at most HKDF_MOST bytes (protect/hkdf.h). */
void hpke_export(const struct hpke_context *context, struct span exporter_context, uint8_t *ret,
                 size_t size);

void hpke_context_done(struct hpke_context *context);

#endif
