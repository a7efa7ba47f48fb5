/*
 * A job's way from its start to its end, and those who wait for it.
 */
#include "base/clock.h"
#include "job/internal.h"
#include <stdlib.h>
#include <string.h>

void job_peer_add(struct job_list_ends *list, struct job *job)
{
    job->live->peer_next = NULL;
    job->live->peer_prev = list->last;
    *(list->last ? &list->last->live->peer_next : &list->first) = job;
    list->last = job;
}

void job_peer_remove(struct job_list_ends *list, struct job *job)
{
    struct live *live = job->live;
    *(live->peer_prev ? &live->peer_prev->live->peer_next : &list->first) = live->peer_next;
    *(live->peer_next ? &live->peer_next->live->peer_prev : &list->last) = live->peer_prev;
    live->peer_next = live->peer_prev = NULL;
}

void job_drop_storage(struct live *live)
{
    for (size_t i = 0; i < JOB_STORAGE_COUNT; i++)
        buf_wipe(&live->submission.storage[i]); /* the request may have been sealed */
}

static void run_done(void *ctx, struct exec_result *result)
{
    struct job *job = ctx;
    struct job_service *service = job->service;
    job->live->run = NULL;
    job_end(job, result->code, result, NULL);
    job_dispatch(service);
}

/* 0, or why no worker has it. ERR_QUEUE_FULL: none is free. */
static int give_to_worker(struct job *job)
{
    struct live *live = job->live;
    const struct job_submission *submission = &live->submission;
    const struct secret_set *set = live->secrets;
    struct exec_secret secrets[SECRET_REFS_MOST];
    size_t count = set ? set->count : 0;
    if (count > SECRET_REFS_MOST)
        return ERR_SECRET_UNAVAILABLE;
    if (!job->service->pool)
        return ERR_QUEUE_FULL; /* it has been taken away: the service ends */
    for (size_t i = 0; i < count; i++)
        secrets[i] = (struct exec_secret){
            set->values[i].name, {(const char *)set->values[i].bytes.data, set->values[i].size}};
    struct exec_request request = {
        .script = submission->script,
        .entry_point = submission->entry_point,
        .input = submission->input,
        .secrets = secrets,
        .secret_count = count,
        .timeout_ms = job->timeout_ms,
        .gas_limit = job->gas_limit,
        .memory_limit = job->memory_limit,
        .confidential = job->sealed || job->encrypted,
        .guard = set ? set->guard : NULL,
        .output_guard = set ? set->output_guard : NULL,
    };
    return exec_start(job->service->pool, &request, run_done, job, &live->run);
}

/* What a job is told if the pool could not take it: its failure, not its request's. */
static int failure_of(int code)
{
    switch (code) {
    case ERR_SECRET_UNAVAILABLE:
    case ERR_STORE_DOWN:
        return code;
    case ERR_NO_MEMORY:
        return ERR_RESOURCE_EXHAUSTED;
    default:
        return ERR_WORKER_LOST;
    }
}

static void wait_for_worker(struct job *job)
{
    struct job_service *service = job->service;
    job->live->ready_next = NULL;
    *(service->ready_last ? &service->ready_last->live->ready_next : &service->ready_first) = job;
    service->ready_last = job;
}

static void leave_ready(struct job *job)
{
    struct job_service *service = job->service;
    struct job *before = NULL, *at = service->ready_first;
    while (at && at != job) {
        before = at;
        at = at->live->ready_next;
    }
    if (!at)
        return;
    *(before ? &before->live->ready_next : &service->ready_first) = job->live->ready_next;
    if (service->ready_last == job)
        service->ready_last = before;
}

void job_hand_over(struct job *job)
{
    int r = job->service->ready_first ? ERR_QUEUE_FULL : give_to_worker(job);
    if (r == ERR_QUEUE_FULL) {
        wait_for_worker(job);
        return;
    }
    job_drop_storage(job->live); /* the window has its own copy */
    if (r)
        job_end(job, failure_of(r), NULL, "no worker could take the job");
}

bool job_hand_over_ready(struct job_service *service)
{
    struct job *job;
    while ((job = service->ready_first)) {
        if (!service->pool || !exec_can_start(service->pool, job->memory_limit))
            return false;
        int r = give_to_worker(job);
        if (r == ERR_QUEUE_FULL)
            return false; /* it wants a worker for itself */
        leave_ready(job);
        job_drop_storage(job->live);
        if (r)
            job_end(job, failure_of(r), NULL, "no worker could take the job");
    }
    return true;
}

/* A job that has to wait for its secrets keeps what its spans point into: it is called before the
 * submission is given back. */
static void start_with_secrets(struct job *job)
{
    struct error_detail detail = {0};
    int r = job_ask_secrets(job, &detail);
    if (r)
        job_end(job, failure_of(r), NULL, detail.message);
}

void job_start(struct job *job)
{
    struct job_service *service = job->service;
    struct live *live = job->live;
    job_leave_queue(job);
    job->status = JOB_RUNNING;
    job->started_unix_ms = clock_unix_ms();
    job->user->running++;
    job->user->memory += job->memory_limit;
    service->stats.running++;
    job_peer_add(&service->running, job);
    job_histogram_add(&service->stats.wait_time, job_time_bounds,
                      (double)(clock_now_ns() - live->queued_ns) / NS_PER_S);
    user_update_turn(service, job->user);
    if (live->submission.secret_count > 0)
        start_with_secrets(job);
    else
        job_hand_over(job);
}

#define SECRETS_BYTES (64 * 1024) /* of the names and versions of a job's secrets */

