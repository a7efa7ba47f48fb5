#include "protect/recipient_key.h"

#include "base/encode.h"
#include "protect/document.h"
#include "protect/hpke.h"
#include "protect/recipient.h"
#include <openssl/crypto.h>
#include <string.h>

#define KEY_SIZE 32

int recipient_key_new(struct recipient_key *ret)
{
    return hpke_key_new(HPKE_KEM_X25519, &ret->pkey);
}

void recipient_key_done(struct recipient_key *key)
{
    EVP_PKEY_free(key->pkey); /* wipes */
    key->pkey = NULL;
}

/* --- JWK --- */

static int bad(struct error_detail *detail, const char *why)
{
    return error_set(detail, ERR_INVALID_FIELD, "key", "%s", why);
}

static bool read_bytes(const struct document *jwk, const char *name, uint8_t ret[KEY_SIZE])
{
    struct buf text = BUF_INIT(2 * KEY_SIZE), bytes = BUF_INIT(2 * KEY_SIZE);
    bool good = document_text(jwk, name, &text) &&
                base64url_decode(&bytes, (struct span){text.data, text.size}) == 0 &&
                bytes.size == KEY_SIZE;
    if (good)
        memcpy(ret, bytes.data, KEY_SIZE);
    buf_wipe(&text);
    buf_wipe(&bytes);
    return good;
}

int recipient_key_read(struct span json, struct recipient_key *ret, struct error_detail *detail)
{
    struct document jwk;
    uint8_t d[KEY_SIZE], x[KEY_SIZE], right[HPKE_PUBLIC_MOST];
    struct recipient_key key = {0};
    size_t size;
    int r = document_read(json, "the key", &jwk, detail);
    if (r)
        return r;
    if (!document_is(&jwk, "kty", SPAN("OKP")) || !document_is(&jwk, "crv", SPAN("X25519")) ||
        !read_bytes(&jwk, "x", x) || !read_bytes(&jwk, "d", d))
        return bad(detail, "it must be a private JWK of X25519: \"kty\":\"OKP\", \"crv\", \"d\", "
                           "\"x\"");
    r = hpke_key_import(HPKE_KEM_X25519, (struct span){(const char *)d, sizeof d}, &key.pkey);
    OPENSSL_cleanse(d, sizeof d);
    if (!r)
        r = hpke_key_public(key.pkey, right, &size);
    if (!r && memcmp(right, x, KEY_SIZE) != 0)
        r = bad(detail, "its public part is not that of its private part");
    if (r)
        recipient_key_done(&key);
    else
        *ret = key;
    return r;
}

int recipient_key_write(const struct recipient_key *key, bool with_private, struct buf *out)
{
    uint8_t d[KEY_SIZE], x[HPKE_PUBLIC_MOST];
    size_t d_size = sizeof d, x_size;
    if (hpke_key_public(key->pkey, x, &x_size) ||
        EVP_PKEY_get_raw_private_key(key->pkey, d, &d_size) != 1)
        return ERR_INTERNAL;
    buf_add_str(out, "{\"crv\":\"X25519\"");
    if (with_private) {
        buf_add_str(out, ",\"d\":\"");
        base64url_encode(out, d, d_size);
        buf_add_char(out, '"');
    }
    OPENSSL_cleanse(d, sizeof d);
    buf_add_str(out, ",\"kty\":\"OKP\",\"use\":\"enc\",\"x\":\"");
    base64url_encode(out, x, x_size);
    buf_add_str(out, "\"}");
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

/* --- opening --- */

int recipient_key_open(const struct recipient_key *key, struct span job_id, struct span text,
                       struct buf *out, struct error_detail *detail)
{
    struct buf message = BUF_INIT(text.size + 4);
    struct hpke_context context = {0};
    int r = base64_decode(&message, text);
    if (!r && message.size < RECIPIENT_FRAME)
        r = ERR_INVALID_FIELD;
    if (!r) {
        struct span enc = {message.data, RECIPIENT_ENC_SIZE};
        struct span sealed = {message.data + enc.size, message.size - enc.size};
        r = hpke_setup_receiver(HPKE_KEM_X25519, key->pkey, enc, RECIPIENT_INFO, &context);
        if (!r)
            r = hpke_open(&context, 0, job_id, sealed, out);
    }
    hpke_context_done(&context);
    buf_done(&message);
    return r ? error_set(detail, ERR_INVALID_FIELD, "encrypted_output",
                         "it does not open with this key: another key, another job, or changed")
             : 0;
}
