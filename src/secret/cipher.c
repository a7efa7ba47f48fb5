#include "secret/cipher.h"

#include "base/encode.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define V2_MARK      "nc2."
#define V2_MARK_SIZE 4
#define V2_HEAD_SIZE (V2_MARK_SIZE + 2 * SECRET_KEY_ID_SIZE + 1)
#define INFO_VALUES  "neocompute/v1/secrets"
#define INFO_KEY_ID  "neocompute/v1/secrets-key-id"
#define AAD_MOST     1024

/* --- keys --- */

static int derive(const struct secret_bytes *master, const char *info, uint8_t *out, size_t size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, master->data, master->size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (char *)info, strlen(info)),
        OSSL_PARAM_construct_end()};
    int ok = ctx && EVP_KDF_derive(ctx, out, size, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok ? 0 : ERR_INTERNAL;
}

int secret_key_init(struct secret_key *key, const char *text, struct error_detail *detail)
{
    struct secret_key made = {0};
    struct span digits = span_of(text);
    if (digits.size >= 2 && digits.data[0] == '0' && (digits.data[1] | 32) == 'x')
        digits = (struct span){digits.data + 2, digits.size - 2};
    int r = secret_bytes_init(&made.master, SECRET_MASTER_SIZE);
    if (!r)
        r = secret_bytes_init(&made.derived, SECRET_MASTER_SIZE);
    if (r)
        goto out;
    if (hex_decode(made.master.data, SECRET_MASTER_SIZE, digits)) {
        r = error_set(
            detail, ERR_USAGE, "SECRETS_MASTER_KEY",
            "must be %d hex digits (%d bytes), 0x allowed in front; it has %zu characters",
            2 * SECRET_MASTER_SIZE, SECRET_MASTER_SIZE, digits.size);
        goto out;
    }
    made.cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    r = !made.cipher ? ERR_INTERNAL
                     : derive(&made.master, INFO_VALUES, made.derived.data, SECRET_MASTER_SIZE);
    if (!r)
        r = derive(&made.master, INFO_KEY_ID, made.id, sizeof made.id);
    hex_encode(made.id_text, made.id, sizeof made.id);
out:
    if (r)
        secret_key_done(&made);
    else
        *key = made;
    return r;
}

void secret_key_done(struct secret_key *key)
{
    secret_bytes_done(&key->master);
    secret_bytes_done(&key->derived);
    EVP_CIPHER_free(key->cipher);
    key->cipher = NULL;
    OPENSSL_cleanse(key->id, sizeof key->id);
    OPENSSL_cleanse(key->id_text, sizeof key->id_text);
}

/* --- associated data --- */

/* Every field with its length, so that no two places have the same bytes. */
static int write_aad(const uint8_t *key_id, const struct secret_place *place, struct buf *aad)
{
    field_encode(aad, SPAN("nc2"));
    field_encode(aad, (struct span){(const char *)key_id, SECRET_KEY_ID_SIZE});
    field_encode(aad, place->user);
    field_encode(aad, place->name);
    number_encode(aad, place->version);
    return buf_failed(aad) ? ERR_NO_MEMORY : 0;
}

/* --- AES-256-GCM --- */

/* out: nonce ‖ ciphertext ‖ tag, value.size + 28 bytes. */
static int gcm_seal(const EVP_CIPHER *cipher, const uint8_t *key, struct span aad,
                    struct span value, uint8_t *out)
{
    uint8_t *text = out + SECRET_NONCE_SIZE, *tag = text + value.size;
    int n, ok = RAND_bytes(out, SECRET_NONCE_SIZE) == 1;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    ok = ok && ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, key, out) == 1;
    if (ok && aad.size)
        ok = EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.data, (int)aad.size) == 1;
    if (ok && value.size)
        ok = EVP_EncryptUpdate(ctx, text, &n, (const uint8_t *)value.data, (int)value.size) == 1;
    ok = ok && EVP_EncryptFinal_ex(ctx, tag, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SECRET_TAG_SIZE, tag) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok ? 0 : ERR_NO_MEMORY;
}

/* `sealed` is nonce ‖ ciphertext ‖ tag; `out` has room for the ciphertext's size. The context has
 * its cipher and key. */
static bool gcm_open(EVP_CIPHER_CTX *ctx, struct span aad, struct span sealed, uint8_t *out)
{
    const uint8_t *nonce = (const uint8_t *)sealed.data, *text = nonce + SECRET_NONCE_SIZE;
    int size = (int)(sealed.size - SECRET_NONCE_SIZE - SECRET_TAG_SIZE), n;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                          (void *)(text + size), SECRET_TAG_SIZE),
                        OSSL_PARAM_construct_end()};
    bool ok = EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, tag) == 1;
    if (ok && aad.size)
        ok = EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.data, (int)aad.size) == 1;
    if (ok && size)
        ok = EVP_DecryptUpdate(ctx, out, &n, text, size) == 1;
    return ok && EVP_DecryptFinal_ex(ctx, out + size, &n) == 1;
}

/* --- the two formats --- */

