#include "protect/keyring.h"

#include "base/encode.h"
#include "base/json.h"
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MOST (64u * 1024) /* bytes of one document here */

struct hpke_pair {
    EVP_PKEY *pkey;
    uint16_t kem;
    uint8_t id[KEYRING_KEY_ID_SIZE];
    struct buf configuration;
};

struct keyring {
    struct jws_key result, identity;
    struct hpke_pair hpke[KEYRING_HPKE_COUNT];
    struct buf claims, statement, jwks, configurations;
    char claims_digest[KEYRING_DIGEST_TEXT];
    uint64_t not_before_ms, not_after_ms;
};

/* --- HPKE keys --- */

static void add_u16(struct buf *buf, unsigned value)
{
    buf_add_char(buf, (char)(value >> 8));
    buf_add_char(buf, (char)value);
}

/* One key configuration, RFC 9458 section 3.1. */
static int write_configuration(struct hpke_pair *pair, uint8_t number)
{
    uint8_t public_key[HPKE_PUBLIC_MOST], hash[SHA256_DIGEST_LENGTH];
    size_t size;
    int r = hpke_key_public(pair->pkey, public_key, &size);
    if (r)
        return r;
    struct buf *out = &pair->configuration;
    *out = BUF_INIT(DOCUMENT_MOST);
    buf_add_char(out, (char)number);
    add_u16(out, pair->kem);
    buf_add(out, public_key, size);
    add_u16(out, 4); /* bytes of the suites that follow: one */
    add_u16(out, HPKE_KDF_SHA256);
    add_u16(out, HPKE_AEAD_AES256_GCM);
    if (buf_failed(out) || !SHA256((uint8_t *)out->data, out->size, hash))
        return ERR_NO_MEMORY;
    memcpy(pair->id, hash, sizeof pair->id);
    return 0;
}

static int make_hpke(struct keyring *k)
{
    static const uint16_t kems[KEYRING_HPKE_COUNT] = {HPKE_KEM_X25519, HPKE_KEM_P256};
    k->configurations = BUF_INIT(DOCUMENT_MOST);
    for (int i = 0; i < KEYRING_HPKE_COUNT; i++) {
        struct hpke_pair *pair = &k->hpke[i];
        pair->kem = kems[i];
        int r = hpke_key_new(pair->kem, &pair->pkey);
        if (!r)
            r = write_configuration(pair, (uint8_t)(i + 1));
        if (r)
            return r;
        add_u16(&k->configurations, (unsigned)pair->configuration.size);
        buf_add(&k->configurations, pair->configuration.data, pair->configuration.size);
    }
    return buf_failed(&k->configurations) ? ERR_NO_MEMORY : 0;
}

/* --- documents --- */

static void add_base64url_member(struct buf *out, const char *key, const void *data, size_t size)
{
    json_key(out, key);
    buf_add_char(out, '"');
    base64url_encode(out, data, size);
    buf_add_char(out, '"');
}

/* Members in the order of RFC 8785, so that anyone can make the same bytes from the parsed form. */
static int write_claims(struct keyring *k, const struct keyring_options *options)
{
    struct buf *out = &k->claims;
    *out = BUF_INIT(DOCUMENT_MOST);
    buf_add_char(out, '{');
    json_key(out, "engine_digest");
    json_str(out, options->engine_digest);
    buf_add_char(out, ',');
    json_key(out, "hpke_keys");
    buf_add_char(out, '[');
    for (int i = 0; i < KEYRING_HPKE_COUNT; i++) {
        buf_add_str(out, i ? ",{" : "{");
        add_base64url_member(out, "configuration", k->hpke[i].configuration.data,
                             k->hpke[i].configuration.size);
        buf_add_char(out, ',');
        add_base64url_member(out, "key_id", k->hpke[i].id, KEYRING_KEY_ID_SIZE);
        buf_add_char(out, '}');
    }
    buf_add_str(out, "],");
    json_key(out, "identity_key");
    jws_write_jwk(&k->identity, out);
    buf_add_char(out, ',');
    json_key(out, "isolation");
    buf_add_str(out, options->isolation);
    buf_add_char(out, ',');
    json_key(out, "not_after");
    json_u64(out, k->not_after_ms / 1000);
    buf_add_char(out, ',');
    json_key(out, "not_before");
    json_u64(out, k->not_before_ms / 1000);
    buf_add_char(out, ',');
    json_key(out, "result_key");
    jws_write_jwk(&k->result, out);
    buf_add_str(out, ",\"service\":\"neocompute\",\"tee\":\"none\",\"version\":1}");
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

static int digest_claims(struct keyring *k)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    if (!SHA256((uint8_t *)k->claims.data, k->claims.size, hash))
        return ERR_INTERNAL;
    hex_encode(k->claims_digest, hash, sizeof hash);
    return 0;
}

