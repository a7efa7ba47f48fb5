#include "protect/envelope.h"

#include "base/random.h"
#include "protect/hkdf.h"
#include <openssl/crypto.h>
#include <string.h>

#define REQUEST_LABEL    "neocompute sealed request" /* its NUL goes with it */
#define RESPONSE_LABEL   SPAN("neocompute sealed response")
#define ROUTE_MOST       512 /* bytes of method and path */
#define RESPONSE_AAD     (ENVELOPE_JOB_ID_SIZE + 4)
#define CONFIGURATION_AT 3 /* bytes before the public key in a key configuration */

static unsigned read_u16(const char *bytes)
{
    return (unsigned)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1];
}

static void add_u16(struct buf *buf, unsigned value)
{
    buf_add_char(buf, (char)(value >> 8));
    buf_add_char(buf, (char)value);
}

static struct span skip(struct span bytes, size_t size)
{
    return (struct span){bytes.data + size, bytes.size - size};
}

static struct span span_of_buf(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

void envelope_key_id(struct span configuration, uint8_t ret[ENVELOPE_KEY_ID_SIZE])
{
    uint8_t hash[SHA256_SIZE];
    sha256(configuration, hash);
    memcpy(ret, hash, ENVELOPE_KEY_ID_SIZE);
}

/* --- what both ends derive --- */

/* HPKE's info and additional data of a request: its header, and where it goes. */
static int add_context(struct span header, struct span route, struct buf *info, struct buf *aad)
{
    buf_add(info, REQUEST_LABEL, sizeof REQUEST_LABEL);
    buf_add(info, header.data, header.size);
    buf_add(aad, route.data, route.size);
    buf_add_char(aad, '\0');
    buf_add(aad, header.data, ENVELOPE_KEY_ID_SIZE);
    return buf_failed(info) || buf_failed(aad) ? ERR_INVALID_FIELD : 0;
}

static void export_reply(const struct hpke_context *context, struct span enc,
                         struct envelope_reply *ret)
{
    hpke_export(context, RESPONSE_LABEL, ret->secret, sizeof ret->secret);
    memcpy(ret->enc, enc.data, enc.size);
    ret->enc_size = (uint8_t)enc.size;
}

/* RFC 9458, section 4.4: a key and a nonce for one response, from the request and its own nonce. */
static void derive_response(const struct envelope_reply *reply, const char *nonce,
                            struct hpke_context *ret)
{
    const struct span secret = {(const char *)reply->secret, sizeof reply->secret};
    const struct span key = SPAN("key"), base_nonce = SPAN("nonce");
    uint8_t prk[HPKE_HASH_SIZE];
    char salt[HPKE_PUBLIC_MOST + ENVELOPE_NONCE_SIZE];
    struct hmac begun;
    memcpy(salt, reply->enc, reply->enc_size);
    memcpy(salt + reply->enc_size, nonce, ENVELOPE_NONCE_SIZE);
    *ret = (struct hpke_context){0};
    hkdf_extract((struct span){salt, (size_t)reply->enc_size + ENVELOPE_NONCE_SIZE}, &secret, 1,
                 prk);
    hmac_init(&begun, (struct span){(const char *)prk, sizeof prk});
    hkdf_expand(&begun, &key, 1, ret->key, sizeof ret->key);
    hkdf_expand(&begun, &base_nonce, 1, ret->base_nonce, sizeof ret->base_nonce);
    hmac_done(&begun);
    OPENSSL_cleanse(prk, sizeof prk);
}

void envelope_done(struct envelope_reply *reply)
{
    OPENSSL_cleanse(reply, sizeof *reply);
}

/* --- the service --- */

int envelope_parse(struct span request, struct envelope *ret, struct error_detail *detail)
{
    if (request.size < ENVELOPE_HEADER_SIZE)
        return error_set(detail, ERR_SEALED_MALFORMED, "",
                         "a sealed request begins with %d bytes of header", ENVELOPE_HEADER_SIZE);
    const char *suite = request.data + ENVELOPE_KEY_ID_SIZE;
    unsigned kem = read_u16(suite), kdf = read_u16(suite + 2), aead = read_u16(suite + 4);
    size_t enc_size = hpke_public_size((uint16_t)kem);
    if (enc_size == 0 || kdf != HPKE_KDF_SHA256 || aead != HPKE_AEAD_AES256_GCM)
        return error_set(detail, ERR_SEALED_MALFORMED, "",
                         "KEM %u, KDF %u and AEAD %u are not spoken here; 32 or 16, 1 and 2 are",
                         kem, kdf, aead);
    struct span rest = skip(request, ENVELOPE_HEADER_SIZE);
    if (rest.size < enc_size + HPKE_TAG_SIZE)
        return error_set(detail, ERR_SEALED_MALFORMED, "",
                         "the sealed request is cut off: it has no more than %zu bytes",
                         request.size);
    *ret = (struct envelope){
        .header = {request.data, ENVELOPE_HEADER_SIZE},
        .kem = (uint16_t)kem,
        .enc = {rest.data, enc_size},
        .sealed = skip(rest, enc_size),
    };
    return 0;
}

int envelope_open(const struct envelope *envelope, uint16_t kem, EVP_PKEY *key, struct span route,
                  struct buf *out, struct envelope_reply *ret, struct error_detail *detail)
{
    struct hpke_context context = {0};
    struct envelope_reply reply;
    struct buf info = BUF_INIT(ROUTE_MOST), aad = BUF_INIT(ROUTE_MOST);
    int r = kem == envelope->kem ? add_context(envelope->header, route, &info, &aad)
                                 : ERR_INVALID_FIELD;
    if (!r)
        r = hpke_setup_receiver(kem, key, envelope->enc, span_of_buf(&info), &context);
    if (!r) {
        export_reply(&context, envelope->enc, &reply);
        r = hpke_open(&context, span_of_buf(&aad), envelope->sealed, out);
    }
    if (r == ERR_INVALID_FIELD)
        r = error_set(detail, ERR_SEALED_UNOPENED, "", "%s", error_text(ERR_SEALED_UNOPENED));
    else if (r)
        error_set(detail, r, "", "%s", error_text(r));
    if (!r)
        *ret = reply;
    envelope_done(&reply);
    hpke_context_done(&context);
    buf_done(&info);
    buf_done(&aad);
    return r;
}

int envelope_answer_begin(const char *job_id, uint32_t sequence, size_t size, struct buf *out)
{
    uint8_t nonce[ENVELOPE_NONCE_SIZE];
    out->secret = true;
    int r = buf_reserve(out, ENVELOPE_RESPONSE_FRAME + size);
    if (!r && random_take(nonce, sizeof nonce))
        r = ERR_INTERNAL;
    if (r)
        return r;
    buf_add(out, job_id, ENVELOPE_JOB_ID_SIZE);
    add_u16(out, sequence >> 16);
    add_u16(out, sequence);
    return buf_add(out, nonce, sizeof nonce);
}

int envelope_answer_end(const struct envelope_reply *reply, size_t begun, struct buf *out)
{
    struct hpke_context context;
    if (buf_failed(out)) {
        OPENSSL_cleanse(out->data + begun, out->size - begun);
        out->size = begun;
        return ERR_NO_MEMORY;
    }
    derive_response(reply, out->data + begun + RESPONSE_AAD, &context);
    int r = hpke_seal_in_place(&context, (struct span){out->data + begun, RESPONSE_AAD},
                               begun + ENVELOPE_RESPONSE_HEAD, out);
    hpke_context_done(&context);
    if (r) {
        OPENSSL_cleanse(out->data + begun, out->size - begun);
        out->size = begun;
    }
    return r;
}

int envelope_answer(const struct envelope_reply *reply, const char *job_id, uint32_t sequence,
                    struct span text, struct buf *out)
{
    size_t begun = out->size;
    int r = envelope_answer_begin(job_id, sequence, text.size, out);
    if (r)
        return r;
    buf_add(out, text.data, text.size);
    return envelope_answer_end(reply, begun, out);
}

/* --- the caller --- */

/* Does one of the suites, KDF and AEAD each, match? */
static bool offers_suite(struct span suites)
{
    for (; suites.size >= 4; suites = skip(suites, 4))
        if (read_u16(suites.data) == HPKE_KDF_SHA256 &&
            read_u16(suites.data + 2) == HPKE_AEAD_AES256_GCM)
            return true;
    return false;
}

int envelope_key_read(struct span configuration, struct envelope_key *ret,
                      struct error_detail *detail)
{
    struct envelope_key key = {0};
    key.kem =
        configuration.size > CONFIGURATION_AT ? (uint16_t)read_u16(configuration.data + 1) : 0;
    size_t size = hpke_public_size(key.kem), at = CONFIGURATION_AT + size;
    bool whole = size > 0 && configuration.size >= at + 2 &&
                 read_u16(configuration.data + at) == configuration.size - at - 2 &&
                 (configuration.size - at - 2) % 4 == 0;
    if (!whole || !offers_suite(skip(configuration, at + 2)))
        return error_set(detail, ERR_INVALID_FIELD, "configuration",
                         "this is no HPKE key configuration with a suite that is spoken here");
    memcpy(key.public_key, configuration.data + CONFIGURATION_AT, size);
    envelope_key_id(configuration, key.id);
    *ret = key;
    return 0;
}

int envelope_seal(const struct envelope_key *key, struct span route, struct span text,
                  struct buf *out, struct envelope_reply *ret)
{
    struct hpke_context context = {0};
    struct envelope_reply reply = {0};
    uint8_t enc_bytes[HPKE_PUBLIC_MOST];
    struct span enc = {(const char *)enc_bytes, hpke_public_size(key->kem)};
    struct buf header = BUF_INIT(ENVELOPE_HEADER_SIZE), info = BUF_INIT(ROUTE_MOST),
               aad = BUF_INIT(ROUTE_MOST);
    size_t before = out->size;
    buf_add(&header, key->id, sizeof key->id);
    add_u16(&header, key->kem);
    add_u16(&header, HPKE_KDF_SHA256);
    add_u16(&header, HPKE_AEAD_AES256_GCM);
    int r =
        buf_failed(&header) ? ERR_NO_MEMORY : add_context(span_of_buf(&header), route, &info, &aad);
    if (!r)
        r = hpke_setup_sender(key->kem, (struct span){(const char *)key->public_key, enc.size},
                              span_of_buf(&info), NULL, enc_bytes, &context);
    if (!r)
        export_reply(&context, enc, &reply);
    if (!r)
        r = buf_add(out, header.data, header.size);
    if (!r)
        r = buf_add(out, enc.data, enc.size);
    if (!r)
        r = hpke_seal(&context, span_of_buf(&aad), text, out);
    if (r)
        out->size = before;
    else
        *ret = reply;
    envelope_done(&reply);
    hpke_context_done(&context);
    buf_done(&header);
    buf_done(&info);
    buf_done(&aad);
    return r;
}

int envelope_read(const struct envelope_reply *reply, struct span response, struct buf *out,
                  char job_id[ENVELOPE_JOB_ID_SIZE + 1], uint32_t *sequence)
{
    struct hpke_context context;
    if (response.size < ENVELOPE_RESPONSE_FRAME)
        return ERR_SEALED_UNOPENED;
    struct span sealed = skip(response, RESPONSE_AAD + ENVELOPE_NONCE_SIZE);
    derive_response(reply, response.data + RESPONSE_AAD, &context);
    int r = hpke_open(&context, (struct span){response.data, RESPONSE_AAD}, sealed, out);
    hpke_context_done(&context);
    if (r)
        return r == ERR_INVALID_FIELD ? ERR_SEALED_UNOPENED : r;
    const char *number = response.data + ENVELOPE_JOB_ID_SIZE;
    memcpy(job_id, response.data, ENVELOPE_JOB_ID_SIZE);
    job_id[ENVELOPE_JOB_ID_SIZE] = '\0';
    *sequence = (uint32_t)read_u16(number) << 16 | read_u16(number + 2);
    return 0;
}
