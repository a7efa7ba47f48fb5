#include "api/secret_json.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include <stddef.h>

static void add_time(struct buf *buf, const char *key, int64_t unix_ms)
{
    char text[CLOCK_TIME_SIZE];
    clock_format_time(text, (uint64_t)unix_ms);
    json_next_key(buf, key);
    json_str(buf, text);
}

static void add_text(struct buf *buf, const char *key, struct span text)
{
    json_next_key(buf, key);
    json_string(buf, text);
}

/* As the existing gateway shows a secret: never its value. */
void secret_json_row(struct buf *buf, const struct store_secret *row)
{
    buf_add_char(buf, '{');
    add_text(buf, "id", row->id);
    add_text(buf, "name", row->name);
    json_next_key(buf, "version");
    json_u64(buf, row->version);
    add_time(buf, "created_at", row->created_unix_ms);
    add_time(buf, "updated_at", row->updated_unix_ms);
    buf_add_char(buf, '}');
}

static void add_script(struct buf *buf, const struct secret_script *script)
{
    char hex[2 * SECRET_HASH_SIZE + 1];
    hex_encode(hex, script->sha256, SECRET_HASH_SIZE);
    buf_add_char(buf, '{');
    add_text(buf, "sha256", span_of(hex));
    add_text(buf, "entry_point", script->entry_point);
    if (script->expires_unix_ms) {
        add_time(buf, "expires_at", script->expires_unix_ms);
    } else {
        json_next_key(buf, "expires_at");
        buf_add_str(buf, "null");
    }
    buf_add_char(buf, '}');
}

void secret_json_policy(struct buf *buf, const struct secret_policy *policy)
{
    buf_add_str(buf, "{\"services\":[");
    for (size_t i = 0; i < policy->service_count; i++) {
        buf_add_str(buf, i ? "," : "");
        json_string(buf, policy->services[i]);
    }
    buf_add_str(buf, policy->pinned ? "],\"scripts\":[" : "],\"scripts\":null");
    for (size_t i = 0; i < policy->script_count; i++) {
        buf_add_str(buf, i ? "," : "");
        add_script(buf, &policy->scripts[i]);
    }
    buf_add_str(buf, policy->pinned ? "]" : "");
    json_next_key(buf, "allow_output");
    json_bool(buf, policy->allow_output);
    json_next_key(buf, "guard");
    json_bool(buf, policy->guard);
    buf_add_char(buf, '}');
}

static void add_audit(struct buf *buf, const struct store_audit *row)
{
    static const struct {
        const char *key;
        size_t offset;
    } texts[] = {
        {"name", offsetof(struct store_audit, name)},
        {"service", offsetof(struct store_audit, service)},
        {"address", offsetof(struct store_audit, address)},
        {"user_agent", offsetof(struct store_audit, user_agent)},
        {"job_id", offsetof(struct store_audit, job_id)},
        {"script_sha256", offsetof(struct store_audit, script_sha256)},
        {"error", offsetof(struct store_audit, error)},
    };
    buf_add_char(buf, '{');
    json_key(buf, "id");
    json_u64(buf, row->id);
    add_text(buf, "action", span_of(store_action_name(row->action)));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct span *text = (const void *)((const char *)row + texts[i].offset);
        if (text->size)
            add_text(buf, texts[i].key, *text);
    }
    json_next_key(buf, "success");
    json_bool(buf, row->success);
    add_time(buf, "created_at", row->created_unix_ms);
    buf_add_char(buf, '}');
}

void secret_json_rows(struct buf *buf, const struct store_secret *rows, size_t count)
{
    buf_add_str(buf, "{\"secrets\":[");
    for (size_t i = 0; i < count; i++) {
        buf_add_str(buf, i ? "," : "");
        secret_json_row(buf, &rows[i]);
    }
    buf_add_str(buf, "]}");
}

void secret_json_value(struct buf *buf, const struct store_secret *row, struct span value)
{
    buf_add_char(buf, '{');
    add_text(buf, "name", row->name);
    add_text(buf, "value", value);
    json_next_key(buf, "version");
    json_u64(buf, row->version);
    buf_add_char(buf, '}');
}

void secret_json_audits(struct buf *buf, const struct store_audit *rows, size_t count)
{
    buf_add_str(buf, "{\"entries\":[");
    for (size_t i = 0; i < count; i++) {
        buf_add_str(buf, i ? "," : "");
        add_audit(buf, &rows[i]);
    }
    buf_add_str(buf, "]}");
}
