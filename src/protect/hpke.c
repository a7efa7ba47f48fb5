#include "protect/hpke.h"

#include "protect/hkdf.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <pthread.h>
#include <string.h>

#define HPKE_SECRET_SIZE 32 /* bytes of a Diffie-Hellman result */

/* Fetched once for good: to find one by name takes OpenSSL 3 microseconds. */
static EVP_CIPHER *aes_gcm;

static void fetch_cipher(void)
{
    aes_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

static bool have_cipher(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fetch_cipher);
    return aes_gcm != NULL;
}

/* --- labelled HKDF, RFC 9180 section 4 --- */

#define SUITE_MOST 10 /* bytes of a suite_id */

/* suite_id: "KEM" and the KEM inside the KEM, "HPKE" and all three outside. */
static struct span write_suite(uint16_t kem, bool inside_kem, char ret[SUITE_MOST])
{
    const uint16_t ids[] = {kem, HPKE_KDF_SHA256, HPKE_AEAD_AES256_GCM};
    size_t size = inside_kem ? 3 : 4;
    memcpy(ret, inside_kem ? "KEM" : "HPKE", size);
    for (int i = 0; i < (inside_kem ? 1 : 3); i++) {
        ret[size++] = (char)(ids[i] >> 8);
        ret[size++] = (char)ids[i];
    }
    return (struct span){ret, size};
}

static void labeled_extract(uint16_t kem, bool inside_kem, struct span salt, const char *label,
                            struct span ikm, uint8_t ret[HPKE_HASH_SIZE])
{
    char suite[SUITE_MOST];
    const struct span parts[] = {SPAN("HPKE-v1"), write_suite(kem, inside_kem, suite),
                                 span_of(label), ikm};
    hkdf_extract(salt, parts, sizeof parts / sizeof *parts, ret);
}

/* `prk` is begun with the pseudorandom key. */
static void labeled_expand(uint16_t kem, bool inside_kem, const struct hmac *prk, const char *label,
                           struct span info, uint8_t *ret, size_t size)
{
    char suite[SUITE_MOST], length[2] = {(char)(size >> 8), (char)size};
    const struct span parts[] = {{length, sizeof length},
                                 SPAN("HPKE-v1"),
                                 write_suite(kem, inside_kem, suite),
                                 span_of(label),
                                 info};
    hkdf_expand(prk, parts, sizeof parts / sizeof *parts, ret, size);
}

static struct span hash_span(const uint8_t hash[HPKE_HASH_SIZE])
{
    return (struct span){(const char *)hash, HPKE_HASH_SIZE};
}

/* --- keys --- */

size_t hpke_public_size(uint16_t kem)
{
    return kem == HPKE_KEM_X25519 ? 32 : kem == HPKE_KEM_P256 ? 65 : 0;
}

int hpke_key_new(uint16_t kem, EVP_PKEY **ret)
{
    EVP_PKEY *key = kem == HPKE_KEM_X25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519")
                    : kem == HPKE_KEM_P256 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                                           : NULL;
    if (!key)
        return ERR_INTERNAL;
    *ret = key;
    return 0;
}

static EVP_PKEY *ec_from(int selection, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *p256_public(struct span point)
{
    if (point.size != hpke_public_size(HPKE_KEM_P256) || point.data[0] != 4)
        return NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (char *)point.data, point.size),
        OSSL_PARAM_construct_end()};
    return ec_from(EVP_PKEY_PUBLIC_KEY, params);
}

static EVP_PKEY *public_from(uint16_t kem, struct span public_key)
{
    if (kem == HPKE_KEM_P256)
        return p256_public(public_key);
    if (kem != HPKE_KEM_X25519 || public_key.size != hpke_public_size(kem))
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, (const uint8_t *)public_key.data,
                                       public_key.size);
}

/* The public point of a P-256 private key, uncompressed. */
static bool p256_point(const BIGNUM *d, uint8_t point[HPKE_PUBLIC_MOST])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *q = group ? EC_POINT_new(group) : NULL;
    bool ok = q && EC_POINT_mul(group, q, d, NULL, NULL, NULL) == 1 &&
              EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, HPKE_PUBLIC_MOST,
                                 NULL) == HPKE_PUBLIC_MOST;
    EC_POINT_free(q);
    EC_GROUP_free(group);
    return ok;
}

static EVP_PKEY *p256_private(struct span private_key)
{
    uint8_t point[HPKE_PUBLIC_MOST];
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    BIGNUM *d = BN_bin2bn((const uint8_t *)private_key.data, (int)private_key.size, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (d && builder && private_key.size == HPKE_KEY_SIZE && p256_point(d, point) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, d) &&
        (params = OSSL_PARAM_BLD_to_param(builder)))
        key = ec_from(EVP_PKEY_KEYPAIR, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_clear_free(d);
    return key;
}

int hpke_key_import(uint16_t kem, struct span private_key, EVP_PKEY **ret)
{
    EVP_PKEY *key = NULL;
    if (kem == HPKE_KEM_P256)
        key = p256_private(private_key);
    else if (kem == HPKE_KEM_X25519 && private_key.size == HPKE_KEY_SIZE)
        key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, (const uint8_t *)private_key.data,
                                           private_key.size);
    if (!key)
        return ERR_INVALID_FIELD;
    *ret = key;
    return 0;
}

