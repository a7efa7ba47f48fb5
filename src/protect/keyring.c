#include "protect/keyring.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/secmem.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MOST (64u * 1024) /* bytes of one document here */

struct hpke_pair {
    EVP_PKEY *pkey;
    uint16_t kem;
    uint8_t id[KEYRING_KEY_ID_SIZE];
    struct buf configuration;
};

/* An identity: the public half, and what the private one signed before it went. */
struct identity {
    struct jws_key key;
    struct buf statement;
};

struct keyring {
    size_t holds;
    struct jws_key result;
    struct identity identity, previous;
    bool has_previous;
    struct hpke_pair hpke[KEYRING_HPKE_COUNT];
    struct buf claims, bundle, jwks, configurations;
    char claims_digest[KEYRING_DIGEST_TEXT];
    char *engine_digest, *isolation; /* owned */
    uint64_t not_before_ms, not_after_ms;
};

static struct span span_of_buf(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

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
    jws_write_jwk(&k->identity.key, out);
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
    jws_write_jwk(&k->identity.key, &k->jwks);
    if (k->has_previous) {
        buf_add_char(&k->jwks, ',');
        jws_write_jwk(&k->previous.key, &k->jwks);
    }
    buf_add_str(&k->jwks, "]}");
    return buf_failed(&k->jwks) ? ERR_NO_MEMORY : 0;
}

static int write_bundle(struct keyring *k)
{
    struct buf *out = &k->bundle;
    *out = BUF_INIT(DOCUMENT_MOST);
    buf_add_str(out, "{\"claims\":");
    json_string(out, span_of_buf(&k->claims));
    json_next_key(out, "claims_sha256");
    json_str(out, k->claims_digest);
    buf_add_str(out, ",\"evidence\":{\"type\":\"none\"}");
    json_next_key(out, "identity_key");
    jws_write_jwk(&k->identity.key, out);
    if (k->has_previous) {
        json_next_key(out, "previous_identity_key");
        jws_write_jwk(&k->previous.key, out);
        json_next_key(out, "previous_statement");
        json_string(out, span_of_buf(&k->previous.statement));
    }
    json_next_key(out, "statement");
    json_string(out, span_of_buf(&k->identity.statement));
    buf_add_char(out, '}');
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

/* --- the identity --- */

static int derive_identity(struct protect *protect, struct jws_key *ret)
{
    struct secret_bytes seed;
    int r = secret_bytes_init(&seed, JWS_SEED_SIZE);
    if (r)
        return r;
    r = protect_derive(protect, PROTECT_SERVICE_IDENTITY, 1, (struct span){0}, seed.data);
    if (!r)
        r = jws_key_derive(seed.data, ret);
    secret_bytes_done(&seed);
    return r;
}

/* The identity says: this result key is mine, with these claims, from then to then. */
static int write_statement(struct keyring *k, struct identity *identity)
{
    struct buf payload = BUF_INIT(DOCUMENT_MOST);
    identity->statement = BUF_INIT(DOCUMENT_MOST);
    buf_addf(&payload, "{\"claims_sha256\":\"%s\",\"exp\":%llu,\"iat\":%llu,", k->claims_digest,
             (unsigned long long)(k->not_after_ms / 1000),
             (unsigned long long)(k->not_before_ms / 1000));
    buf_add_str(&payload, "\"iss\":\"neocompute\",\"key\":");
    jws_write_jwk(&k->result, &payload);
    buf_add_char(&payload, '}');
    int r = buf_failed(&payload) ? ERR_NO_MEMORY
                                 : jws_sign(&identity->key, JWS_KEY, span_of_buf(&payload),
                                            &identity->statement, NULL);
    buf_done(&payload);
    return r;
}

static int make_identities(struct keyring *k, const struct keyring_options *options)
{
    int r = derive_identity(options->protect, &k->identity.key);
    if (!r && options->previous)
        r = derive_identity(options->previous, &k->previous.key);
    /* The same key twice is no change of keys. */
    k->has_previous =
        !r && options->previous && strcmp(k->previous.key.kid, k->identity.key.kid) != 0;
    return r;
}

/* --- life cycle --- */

static int make_keys(struct keyring *k, const struct keyring_options *options)
{
    k->engine_digest = strdup(options->engine_digest);
    k->isolation = strdup(options->isolation_of_receipt);
    int r = k->engine_digest && k->isolation ? 0 : ERR_NO_MEMORY;
    if (!r)
        r = make_identities(k, options);
    if (!r)
        r = jws_key_new(&k->result);
    return r ? r : make_hpke(k);
}

static int write_documents(struct keyring *k, const struct keyring_options *options)
{
    int r = write_claims(k, options);
    if (!r)
        r = digest_claims(k);
    if (!r)
        r = write_jwks(k);
    if (!r)
        r = write_statement(k, &k->identity);
    if (!r && k->has_previous)
        r = write_statement(k, &k->previous);
    return r ? r : write_bundle(k);
}

int keyring_new(const struct keyring_options *options, struct keyring **ret)
{
    struct keyring *k = calloc(1, sizeof *k);
    if (!k)
        return ERR_NO_MEMORY;
    k->holds = 1;
    k->not_before_ms = options->now_unix_ms;
    k->not_after_ms = options->now_unix_ms + options->lifetime_ms;
    int r = make_keys(k, options);
    if (!r)
        r = write_documents(k, options);
    jws_key_forget(&k->identity.key);
    jws_key_forget(&k->previous.key);
    if (r)
        keyring_release(k);
    else
        *ret = k;
    return r;
}

struct keyring *keyring_hold(struct keyring *k)
{
    k->holds++;
    return k;
}

void keyring_wipe_hpke(struct keyring *k)
{
    for (int i = 0; i < KEYRING_HPKE_COUNT; i++) {
        EVP_PKEY_free(k->hpke[i].pkey); /* wipes */
        k->hpke[i].pkey = NULL;
    }
}

static void identity_done(struct identity *identity)
{
    jws_key_done(&identity->key);
    buf_done(&identity->statement);
}

void keyring_release(struct keyring *k)
{
    if (!k || --k->holds > 0)
        return;
    jws_key_done(&k->result);
    identity_done(&k->identity);
    identity_done(&k->previous);
    keyring_wipe_hpke(k);
    for (int i = 0; i < KEYRING_HPKE_COUNT; i++)
        buf_done(&k->hpke[i].configuration);
    buf_done(&k->claims);
    buf_done(&k->bundle);
    buf_done(&k->jwks);
    buf_done(&k->configurations);
    free(k->engine_digest);
    free(k->isolation);
    free(k);
}

const struct jws_key *keyring_result_key(const struct keyring *k)
{
    return &k->result;
}

const struct jws_key *keyring_identity(const struct keyring *k)
{
    return &k->identity.key;
}

const struct jws_key *keyring_previous_identity(const struct keyring *k)
{
    return k->has_previous ? &k->previous.key : NULL;
}

const char *keyring_claims_digest(const struct keyring *k)
{
    return k->claims_digest;
}

struct span keyring_statement(const struct keyring *k)
{
    return span_of_buf(&k->identity.statement);
}

struct span keyring_bundle(const struct keyring *k)
{
    return span_of_buf(&k->bundle);
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

const char *keyring_engine_digest(const struct keyring *k)
{
    return k->engine_digest;
}

const char *keyring_isolation(const struct keyring *k)
{
    return k->isolation;
}

uint64_t keyring_not_after(const struct keyring *k)
{
    return k->not_after_ms;
}