int secret_seal(const struct secret_key *key, enum secret_format format,
                const struct secret_place *place, struct span value, struct buf *out)
{
    if (value.size > SECRET_VALUE_MOST)
        return ERR_INVALID_FIELD;
    struct buf aad = BUF_INIT(AAD_MOST);
    size_t size = SECRET_NONCE_SIZE + value.size + SECRET_TAG_SIZE;
    uint8_t *sealed = malloc(size);
    int r = sealed ? 0 : ERR_NO_MEMORY;
    if (!r && format == SECRET_FORMAT_V2)
        r = write_aad(key->id, place, &aad);
    if (!r)
        r = gcm_seal(key->cipher, format == SECRET_FORMAT_V2 ? key->derived.data : key->master.data,
                     (struct span){aad.data, aad.size}, value, sealed);
    if (!r && format == SECRET_FORMAT_V2)
        buf_addf(out, V2_MARK "%s.", key->id_text);
    if (!r)
        r = base64_encode(out, sealed, size);
    free(sealed);
    buf_done(&aad);
    return r ? r : buf_failed(out) ? ERR_NO_MEMORY : 0;
}

int secret_format_of(struct span sealed)
{
    if (sealed.size > V2_MARK_SIZE && memcmp(sealed.data, V2_MARK, V2_MARK_SIZE) == 0)
        return SECRET_FORMAT_V2;
    return sealed.size > 0 && !memchr(sealed.data, '.', sealed.size) ? SECRET_FORMAT_V1 : 0;
}

/* --- opening --- */

void secret_opener_init(struct secret_opener *opener, const struct secret_key *key)
{
    *opener = (struct secret_opener){
        .key = key, .aad = BUF_INIT(AAD_MOST), .raw = BUF_INIT(SECRET_SEALED_MOST)};
}

void secret_opener_done(struct secret_opener *opener)
{
    for (int i = 0; i < 2; i++)
        EVP_CIPHER_CTX_free(opener->contexts[i]);
    buf_done(&opener->aad);
    buf_done(&opener->raw);
    *opener = (struct secret_opener){0};
}

/* The context with the key of this format; NULL without memory. */
static EVP_CIPHER_CTX *context_of(struct secret_opener *opener, enum secret_format format)
{
    EVP_CIPHER_CTX **ctx = &opener->contexts[format == SECRET_FORMAT_V2];
    const struct secret_key *key = opener->key;
    const uint8_t *bytes = format == SECRET_FORMAT_V2 ? key->derived.data : key->master.data;
    if (*ctx)
        return *ctx;
    *ctx = EVP_CIPHER_CTX_new();
    if (*ctx && EVP_DecryptInit_ex(*ctx, key->cipher, NULL, bytes, NULL) != 1) {
        EVP_CIPHER_CTX_free(*ctx);
        *ctx = NULL;
    }
    return *ctx;
}

/* Cuts the mark and the key's id off a v2 text; false if it is of another key. */
static bool cut_head(const struct secret_key *key, struct span *sealed)
{
    if (sealed->size < V2_HEAD_SIZE ||
        memcmp(sealed->data + V2_MARK_SIZE, key->id_text, 2 * SECRET_KEY_ID_SIZE) != 0 ||
        sealed->data[V2_HEAD_SIZE - 1] != '.')
        return false;
    *sealed = (struct span){sealed->data + V2_HEAD_SIZE, sealed->size - V2_HEAD_SIZE};
    return true;
}

int secret_opener_open(struct secret_opener *opener, const struct secret_place *place,
                       struct span sealed, struct secret_bytes *ret, size_t *size)
{
    int format = secret_format_of(sealed);
    struct secret_bytes value = {0};
    struct buf *aad = &opener->aad, *raw = &opener->raw;
    buf_reset(aad);
    buf_reset(raw);
    if (format == 0 || sealed.size > SECRET_SEALED_MOST)
        return ERR_SECRET_UNAVAILABLE;
    if (format == SECRET_FORMAT_V2 &&
        (!cut_head(opener->key, &sealed) || write_aad(opener->key->id, place, aad)))
        return ERR_SECRET_UNAVAILABLE;
    EVP_CIPHER_CTX *ctx = context_of(opener, (enum secret_format)format);
    if (!ctx || base64_decode(raw, sealed) || raw->size < SECRET_NONCE_SIZE + SECRET_TAG_SIZE)
        return ERR_SECRET_UNAVAILABLE;
    size_t plain = raw->size - SECRET_NONCE_SIZE - SECRET_TAG_SIZE;
    if (plain > SECRET_VALUE_MOST || secret_bytes_init(&value, plain ? plain : 1))
        return ERR_SECRET_UNAVAILABLE;
    if (!gcm_open(ctx, (struct span){aad->data, aad->size}, (struct span){raw->data, raw->size},
                  value.data)) {
        secret_bytes_done(&value);
        return ERR_SECRET_UNAVAILABLE;
    }
    *ret = value;
    *size = plain;
    return 0;
}

int secret_open(const struct secret_key *key, const struct secret_place *place, struct span sealed,
                struct secret_bytes *ret, size_t *size)
{
    struct secret_opener opener;
    secret_opener_init(&opener, key);
    int r = secret_opener_open(&opener, place, sealed, ret, size);
    secret_opener_done(&opener);
    return r;
}