int hpke_key_public(const EVP_PKEY *key, uint8_t ret[HPKE_PUBLIC_MOST], size_t *size)
{
    size_t n = HPKE_PUBLIC_MOST;
    int ok = EVP_PKEY_is_a(key, "X25519")
                 ? EVP_PKEY_get_raw_public_key(key, ret, &n)
                 : EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ret,
                                                   HPKE_PUBLIC_MOST, &n);
    if (ok != 1)
        return ERR_INTERNAL;
    *size = n;
    return 0;
}

/* --- the KEM, RFC 9180 section 4.1 --- */

/* OpenSSL refuses an all-zero X25519 result by itself. A point of P-256 was checked to be on the
 * curve when it was read, and the curve has no smaller groups: it need not be judged again, which
 * costs as much as the result itself. */
static int diffie_hellman(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t ret[HPKE_SECRET_SIZE])
{
    size_t size = HPKE_SECRET_SIZE;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
    int ok = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
             EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
             EVP_PKEY_derive(ctx, ret, &size) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? 0 : ERR_INVALID_FIELD;
}

/* shared_secret from the Diffie-Hellman result; context = enc ‖ receiver's public key. */
static void kem_shared_secret(uint16_t kem, const uint8_t secret[HPKE_SECRET_SIZE], struct span enc,
                              struct span receiver, uint8_t ret[HPKE_HASH_SIZE])
{
    uint8_t prk[HPKE_HASH_SIZE];
    char context[2 * HPKE_PUBLIC_MOST];
    struct hmac begun;
    memcpy(context, enc.data, enc.size);
    memcpy(context + enc.size, receiver.data, receiver.size);
    labeled_extract(kem, true, (struct span){0}, "eae_prk",
                    (struct span){(const char *)secret, HPKE_SECRET_SIZE}, prk);
    hmac_init(&begun, hash_span(prk));
    labeled_expand(kem, true, &begun, "shared_secret",
                   (struct span){context, enc.size + receiver.size}, ret, HPKE_HASH_SIZE);
    hmac_done(&begun);
    OPENSSL_cleanse(prk, sizeof prk);
}

/* --- key schedule, RFC 9180 section 5.1, base mode --- */

static void key_schedule(uint16_t kem, const uint8_t shared[HPKE_HASH_SIZE], struct span info,
                         struct hpke_context *ret)
{
    uint8_t context[1 + 2 * HPKE_HASH_SIZE] = {0}; /* mode_base = 0 */
    uint8_t secret[HPKE_HASH_SIZE];
    struct hmac begun;
    struct span none = {0}, bytes = {(char *)context, sizeof context};
    labeled_extract(kem, false, none, "psk_id_hash", none, context + 1);
    labeled_extract(kem, false, none, "info_hash", info, context + 1 + HPKE_HASH_SIZE);
    labeled_extract(kem, false, hash_span(shared), "secret", none, secret);
    hmac_init(&begun, hash_span(secret));
    *ret = (struct hpke_context){.kem = kem};
    labeled_expand(kem, false, &begun, "key", bytes, ret->key, sizeof ret->key);
    labeled_expand(kem, false, &begun, "base_nonce", bytes, ret->base_nonce,
                   sizeof ret->base_nonce);
    labeled_expand(kem, false, &begun, "exp", bytes, ret->exporter, sizeof ret->exporter);
    hmac_done(&begun);
    OPENSSL_cleanse(secret, sizeof secret);
}