/* Puts secrets, output, logs and error behind the names, in one allocation of the right size. */
static int pack_text(struct job *job, struct span secrets, struct span output, struct span logs,
                     struct span error)
{
    size_t names = (size_t)job->app_id_size + job->script_name_size + job->entry_point_size +
                   job->nonce_size + job->encrypt_to_size;
    size_t size = names + secrets.size + output.size + logs.size + error.size;
    char *text = job_text_new(size);
    if (!text)
        return ERR_NO_MEMORY;
    char *at = text + AT_REST_NONCE_SIZE;
    struct span parts[] = {{job_text_data(job), names}, secrets, output, logs, error};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].size)
            memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    job_text_free(job);
    job->text = text;
    job->secrets_size = (uint32_t)secrets.size;
    job->output_size = (uint32_t)output.size;
    job->logs_size = (uint32_t)logs.size;
    job->error_size = (uint32_t)error.size;
    return 0;
}

static struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

/* Proves and stores what came of it; a job whose result cannot be kept has failed. */
static void take_result(struct job *job, int code, struct exec_result *result, const char *message)
{
    struct buf secrets = BUF_INIT(SECRETS_BYTES), sealed = BUF_INIT(SIZE_MAX / 2);
    struct span output = {0}, logs = SPAN("[]"), error = {0};
    if (result) {
        job->duration_ns = result->duration_ns;
        job->gas_used = result->gas_used;
        job->memory_used = result->memory_used;
        job->nondeterminism = result->nondeterminism;
        job_round_figures(job);
        if (result->logs.size > 0)
            logs = buf_span(&result->logs);
    }
    if (code == 0) {
        output = buf_span(&result->output);
        if (!job->encrypted)
            protect_prove(job->service->protect, output, &job->proof);
    }
    if (code != 0) {
        output = (struct span){0};
        if (result && result->error.size > 0)
            error = buf_span(&result->error);
        else
            error = span_of(message ? message : error_text(code));
    }
    if (job->encrypted) {
        const struct recipient_result parts = {error, logs, output, job->receipt.salt};
        int r = job_seal_result(job, &parts, &sealed);
        code = r ? ERR_RESOURCE_EXHAUSTED : code;
        output = r ? (struct span){0} : buf_span(&sealed);
        logs = error = (struct span){0};
    }
    if (job_pack_secrets(job->live->secrets, &secrets) ||
        pack_text(job, buf_span(&secrets), output, logs, error))
        code = ERR_RESOURCE_EXHAUSTED; /* without its text; the code says it all */
    buf_done(&secrets);
    buf_done(&sealed);
    job->code = code;
}

static void count_end(struct job *job)
{
    struct job_stats *stats = &job->service->stats;
    if (job->sealed) { /* how it ended and what it used is nobody's business */
        stats->ended[0]++;
        return;
    }
    stats->ended[-job->code]++;
    stats->gas_total += job->gas_used;
    if (job->gas_used == 0)
        return; /* it never ran */
    job_histogram_add(&stats->run_time, job_time_bounds, (double)job->duration_ns / NS_PER_S);
    job_histogram_add(&stats->gas, job_gas_bounds, (double)job->gas_used);
    job_histogram_add(&stats->memory, job_memory_bounds, (double)job->memory_used);
}

static void wake_waiters(struct job *job, struct job_waiter *waiter)
{
    while (waiter) {
        struct job_waiter *next = waiter->next;
        waiter->next = NULL;
        waiter->job = NULL;
        waiter->ended(waiter, job);
        waiter = next;
    }
}

static void leave_running(struct job *job)
{
    struct job_service *service = job->service;
    if (!job->live->run)
        leave_ready(job);
    job_peer_remove(&service->running, job);
    job->user->running--;
    job->user->memory -= job->memory_limit;
    service->stats.running--;
    user_update_turn(service, job->user);
}

void job_finish(struct job *job)
{
    struct job_service *service = job->service;
    struct live *live = job->live;
    job->status = job->code ? JOB_FAILED : JOB_COMPLETED;
    if (job->sealed)
        job_seal_answer(job);
    job->live = NULL;
    wake_waiters(job, live->waiters);
    job_drop_storage(live);
    free(live->secret_refs);
    free(live->caller);
    free(live);
    job_keep(job);
    job_check_stop(service);
}

void job_end(struct job *job, int code, struct exec_result *result, const char *message)
{
    if (job->status == JOB_QUEUED)
        job_leave_queue(job);
    else
        leave_running(job);
    job->status = JOB_RUNNING; /* to all others, until it is signed */
    take_result(job, code, result, message);
    job_drop_secrets(job->live);
    count_end(job);

    /* A request that was refused in the end may be sent again under its key. */
    if (code == ERR_QUEUE_TIMEOUT || code == ERR_SHUTTING_DOWN || code == ERR_STORE_DOWN)
        job_drop_key(job);
    if (!job_await_signature(job))
        job_finish(job);
}

void job_cancel(struct job *job)
{
    if (job_status_final(job->status) || job->live->ended)
        return;
    if (job->live->run) {
        exec_cancel(job->live->run);
        return;
    }
    job_end(job, ERR_CANCELLED, NULL, "the job was cancelled before it started");
    job_service_flush(job->service);
}

void job_wait(struct job *job, struct job_waiter *waiter)
{
    waiter->job = job;
    waiter->next = job->live->waiters;
    job->live->waiters = waiter;
}

void job_wait_stop(struct job_waiter *waiter)
{
    if (!waiter->job)
        return;
    struct job_waiter **at = &waiter->job->live->waiters;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    waiter->job = NULL;
    waiter->next = NULL;
}

bool job_abandon(struct job_waiter *waiter)
{
    struct job *job = waiter->job;
    if (!job || job->live->waiters != waiter || waiter->next)
        return false;
    job_drop_key(job);
    job_cancel(job);
    return true;
}
