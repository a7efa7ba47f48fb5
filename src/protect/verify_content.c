/*
 * The payload of a receipt: its members, and the hashes of what went in and came out.
 */
#include "base/encode.h"
#include "protect/receipt.h"
#include "protect/verify_check.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum verify_state verify_says(struct error_detail *detail, enum verify_state state,
                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(detail->message, sizeof detail->message, format, args);
    va_end(args);
    return state;
}

enum verify_state verify_refuses(struct error_detail *detail, enum refusal refusal,
                                 const char *format, ...)
{
    va_list args;
    snprintf(detail->field, sizeof detail->field, "%s", refusal_name(refusal));
    va_start(args, format);
    vsnprintf(detail->message, sizeof detail->message, format, args);
    va_end(args);
    return VERIFY_FAILED;
}

/* --- members --- */

static bool is_text(const struct document *d, const char *name)
{
    struct span value;
    return document_get(d, name, &value) && value.data[0] == '"';
}

static bool is_hash(const struct document *d, const char *name)
{
    uint8_t hash[RECEIPT_HASH_SIZE];
    return document_hex(d, name, hash, sizeof hash);
}

static bool is_number(const struct document *d, const char *name)
{
    uint64_t value;
    return document_number(d, name, &value);
}

static bool is_array(const struct document *d, const char *name)
{
    struct span value;
    return document_get(d, name, &value) && value.data[0] == '[';
}

static bool is_object(const struct document *d, const char *name)
{
    struct span value;
    return document_get(d, name, &value) && value.data[0] == '{';
}

static bool is_true(const struct document *d, const char *name)
{
    struct span value;
    return document_get(d, name, &value) && span_equal(value, SPAN("true"));
}

static const struct member {
    const char *name;
    bool (*is)(const struct document *claims, const char *name);
    bool optional;
} members[] = {
    {"app_id", is_text, true},
    {"claims_sha256", is_hash},
    {"duration_us", is_number},
    {"encrypt_to", is_text, true},
    {"engine_digest", is_hash},
    {"entry_point", is_text},
    {"error_code", is_text, true},
    {"gas_limit", is_number},
    {"gas_used", is_number},
    {"iat", is_number},
    {"input_hmac", is_hash, true},
    {"input_sha256", is_hash, true},
    {"isolation", is_object},
    {"iss", is_text},
    {"jti", is_text},
    {"memory_limit", is_number},
    {"memory_used", is_number},
    {"nondeterminism", is_array},
    {"nonce", is_text, true},
    {"output_hmac", is_hash, true},
    {"output_sha256", is_hash, true},
    {"rounded", is_true, true},
    {"script_name", is_text, true},
    {"script_sha256", is_hash},
    {"sealed", is_true, true},
    {"secrets", is_array},
    {"started_ms", is_number},
    {"status", is_text},
    {"sub", is_hash},
    {"timeout_ms", is_number},
    {"version", is_number},
};

static bool has(const struct document *claims, const char *name)
{
    struct span value;
    return document_get(claims, name, &value);
}

static int malformed(struct error_detail *detail, const char *what, const char *why)
{
    return refuse(detail, REFUSAL_MALFORMED, "%s %s", what, why);
}

/* What one member says about others. */
static int fit_each_other(const struct document *claims, struct error_detail *detail)
{
    bool output = has(claims, "output_sha256") || has(claims, "output_hmac");
    bool completed = document_is(claims, "status", SPAN("completed"));
    if (has(claims, "input_sha256") == has(claims, "input_hmac"))
        return malformed(detail, "input_sha256", "or input_hmac must be there, and not both");
    if (has(claims, "output_sha256") && has(claims, "output_hmac"))
        return malformed(detail, "output_sha256", "and output_hmac are both there");
    if (!completed && !document_is(claims, "status", SPAN("failed")))
        return malformed(detail, "status", "is neither completed nor failed");
    if (completed ? !output || has(claims, "error_code") : !has(claims, "error_code"))
        return malformed(detail, "status", "does not fit the output and the error_code");
    return 0;
}

int verify_content(const struct document *claims, struct error_detail *detail)
{
    uint64_t version;
    if (!document_number(claims, "version", &version) || version != 1 ||
        !document_is(claims, "iss", SPAN("neocompute")))
        return refuse(detail, REFUSAL_VERSION, "the receipt is none of this service, version 1");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct member *m = &members[i];
        if (!m->is(claims, m->name) && (!m->optional || has(claims, m->name)))
            return malformed(detail, m->name,
                             has(claims, m->name) ? "is of the wrong kind"
                                                  : "is missing in the receipt");
    }
    return fit_each_other(claims, detail);
}

