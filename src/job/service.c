/*
 * The job service's own life, and its three timers.
 */
#include "base/clock.h"
#include "job/internal.h"
#include <openssl/rand.h>
#include <stdlib.h>

static void close_timer(uv_handle_t *timer)
{
    free(timer);
}

static int make_timer(struct job_service *service, uv_timer_t **ret)
{
    uv_timer_t *timer = calloc(1, sizeof *timer);
    if (!timer)
        return ERR_NO_MEMORY;
    if (uv_timer_init(service->loop, timer)) {
        free(timer);
        return ERR_SYSTEM;
    }
    timer->data = service;
    uv_unref((uv_handle_t *)timer); /* no reason by itself to keep the loop running */
    *ret = timer;
    return 0;
}

static void drop_timer(uv_timer_t *timer)
{
    if (timer)
        uv_close((uv_handle_t *)timer, close_timer);
}

static void sweep_due(uv_timer_t *timer)
{
    job_sweep(timer->data);
}

/* Ends the jobs that waited too long; those after the first that did not came later. */
static void queue_due(uv_timer_t *timer)
{
    struct job_service *service = timer->data;
    uint64_t wait = service_limit(service, LIMIT_QUEUE_TIMEOUT) * NS_PER_MS;
    struct job *job;
    while ((job = service->waiting.first) && clock_now_ns() - job->live->queued_ns >= wait)
        job_end(job, ERR_QUEUE_TIMEOUT, NULL, NULL);
    job_dispatch(service); /* one that timed out may have held up the others */
    job_arm_queue_timer(service);
}

void job_arm_queue_timer(struct job_service *service)
{
    const struct job *job = service->waiting.first;
    if (!job || uv_is_active((uv_handle_t *)service->queue_timer))
        return;
    uint64_t wait = service_limit(service, LIMIT_QUEUE_TIMEOUT);
    uint64_t waited = (clock_now_ns() - job->live->queued_ns) / NS_PER_MS;
    uv_timer_start(service->queue_timer, queue_due, waited < wait ? wait - waited : 1, 0);
}

static uint64_t running_max(const struct limits *limits)
{
    uint64_t quarter = limits->value[LIMIT_WORKERS] / 4;
    uint64_t most = limits->value[LIMIT_USER_RUNNING];
    if (quarter < 1)
        quarter = 1;
    return most < quarter ? most : quarter;
}

/* Of a user's jobs that run; one alone may have more. Else five large ones could hold all there is
 * against everybody, for as long as a job may sleep. */
static uint64_t memory_max(const struct limits *limits)
{
    return limits->value[LIMIT_MEMORY_TOTAL] / 4;
}

static int open_parts(struct job_service *service)
{
    int r = at_rest_new(service->protect, &service->at_rest);
    if (!r)
        r = table_init(&service->jobs);
    if (!r)
        r = table_init(&service->users);
    if (!r)
        r = table_init(&service->keys);
    if (!r)
        r = make_timer(service, &service->queue_timer);
    if (!r)
        r = make_timer(service, &service->sweep_timer);
    if (!r)
        r = make_timer(service, &service->stop_timer);
    if (!r && RAND_bytes(service->hash_seed, sizeof service->hash_seed) != 1)
        r = ERR_SYSTEM;
    return r;
}

int job_service_new(const struct job_options *options, struct job_service **ret,
                    struct error_detail *detail)
{
    struct job_service *service = calloc(1, sizeof *service);
    if (!service)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the job service");
    service->loop = options->loop;
    service->limits = options->limits;
    service->protect = options->protect;
    service->secrets = options->secrets;
    service->seal = options->seal;
    service->user_running_max = running_max(options->limits);
    service->user_memory_max = memory_max(options->limits);
    int r = open_parts(service);
    if (!r)
        r = job_signing_init(service, options);
    if (r) {
        job_service_free(service);
        return error_set(detail, r, "", "the job service could not be set up");
    }
    uint64_t ttl = service_limit(service, LIMIT_RESULT_TTL);
    service->stats.sweep_ms = ttl < JOB_SWEEP_MS ? ttl : JOB_SWEEP_MS;
    uv_timer_start(service->sweep_timer, sweep_due, service->stats.sweep_ms,
                   service->stats.sweep_ms);
    *ret = service;
    return 0;
}

void job_service_attach(struct job_service *service, struct exec_pool *pool)
{
    service->pool = pool;
}

/* All have ended, or their time is up. */
static void stop_due(uv_timer_t *timer)
{
    struct job_service *service = timer->data;
    job_service_flush(service);
    if (service->stats.running > 0) {
        /* job_check_stop starts this timer again after the last of them. */
        for (struct job *job = service->running.first, *next; job; job = next) {
            next = job->live->peer_next;
            job_cancel(job);
        }
        return;
    }
    void (*stopped)(void *ctx) = service->stopped;
    service->stopped = NULL;
    if (stopped)
        stopped(service->stopped_ctx);
}

void job_check_stop(struct job_service *service)
{
    if (service->stopped && service->stats.running == 0)
        uv_timer_start(service->stop_timer, stop_due, 0, 0);
}

void job_service_stop(struct job_service *service, void (*done)(void *ctx), void *ctx)
{
    service->stopping = true;
    service->stopped = done;
    service->stopped_ctx = ctx;
    while (service->waiting.first)
        job_end(service->waiting.first, ERR_SHUTTING_DOWN, NULL, NULL);
    uint64_t wait = service_limit(service, LIMIT_SHUTDOWN_TIMEOUT);
    uv_timer_start(service->stop_timer, stop_due, service->stats.running > 0 ? wait : 0, 0);
    uv_ref((uv_handle_t *)service->stop_timer);
}

static void free_jobs(struct table *table)
{
    for (size_t i = 0; i < table->low + table->split && table->count > 0; i++)
        while (table->buckets[i])
            job_free((struct job *)table->buckets[i]); /* link is its first member */
}

void job_service_free(struct job_service *service)
{
    if (!service)
        return;
    job_service_flush(service);
    job_signing_done(service);
    if (service->jobs.buckets)
        free_jobs(&service->jobs);
    drop_timer(service->queue_timer);
    drop_timer(service->sweep_timer);
    drop_timer(service->stop_timer);
    table_done(&service->jobs);
    table_done(&service->users);
    table_done(&service->keys);
    at_rest_free(service->at_rest);
    free(service->ranking);
    free(service);
}
