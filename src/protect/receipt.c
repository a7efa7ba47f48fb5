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

static void add_text(struct buf *out, const char *key, struct span text)
{
    json_next_key(out, key);
    json_string(out, text);
}

static void add_optional(struct buf *out, const char *key, struct span text)
{
    if (text.size)
        add_text(out, key, text);
}

static void add_hash(struct buf *out, const char *key, const uint8_t *hash)
{
    char hex[2 * RECEIPT_HASH_SIZE + 1];
    if (!hash)
        return;
    hex_encode(hex, hash, RECEIPT_HASH_SIZE);
    add_text(out, key, span_of(hex));
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
    json_next_key(out, key);
    json_u64(out, value);
}

static void add_true(struct buf *out, const char *key, bool value)
{
    if (!value)
        return;
    json_next_key(out, key);
    json_bool(out, true);
}

static void add_nondeterminism(struct buf *out, const struct receipt *r)
{
    json_next_key(out, "nondeterminism");
    buf_add_char(out, '[');
    for (size_t i = 0; i < r->nondeterminism_count; i++) {
        if (i)
            buf_add_char(out, ',');
        json_str(out, r->nondeterminism[i]);
    }
    buf_add_char(out, ']');
}

static void add_secrets(struct buf *out, const struct receipt *r)
{
    json_next_key(out, "secrets");
    buf_add_char(out, '[');
    for (size_t i = 0; i < r->secret_count; i++) {
        buf_add_char(out, i ? ',' : '{');
        if (i)
            buf_add_char(out, '{');
        if (r->secrets[i].name_hmac) {
            add_hash(out, "name_hmac", r->secrets[i].name_hmac);
        } else {
            json_key(out, "name");
            json_string(out, r->secrets[i].name);
        }
        add_number(out, "version", r->secrets[i].version);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

int receipt_write(const struct receipt *r, struct buf *out)
{
    uint64_t gas = r->rounded ? receipt_round(r->gas_used, r->gas_limit) : r->gas_used;
    uint64_t memory = r->rounded ? receipt_round(r->memory_used, r->memory_limit) : r->memory_used;
    buf_add_char(out, '{');
    add_optional(out, "app_id", r->app_id);
    add_text(out, "claims_sha256", span_of(r->claims_sha256));
    add_number(out, "duration_us", r->duration_us);
    add_optional(out, "encrypt_to", r->encrypt_to);
    add_text(out, "engine_digest", span_of(r->engine_digest));
    add_text(out, "entry_point", r->entry_point);
    if (r->error_code)
        add_text(out, "error_code", span_of(r->error_code));
    add_number(out, "gas_limit", r->gas_limit);
    add_number(out, "gas_used", gas);
    add_number(out, "iat", r->issued_unix_s);
    add_hash(out, "input_hmac", r->input_hmac);
    add_hash(out, "input_sha256", r->input_sha256);
    json_next_key(out, "isolation");
    buf_add_str(out, r->isolation);
    add_text(out, "iss", SPAN("neocompute"));
    add_text(out, "jti", r->job_id);
    add_number(out, "memory_limit", r->memory_limit);
    add_number(out, "memory_used", memory);
    add_optional(out, "nonce", r->nonce);
    add_nondeterminism(out, r);
    add_hash(out, "output_hmac", r->output_hmac);
    add_hash(out, "output_sha256", r->output_sha256);
    add_true(out, "rounded", r->rounded);
    add_optional(out, "script_name", r->script_name);
    add_hash(out, "script_sha256", r->script_sha256);
    add_true(out, "sealed", r->sealed);
    add_secrets(out, r);
    add_number(out, "started_ms", r->started_unix_ms);
    add_text(out, "status", r->error_code ? SPAN("failed") : SPAN("completed"));
    add_hash(out, "sub", r->subject);
    add_number(out, "timeout_ms", r->timeout_ms);
    add_number(out, "version", 1);
    buf_add_char(out, '}');
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

int receipt_write_batch(const uint8_t root[RECEIPT_HASH_SIZE], uint32_t count,
                        uint64_t issued_unix_s, struct buf *out)
{
    buf_add_char(out, '{');
    add_number(out, "iat", issued_unix_s);
    add_text(out, "iss", SPAN("neocompute"));
    add_hash(out, "root", root);
    add_number(out, "size", count);
    add_number(out, "version", 1);
    buf_add_char(out, '}');
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}
