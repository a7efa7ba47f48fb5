/*
 * A job that names secrets: it asks for all of them, waits for the answer, and carries them with
 * their guard until it ends. Nothing of it starts before every one of them is there.
 */
#include "job/internal.h"
#include "protect/receipt.h"
#include <stdlib.h>

/* A guard over the set's values; without those that `leave_out` says may be in the output. */
static int make_guard(const struct secret_set *set, bool output, struct guard **ret)
{
    struct guard_secret *list = calloc(set->count + 1, sizeof *list);
    if (!list)
        return ERR_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct secret_value *value = &set->values[i];
        if (value->guard && !(output && value->allow_output))
            list[count++] =
                (struct guard_secret){value->name, {(const char *)value->bytes.data, value->size}};
    }
    int r = count > 0 ? guard_new(list, count, ret) : 0;
    free(list);
    return r;
}

static bool some_may_leave(const struct secret_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->values[i].guard && set->values[i].allow_output)
            return true;
    return false;
}

/* Two guards only where the output may hold what logs may not. */
static int make_guards(struct live *live)
{
    int r = make_guard(live->secrets, false, &live->guard);
    live->output_guard = live->guard;
    if (r || !live->submission.allow_secret_output || !some_may_leave(live->secrets))
        return r;
    live->output_guard = NULL;
    return make_guard(live->secrets, true, &live->output_guard);
}

void job_drop_secrets(struct live *live)
{
    if (live->ticket)
        secret_forget(live->ticket);
    live->ticket = NULL;
    if (live->output_guard != live->guard)
        guard_free(live->output_guard);
    guard_free(live->guard);
    live->guard = live->output_guard = NULL;
    secret_set_free(live->secrets);
    live->secrets = NULL;
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
    if (code)
        job_end(job, code, NULL, detail->message);
    else if (make_guards(live))
        job_end(job, ERR_RESOURCE_EXHAUSTED, NULL, NULL);
    else
        job_hand_over(job);
    job_dispatch(service);
}

int job_ask_secrets(struct job *job, struct error_detail *detail)
{
    struct live *live = job->live;
    const struct job_submission *submission = &live->submission;
    struct secret_service *service = job->service->secrets;
    if (!service)
        return error_set(detail, ERR_SECRET_UNAVAILABLE, "secret_refs",
                         "store_down: %.*s: this service has no store of secrets",
                         (int)submission->secret_refs[0].size, submission->secret_refs[0].data);
    struct secret_ask ask = {
        .caller = {.user = {job->user->id, job->user->id_size},
                   .address = submission->address,
                   .user_agent = submission->user_agent},
        .names = submission->secret_refs,
        .count = submission->secret_count,
        .entry_point = submission->entry_point,
        .job_id = {job->id.text, UUID_SIZE - 1},
    };
    int r = protect_hash(job->service->protect, submission->script, ask.script_sha256);
    if (!r)
        r = secret_resolve(service, &ask, on_resolved, job, &live->ticket);
    if (r == ERR_QUEUE_FULL || r == ERR_SHUTTING_DOWN)
        return error_set(detail, ERR_SECRET_UNAVAILABLE, "secret_refs",
                         "store_down: %.*s: the store of secrets is overloaded",
                         (int)submission->secret_refs[0].size, submission->secret_refs[0].data);
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
