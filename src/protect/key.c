#include "protect/key.h"
#include "base/encode.h"
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

static bool is_hex(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return text.size > 0 && text.size % 2 == 0;
}

static int random_master(struct secret_bytes *ret)
{
    int r = secret_bytes_init(ret, PROTECT_MASTER_LEAST);
    if (r)
        return r;
    if (RAND_priv_bytes(ret->data, (int)ret->size) == 1)
        return 0;
    secret_bytes_done(ret);
    return ERR_SYSTEM;
}

/* Every byte the one before it plus the same step (0 included), modulo 256. */
static bool counts(const uint8_t *data, size_t size)
{
    for (size_t i = 2; i < size; i++)
        if ((uint8_t)(data[i] - data[i - 1]) != (uint8_t)(data[1] - data[0]))
            return false;
    return true;
}

/* One block again and again, the last time perhaps cut. */
static bool repeats(const uint8_t *data, size_t size)
{
    for (size_t block = 1; block <= size / 2; block++)
        if (memcmp(data, data + block, size - block) == 0)
            return true;
    return false;
}

static size_t different_bytes(const uint8_t *data, size_t size)
{
    bool seen[256] = {false};
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += !seen[data[i]];
        seen[data[i]] = true;
    }
    return count;
}

static const char *weakness(const struct secret_bytes *key)
{
    if (counts(key->data, key->size))
        return "it is a counting sequence, or one byte again and again";
    if (repeats(key->data, key->size))
        return "it is one block of bytes again and again";
    if (different_bytes(key->data, key->size) < PROTECT_MASTER_DIFFERENT)
        return "it has too few different bytes";
    return NULL;
}

int key_parse_master(const char *text, struct secret_bytes *ret, struct error_detail *detail)
{
    if (!text)
        return random_master(ret);

    struct span whole = span_of(text), digits = whole;
    if (digits.size > 2 && digits.data[0] == '0' && (digits.data[1] | 0x20) == 'x')
        digits = (struct span){digits.data + 2, digits.size - 2};
    bool hex = is_hex(digits);
    size_t size = hex ? digits.size / 2 : whole.size;
    if (size < PROTECT_MASTER_LEAST || size > PROTECT_MASTER_MOST)
        return error_set(detail, ERR_USAGE, "COMPUTE_MASTER_KEY",
                         "the key has %zu bytes%s; it must have %d to %d, or be given as twice as "
                         "many hex digits",
                         size, hex ? " (as hex)" : "", PROTECT_MASTER_LEAST, PROTECT_MASTER_MOST);

    struct secret_bytes key = {0};
    int r = secret_bytes_init(&key, size);
    if (r)
        return r;
    if (hex)
        r = hex_decode(key.data, size, digits);
    else
        memcpy(key.data, whole.data, size);
    const char *weak = r ? NULL : weakness(&key);
    if (weak)
        r = error_set(detail, ERR_USAGE, "COMPUTE_MASTER_KEY",
                      "the key is weak: %s; make one with: openssl rand -hex 32", weak);
    if (r) {
        secret_bytes_done(&key);
        return r;
    }
    *ret = key;
    return 0;
}

int key_derive(const struct secret_bytes *master, const char *salt, struct span info,
               uint8_t ret[PROTECT_KEY_SIZE])
{
    int r = ERR_INTERNAL;
    uint8_t key[PROTECT_KEY_SIZE];
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    if (!ctx)
        goto out;

    /* OpenSSL's parameters have no const; it only reads them. */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, master->data, master->size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, strlen(salt)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.data, info.size),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_KDF_derive(ctx, key, sizeof key, params) != 1)
        goto out;
    memcpy(ret, key, sizeof key);
    r = 0;
out:
    OPENSSL_cleanse(key, sizeof key);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return r;
}