uint64_t verify_number(const struct verify *v, const char *name)
{
    uint64_t value = 0;
    document_number(&v->claims, name, &value);
    return value;
}

/* --- hashes --- */

void verify_find_salt(struct verify *v)
{
    static const char *const names[] = {"", "salt", "receipt_salt"}; /* by where it came from */
    struct buf text = BUF_INIT(256), salt = BUF_INIT(VERIFY_SALT_SIZE + 2);
    if (v->request->salt.data)
        buf_add(&text, v->request->salt.data, v->request->salt.size);
    else
        document_text(&v->outer, names[v->source], &text);
    v->has_salt = base64url_decode(&salt, (struct span){text.data, text.size}) == 0 &&
                  salt.size == VERIFY_SALT_SIZE;
    if (v->has_salt)
        memcpy(v->salt, salt.data, VERIFY_SALT_SIZE);
    buf_done(&text);
    buf_done(&salt);
}

static bool hash_bytes(struct span bytes, char ret[2 * RECEIPT_HASH_SIZE + 1])
{
    uint8_t hash[RECEIPT_HASH_SIZE];
    if (!SHA256((const uint8_t *)bytes.data, bytes.size, hash))
        return false;
    hex_encode(ret, hash, sizeof hash);
    return true;
}

/* HMAC-SHA256(salt, what ‖ 0 ‖ bytes) */
static bool mac_bytes(const uint8_t *salt, const char *what, struct span bytes,
                      char ret[2 * RECEIPT_HASH_SIZE + 1])
{
    uint8_t mac[RECEIPT_HASH_SIZE];
    unsigned size = sizeof mac;
    struct buf data = BUF_INIT(bytes.size + 64);
    buf_add(&data, what, strlen(what) + 1);
    buf_add(&data, bytes.data, bytes.size);
    bool made = !buf_failed(&data) && HMAC(EVP_sha256(), salt, VERIFY_SALT_SIZE,
                                           (const uint8_t *)data.data, data.size, mac, &size);
    buf_done(&data);
    if (made)
        hex_encode(ret, mac, sizeof mac);
    return made;
}

/* The hash of the bytes as the receipt states it: plain, or, where it has an HMAC, under the salt.
 * NULL if there is no such member, else its name; `shown` is "" if the salt is missing. */
static const char *hash_as_stated(const struct verify *v, const char *what, struct span bytes,
                                  char member[32], char shown[2 * RECEIPT_HASH_SIZE + 1])
{
    shown[0] = 0;
    snprintf(member, 32, "%s_hmac", what);
    if (has(&v->claims, member)) {
        if (v->has_salt && !mac_bytes(v->salt, what, bytes, shown))
            shown[0] = 0;
        return member;
    }
    snprintf(member, 32, "%s_sha256", what);
    if (!has(&v->claims, member))
        return NULL;
    if (!hash_bytes(bytes, shown))
        shown[0] = 0;
    return member;
}

bool verify_bytes_are(const struct verify *v, const char *what, struct span bytes)
{
    char member[32], shown[2 * RECEIPT_HASH_SIZE + 1];
    return hash_as_stated(v, what, bytes, member, shown) && *shown &&
           document_is(&v->claims, member, span_of(shown));
}

bool verify_names_secret(const struct verify *v, const struct document *secret, struct span name)
{
    char mac[2 * RECEIPT_HASH_SIZE + 1];
    if (document_is(secret, "name", name))
        return true;
    return v->has_salt && mac_bytes(v->salt, "secret-name", name, mac) &&
           document_is(secret, "name_hmac", span_of(mac));
}

enum verify_state verify_bytes(struct verify *v, const char *what, struct span bytes,
                               enum refusal refusal, struct error_detail *detail)
{
    char member[32], shown[2 * RECEIPT_HASH_SIZE + 1];
    if (!bytes.data)
        return verify_says(detail, VERIFY_NOT_MADE, "--%s F shows that it was this %s", what, what);
    if (!hash_as_stated(v, what, bytes, member, shown))
        return verify_refuses(detail, refusal, "the receipt states no %s: the job failed", what);
    if (!*shown)
        return verify_says(detail, VERIFY_UNDECIDED, "it takes the receipt's salt: --salt S");
    if (document_is(&v->claims, member, span_of(shown)))
        return verify_says(detail, VERIFY_PASSED, "%s, as the receipt states", shown);
    struct span shorter = {bytes.data, bytes.size - (bytes.size > 0)};
    if (bytes.size > 0 && bytes.data[shorter.size] == '\n' && verify_bytes_are(v, what, shorter))
        return verify_says(detail, VERIFY_PASSED,
                           "the receipt states it without the newline at its end");
    return verify_refuses(detail, refusal, "the receipt states another %s than this, %s", what,
                          shown);
}
