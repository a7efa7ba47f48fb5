#include "protect/receipt.h"

#include "base/encode.h"
#include "base/json.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define ROUND_PARTS 64

int receipt_subject(struct span user, const uint8_t salt[RECEIPT_SALT_SIZE],
                    char ret[2 * RECEIPT_HASH_SIZE + 1])
{
    uint8_t mac[RECEIPT_HASH_SIZE];
    unsigned size = sizeof mac;
    if (!HMAC(EVP_sha256(), salt, RECEIPT_SALT_SIZE, (const uint8_t *)user.data, user.size, mac,
              &size))
        return ERR_INTERNAL;
    hex_encode(ret, mac, sizeof mac);
    return 0;
}

uint64_t receipt_round(uint64_t value, uint64_t limit)
{
    uint64_t part = (limit + ROUND_PARTS - 1) / ROUND_PARTS;
    if (part == 0)
        return value;
    uint64_t rounded = (value + part - 1) / part * part;
    return rounded > limit && value <= limit ? limit : rounded;
}

/* Members are written with their names as literals, comma included: a receipt is made for every
 * job, and looking for what goes in front of each name would cost more than the rest. */

static void add_text(struct buf *out, const char *key, struct span text)
{
    buf_add_str(out, key);
    json_string(out, text);
}

static void add_optional(struct buf *out, const char *key, struct span text)
{
    if (text.size)
        add_text(out, key, text);
}

/* Text without a character that needs an escape. `key` goes up to the value's quote. */
static void add_plain(struct buf *out, const char *key, struct span text)
{
    buf_add_str(out, key);
    buf_add(out, text.data, text.size);
    buf_add_char(out, '"');
}

static void add_hash(struct buf *out, const char *key, const uint8_t *hash)
{
    char hex[2 * RECEIPT_HASH_SIZE + 1];
    if (!hash)
        return;
    hex_encode(hex, hash, RECEIPT_HASH_SIZE);
    add_plain(out, key, (struct span){hex, 2 * RECEIPT_HASH_SIZE});
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
    buf_add_str(out, key);
    json_u64(out, value);
}

static void add_nondeterminism(struct buf *out, const struct receipt *r)
{
    buf_add_str(out, ",\"nondeterminism\":[");
    for (size_t i = 0; i < r->nondeterminism_count; i++) {
        if (i)
            buf_add_char(out, ',');
        json_str(out, r->nondeterminism[i]);
    }
    buf_add_char(out, ']');
}

static void add_secrets(struct buf *out, const struct receipt *r)
{
    buf_add_str(out, ",\"secrets\":[");
    for (size_t i = 0; i < r->secret_count; i++) {
        buf_add_str(out, i ? ",{" : "{");
        if (r->secrets[i].name_hmac)
            add_hash(out, "\"name_hmac\":\"", r->secrets[i].name_hmac);
        else
            add_text(out, "\"name\":", r->secrets[i].name);
        add_number(out, ",\"version\":", r->secrets[i].version);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

/* The members up to "iss", and from there on, in the order of RFC 8785. */
static void add_first_half(struct buf *out, const struct receipt *r)
{
    buf_add_char(out, '{');
    if (r->app_id.size) {
        add_text(out, "\"app_id\":", r->app_id);
        buf_add_char(out, ',');
    }
    add_plain(out, "\"claims_sha256\":\"", span_of(r->claims_sha256));
    add_number(out, ",\"duration_us\":", r->duration_us);
    add_optional(out, ",\"encrypt_to\":", r->encrypt_to);
    add_plain(out, ",\"engine_digest\":\"", span_of(r->engine_digest));
    add_text(out, ",\"entry_point\":", r->entry_point);
    if (r->error_code)
        add_plain(out, ",\"error_code\":\"", span_of(r->error_code));
    add_number(out, ",\"gas_limit\":", r->gas_limit);
    add_number(
        out, ",\"gas_used\":", r->rounded ? receipt_round(r->gas_used, r->gas_limit) : r->gas_used);
    add_number(out, ",\"iat\":", r->issued_unix_s);
    add_hash(out, ",\"input_hmac\":\"", r->input_hmac);
    add_hash(out, ",\"input_sha256\":\"", r->input_sha256);
    buf_add_str(out, ",\"isolation\":");
    buf_add_str(out, r->isolation);
}

static void add_second_half(struct buf *out, const struct receipt *r)
{
    buf_add_str(out, ",\"iss\":\"neocompute\"");
    add_plain(out, ",\"jti\":\"", r->job_id);
    add_number(out, ",\"memory_limit\":", r->memory_limit);
    add_number(out, ",\"memory_used\":",
               r->rounded ? receipt_round(r->memory_used, r->memory_limit) : r->memory_used);
    add_optional(out, ",\"nonce\":", r->nonce);
    add_nondeterminism(out, r);
    add_hash(out, ",\"output_hmac\":\"", r->output_hmac);
    add_hash(out, ",\"output_sha256\":\"", r->output_sha256);
    if (r->rounded)
        buf_add_str(out, ",\"rounded\":true");
    add_optional(out, ",\"script_name\":", r->script_name);
    add_hash(out, ",\"script_sha256\":\"", r->script_sha256);
    if (r->sealed)
        buf_add_str(out, ",\"sealed\":true");
    add_secrets(out, r);
    add_number(out, ",\"started_ms\":", r->started_unix_ms);
    buf_add_str(out, r->error_code ? ",\"status\":\"failed\"" : ",\"status\":\"completed\"");
    add_hash(out, ",\"sub\":\"", r->subject);
    add_number(out, ",\"timeout_ms\":", r->timeout_ms);
    buf_add_str(out, ",\"version\":1}");
}

int receipt_write(const struct receipt *receipt, struct buf *out)
{
    add_first_half(out, receipt);
    add_second_half(out, receipt);
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

int receipt_write_batch(const uint8_t root[RECEIPT_HASH_SIZE], uint32_t count,
                        uint64_t issued_unix_s, struct buf *out)
{
    add_number(out, "{\"iat\":", issued_unix_s);
    add_hash(out, ",\"iss\":\"neocompute\",\"root\":\"", root);
    add_number(out, ",\"size\":", count);
    buf_add_str(out, ",\"version\":1}");
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}
