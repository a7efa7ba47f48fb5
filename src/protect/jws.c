#include "protect/jws.h"

#include "base/encode.h"
#include "protect/document.h"
#include "protect/libsodium.h"
#include "protect/refusal.h"
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define HEADER_SIZE 256  /* of a header that is written, with its NUL */
#define HEADER_MOST 1024 /* bytes of a header that is parsed */
#define JWK_MOST    4096
#define X_SIZE      44 /* base64url of a public key, with its NUL */

_Static_assert(JWS_SEED_SIZE == crypto_sign_SEEDBYTES, "sizes of Ed25519");
_Static_assert(JWS_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "sizes of Ed25519");
_Static_assert(JWS_SIGNATURE_SIZE == crypto_sign_BYTES, "sizes of Ed25519");

static const char *const type_names[] = {
#define JWS_TYPE_NAME(symbol, typ) typ,
    JWS_TYPES(JWS_TYPE_NAME)
#undef JWS_TYPE_NAME
};

const char *jws_type_name(enum jws_type type)
{
    return type_names[type];
}

/* --- keys --- */

static int encode_fixed(const uint8_t *data, size_t size, char *text, size_t text_size)
{
    struct buf buf = BUF_INIT(text_size);
    int r = base64url_encode(&buf, data, size);
    if (!r)
        snprintf(text, text_size, "%.*s", (int)buf.size, buf.data);
    buf_done(&buf);
    return r;
}

