/*
 * A job as callers see it. The output is put in as the very bytes that were hashed.
 */
#include "api/server.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "protect/receipt.h"
#include <string.h>

/* Everything but output, logs, error and names: 660 at most. With a small output the whole stays
 * below what malloc keeps at hand (1032). */
#define FIXED_BYTES 768

/* Waiting jobs are `running` to callers, who know three states; `queued` tells them apart. */
static const char *const status_names[JOB_STATUS_COUNT] = {"running", "running", "completed",
                                                           "failed"};

size_t job_json_size(const struct job_view *view)
{
    if (view->sealed)
        return FIXED_BYTES + view->sealed_answer.size / 3 * 4 + 4;
    /* A character of a string may become six. */
    return FIXED_BYTES + view->encrypted_output.size / 3 * 4 + 4 + view->output.size +
           view->logs.size + 6 * (view->error.size + view->app_id.size + view->script_name.size);
}

static void add_bytes(struct buf *buf, struct span bytes)
{
    buf_add(buf, bytes.data, bytes.size);
}

static void add_hex(struct buf *buf, const char *key, const uint8_t hash[PROTECT_HASH_SIZE])
{
    char text[2 * PROTECT_HASH_SIZE + 1];
    hex_encode(text, hash, PROTECT_HASH_SIZE);
    buf_add_str(buf, key);
    buf_add(buf, text, sizeof text - 1);
    buf_add_char(buf, '"');
}

/* Milliseconds as seconds, without a fraction that is zero. */
static void add_seconds(struct buf *buf, uint64_t ms)
{
    unsigned fraction = (unsigned)(ms % 1000), digits = 3;
    json_u64(buf, ms / 1000);
    for (; fraction && fraction % 10 == 0; digits--)
        fraction /= 10;
    if (fraction)
        buf_addf(buf, ".%0*u", (int)digits, fraction);
}

static void add_limits(struct buf *buf, const struct job_view *view)
{
    buf_add_str(buf, ",\"limits\":{\"timeout\":");
    add_seconds(buf, view->timeout_ms);
    buf_add_str(buf, ",\"gas_limit\":");
    json_u64(buf, view->gas_limit);
    buf_add_str(buf, ",\"memory_limit\":");
    json_u64(buf, view->memory_limit);
    buf_add_char(buf, '}');
}

static void add_nondeterminism(struct buf *buf, uint32_t bits)
{
    const char *name, *comma = "";
    buf_add_str(buf, ",\"nondeterminism\":[");
    for (unsigned i = 0; (name = job_nondeterminism_name(i)); i++) {
        if (!(bits & (1u << i)))
            continue;
        buf_add_str(buf, comma);
        json_str(buf, name);
        comma = ",";
    }
    buf_add_char(buf, ']');
}

static void add_result(struct buf *buf, const struct job_view *view)
{
    if (view->status == JOB_COMPLETED) {
        buf_add_str(buf, ",\"output\":");
        add_bytes(buf, view->output);
    }
    buf_add_str(buf, ",\"logs\":");
    add_bytes(buf, view->logs);
    if (view->status == JOB_FAILED) {
        buf_add_str(buf, ",\"error\":");
        json_string(buf, view->error);
    }
}

/* What is known of a job that has ended. */
static void add_end(struct buf *buf, const struct job_view *view)
{
    char duration[CLOCK_DURATION_SIZE];
    if (view->encrypted) {
        buf_add_str(buf, ",\"encrypted_output\":\"");
        base64_encode(buf, view->encrypted_output.data, view->encrypted_output.size);
        buf_add_char(buf, '"');
    } else {
        add_result(buf, view);
    }
    if (view->status == JOB_FAILED) {
        buf_add_str(buf, ",\"error_code\":\"");
        buf_add_str(buf, error_name(view->code));
        buf_add_char(buf, '"');
    }
    buf_add_str(buf, ",\"gas_used\":");
    json_u64(buf, view->gas_used);
    buf_add_str(buf, ",\"memory_used\":");
    json_u64(buf, view->memory_used);
    clock_format_duration(duration, view->duration_ns);
    buf_add_str(buf, ",\"duration\":\"");
    buf_add_str(buf, duration);
    buf_add_char(buf, '"');
    if (view->status == JOB_COMPLETED) {
        add_hex(buf, ",\"output_hash\":\"", view->proof.output_hash);
        add_hex(buf, ",\"signature\":\"", view->proof.signature);
    }
    add_nondeterminism(buf, view->nondeterminism);
}

static void add_name(struct buf *buf, const char *key, struct span value)
{
    if (value.size == 0)
        return;
    buf_add_str(buf, key);
    json_string(buf, value);
}

/* Neither has a character that needs an escape. */
static int add_receipt(struct buf *buf, const struct job *job)
{
    if (!job || !job_has_receipt(job))
        return 0;
    const uint8_t *salt = job_receipt_salt(job);
    buf_add_str(buf, ",\"receipt\":\"");
    int r = job_receipt_write(job, false, buf);
    if (salt) {
        buf_add_str(buf, "\",\"receipt_salt\":\"");
        base64url_encode(buf, salt, RECEIPT_SALT_SIZE);
    }
    buf_add_char(buf, '"');
    return r;
}

/* Of a sealed job: what its sealed answer is found by, and no more. */
static void write_sealed(struct buf *buf, const struct job_view *view, const char *started)
{
    buf_add_str(buf, "{\"job_id\":\"");
    buf_add(buf, view->id.text, UUID_SIZE - 1);
    buf_add_str(buf, "\",\"sealed\":true");
    if (view->sealed_answer.size) {
        buf_add_str(buf, ",\"sealed_response\":\"");
        base64url_encode(buf, view->sealed_answer.data, view->sealed_answer.size);
        buf_add_char(buf, '"');
    }
    buf_add_str(buf, ",\"started_at\":\"");
    buf_add(buf, started, CLOCK_TIME_SIZE - 1);
    buf_add_str(buf, "\",\"status\":\"");
    buf_add_str(buf, status_names[view->status]);
    buf_add_str(buf, "\"}");
}

int job_json_write(struct buf *buf, const struct job_view *view, const struct job *with_receipt)
{
    char started[CLOCK_TIME_SIZE];
    clock_format_time(started, view->started_unix_ms);
    if (view->sealed) {
        write_sealed(buf, view, started);
        return buf_failed(buf) ? ERR_NO_MEMORY : 0;
    }
    buf_add_str(buf, "{\"job_id\":\"");
    buf_add(buf, view->id.text, UUID_SIZE - 1);
    buf_add_str(buf, "\",\"status\":\"");
    buf_add_str(buf, status_names[view->status]);
    buf_add_str(buf, "\",\"started_at\":\"");
    buf_add(buf, started, CLOCK_TIME_SIZE - 1);
    buf_add_char(buf, '"');
    if (view->status == JOB_QUEUED)
        buf_add_str(buf, ",\"queued\":true");
    if (job_status_final(view->status))
        add_end(buf, view);
    add_limits(buf, view);
    add_name(buf, ",\"app_id\":", view->app_id);
    add_name(buf, ",\"script_name\":", view->script_name);
    int r = add_receipt(buf, with_receipt);
    buf_add_char(buf, '}');
    return r ? r : buf_failed(buf) ? ERR_NO_MEMORY : 0;
}