int hpke_setup_sender(uint16_t kem, struct span public_key, struct span info, EVP_PKEY *ephemeral,
                      uint8_t enc[HPKE_PUBLIC_MOST], struct hpke_context *ret)
{
    uint8_t secret[HPKE_SECRET_SIZE], shared[HPKE_HASH_SIZE], made_enc[HPKE_PUBLIC_MOST];
    size_t enc_size = 0;
    EVP_PKEY *receiver = public_from(kem, public_key), *made = NULL;
    int r = receiver ? 0 : ERR_INVALID_FIELD;
    if (!r && !ephemeral)
        r = hpke_key_new(kem, &made);
    if (!r)
        r = hpke_key_public(ephemeral ? ephemeral : made, made_enc, &enc_size);
    if (!r)
        r = diffie_hellman(ephemeral ? ephemeral : made, receiver, secret);
    if (!r) {
        kem_shared_secret(kem, secret, (struct span){(char *)made_enc, enc_size}, public_key,
                          shared);
        key_schedule(kem, shared, info, ret);
        memcpy(enc, made_enc, enc_size);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(shared, sizeof shared);
    EVP_PKEY_free(made);
    EVP_PKEY_free(receiver);
    return r;
}

int hpke_setup_receiver(uint16_t kem, EVP_PKEY *key, struct span enc, struct span info,
                        struct hpke_context *ret)
{
    uint8_t secret[HPKE_SECRET_SIZE], shared[HPKE_HASH_SIZE], ours[HPKE_PUBLIC_MOST];
    size_t size = 0;
    EVP_PKEY *sender = public_from(kem, enc);
    int r = sender ? diffie_hellman(key, sender, secret) : ERR_INVALID_FIELD;
    if (!r)
        r = hpke_key_public(key, ours, &size);
    if (!r) {
        kem_shared_secret(kem, secret, enc, (struct span){(char *)ours, size}, shared);
        key_schedule(kem, shared, info, ret);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(shared, sizeof shared);
    EVP_PKEY_free(sender);
    return r;
}

/* --- AEAD --- */

static void write_nonce(const struct hpke_context *context, uint64_t sequence,
                        uint8_t nonce[HPKE_NONCE_SIZE])
{
    memcpy(nonce, context->base_nonce, HPKE_NONCE_SIZE);
    for (int i = 0; i < 8; i++)
        nonce[HPKE_NONCE_SIZE - 1 - i] ^= (uint8_t)(sequence >> (8 * i));
}

/* Writes ciphertext ‖ tag to `to`, which may be where the text is. */
static int encrypt(struct hpke_context *context, struct span aad, struct span text, uint8_t *to)
{
    uint8_t nonce[HPKE_NONCE_SIZE], *tag = to + text.size;
    int n;
    write_nonce(context, context->sequence, nonce);
    EVP_CIPHER_CTX *ctx = have_cipher() ? EVP_CIPHER_CTX_new() : NULL;
    int ok = ctx && EVP_EncryptInit_ex(ctx, aes_gcm, NULL, context->key, nonce) == 1;
    if (ok && aad.size)
        ok = EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.data, (int)aad.size) == 1;
    if (ok && text.size)
        ok = EVP_EncryptUpdate(ctx, to, &n, (const uint8_t *)text.data, (int)text.size) == 1;
    ok = ok && EVP_EncryptFinal_ex(ctx, tag, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, HPKE_TAG_SIZE, tag) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        return ERR_INTERNAL;
    context->sequence++;
    return 0;
}

int hpke_seal(struct hpke_context *context, struct span aad, struct span text, struct buf *out)
{
    int r = buf_reserve(out, text.size + HPKE_TAG_SIZE);
    if (!r)
        r = encrypt(context, aad, text, (uint8_t *)out->data + out->size);
    if (!r)
        out->size += text.size + HPKE_TAG_SIZE;
    return r;
}

int hpke_seal_in_place(struct hpke_context *context, struct span aad, size_t from, struct buf *out)
{
    int r = buf_reserve(out, HPKE_TAG_SIZE);
    if (!r) {
        struct span text = {out->data + from, out->size - from};
        r = encrypt(context, aad, text, (uint8_t *)out->data + from);
    }
    if (!r)
        out->size += HPKE_TAG_SIZE;
    return r;
}

int hpke_open(const struct hpke_context *context, uint64_t sequence, struct span aad,
              struct span sealed, struct buf *out)
{
    uint8_t nonce[HPKE_NONCE_SIZE];
    int n;
    if (sealed.size < HPKE_TAG_SIZE)
        return ERR_INVALID_FIELD;
    size_t size = sealed.size - HPKE_TAG_SIZE;
    int r = buf_reserve(out, size + 1);
    if (r)
        return r;
    write_nonce(context, sequence, nonce);
    const uint8_t *from = (const uint8_t *)sealed.data;
    uint8_t *to = (uint8_t *)out->data + out->size;
    EVP_CIPHER_CTX *ctx = have_cipher() ? EVP_CIPHER_CTX_new() : NULL;
    int ok = ctx && EVP_DecryptInit_ex(ctx, aes_gcm, NULL, context->key, nonce) == 1;
    if (ok && aad.size)
        ok = EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.data, (int)aad.size) == 1;
    if (ok && size)
        ok = EVP_DecryptUpdate(ctx, to, &n, from, (int)size) == 1;
    ok =
        ok &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, HPKE_TAG_SIZE, (void *)(from + size)) == 1 &&
        EVP_DecryptFinal_ex(ctx, to + size, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        OPENSSL_cleanse(to, size);
        return ERR_INVALID_FIELD;
    }
    out->size += size;
    return 0;
}

void hpke_export(const struct hpke_context *context, struct span exporter_context, uint8_t *ret,
                 size_t size)
{
    struct hmac begun;
    hmac_init(&begun, hash_span(context->exporter));
    labeled_expand(context->kem, false, &begun, "sec", exporter_context, ret, size);
    hmac_done(&begun);
}

void hpke_context_done(struct hpke_context *context)
{
    OPENSSL_cleanse(context, sizeof *context);
}
