#include "protect/envelope.h"

#include "base/random.h"
#include "base/sha256.h"
#include "protect/hkdf.h"
#include <openssl/crypto.h>
#include <string.h>

#define REQUEST_LABEL    "neocompute sealed request" /* its NUL goes with it, as that of the next */
#define RESPONSE_LABEL   "neocompute sealed response"
#define INFO_MOST        (sizeof REQUEST_LABEL + ENVELOPE_HEADER_SIZE)
#define AAD_MOST         512 /* bytes of method, path and key id */
#define RESPONSE_AAD     (ENVELOPE_JOB_ID_SIZE + 4)
#define CONFIGURATION_AT 3 /* bytes before the public key in a key configuration */

static unsigned read_u16(const char *bytes)
{
    return (unsigned)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1];
}

static uint32_t read_u32(const char *bytes)
{
    return (uint32_t)read_u16(bytes) << 16 | read_u16(bytes + 2);
}

static void add_u16(struct buf *buf, unsigned value)
{
    buf_add_char(buf, (char)(value >> 8));
    buf_add_char(buf, (char)value);
}

static void add_u32(struct buf *buf, uint32_t value)
{
    add_u16(buf, value >> 16);
    add_u16(buf, value);
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

/* HPKE's info: what is decided before the first request is sealed. */
static int add_info(struct span header, struct buf *info)
{
    buf_add(info, REQUEST_LABEL, sizeof REQUEST_LABEL);
    buf_add(info, header.data, header.size);
    return buf_failed(info) ? ERR_INVALID_FIELD : 0;
}

/* The additional data of a request: where it goes. */
static int add_aad(struct span route, const void *key_id, struct buf *aad)
{
    buf_add(aad, route.data, route.size);
    buf_add_char(aad, '\0');
    buf_add(aad, key_id, ENVELOPE_KEY_ID_SIZE);
    return buf_failed(aad) ? ERR_INVALID_FIELD : 0;
}

static void export_reply(const struct hpke_context *context, struct span request, struct span enc,
                         struct envelope_reply *ret)
{
    char about[sizeof RESPONSE_LABEL + ENVELOPE_DIGEST_SIZE] = RESPONSE_LABEL;
    sha256(request, ret->request);
    memcpy(about + sizeof RESPONSE_LABEL, ret->request, sizeof ret->request);
    hpke_export(context, (struct span){about, sizeof about}, ret->secret, sizeof ret->secret);
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
    if (rest.size < enc_size + ENVELOPE_SEQUENCE_SIZE + HPKE_TAG_SIZE)
        return error_set(detail, ERR_SEALED_MALFORMED, "",
                         "the sealed request is cut off: it has no more than %zu bytes",
                         request.size);
    *ret = (struct envelope){
        .whole = request,
        .origin = {request.data, ENVELOPE_HEADER_SIZE + enc_size},
        .kem = (uint16_t)kem,
        .enc = {rest.data, enc_size},
        .sequence = read_u32(rest.data + enc_size),
        .sealed = skip(rest, enc_size + ENVELOPE_SEQUENCE_SIZE),
    };
    return 0;
}

/* One text, whatever the reason. */
static int refuse(int r, struct error_detail *detail)
{
    int code = r == ERR_INVALID_FIELD ? ERR_SEALED_UNOPENED : r;
    return error_set(detail, code, "", "%s", error_text(code));
}

int envelope_derive(const struct envelope *envelope, uint16_t kem, EVP_PKEY *key,
                    struct hpke_context *ret, struct error_detail *detail)
{
    struct buf info = BUF_INIT(INFO_MOST);
    int r = kem == envelope->kem ? 0 : ERR_INVALID_FIELD;
    if (!r)
        r = add_info((struct span){envelope->origin.data, ENVELOPE_HEADER_SIZE}, &info);
    if (!r)
        r = hpke_setup_receiver(kem, key, envelope->enc, span_of_buf(&info), ret);
    buf_done(&info);
    return r ? refuse(r, detail) : 0;
}

int envelope_open(const struct envelope *envelope, const struct hpke_context *context,
                  struct span route, struct buf *out, struct envelope_reply *ret,
                  struct error_detail *detail)
{
    struct buf aad = BUF_INIT(AAD_MOST);
    int r = add_aad(route, envelope->origin.data, &aad);
    if (!r)
        r = hpke_open(context, envelope->sequence, span_of_buf(&aad), envelope->sealed, out);
    if (!r)
        export_reply(context, envelope->whole, envelope->enc, ret);
    buf_done(&aad);
    return r ? refuse(r, detail) : 0;
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
    add_u32(out, sequence);
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

static int write_header(const struct envelope_key *key, struct buf *out)
{
    buf_add(out, key->id, sizeof key->id);
    add_u16(out, key->kem);
    add_u16(out, HPKE_KDF_SHA256);
    add_u16(out, HPKE_AEAD_AES256_GCM);
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

int envelope_sender_init(const struct envelope_key *key, struct envelope_sender *ret)
{
    struct buf header = BUF_INIT(ENVELOPE_HEADER_SIZE), info = BUF_INIT(INFO_MOST);
    struct span to = {(const char *)key->public_key, hpke_public_size(key->kem)};
    int r = write_header(key, &header);
    if (!r)
        r = add_info(span_of_buf(&header), &info);
    if (!r)
        r = hpke_setup_sender(key->kem, to, span_of_buf(&info), NULL,
                              ret->origin + ENVELOPE_HEADER_SIZE, &ret->context);
    if (!r) {
        memcpy(ret->origin, header.data, header.size);
        ret->origin_size = (uint8_t)(header.size + to.size);
    }
    buf_done(&header);
    buf_done(&info);
    return r;
}

void envelope_sender_done(struct envelope_sender *sender)
{
    OPENSSL_cleanse(sender, sizeof *sender);
}

int envelope_seal(struct envelope_sender *sender, struct span route, struct span text,
                  struct buf *out, struct envelope_reply *ret)
{
    struct buf aad = BUF_INIT(AAD_MOST);
    struct span origin = {(const char *)sender->origin, sender->origin_size};
    size_t before = out->size;
    int r = sender->context.sequence > UINT32_MAX ? ERR_INTERNAL : 0;
    if (!r)
        r = add_aad(route, sender->origin, &aad);
    if (!r) {
        buf_add(out, origin.data, origin.size);
        add_u32(out, (uint32_t)sender->context.sequence);
        r = buf_failed(out) ? ERR_NO_MEMORY : 0;
    }
    if (!r)
        r = hpke_seal(&sender->context, span_of_buf(&aad), text, out);
    if (!r)
        export_reply(&sender->context, (struct span){out->data + before, out->size - before},
                     skip(origin, ENVELOPE_HEADER_SIZE), ret);
    else
        out->size = before;
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
    int r = hpke_open(&context, 0, (struct span){response.data, RESPONSE_AAD}, sealed, out);
    hpke_context_done(&context);
    if (r)
        return r == ERR_INVALID_FIELD ? ERR_SEALED_UNOPENED : r;
    const char *number = response.data + ENVELOPE_JOB_ID_SIZE;
    memcpy(job_id, response.data, ENVELOPE_JOB_ID_SIZE);
    job_id[ENVELOPE_JOB_ID_SIZE] = '\0';
    *sequence = read_u32(number);
    return 0;
}
