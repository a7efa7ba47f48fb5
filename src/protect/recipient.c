#include "protect/recipient.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/json_read.h"
#include "protect/receipt.h"
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_SIZE 32
#define X_SIZE   43 /* characters of base64url of a key */

static int bad(struct error_detail *detail, const char *why)
{
    return error_set(detail, ERR_INVALID_FIELD, "encrypt_to", "encrypt_to: %s", why);
}

/* A string literal of base64url, without escapes. */
static int read_x(struct span literal, uint8_t key[KEY_SIZE], struct error_detail *detail)
{
    struct buf bytes = BUF_INIT(2 * KEY_SIZE);
    bool sized = literal.size == X_SIZE + 2 && literal.data[0] == '"';
    int r = sized ? base64url_decode(&bytes, (struct span){literal.data + 1, X_SIZE})
                  : ERR_INVALID_FIELD;
    if (!r && bytes.size != KEY_SIZE)
        r = ERR_INVALID_FIELD;
    if (!r)
        memcpy(key, bytes.data, KEY_SIZE);
    buf_done(&bytes);
    return r == ERR_INVALID_FIELD ? bad(detail, "the key must be 32 bytes in base64url") : r;
}

/* Of a JWK only these count; the rest (kid, use, alg) says nothing that is needed here. */
enum member { MEMBER_KTY, MEMBER_CRV, MEMBER_X, MEMBER_D, MEMBER_COUNT };

static int read_jwk(struct span json, uint8_t key[KEY_SIZE], struct error_detail *detail)
{
    static const char *const names[MEMBER_COUNT] = {"\"kty\"", "\"crv\"", "\"x\"", "\"d\""};
    struct span values[MEMBER_COUNT] = {{0}}, rest, name, value;
    if (!json_object(json, &rest))
        return bad(detail, "it must be a key in base64url, or a JWK");
    while (json_pair(&rest, &name, &value)) {
        if (memchr(name.data, '\\', name.size))
            return bad(detail, "the JWK has a member with an escape in its name");
        for (int i = 0; i < MEMBER_COUNT; i++) {
            if (!span_equal(name, span_of(names[i])))
                continue;
            if (values[i].data)
                return bad(detail, "the JWK has a member twice");
            values[i] = value;
        }
    }
    if (values[MEMBER_D].data)
        return bad(detail, "this is a private key; send its public part only");
    if (!span_equal(values[MEMBER_KTY], SPAN("\"OKP\"")) ||
        !span_equal(values[MEMBER_CRV], SPAN("\"X25519\"")))
        return bad(detail, "the JWK must have \"kty\":\"OKP\" and \"crv\":\"X25519\"");
    return read_x(values[MEMBER_X], key, detail);
}

/* RFC 7638: SHA-256 over the members that make the key, in order. */
static int thumbprint(const uint8_t key[KEY_SIZE], char ret[JWS_KID_SIZE])
{
    struct buf members = BUF_INIT(128), text = BUF_INIT(JWS_KID_SIZE);
    uint8_t hash[SHA256_DIGEST_LENGTH];
    buf_add_str(&members, "{\"crv\":\"X25519\",\"kty\":\"OKP\",\"x\":\"");
    base64url_encode(&members, key, KEY_SIZE);
    buf_add_str(&members, "\"}");
    bool ok = !buf_failed(&members) && SHA256((uint8_t *)members.data, members.size, hash) &&
              base64url_encode(&text, hash, sizeof hash) == 0;
    if (ok)
        snprintf(ret, JWS_KID_SIZE, "%.*s", (int)text.size, text.data);
    buf_done(&members);
    buf_done(&text);
    return ok ? 0 : ERR_INTERNAL;
}

int recipient_read(struct span json, struct recipient *ret, struct error_detail *detail)
{
    uint8_t key[KEY_SIZE], enc[HPKE_PUBLIC_MOST];
    struct recipient made;
    bool text = json.size > 0 && json.data[0] == '"';
    int r = text ? read_x(json, key, detail) : read_jwk(json, key, detail);
    if (r)
        return r;
    r = thumbprint(key, made.thumbprint);
    if (!r)
        r = hpke_setup_sender(HPKE_KEM_X25519, (struct span){(const char *)key, sizeof key},
                              RECIPIENT_INFO, NULL, enc, &made.context);
    if (r == ERR_INVALID_FIELD)
        return bad(detail, "nothing can be sealed to this key: its point is of low order");
    if (r)
        return error_set(detail, r, "encrypt_to", "%s", error_text(r));
    memcpy(made.enc, enc, sizeof made.enc);
    *ret = made;
    hpke_context_done(&made.context);
    return 0;
}

int recipient_seal(struct recipient *recipient, struct span job_id, struct span text,
                   struct buf *out)
{
    size_t before = out->size;
    int r = buf_reserve(out, RECIPIENT_FRAME + text.size);
    if (!r)
        r = buf_add(out, recipient->enc, sizeof recipient->enc);
    if (!r)
        r = hpke_seal(&recipient->context, job_id, text, out);
    if (r)
        out->size = before;
    return r;
}

#define RESULT_FIXED 256 /* bytes of a result but for its parts */

int recipient_seal_result(struct recipient *recipient, struct span job_id,
                          const struct recipient_result *result, struct buf *out)
{
    size_t size = RESULT_FIXED + JSON_ESCAPE_MOST * result->error.size + result->logs.size +
                  result->output.size;
    struct buf text = BUF_INIT(size);
    buf_reserve(&text, size); /* it never moves, so that no copy is left */
    buf_add_char(&text, '{');
    if (!result->output.size) {
        json_key(&text, "error");
        json_string(&text, result->error);
    }
    json_next_key(&text, "logs");
    buf_add(&text, result->logs.data, result->logs.size);
    if (result->output.size) {
        json_next_key(&text, "output");
        buf_add(&text, result->output.data, result->output.size);
    }
    json_next_key(&text, "receipt_salt");
    buf_add_char(&text, '"');
    base64url_encode(&text, result->salt, RECEIPT_SALT_SIZE);
    buf_add_str(&text, "\"}");
    int r = buf_failed(&text)
                ? ERR_NO_MEMORY
                : recipient_seal(recipient, job_id, (struct span){text.data, text.size}, out);
    buf_wipe(&text);
    return r;
}

void recipient_done(struct recipient *recipient)
{
    hpke_context_done(&recipient->context);
}
