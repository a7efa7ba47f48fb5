/*
 * Looking at jobs: one by id, a user's in pages, what may be known of each.
 */
#include "engine/engine.h"
#include "job/internal.h"
#include <string.h>

static struct job *find_id(struct job_service *service, const struct job_id *id)
{
    struct table_link *link = table_find(&service->jobs, job_id_hash(id));
    for (; link; link = table_next(link)) {
        struct job *job = (struct job *)link; /* link is its first member */
        if (memcmp(job->id.text, id->text, UUID_SIZE) == 0)
            return job;
    }
    return NULL;
}

static bool is_of_user(const struct job *job, struct span user)
{
    return span_equal((struct span){job->user->id, job->user->id_size}, user);
}

struct job *job_find(struct job_service *service, struct span user, const struct job_id *id)
{
    struct job *job = find_id(service, id);
    return job && is_of_user(job, user) ? job : NULL;
}

/* Where a page begins: straight after `before` if it is still there, else at the newest. */
static struct job *first_of_page(struct job_service *service, const struct job_filter *filter)
{
    if (filter->before) {
        struct job *before = job_find(service, filter->user, filter->before);
        if (before)
            return before->older;
    }
    struct user *user = user_find(service, filter->user);
    return user ? user->newest : NULL;
}

bool job_list(struct job_service *service, const struct job_filter *filter,
              bool (*each)(void *ctx, const struct job *job), void *ctx, struct job_id *next)
{
    const struct job *last = NULL;
    struct job *job = first_of_page(service, filter);
    for (int scanned = 0; job; job = job->older, scanned++) {
        bool wanted = !filter->statuses || (filter->statuses & (1u << job->status));
        /* Ids rise with time: this skips to the page if the job it begins after was forgotten. */
        if (filter->before && strcmp(job->id.text, filter->before->text) >= 0)
            wanted = false;
        if (scanned == JOB_LIST_SCAN || (wanted && !each(ctx, job))) {
            if (!last)
                return false; /* not even the first fits: the caller asked for nothing */
            *next = last->id;
            return true;
        }
        last = job;
    }
    return false;
}

struct job_id job_id_of(const struct job *job)
{
    return job->id;
}

bool job_is_sealed(const struct job *job)
{
    return job->sealed;
}

enum job_status job_status(const struct job *job)
{
    return job->status;
}

int job_view(const struct job *job, struct job_view *ret)
{
    struct job_text text = {0};
    struct buf opened;
    int r = job_text_get(job, &opened, &text);
    *ret = (struct job_view){
        .sealed = job->sealed,
        .encrypted = job->encrypted,
        .id = job->id,
        .status = job->status,
        .code = job->code,
        .user = {job->user->id, job->user->id_size},
        .app_id = text.app_id,
        .script_name = text.script_name,
        .output = text.output,
        .logs = text.logs,
        .error = text.error,
        .started_unix_ms = job->started_unix_ms,
        .duration_ns = job->duration_ns,
        .gas_used = job->gas_used,
        .memory_used = job->memory_used,
        .nondeterminism = job->nondeterminism,
        .timeout_ms = job->timeout_ms,
        .gas_limit = job->gas_limit,
        .memory_limit = job->memory_limit,
        .proof = job->proof,
        .opened = opened,
    };
    struct span *other = job->sealed && !job->live ? &ret->sealed_answer
                         : job->encrypted          ? &ret->encrypted_output
                                                   : NULL;
    if (other) {
        *other = ret->output;
        ret->output = (struct span){0};
    }
    return r;
}

void job_view_done(struct job_view *view)
{
    buf_wipe(&view->opened);
}

const char *job_nondeterminism_name(unsigned bit)
{
    static const char *const names[] = {"clock", "random", "timer"};
    _Static_assert(ENGINE_USED_CLOCK == 1 && ENGINE_USED_RANDOM == 2 && ENGINE_USED_TIMER == 4,
                   "the names are in the order of the bits");
    _Static_assert(sizeof names / sizeof *names == JOB_NONDETERMINISM_MOST, "one name a bit");
    return bit < JOB_NONDETERMINISM_MOST ? names[bit] : NULL;
}
