#include "protect/protect.h"
#include "protect/key.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* What the service that this one replaces derived its signing key with. */
#define SIGNING_SALT "neocompute-signing-key"
#define SIGNING_INFO "tee-result-signing"

#define INFO_MOST 1024 /* bytes of what a key is derived for */

#define BLOCK_SIZE 64   /* of SHA-256 */
#define POOL_SIZE  2048 /* random bytes that are fetched at once */

struct protect {
    struct secret_bytes master;
    uint8_t pool[POOL_SIZE]; /* taken from its end; what was taken is zero */
    size_t pool_left;
    EVP_MD *sha256;
    EVP_MD_CTX *hash;    /* reused: making one costs more than hashing a small output */
    EVP_MAC_CTX *signer; /* HMAC-SHA256 with the signing key in it */
};

static int open_hash(struct protect *protect)
{
    protect->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    protect->hash = EVP_MD_CTX_new();
    return protect->sha256 && protect->hash ? 0 : ERR_INTERNAL;
}

static int open_signer(struct protect *protect)
{
    uint8_t key[PROTECT_KEY_SIZE];
    int r = key_derive(&protect->master, SIGNING_SALT, SPAN(SIGNING_INFO), key);
    if (r)
        return r;

    r = ERR_INTERNAL;
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    protect->signer = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac); /* the context holds a reference */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    if (protect->signer && EVP_MAC_init(protect->signer, key, sizeof key, params) == 1)
        r = 0;
    OPENSSL_cleanse(key, sizeof key);
    return r;
}

int protect_new(const char *master, struct protect **ret, struct error_detail *detail)
{
    struct protect *protect = calloc(1, sizeof *protect);
    if (!protect)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the keys");

    int r = key_parse_master(master, &protect->master, detail);
    if (r)
        goto out;
    r = open_hash(protect);
    if (!r)
        r = open_signer(protect);
    if (r) {
        error_set(detail, r, "", "OpenSSL offers no SHA-256, HMAC or HKDF");
        goto out;
    }
    *ret = protect;
    protect = NULL;
out:
    protect_free(protect);
    return r;
}

void protect_free(struct protect *protect)
{
    if (!protect)
        return;
    EVP_MAC_CTX_free(protect->signer);
    EVP_MD_CTX_free(protect->hash);
    EVP_MD_free(protect->sha256);
    secret_bytes_done(&protect->master);
    OPENSSL_cleanse(protect->pool, sizeof protect->pool);
    free(protect);
}

int protect_hash(struct protect *protect, struct span data, uint8_t ret[PROTECT_HASH_SIZE])
{
    return EVP_DigestInit_ex2(protect->hash, protect->sha256, NULL) == 1 &&
                   EVP_DigestUpdate(protect->hash, data.data, data.size) == 1 &&
                   EVP_DigestFinal_ex(protect->hash, ret, NULL) == 1
               ? 0
               : ERR_NO_MEMORY;
}

/* One of the two hashes of an HMAC (RFC 2104): the key xor a byte, then the parts. */
static int hash_keyed(struct protect *protect, const uint8_t key[PROTECT_KEY_SIZE], uint8_t pad,
                      const struct span *parts, size_t count, uint8_t ret[PROTECT_HASH_SIZE])
{
    uint8_t block[BLOCK_SIZE];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < PROTECT_KEY_SIZE; i++)
        block[i] ^= key[i];
    int ok = EVP_DigestInit_ex2(protect->hash, protect->sha256, NULL) == 1 &&
             EVP_DigestUpdate(protect->hash, block, sizeof block) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(protect->hash, parts[i].data, parts[i].size) == 1;
    ok = ok && EVP_DigestFinal_ex(protect->hash, ret, NULL) == 1;
    OPENSSL_cleanse(block, sizeof block);
    return ok ? 0 : ERR_NO_MEMORY;
}

int protect_hmac(struct protect *protect, const uint8_t key[PROTECT_KEY_SIZE],
                 const struct span *parts, size_t count, uint8_t ret[PROTECT_HASH_SIZE])
{
    uint8_t inner[PROTECT_HASH_SIZE];
    const struct span middle = {(const char *)inner, sizeof inner};
    int r = hash_keyed(protect, key, 0x36, parts, count, inner);
    return r ? r : hash_keyed(protect, key, 0x5c, &middle, 1, ret);
}

int protect_random(struct protect *protect, uint8_t *ret, size_t size)
{
    if (size > PROTECT_RANDOM_MOST)
        return ERR_SYSTEM;
    if (protect->pool_left < size) {
        if (RAND_bytes(protect->pool, POOL_SIZE) != 1)
            return ERR_SYSTEM;
        protect->pool_left = POOL_SIZE;
    }
    protect->pool_left -= size;
    memcpy(ret, protect->pool + protect->pool_left, size);
    OPENSSL_cleanse(protect->pool + protect->pool_left, size);
    return 0;
}

int protect_sign(struct protect *protect, const uint8_t hash[PROTECT_HASH_SIZE],
                 uint8_t ret[PROTECT_HASH_SIZE])
{
    size_t size;
    /* A NULL key starts over with the key that the context has. */
    bool ok = EVP_MAC_init(protect->signer, NULL, 0, NULL) == 1 &&
              EVP_MAC_update(protect->signer, hash, PROTECT_HASH_SIZE) == 1 &&
              EVP_MAC_final(protect->signer, ret, &size, PROTECT_HASH_SIZE) == 1;
    return ok ? 0 : ERR_NO_MEMORY;
}

int protect_prove(struct protect *protect, struct span output, struct proof *ret)
{
    struct proof proof;
    int r = protect_hash(protect, output, proof.output_hash);
    if (!r)
        r = protect_sign(protect, proof.output_hash, proof.signature);
    if (!r)
        *ret = proof;
    return r;
}

static const char *const purpose_labels[] = {
#define PURPOSE_LABEL(symbol, label) label,
    PROTECT_PURPOSES(PURPOSE_LABEL)
#undef PURPOSE_LABEL
};

static void add_field(struct buf *info, struct span field)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_add_char(info, (char)(field.size >> shift));
    buf_add(info, field.data, field.size);
}

int protect_derive(struct protect *protect, enum protect_purpose purpose, uint32_t version,
                   struct span tenant, uint8_t ret[PROTECT_KEY_SIZE])
{
    const char counter[4] = {(char)(version >> 24), (char)(version >> 16), (char)(version >> 8),
                             (char)version};
    struct buf info = BUF_INIT(INFO_MOST);
    add_field(&info, SPAN("neocompute/v1"));
    add_field(&info, span_of(purpose_labels[purpose]));
    add_field(&info, (struct span){counter, sizeof counter});
    add_field(&info, tenant);
    int r = buf_failed(&info)
                ? ERR_INTERNAL
                : key_derive(&protect->master, "", (struct span){info.data, info.size}, ret);
    buf_done(&info);
    return r;
}
