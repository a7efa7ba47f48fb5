/*
 * A job that names secrets: it asks for all of them, waits for the answer, and carries them with
 * their guard until it ends. Nothing of it starts before every one of them is there.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/sha256.h"
#include "job/internal.h"
#include "protect/receipt.h"

void job_drop_secrets(struct live *live)
{
    if (live->ticket)
        secret_forget(live->ticket);
    live->ticket = NULL;
    secret_set_free(live->secrets);
    live->secrets = NULL;
}

/* As often as this at most: the audit log has every one of them. */
#define UNLISTED_WARNING_MS 60000

static void warn_unlisted(struct job_service *service, const struct secret_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!set->values[i].unlisted || clock_now_ns() / NS_PER_MS < service->unlisted_warn_ms)
            continue;
        service->unlisted_warn_ms = clock_now_ns() / NS_PER_MS + UNLISTED_WARNING_MS;
        log_warn("a secret without a list of services was given out: with --strict it is refused");
    }
}

static void on_resolved(void *ctx, int code, struct secret_set *set,
                        const struct error_detail *detail)
{
    struct job *job = ctx;
    struct job_service *service = job->service;
    struct live *live = job->live;
    live->ticket = NULL;
    live->secrets = set;
    for (size_t i = 0; set && i < set->count; i++)
        job->rounded = job->rounded || set->values[i].pinned;
    if (set)
        warn_unlisted(service, set);
    if (code)
        job_end(job, code, NULL, detail->message);
    else
        job_hand_over(job);
    job_dispatch(service);
}

static int refuse(struct error_detail *detail, int code, enum secret_reason reason,
                  struct span name, const char *why)
{
    return error_set(detail, code, "secret_refs", "%s: %.*s: %s", secret_reason_name(reason),
                     (int)name.size, name.data, why);
}

int job_ask_secrets(struct job *job, struct error_detail *detail)
{
    struct live *live = job->live;
    const struct job_submission *submission = &live->submission;
    struct secret_service *service = job->service->secrets;
    uint64_t most = service_limit(job->service, LIMIT_SECRET_REFS);
    if (submission->secret_count > most)
        return refuse(detail, ERR_SECRET_UNAVAILABLE, SECRET_REASON_TOO_MANY,
                      submission->secret_refs[most], "it is one more than a job may name");
    if (!service)
        return refuse(detail, ERR_SECRET_UNAVAILABLE, SECRET_REASON_STORE_DOWN,
                      submission->secret_refs[0], "this service has no store of secrets");
    struct secret_ask ask = {
        .caller = {.user = {job->user->id, job->user->id_size},
                   .address = submission->address,
                   .user_agent = submission->user_agent},
        .names = submission->secret_refs,
        .count = submission->secret_count,
        .entry_point = submission->entry_point,
        .job_id = {job->id.text, UUID_SIZE - 1},
        .allow_output = submission->allow_secret_output,
        .sealed = job->sealed,
    };
    sha256(submission->script, ask.script_sha256);
    int r = secret_resolve(service, &ask, on_resolved, job, &live->ticket);
    if (r == ERR_QUEUE_FULL || r == ERR_SHUTTING_DOWN)
        return refuse(detail, ERR_STORE_DOWN, SECRET_REASON_STORE_DOWN, submission->secret_refs[0],
                      "the store of secrets is overloaded");
    return r;
}

/* How far a script came in a comparison with a secret must not be read off exact figures. */
void job_round_figures(struct job *job)
{
    if (!job->rounded)
        return;
    job->gas_used = receipt_round(job->gas_used, job->gas_limit);
    job->memory_used = receipt_round(job->memory_used, job->memory_limit);
}
