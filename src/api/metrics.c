/*
 * GET /metrics: Prometheus' text format, version 0.0.4.
 */
#include "api/server.h"
#include "job/envelopes.h"

#define PREFIX "neocompute_"

static void add_head(struct buf *buf, const char *name, const char *type, const char *help)
{
    buf_addf(buf, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void add_number(struct buf *buf, const char *name, const char *type, uint64_t value,
                       const char *help)
{
    add_head(buf, name, type, help);
    buf_addf(buf, PREFIX "%s %llu\n", name, (unsigned long long)value);
}

static void add_histogram(struct buf *buf, const char *name, const struct job_histogram *histogram,
                          const double bounds[JOB_BUCKETS], const char *help)
{
    uint64_t sum = 0;
    add_head(buf, name, "histogram", help);
    for (int i = 0; i < JOB_BUCKETS; i++) {
        sum += histogram->count[i];
        buf_addf(buf, PREFIX "%s_bucket{le=\"%.10g\"} %llu\n", name, bounds[i],
                 (unsigned long long)sum);
    }
    buf_addf(buf, PREFIX "%s_bucket{le=\"+Inf\"} %llu\n", name,
             (unsigned long long)histogram->total);
    buf_addf(buf, PREFIX "%s_sum %.17g\n" PREFIX "%s_count %llu\n", name, histogram->sum, name,
             (unsigned long long)histogram->total);
}

/* A counter with one label, the name of an error; those that never happened are left out. */
static void add_by_code(struct buf *buf, const char *name, const uint64_t counts[ERROR_COUNT + 1],
                        const char *help)
{
    add_head(buf, name, "counter", help);
    for (int i = 1; i <= ERROR_COUNT; i++)
        if (counts[i] > 0)
            buf_addf(buf, PREFIX "%s{error_code=\"%s\"} %llu\n", name, error_name(-i),
                     (unsigned long long)counts[i]);
}

static void add_requests(struct buf *buf, const struct api_metrics *metrics)
{
    add_head(buf, "http_requests_total", "counter", "Answers by HTTP status.");
    for (int i = 0; i < API_STATUS_COUNT; i++)
        if (metrics->requests[i] > 0)
            buf_addf(buf, PREFIX "http_requests_total{status=\"%d\"} %llu\n", i,
                     (unsigned long long)metrics->requests[i]);
    add_number(buf, "http_hang_ups_total", "counter", metrics->hang_ups,
               "Callers who went away while their job ran.");
    add_histogram(buf, "http_request_seconds", &metrics->time, job_time_bounds,
                  "Time from a request's headers to the end of its answer.");
}

static void add_jobs(struct buf *buf, const struct job_stats *stats)
{
    uint64_t failed = 0;
    for (int i = 1; i <= ERROR_COUNT; i++)
        failed += stats->ended[i];
    add_number(buf, "jobs_total", "counter", stats->total, "Jobs admitted.");
    add_head(buf, "jobs_ended_total", "counter", "Jobs that ended, by status.");
    buf_addf(buf,
             PREFIX "jobs_ended_total{status=\"completed\"} %llu\n" PREFIX
                    "jobs_ended_total{status=\"failed\"} %llu\n",
             (unsigned long long)stats->ended[0], (unsigned long long)failed);
    add_by_code(buf, "jobs_failed_total", stats->ended, "Jobs that failed, by error code.");
    add_by_code(buf, "jobs_refused_total", stats->refused,
                "Requests for jobs that were not admitted, by error code.");
    add_number(buf, "jobs_replayed_total", "counter", stats->replayed,
               "Requests answered by the job of an earlier one with the same Idempotency-Key.");
    add_number(buf, "jobs_running", "gauge", stats->running, "Jobs that run.");
    add_number(buf, "jobs_queued", "gauge", stats->queued, "Jobs that wait.");
    add_number(buf, "users", "gauge", stats->users,
               "Users with a job that runs, waits or is kept.");
    add_number(buf, "gas_used_total", "counter", stats->gas_total, "Gas of all jobs.");
    add_histogram(buf, "job_wait_seconds", &stats->wait_time, job_time_bounds,
                  "Time that jobs waited before they started.");
    add_histogram(buf, "job_run_seconds", &stats->run_time, job_time_bounds, "Time that jobs ran.");
    add_histogram(buf, "job_gas", &stats->gas, job_gas_bounds, "Gas of a job.");
    add_histogram(buf, "job_memory_bytes", &stats->memory, job_memory_bounds,
                  "Most memory of a job.");
}

static void add_results(struct buf *buf, const struct job_stats *stats)
{
    add_number(buf, "results_retained", "gauge", stats->retained, "Results that are kept.");
    add_number(buf, "results_retained_bytes", "gauge", stats->retained_bytes, "Their bytes.");
    add_number(buf, "results_evicted_total", "counter", stats->evicted,
               "Results dropped because a bound was passed.");
    add_number(buf, "results_expired_total", "counter", stats->expired,
               "Results dropped at the end of their time.");
    add_number(buf, "results_deleted_total", "counter", stats->deleted,
               "Results forgotten by their user.");
}

static void add_receipts(struct buf *buf, const struct job_receipt_stats *stats)
{
    add_number(buf, "receipt_signatures_total", "counter", stats->signatures,
               "Signatures made when jobs ended.");
    add_number(buf, "receipt_batches_total", "counter", stats->batches,
               "Those of them over several jobs.");
    add_number(buf, "receipt_batched_jobs_total", "counter", stats->batched,
               "Jobs that shared a signature.");
    add_number(buf, "receipts_failed_total", "counter", stats->failed,
               "Jobs that could not be given a receipt.");
}

static void add_pool(struct buf *buf, const struct exec_stats *pool)
{
    add_number(buf, "workers", "gauge", pool->workers, "Workers.");
    add_number(buf, "workers_idle", "gauge", pool->idle, "Workers without a job.");
    add_number(buf, "workers_started_total", "counter", pool->started, "Workers ever started.");
    add_number(buf, "workers_lost_total", "counter", pool->lost,
               "Workers that died or were killed.");
    add_number(buf, "workers_retired_total", "counter", pool->retired,
               "Workers replaced after their share of jobs.");
    add_number(buf, "memory_reserved_bytes", "gauge", pool->memory_reserved,
               "Memory limits of the jobs that run.");
    add_number(buf, "memory_total_bytes", "gauge", pool->memory_total,
               "What they may have together.");
}

static void add_secrets(struct buf *buf, const struct secret_stats *stats)
{
    add_number(buf, "secrets_resolved_total", "counter", stats->resolved,
               "Jobs that were given their secrets.");
    add_number(buf, "secrets_refused_total", "counter", stats->refused,
               "Jobs that were refused one of their secrets.");
    add_number(buf, "secrets_failed_total", "counter", stats->failed,
               "Jobs whose secrets could not be looked up.");
    add_number(buf, "secrets_batches_total", "counter", stats->batches,
               "Transactions that jobs shared to ask for secrets.");
    add_number(buf, "secrets_audit_rows_total", "counter", stats->audit_rows,
               "Audit rows written for jobs.");
    add_number(buf, "secrets_cached_total", "counter", stats->cached,
               "Values for jobs that did not have to be opened again.");
    add_number(buf, "secrets_store_up", "gauge", stats->store == SECRET_STORE_UP,
               "1 if the store of secrets could be used the last time it was tried.");
}

static void add_sealed(struct buf *buf, const struct api *api)
{
    add_number(buf, "envelopes", "gauge", envelopes_count(api->envelopes),
               "Sealed requests that are remembered.");
    add_number(buf, "envelopes_replayed_total", "counter", api->metrics.replays,
               "Sealed requests that had come before.");
    add_number(buf, "sealed_contexts", "gauge", contexts_count(keys_contexts(api->options.keys)),
               "Senders of sealed requests whose context is kept.");
    add_number(buf, "sealed_contexts_used_total", "counter", api->metrics.contexts_used,
               "Sealed requests that were opened with a context that was kept.");
}

static void add_keys(struct buf *buf, const struct keys *keys)
{
    struct keys_stats stats;
    keys_stats(keys, &stats);
    add_number(buf, "key_rotations_total", "counter", stats.rotations,
               "Times that new result and HPKE keys came after the first.");
    add_number(buf, "key_bundles_unstored", "gauge", stats.unstored,
               "Bundles of keys that wait for the store.");
}

int metrics_write(struct buf *buf, struct api *api)
{
    const struct job_stats *stats = job_service_stats(api->jobs);
    struct secret_stats secrets;
    secret_service_stats(api->options.secrets, &secrets);
    add_requests(buf, &api->metrics);
    add_jobs(buf, stats);
    add_results(buf, stats);
    add_receipts(buf, &stats->receipts);
    add_pool(buf, &stats->pool);
    add_secrets(buf, &secrets);
    add_keys(buf, api->options.keys);
    add_sealed(buf, api);
    return buf_failed(buf) ? ERR_NO_MEMORY : 0;
}
