#define OPENSSL_SUPPRESS_DEPRECATED /* see the header */
#include "base/sha256.h"

#include <openssl/crypto.h>
#include <string.h>

static void add_parts(SHA256_CTX *hash, const struct span *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        SHA256_Update(hash, parts[i].data, parts[i].size);
}

void sha256_parts(const struct span *parts, size_t count, uint8_t ret[SHA256_SIZE])
{
    SHA256_CTX hash;
    SHA256_Init(&hash);
    add_parts(&hash, parts, count);
    SHA256_Final(ret, &hash);
    OPENSSL_cleanse(&hash, sizeof hash);
}

/* A hash that has begun with the key, every byte of it changed by `mask`. */
static void begin(SHA256_CTX *hash, const uint8_t key[SHA256_CBLOCK], uint8_t mask)
{
    uint8_t block[SHA256_CBLOCK];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ mask;
    SHA256_Init(hash);
    SHA256_Update(hash, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
}

void hmac_init(struct hmac *hmac, struct span key)
{
    uint8_t block[SHA256_CBLOCK] = {0};
    if (key.size > sizeof block)
        sha256(key, block);
    else if (key.size > 0)
        memcpy(block, key.data, key.size);
    begin(&hmac->inner, block, 0x36);
    begin(&hmac->outer, block, 0x5c);
    OPENSSL_cleanse(block, sizeof block);
}

void hmac_sign(const struct hmac *hmac, const struct span *parts, size_t count,
               uint8_t ret[SHA256_SIZE])
{
    uint8_t inner[SHA256_SIZE];
    SHA256_CTX hash = hmac->inner;
    add_parts(&hash, parts, count);
    SHA256_Final(inner, &hash);
    hash = hmac->outer;
    SHA256_Update(&hash, inner, sizeof inner);
    SHA256_Final(ret, &hash);
    OPENSSL_cleanse(&hash, sizeof hash);
    OPENSSL_cleanse(inner, sizeof inner);
}

void hmac_done(struct hmac *hmac)
{
    OPENSSL_cleanse(hmac, sizeof *hmac);
}

void hmac_parts(struct span key, const struct span *parts, size_t count, uint8_t ret[SHA256_SIZE])
{
    struct hmac hmac;
    hmac_init(&hmac, key);
    hmac_sign(&hmac, parts, count, ret);
    hmac_done(&hmac);
}