int jws_thumbprint(const uint8_t public_key[JWS_PUBLIC_SIZE], char ret[JWS_KID_SIZE])
{
    char x[X_SIZE], members[128];
    uint8_t hash[SHA256_DIGEST_LENGTH];
    int r = encode_fixed(public_key, JWS_PUBLIC_SIZE, x, sizeof x);
    if (r)
        return r;
    int size =
        snprintf(members, sizeof members, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
    if (!SHA256((uint8_t *)members, (size_t)size, hash))
        return ERR_INTERNAL;
    return encode_fixed(hash, sizeof hash, ret, JWS_KID_SIZE);
}

int jws_signing_load(struct error_detail *detail)
{
    int r = libsodium_load(detail);
    /* 1 where it was done before. */
    if (!r && libsodium.sodium_init() < 0)
        r = error_set(detail, ERR_SYSTEM, "libsodium", "finds no random numbers on this machine");
    return r;
}

void jws_key_forget(struct jws_key *key)
{
    secret_bytes_done(&key->private_key);
}

int jws_key_derive(const uint8_t seed[JWS_SEED_SIZE], struct jws_key *ret)
{
    struct jws_key key = {0};
    int r = jws_signing_load(NULL);
    if (!r)
        r = secret_bytes_init(&key.private_key, crypto_sign_SECRETKEYBYTES);
    if (r)
        return r;
    if (libsodium.crypto_sign_seed_keypair(key.public_key, key.private_key.data, seed))
        r = ERR_INTERNAL;
    secret_stack_wipe();
    if (!r)
        r = jws_thumbprint(key.public_key, key.kid);
    if (r)
        jws_key_forget(&key);
    else
        *ret = key;
    return r;
}

int jws_key_new(struct jws_key *ret)
{
    struct secret_bytes seed;
    int r = secret_bytes_init(&seed, JWS_SEED_SIZE);
    if (r)
        return r;
    r = RAND_priv_bytes(seed.data, JWS_SEED_SIZE) == 1 ? jws_key_derive(seed.data, ret)
                                                       : ERR_INTERNAL;
    secret_bytes_done(&seed);
    return r;
}

void jws_key_done(struct jws_key *key)
{
    jws_key_forget(key);
    *key = (struct jws_key){0};
}

int jws_write_jwk(const struct jws_key *key, struct buf *out)
{
    char x[X_SIZE];
    int r = encode_fixed(key->public_key, JWS_PUBLIC_SIZE, x, sizeof x);
    return r ? r
             : buf_addf(out,
                        "{\"alg\":\"Ed25519\",\"crv\":\"Ed25519\",\"kid\":\"%s\",\"kty\":\"OKP\","
                        "\"use\":\"sig\",\"x\":\"%s\"}",
                        key->kid, x);
}

/*
 * Points of small order, of which anybody can make signatures that verify: y, little-endian,
 * without the sign of x. Those at p and p + 1 stand for 0 and 1, which decoders take too.
 */
static const uint8_t small_order[][JWS_PUBLIC_SIZE] = {
    {0},
    {1},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static bool has_small_order(const uint8_t key[JWS_PUBLIC_SIZE])
{
    uint8_t y[JWS_PUBLIC_SIZE];
    memcpy(y, key, sizeof y);
    y[JWS_PUBLIC_SIZE - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++)
        if (memcmp(y, small_order[i], sizeof y) == 0)
            return true;
    return false;
}

int jws_read_jwk(struct span json, uint8_t ret[JWS_PUBLIC_SIZE], struct error_detail *detail)
{
    struct document jwk;
    struct span value;
    struct buf text = BUF_INIT(X_SIZE), x = BUF_INIT(JWS_PUBLIC_SIZE + 2);
    int r = json.size > JWK_MOST ? refuse(detail, REFUSAL_MALFORMED, "the key is too large")
                                 : document_read(json, "the key", &jwk, detail);
    if (r)
        return r;
    if (!document_is(&jwk, "kty", SPAN("OKP")) || !document_is(&jwk, "crv", SPAN("Ed25519")))
        r = refuse(detail, REFUSAL_MALFORMED,
                   "the key must have \"kty\":\"OKP\" and \"crv\":\"Ed25519\"");
    else if (document_get(&jwk, "d", &value))
        r = refuse(detail, REFUSAL_MALFORMED,
                   "this is a private key; only its public part is needed here");
    else if (!document_text(&jwk, "x", &text) ||
             base64url_decode(&x, (struct span){text.data, text.size}) || x.size != JWS_PUBLIC_SIZE)
        r = refuse(detail, REFUSAL_MALFORMED, "\"x\" must be 32 bytes in base64url");
    else if (has_small_order((const uint8_t *)x.data))
        r = refuse(detail, REFUSAL_MALFORMED,
                   "a point of small order is no key: anybody can sign for it");
    if (!r)
        memcpy(ret, x.data, JWS_PUBLIC_SIZE);
    buf_done(&text);
    buf_done(&x);
    return r;
}

/* --- signing --- */

/* header.payload */
static int write_input(const char *kid, enum jws_type type, struct span payload, struct buf *out)
{
    char header[HEADER_SIZE];
    int size =
        snprintf(header, sizeof header, "{\"alg\":\"Ed25519\",\"kid\":\"%s\",\"typ\":\"%s\"}", kid,
                 type_names[type]);
    base64url_encode(out, header, (size_t)size);
    buf_add_char(out, '.');
    base64url_encode(out, payload.data, payload.size);
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

int jws_write(const char *kid, enum jws_type type, struct span payload,
              const uint8_t signature[JWS_SIGNATURE_SIZE], struct buf *out)
{
    int r = write_input(kid, type, payload, out);
    buf_add_char(out, '.');
    return r ? r : base64url_encode(out, signature, JWS_SIGNATURE_SIZE);
}

int jws_sign(const struct jws_key *key, enum jws_type type, struct span payload, struct buf *out,
             uint8_t *ret)
{
    uint8_t signature[JWS_SIGNATURE_SIZE];
    size_t start = out->size;
    int r = key->private_key.data ? write_input(key->kid, type, payload, out) : ERR_INTERNAL;
    if (!r && libsodium.crypto_sign_detached(signature, NULL, (uint8_t *)out->data + start,
                                             out->size - start, key->private_key.data))
        r = ERR_INTERNAL;
    secret_stack_wipe(); /* of the signature's one-time secret: with it goes the key */
    if (!r) {
        buf_add_char(out, '.');
        r = base64url_encode(out, signature, sizeof signature);
    }
    if (r)
        out->size = start;
    else if (ret)
        memcpy(ret, signature, sizeof signature);
    return r;
}

/* --- verifying --- */

static int malformed(struct error_detail *detail, const char *why)
{
    return refuse(detail, REFUSAL_MALFORMED, "%s", why);
}

/* A short string of the header, without a NUL in it. */
static bool header_text(const struct document *header, const char *name, char *text, size_t size)
{
    struct buf buf = BUF_INIT(size - 1);
    bool there = document_text(header, name, &buf) && buf.size && !memchr(buf.data, 0, buf.size);
    if (there)
        snprintf(text, size, "%.*s", (int)buf.size, buf.data);
    buf_done(&buf);
    return there;
}

static int judge_header(const struct document *header, struct jws *jws, struct error_detail *detail)
{
    struct span value;
    if (!document_is(header, "alg", SPAN("Ed25519")) && !document_is(header, "alg", SPAN("EdDSA")))
        return refuse(detail, REFUSAL_ALGORITHM, "the algorithm must be Ed25519 (or EdDSA)");
    if (document_get(header, "crit", &value))
        return refuse(detail, REFUSAL_CRITICAL,
                      "the header has critical extensions, and none is known here");
    if (document_get(header, "b64", &value))
        return refuse(detail, REFUSAL_CRITICAL, "the payload must be base64url");
    if (!header_text(header, "typ", jws->typ, sizeof jws->typ) ||
        !header_text(header, "kid", jws->kid, sizeof jws->kid))
        return malformed(detail, "the header must have \"typ\" and \"kid\"");
    return 0;
}

static int read_header(struct span encoded, struct jws *jws, struct error_detail *detail)
{
    struct buf text = BUF_INIT(HEADER_MOST);
    struct document header;
    int r = base64url_decode(&text, encoded);
    if (r)
        r = malformed(detail, r == ERR_NO_MEMORY ? "the header is larger than any of ours"
                                                 : "the header is not base64url");
    else
        r = document_read((struct span){text.data, text.size}, "the header", &header, detail);
    if (!r)
        r = judge_header(&header, jws, detail);
    buf_done(&text);
    return r;
}

int jws_parse(struct span text, struct jws *ret, struct error_detail *detail)
{
    struct jws jws = {.payload = BUF_INIT(JWS_TEXT_MOST)};
    struct buf signature = BUF_INIT(2 * JWS_SIGNATURE_SIZE);
    if (text.size > JWS_TEXT_MOST)
        return malformed(detail, "it is larger than allowed");
    if (text.size == 0)
        return malformed(detail, "there is nothing");
    const char *end = text.data + text.size;
    const char *first = memchr(text.data, '.', text.size);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return malformed(detail, "it must have three parts with a dot between them");
    int r = read_header((struct span){text.data, (size_t)(first - text.data)}, &jws, detail);
    if (!r &&
        base64url_decode(&jws.payload, (struct span){first + 1, (size_t)(second - first - 1)}))
        r = malformed(detail, "the payload is not base64url");
    if (!r &&
        (base64url_decode(&signature, (struct span){second + 1, (size_t)(end - second - 1)}) ||
         signature.size != JWS_SIGNATURE_SIZE))
        r = malformed(detail, "the signature is not 64 bytes in base64url");
    if (r) {
        buf_done(&jws.payload);
    } else {
        memcpy(jws.signature, signature.data, JWS_SIGNATURE_SIZE);
        jws.signing_input = (struct span){text.data, (size_t)(second - text.data)};
        *ret = jws;
    }
    buf_done(&signature);
    return r;
}

void jws_done(struct jws *jws)
{
    buf_done(&jws->payload);
}

int jws_is_type(const struct jws *jws, enum jws_type type, struct error_detail *detail)
{
    return strcmp(jws->typ, type_names[type]) == 0
               ? 0
               : refuse(detail, REFUSAL_TYPE, "it is of another type than the one asked for");
}

int jws_verify(const struct jws *jws, enum jws_type type, const uint8_t public_key[JWS_PUBLIC_SIZE],
               struct error_detail *detail)
{
    int r = jws_is_type(jws, type, detail);
    if (r)
        return r;
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, JWS_PUBLIC_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok =
        pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
        EVP_DigestVerify(ctx, jws->signature, JWS_SIGNATURE_SIZE,
                         (const uint8_t *)jws->signing_input.data, jws->signing_input.size) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok ? 0 : refuse(detail, REFUSAL_SIGNATURE, "the signature is not this key's");
}
