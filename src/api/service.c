/*
 * What the service says of itself.
 */
#include "api/route.h"
#include "api/server.h"
#include "base/clock.h"
#include "base/json.h"

#define SERVICE_ID "neocompute"
#define INFO_BYTES (64 * 1024)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions" /* clang has #embed in every dialect */
static const char openapi[] = {
#embed "openapi.json"
};
#pragma clang diagnostic pop

static void answer_json(struct exchange *exchange, struct buf *body)
{
    struct answer answer = {
        .status = 200, .type = "application/json", .body = *body, .no_store = true};
    exchange_answer(exchange, &answer);
}

static void add_head(struct buf *buf, const char *status)
{
    char now[CLOCK_TIME_SIZE];
    clock_format_time(now, clock_unix_ms());
    buf_addf(buf,
             "{\"status\":\"%s\",\"service\":\"" SERVICE_ID "\",\"version\":\"" NEOCOMPUTE_VERSION
             "\",\"timestamp\":\"%s\"",
             status, now);
}

void handle_health(struct exchange *exchange)
{
    struct buf body = BUF_INIT(INFO_BYTES);
    add_head(&body, "healthy");
    buf_add_char(&body, '}');
    answer_json(exchange, &body);
}

void handle_ready(struct exchange *exchange)
{
    const struct job_stats *stats = job_service_stats(exchange->api->jobs);
    struct error_detail detail = {0};
    if (exchange->api->stopping)
        error_set(&detail, ERR_SHUTTING_DOWN, "", "the service is shutting down");
    else if (stats->pool.workers == 0)
        error_set(&detail, ERR_QUEUE_FULL, "", "no worker is ready");
    if (detail.code) {
        exchange_problem(exchange, &detail);
        return;
    }
    struct buf body = BUF_INIT(INFO_BYTES);
    add_head(&body, "ready");
    buf_add_char(&body, '}');
    answer_json(exchange, &body);
}

void api_write_isolation(const char *kind, const struct api_property *properties, size_t count,
                         struct buf *out)
{
    buf_add_str(out, "{\"kind\":");
    json_str(out, kind ? kind : "");
    buf_add_str(out, ",\"properties\":[");
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, i ? ",{\"by\":" : "{\"by\":");
        json_str(out, properties[i].by);
        json_next_key(out, "level");
        json_str(out, properties[i].level);
        json_next_key(out, "name");
        json_str(out, properties[i].name);
        buf_add_char(out, '}');
    }
    buf_add_str(out, "]}");
}

static void add_isolation(struct buf *buf, const struct api_options *options)
{
    json_next_key(buf, "isolation");
    api_write_isolation(options->isolation, options->properties, options->property_count, buf);
}

static const char *const unit_names[] = {
    [UNIT_COUNT] = "count", [UNIT_BYTES] = "bytes", [UNIT_MS] = "ms", [UNIT_GAS] = "gas"};

static void add_limits(struct buf *buf, const struct limits *limits)
{
    json_next_key(buf, "limits");
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const struct limit_info *info = &limit_table[i];
        buf_add_char(buf, i ? ',' : '{');
        json_str(buf, info->name);
        buf_add_str(buf, ":{\"value\":");
        json_u64(buf, limits->value[i]);
        buf_add_str(buf, ",\"least\":");
        json_u64(buf, info->least);
        buf_add_str(buf, ",\"most\":");
        json_u64(buf, info->most);
        buf_add_str(buf, ",\"unit\":");
        json_str(buf, unit_names[info->unit]);
        buf_add_str(buf, ",\"text\":");
        json_str(buf, info->text);
        buf_add_char(buf, '}');
    }
    buf_add_char(buf, '}');
}

static void add_secrets(struct buf *buf, struct api *api)
{
    static const char *const states[] = {
        [SECRET_STORE_NONE] = "none", [SECRET_STORE_DOWN] = "down", [SECRET_STORE_UP] = "up"};
    struct secret_stats stats;
    secret_service_stats(api->options.secrets, &stats);
    json_next_key(buf, "secrets");
    buf_add_str(buf, "{\"store\":");
    json_str(buf, states[stats.store]);
    buf_add_char(buf, '}');
}

