#include "protect/jws.h"

#include "base/encode.h"
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_tree.h>

#define HEADER_MOST 1024 /* bytes of a header that is parsed */
#define JWK_MOST    4096
#define X_SIZE      44 /* base64url of a public key, with its NUL */

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

static int finish_key(EVP_PKEY *pkey, struct jws_key *ret)
{
    struct jws_key key = {.pkey = pkey};
    size_t size = sizeof key.public_key;
    if (!pkey || EVP_PKEY_get_raw_public_key(pkey, key.public_key, &size) != 1 ||
        jws_thumbprint(key.public_key, key.kid)) {
        EVP_PKEY_free(pkey);
        return ERR_INTERNAL;
    }
    *ret = key;
    return 0;
}

int jws_key_new(struct jws_key *ret)
{
    return finish_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), ret);
}

int jws_key_derive(const uint8_t seed[JWS_SEED_SIZE], struct jws_key *ret)
{
    return finish_key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, JWS_SEED_SIZE),
                      ret);
}

void jws_key_done(struct jws_key *key)
{
    EVP_PKEY_free(key->pkey);
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

/* --- flat JSON objects --- */

/* Parses one object of the size given (not NUL-terminated); NULL if it is none. */
static yajl_val parse_object(struct span json, size_t most)
{
    char text[JWK_MOST + 1];
    if (json.size > most || json.size > JWK_MOST || memchr(json.data, 0, json.size))
        return NULL;
    memcpy(text, json.data, json.size);
    text[json.size] = 0;
    yajl_val object = yajl_tree_parse(text, NULL, 0);
    if (!object || YAJL_IS_OBJECT(object))
        return object;
    yajl_tree_free(object);
    return NULL;
}

static bool has_duplicates(yajl_val object)
{
    size_t n = YAJL_GET_OBJECT(object)->len;
    const char **keys = YAJL_GET_OBJECT(object)->keys;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(keys[i], keys[k]) == 0)
                return true;
    return false;
}

static yajl_val member(yajl_val object, const char *name)
{
    return yajl_tree_get(object, (const char *[]){name, NULL}, yajl_t_any);
}

/* The text of a string member; NULL if there is none. */
static const char *member_text(yajl_val object, const char *name)
{
    yajl_val value = member(object, name);
    return value && YAJL_IS_STRING(value) ? YAJL_GET_STRING(value) : NULL;
}

static bool member_is(yajl_val object, const char *name, const char *expected)
{
    const char *text = member_text(object, name);
    return text && strcmp(text, expected) == 0;
}

static int bad_jwk(struct error_detail *detail, const char *why)
{
    return error_set(detail, ERR_INVALID_FIELD, "jwk", "%s", why);
}

int jws_read_jwk(struct span json, uint8_t ret[JWS_PUBLIC_SIZE], struct error_detail *detail)
{
    struct buf x = BUF_INIT(2 * JWS_PUBLIC_SIZE);
    int r = 0;
    yajl_val jwk = parse_object(json, JWK_MOST);
    if (!jwk || has_duplicates(jwk))
        r = bad_jwk(detail, "a key is one JSON object, with no member twice");
    else if (!member_is(jwk, "kty", "OKP") || !member_is(jwk, "crv", "Ed25519"))
        r = bad_jwk(detail, "the key must have \"kty\":\"OKP\" and \"crv\":\"Ed25519\"");
    else if (member(jwk, "d"))
        r = bad_jwk(detail, "this is a private key; only its public part is needed here");
    else if (!member_text(jwk, "x") || base64url_decode(&x, span_of(member_text(jwk, "x"))) ||
             x.size != JWS_PUBLIC_SIZE)
        r = bad_jwk(detail, "\"x\" must be 32 bytes in base64url");
    if (!r)
        memcpy(ret, x.data, JWS_PUBLIC_SIZE);
    yajl_tree_free(jwk);
    buf_done(&x);
    return r;
}

/* --- signing --- */

/* header.payload */
static int write_input(const char *kid, enum jws_type type, struct span payload, struct buf *out)
{
    struct buf header = BUF_INIT(HEADER_MOST);
    buf_add_str(&header, "{\"alg\":\"Ed25519\",\"kid\":\"");
    buf_add_str(&header, kid);
    buf_add_str(&header, "\",\"typ\":\"");
    buf_add_str(&header, type_names[type]);
    buf_add_str(&header, "\"}");
    int r = buf_failed(&header) ? ERR_NO_MEMORY : base64url_encode(out, header.data, header.size);
    buf_done(&header);
    buf_add_char(out, '.');
    if (!r)
        r = base64url_encode(out, payload.data, payload.size);
    return r || buf_failed(out) ? ERR_NO_MEMORY : 0;
}