static int write_jwks(struct keyring *k)
{
    k->jwks = BUF_INIT(DOCUMENT_MOST);
    buf_add_str(&k->jwks, "{\"keys\":[");
    jws_write_jwk(&k->result, &k->jwks);
    buf_add_char(&k->jwks, ',');
    jws_write_jwk(&k->identity, &k->jwks);
    buf_add_str(&k->jwks, "]}");
    return buf_failed(&k->jwks) ? ERR_NO_MEMORY : 0;
}

/* The identity says: this boot's result key is mine, with these claims, from then to then. */
static int write_statement(struct keyring *k)
{
    struct buf payload = BUF_INIT(DOCUMENT_MOST);
    k->statement = BUF_INIT(DOCUMENT_MOST);
    buf_addf(&payload, "{\"claims_sha256\":\"%s\",\"exp\":%llu,\"iat\":%llu,", k->claims_digest,
             (unsigned long long)(k->not_after_ms / 1000),
             (unsigned long long)(k->not_before_ms / 1000));
    buf_add_str(&payload, "\"iss\":\"neocompute\",\"key\":");
    jws_write_jwk(&k->result, &payload);
    buf_add_char(&payload, '}');
    int r = buf_failed(&payload)
                ? ERR_NO_MEMORY
                : jws_sign(&k->identity, JWS_KEY, (struct span){payload.data, payload.size},
                           &k->statement);
    buf_done(&payload);
    return r;
}

/* --- life cycle --- */

int keyring_new(const struct keyring_options *options, struct keyring **ret)
{
    uint8_t seed[JWS_SEED_SIZE];
    struct keyring *k = calloc(1, sizeof *k);
    if (!k)
        return ERR_NO_MEMORY;
    k->not_before_ms = options->now_unix_ms;
    k->not_after_ms = options->now_unix_ms + options->lifetime_ms;
    int r = protect_derive(options->protect, PROTECT_SERVICE_IDENTITY, 1, (struct span){0}, seed);
    if (!r)
        r = jws_key_derive(seed, &k->identity);
    OPENSSL_cleanse(seed, sizeof seed);
    if (!r)
        r = jws_key_new(&k->result);
    if (!r)
        r = make_hpke(k);
    if (!r)
        r = write_claims(k, options);
    if (!r)
        r = digest_claims(k);
    if (!r)
        r = write_jwks(k);
    if (!r)
        r = write_statement(k);
    if (r)
        keyring_free(k);
    else
        *ret = k;
    return r;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    jws_key_done(&k->result);
    jws_key_done(&k->identity);
    for (int i = 0; i < KEYRING_HPKE_COUNT; i++) {
        EVP_PKEY_free(k->hpke[i].pkey);
        buf_done(&k->hpke[i].configuration);
    }
    buf_done(&k->claims);
    buf_done(&k->statement);
    buf_done(&k->jwks);
    buf_done(&k->configurations);
    free(k);
}

const struct jws_key *keyring_result_key(const struct keyring *k)
{
    return &k->result;
}

const struct jws_key *keyring_identity(const struct keyring *k)
{
    return &k->identity;
}

static struct span span_of_buf(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

struct span keyring_claims(const struct keyring *k)
{
    return span_of_buf(&k->claims);
}

const char *keyring_claims_digest(const struct keyring *k)
{
    return k->claims_digest;
}

struct span keyring_statement(const struct keyring *k)
{
    return span_of_buf(&k->statement);
}

struct span keyring_jwks(const struct keyring *k)
{
    return span_of_buf(&k->jwks);
}

struct span keyring_hpke_configurations(const struct keyring *k)
{
    return span_of_buf(&k->configurations);
}

EVP_PKEY *keyring_hpke_key(const struct keyring *k, const uint8_t key_id[KEYRING_KEY_ID_SIZE],
                           uint16_t *kem)
{
    for (int i = 0; i < KEYRING_HPKE_COUNT; i++)
        if (memcmp(k->hpke[i].id, key_id, KEYRING_KEY_ID_SIZE) == 0) {
            *kem = k->hpke[i].kem;
            return k->hpke[i].pkey;
        }
    return NULL;
}

uint64_t keyring_not_after(const struct keyring *k)
{
    return k->not_after_ms;
}