static void add_keys(struct buf *buf, struct api *api)
{
    static const char *const bundles[] = {
        [KEYS_IN_MEMORY] = "memory", [KEYS_WAITING] = "waiting", [KEYS_STORED] = "stored"};
    const struct keyring *keyring = keys_current(api->options.keys);
    char not_after[CLOCK_TIME_SIZE];
    struct keys_stats stats;
    keys_stats(api->options.keys, &stats);
    clock_format_time(not_after, keyring_not_after(keyring));
    json_next_key(buf, "keys");
    buf_add_str(buf, "{\"bundles\":");
    json_str(buf, bundles[stats.bundles]);
    json_next_key(buf, "claims_sha256");
    json_str(buf, keyring_claims_digest(keyring));
    json_next_key(buf, "result_kid");
    json_str(buf, keyring_result_key(keyring)->kid);
    json_next_key(buf, "identity_kid");
    json_str(buf, keyring_identity(keyring)->kid);
    json_next_key(buf, "not_after");
    json_str(buf, not_after);
    buf_add_char(buf, '}');
}

static void add_statistics(struct buf *buf, struct api *api)
{
    const struct job_stats *stats = job_service_stats(api->jobs);
    char ttl[CLOCK_DURATION_SIZE], interval[CLOCK_DURATION_SIZE];
    clock_format_duration(ttl, api->limits->value[LIMIT_RESULT_TTL] * NS_PER_MS);
    clock_format_duration(interval, stats->sweep_ms * NS_PER_MS);
    uint64_t completed = stats->ended[0], failed = 0;
    for (int i = 1; i <= ERROR_COUNT; i++)
        failed += stats->ended[i];
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"total_jobs", stats->total},
        {"running_jobs", stats->running},
        {"queued_jobs", stats->queued},
        {"completed_jobs", completed},
        {"failed_jobs", failed},
        {"users", stats->users},
        {"retained_jobs", stats->retained},
        {"retained_bytes", stats->retained_bytes},
        {"evicted_jobs", stats->evicted},
        {"expired_jobs", stats->expired},
        {"deleted_jobs", stats->deleted},
        {"gas_used", stats->gas_total},
        {"workers", stats->pool.workers},
        {"idle_workers", stats->pool.idle},
        {"lost_workers", stats->pool.lost},
        {"memory_reserved", stats->pool.memory_reserved},
        {"memory_total", stats->pool.memory_total},
    };
    json_next_key(buf, "statistics");
    buf_add_char(buf, '{');
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_next_key(buf, numbers[i].name);
        json_u64(buf, numbers[i].value);
    }
    buf_addf(buf, ",\"result_ttl\":\"%s\",\"cleanup_interval\":\"%s\"}", ttl, interval);
}

void handle_info(struct exchange *exchange)
{
    struct api *api = exchange->api;
    char started[CLOCK_TIME_SIZE];
    struct buf body = BUF_INIT(INFO_BYTES);
    clock_format_time(started, api->started_unix_ms);
    add_head(&body, api->stopping ? "stopping" : "active");
    json_next_key(&body, "enclave");
    json_bool(&body, false);
    json_next_key(&body, "started_at");
    json_str(&body, started);
    json_next_key(&body, "engine_digest");
    json_str(&body, api->options.engine_digest ? api->options.engine_digest : "");
    add_isolation(&body, &api->options);
    add_limits(&body, api->limits);
    add_secrets(&body, api);
    add_keys(&body, api);
    add_statistics(&body, api);
    buf_add_char(&body, '}');
    answer_json(exchange, &body);
}

void handle_metrics(struct exchange *exchange)
{
    struct answer answer = {
        .status = 200,
        .type = "text/plain; version=0.0.4; charset=utf-8",
        .body = BUF_INIT(INFO_BYTES),
    };
    metrics_write(&answer.body, exchange->api);
    exchange_answer(exchange, &answer);
}

void handle_openapi(struct exchange *exchange)
{
    struct answer answer = {
        .status = 200,
        .type = "application/json",
        .fixed = {openapi, sizeof openapi},
    };
    exchange_answer(exchange, &answer);
}