int jws_signature(const struct jws_key *key, enum jws_type type, struct span payload,
                  uint8_t ret[JWS_SIGNATURE_SIZE])
{
    struct buf input = BUF_INIT(JWS_TEXT_MOST);
    size_t size = JWS_SIGNATURE_SIZE;
    int r = write_input(key->kid, type, payload, &input);
    EVP_MD_CTX *ctx = r ? NULL : EVP_MD_CTX_new();
    if (!r && (!ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) != 1 ||
               EVP_DigestSign(ctx, ret, &size, (uint8_t *)input.data, input.size) != 1))
        r = ERR_INTERNAL;
    EVP_MD_CTX_free(ctx);
    buf_done(&input);
    return r;
}

int jws_write(const char *kid, enum jws_type type, struct span payload,
              const uint8_t signature[JWS_SIGNATURE_SIZE], struct buf *out)
{
    int r = write_input(kid, type, payload, out);
    buf_add_char(out, '.');
    return r ? r : base64url_encode(out, signature, JWS_SIGNATURE_SIZE);
}

int jws_sign(const struct jws_key *key, enum jws_type type, struct span payload, struct buf *out)
{
    uint8_t signature[JWS_SIGNATURE_SIZE];
    int r = jws_signature(key, type, payload, signature);
    return r ? r : jws_write(key->kid, type, payload, signature, out);
}

/* --- verifying --- */

static int bad_jws(struct error_detail *detail, const char *why)
{
    return error_set(detail, ERR_INVALID_FIELD, "jws", "%s", why);
}

static int read_header(struct span encoded, struct jws *jws, struct error_detail *detail)
{
    struct buf text = BUF_INIT(HEADER_MOST);
    int r = base64url_decode(&text, encoded);
    yajl_val header = r ? NULL : parse_object((struct span){text.data, text.size}, HEADER_MOST);
    const char *typ = header ? member_text(header, "typ") : NULL;
    const char *kid = header ? member_text(header, "kid") : NULL;
    if (!header || has_duplicates(header))
        r = bad_jws(detail, "the header is not base64url of one JSON object");
    else if (!member_is(header, "alg", "Ed25519") && !member_is(header, "alg", "EdDSA"))
        r = bad_jws(detail, "the algorithm must be Ed25519 (or EdDSA)");
    else if (member(header, "crit"))
        r = bad_jws(detail, "the header has critical extensions, and none is known here");
    else if (member(header, "b64"))
        r = bad_jws(detail, "the payload must be base64url");
    else if (!typ || strlen(typ) >= sizeof jws->typ || !kid || strlen(kid) >= sizeof jws->kid)
        r = bad_jws(detail, "the header must have \"typ\" and \"kid\"");
    if (!r) {
        snprintf(jws->typ, sizeof jws->typ, "%s", typ);
        snprintf(jws->kid, sizeof jws->kid, "%s", kid);
    }
    yajl_tree_free(header);
    buf_done(&text);
    return r;
}

int jws_parse(struct span text, struct jws *ret, struct error_detail *detail)
{
    struct jws jws = {.payload = BUF_INIT(JWS_TEXT_MOST)};
    struct buf signature = BUF_INIT(2 * JWS_SIGNATURE_SIZE);
    if (text.size > JWS_TEXT_MOST)
        return bad_jws(detail, "it is larger than allowed");
    const char *end = text.data + text.size;
    const char *first = text.size ? memchr(text.data, '.', text.size) : NULL;
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return bad_jws(detail, "it must have three parts with a dot between them");
    int r = read_header((struct span){text.data, (size_t)(first - text.data)}, &jws, detail);
    if (!r &&
        base64url_decode(&jws.payload, (struct span){first + 1, (size_t)(second - first - 1)}))
        r = bad_jws(detail, "the payload is not base64url");
    if (!r &&
        (base64url_decode(&signature, (struct span){second + 1, (size_t)(end - second - 1)}) ||
         signature.size != JWS_SIGNATURE_SIZE))
        r = bad_jws(detail, "the signature is not 64 bytes in base64url");
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

int jws_verify(const struct jws *jws, enum jws_type type, const uint8_t public_key[JWS_PUBLIC_SIZE],
               struct error_detail *detail)
{
    if (strcmp(jws->typ, type_names[type]) != 0)
        return bad_jws(detail, "it is of another type than the one asked for");
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, JWS_PUBLIC_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok =
        pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
        EVP_DigestVerify(ctx, jws->signature, JWS_SIGNATURE_SIZE,
                         (const uint8_t *)jws->signing_input.data, jws->signing_input.size) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok ? 0 : bad_jws(detail, "the signature is not this key's");
}
