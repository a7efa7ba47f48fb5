/*
 * Retention: ended jobs are kept until their time is up or a bound is passed; then the oldest job
 * of the user with the most bytes goes. The newest result always stays, so a bound may be exceeded
 * by one result.
 */
#include "base/clock.h"
#include "job/internal.h"
#include <openssl/crypto.h>
#include <stdlib.h>

/* --- the text of a job --- */

char *job_text_new(size_t size)
{
    return malloc(size + AT_REST_FRAME);
}

char *job_text_data(const struct job *job)
{
    return job->text + AT_REST_NONCE_SIZE;
}

size_t job_text_size(const struct job *job)
{
    return (size_t)job->app_id_size + job->script_name_size + job->entry_point_size +
           job->nonce_size + job->encrypt_to_size + job->secrets_size + job->output_size +
           job->logs_size + job->error_size;
}

void job_text_free(struct job *job)
{
    if (job->text && !job->at_rest)
        OPENSSL_cleanse(job_text_data(job), job_text_size(job));
    free(job->text);
    job->text = NULL;
}

static struct at_rest_owner owner_of(const struct job *job)
{
    return (struct at_rest_owner){{job->id.text, UUID_SIZE - 1},
                                  {job->user->id, job->user->id_size}};
}

static void split_text(const struct job *job, const char *at, struct job_text *ret)
{
    const struct {
        struct span *span;
        uint32_t size;
    } parts[] = {
        {&ret->app_id, job->app_id_size},
        {&ret->script_name, job->script_name_size},
        {&ret->entry_point, job->entry_point_size},
        {&ret->nonce, job->nonce_size},
        {&ret->encrypt_to, job->encrypt_to_size},
        {&ret->secrets, job->secrets_size},
        {&ret->output, job->output_size},
        {&ret->logs, job->logs_size},
        {&ret->error, job->error_size},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].span = (struct span){at, parts[i].size};
        at += parts[i].size;
    }
}

int job_text_get(const struct job *job, struct buf *opened, struct job_text *ret)
{
    buf_init(opened, job_text_size(job));
    if (!job->at_rest) {
        split_text(job, job_text_data(job), ret);
        return 0;
    }
    const struct at_rest_owner owner = owner_of(job);
    struct span sealed = {job->text, job_text_size(job) + AT_REST_FRAME};
    int r = at_rest_open(job->service->at_rest, &owner, sealed, opened);
    if (!r)
        split_text(job, opened->data, ret);
    return r;
}

/* Should it fail, the text is wiped, and looking at the job fails: it never stays in the clear. */
static void lay_to_rest(struct job *job)
{
    if (job->sealed)
        return;
    const struct at_rest_owner owner = owner_of(job);
    at_rest_seal(job->service->at_rest, &owner, job->text, job_text_size(job));
    job->at_rest = true;
}

/* --- bounds --- */

/* What the allocator adds to each of a job's allocations, about. */
#define ALLOCATION_BYTES 16

static uint64_t kept_bytes(const struct job *job)
{
    return sizeof *job + 3 * ALLOCATION_BYTES + (job->key ? sizeof *job->key : 0) + AT_REST_FRAME +
           job_text_size(job) + job_receipt_bytes(job);
}

static void count_kept(struct job *job, bool kept)
{
    struct job_stats *stats = &job->service->stats;
    struct user *user = job->user;
    uint64_t bytes = kept_bytes(job);
    if (kept) {
        user->retained++;
        user->retained_bytes += bytes;
        stats->retained++;
        stats->retained_bytes += bytes;
    } else {
        user->retained--;
        user->retained_bytes -= bytes;
        stats->retained--;
        stats->retained_bytes -= bytes;
    }
    user_rank_update(job->service, user);
}

/* The user's oldest ended job but `newest`; few jobs are live, so few are passed over. */
static struct job *oldest_kept(const struct user *user, const struct job *newest)
{
    struct job *job = user->oldest;
    while (job && (job->live || job == newest))
        job = job->newer;
    return job;
}

static void evict(struct job_service *service, struct job *job)
{
    job_forget(job);
    service->stats.evicted++;
}

static void enforce_user_bounds(struct job_service *service, struct user *user,
                                const struct job *newest)
{
    uint64_t count = service_limit(service, LIMIT_USER_RESULTS);
    uint64_t bytes = service_limit(service, LIMIT_USER_RESULT_BYTES);
    while (user->retained > count || user->retained_bytes > bytes) {
        struct job *job = oldest_kept(user, newest);
        if (!job)
            break;
        evict(service, job);
    }
}

static void enforce_total_bounds(struct job_service *service, const struct job *newest)
{
    uint64_t count = service_limit(service, LIMIT_RESULTS);
    uint64_t bytes = service_limit(service, LIMIT_RESULT_BYTES);
    while (service->stats.retained > count || service->stats.retained_bytes > bytes) {
        struct job *job = oldest_kept(service->ranking[0], newest);
        if (!job) /* the largest user has only the newest: then the oldest of all */
            job = service->kept.first;
        if (job == newest)
            break;
        evict(service, job);
    }
}

void job_keep(struct job *job)
{
    struct job_service *service = job->service;
    lay_to_rest(job);
    job->ended_ns = clock_now_ns();
    job->kept_prev = service->kept.last;
    *(service->kept.last ? &service->kept.last->kept_next : &service->kept.first) = job;
    service->kept.last = job;
    count_kept(job, true);
    enforce_user_bounds(service, job->user, job);
    enforce_total_bounds(service, job);
}

void job_drop_key(struct job *job)
{
    if (!job->key)
        return;
    table_remove(&job->service->keys, &job->key->link);
    free(job->key);
    job->key = NULL;
}

void job_free_parts(struct job *job)
{
    if (job->live) {
        job_drop_storage(job->live);
        secret_bytes_done(&job->live->reply);
        secret_bytes_done(&job->live->recipient);
        job_drop_secrets(job->live);
        free(job->live->secret_refs);
        free(job->live->caller);
    }
    free(job->live);
    job_receipt_done(job);
    job_text_free(job);
    free(job);
}

void job_free(struct job *job)
{
    struct job_service *service = job->service;
    struct user *user = job->user;
    job_drop_key(job);
    table_remove(&service->jobs, &job->link);
    *(job->newer ? &job->newer->older : &user->newest) = job->older;
    *(job->older ? &job->older->newer : &user->oldest) = job->newer;
    user->jobs--;
    job_free_parts(job);
    user_release(service, user);
}

void job_forget(struct job *job)
{
    struct job_service *service = job->service;
    *(job->kept_prev ? &job->kept_prev->kept_next : &service->kept.first) = job->kept_next;
    *(job->kept_next ? &job->kept_next->kept_prev : &service->kept.last) = job->kept_prev;
    count_kept(job, false);
    job_free(job);
}

int job_delete(struct job *job)
{
    if (job->live)
        return ERR_CONFLICT;
    job->service->stats.deleted++;
    job_forget(job);
    return 0;
}

void job_sweep(struct job_service *service)
{
    uint64_t ttl = service_limit(service, LIMIT_RESULT_TTL) * NS_PER_MS, now = clock_now_ns();
    while (service->kept.first && now - service->kept.first->ended_ns >= ttl) {
        job_forget(service->kept.first);
        service->stats.expired++;
    }
}
