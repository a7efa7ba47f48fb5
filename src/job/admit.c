/*
 * Admission: who gets in, who waits, who is sent away, and whose turn it is.
 */
#include "base/clock.h"
#include "base/sha256.h"
#include "job/internal.h"
#include <stdlib.h>
#include <string.h>

/* Users whose first job is looked at before the dispatcher gives up until memory is free. */
#define TURN_SCAN 8

/*
 * A job whose memory is not free lets this many smaller ones pass; then nothing starts until it
 * can, or a big job would wait for ever behind a stream of small ones.
 */
#define OVERTAKEN_MOST 64

bool job_id_parse(struct span text, struct job_id *ret)
{
    if (!uuid_valid(text))
        return false;
    memcpy(ret->text, text.data, UUID_SIZE - 1);
    ret->text[UUID_SIZE - 1] = '\0';
    return true;
}

uint64_t job_id_hash(const struct job_id *id)
{
    /* The last 12 digits are random; callers cannot choose ids. */
    uint64_t a;
    uint32_t b;
    memcpy(&a, id->text + 24, sizeof a);
    memcpy(&b, id->text + 32, sizeof b);
    uint64_t mixed = (a ^ ((uint64_t)b << 17)) * 0x9e3779b97f4a7c15ull;
    return mixed ^ (mixed >> 32);
}

static bool can_start(const struct job_service *service, uint64_t memory_limit)
{
    return service->pool && exec_can_start(service->pool, memory_limit);
}

static void enter_queue(struct job *job)
{
    struct user *user = job->user;
    struct live *live = job->live;
    live->queue_prev = user->queue_last;
    *(user->queue_last ? &user->queue_last->live->queue_next : &user->queue_first) = job;
    user->queue_last = job;
    user->queued++;
    job_peer_add(&job->service->waiting, job);
    job->service->stats.queued++;
    user_update_turn(job->service, user);
}

void job_leave_queue(struct job *job)
{
    struct user *user = job->user;
    struct live *live = job->live;
    *(live->queue_prev ? &live->queue_prev->live->queue_next : &user->queue_first) =
        live->queue_next;
    *(live->queue_next ? &live->queue_next->live->queue_prev : &user->queue_last) =
        live->queue_prev;
    live->queue_next = live->queue_prev = NULL;
    user->queued--;
    job_peer_remove(&job->service->waiting, job);
    job->service->stats.queued--;
    user_update_turn(job->service, user);
}

/* The user who may start a job now; those who are passed over remember it. */
static struct user *next_turn(struct job_service *service)
{
    struct user *user = service->turn_first;
    for (int looked = 1; user && !can_start(service, user->queue_first->memory_limit); looked++) {
        if (looked == TURN_SCAN || user->queue_first->live->overtaken >= OVERTAKEN_MOST)
            return NULL;
        user = user->turn_next;
    }
    if (user)
        for (struct user *passed = service->turn_first; passed != user; passed = passed->turn_next)
            passed->queue_first->live->overtaken++;
    return user;
}

void job_dispatch(struct job_service *service)
{
    struct user *user;
    while (job_hand_over_ready(service) && (user = next_turn(service))) {
        struct job *job = user->queue_first;
        user_drop_turn(service, user); /* to the end of the ring, if they have more */
        job_start(job);
    }
}

void job_service_capacity(void *service)
{
    job_dispatch(service);
}

/*
 * Is there room for one more, running or waiting? A job may have to wait for a moment until a
 * worker was made for it: so the bounds are on those that run and those that wait together, and who
 * comes first does not matter.
 */
static int check_room(struct job_service *service, const struct user *user,
                      struct error_detail *detail)
{
    const struct job_stats *stats = &service->stats;
    if (service->stopping)
        return error_set(detail, ERR_SHUTTING_DOWN, "", "the service is shutting down");
    uint64_t mine = service_limit(service, LIMIT_USER_QUEUED);
    if (user->running + user->queued >= service->user_running_max + mine)
        return error_set(detail, ERR_USER_QUEUE_FULL, "",
                         "%llu of your jobs run and %llu wait; %llu may run and %llu wait",
                         (unsigned long long)user->running, (unsigned long long)user->queued,
                         (unsigned long long)service->user_running_max, (unsigned long long)mine);
    uint64_t all = service_limit(service, LIMIT_QUEUED);
    if (stats->running + stats->queued >= service_limit(service, LIMIT_WORKERS) + all)
        return error_set(detail, ERR_QUEUE_FULL, "", "%llu jobs wait already; %llu may",
                         (unsigned long long)stats->queued, (unsigned long long)all);
    return 0;
}

/* The digests of an idempotency key and its body. */
static int digest_key(const struct job_submission *submission, struct key *key)
{
    char text[JOB_USER_MOST + 1 + JOB_IDEMPOTENCY_MOST];
    struct span user = submission->user, name = submission->idempotency_key;
    if (user.size > JOB_USER_MOST || name.size > JOB_IDEMPOTENCY_MOST)
        return ERR_INVALID_HEADER;
    memcpy(text, user.data, user.size);
    text[user.size] = '\0'; /* no user id has one */
    memcpy(text + user.size + 1, name.data, name.size);
    sha256((struct span){text, user.size + 1 + name.size}, key->digest);
    sha256(submission->body, key->body);
    return 0;
}

static uint64_t key_hash(const struct key *key)
{
    uint64_t hash;
    memcpy(&hash, key->digest, sizeof hash);
    return hash;
}

static struct key *find_key(struct job_service *service, const struct key *wanted)
{
    struct table_link *link = table_find(&service->keys, key_hash(wanted));
    for (; link; link = table_next(link)) {
        struct key *key = (struct key *)link; /* link is its first member */
        if (memcmp(key->digest, wanted->digest, sizeof key->digest) == 0)
            return key;
    }
    return NULL;
}

/* The job that has this key already; or NULL, and `*ret` a key to be put on a new job. */
static int look_up_key(struct job_service *service, const struct job_submission *submission,
                       struct key **ret, struct job **ret_job, struct error_detail *detail)
{
    struct key wanted = {0};
    int r = digest_key(submission, &wanted);
    if (r)
        return error_set(detail, r, "Idempotency-Key", "the key cannot be used");
    struct key *known = find_key(service, &wanted);
    if (known) {
        if (memcmp(known->body, wanted.body, sizeof wanted.body) != 0)
            return error_set(detail, ERR_IDEMPOTENCY_CONFLICT, "Idempotency-Key",
                             "this key belongs to job %s, which had another body",
                             known->job->id.text);
        *ret_job = known->job;
        return 0;
    }
    struct key *key = malloc(sizeof *key);
    if (!key)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the job");
    *key = wanted;
    *ret = key;
    return 0;
}

static struct span encrypt_to(const struct job_submission *submission)
{
    return span_of(submission->recipient ? submission->recipient->thumbprint : NULL);
}

/* Room for what a job may have to keep. */
static int make_parts(struct job *job, const struct job_submission *submission)
{
    size_t text_size = submission->app_id.size + submission->script_name.size +
                       submission->entry_point.size + submission->nonce.size +
                       encrypt_to(submission).size;
    job->live = calloc(1, sizeof *job->live);
    job->text = job_text_new(text_size);
    if (!job->live || !job->text)
        return ERR_NO_MEMORY;
    if (submission->secret_count == 0)
        return 0;
    job->live->secret_refs = calloc(submission->secret_count, sizeof(struct span));
    job->live->caller = malloc(submission->address.size + submission->user_agent.size + 1);
    return job->live->secret_refs && job->live->caller ? 0 : ERR_NO_MEMORY;
}

static void copy_names(struct job *job, const struct job_submission *submission)
{
    const struct {
        struct span name;
        uint32_t *size;
    } names[] = {
        {submission->app_id, &job->app_id_size},
        {submission->script_name, &job->script_name_size},
        {submission->entry_point, &job->entry_point_size},
        {submission->nonce, &job->nonce_size},
        {encrypt_to(submission), &job->encrypt_to_size},
    };
    char *at = job_text_data(job);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].name.size)
            memcpy(at, names[i].name.data, names[i].name.size);
        at += names[i].name.size;
        *names[i].size = (uint32_t)names[i].name.size;
    }
}

/* Address and user agent belong to the connection; the audit log wants them later. */
static void keep_caller(struct live *live)
{
    struct span *parts[] = {&live->submission.address, &live->submission.user_agent};
    char *at = live->caller;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i]->size)
            memcpy(at, parts[i]->data, parts[i]->size);
        parts[i]->data = at;
        at += parts[i]->size;
    }
}

static int make_job(struct job_service *service, const struct job_submission *submission,
                    struct job **ret)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return ERR_NO_MEMORY;
    job->service = service;
    int r = make_parts(job, submission);
    if (!r)
        r = uuid_new(job->id.text);
    if (!r)
        r = job_keep_sealers(job, submission);
    if (!r)
        r = job_receipt_begin(job, submission);
    if (r) {
        job_free_parts(job);
        return r;
    }
    copy_names(job, submission);
    struct live *live = job->live;
    live->queued_ns = clock_now_ns();
    live->submission = *submission;
    memset(live->submission.storage, 0, sizeof live->submission.storage);
    live->submission.reply = NULL; /* it has its own */
    live->submission.recipient = NULL;
    if (submission->secret_count > 0) {
        memcpy(live->secret_refs, submission->secret_refs,
               submission->secret_count * sizeof *live->secret_refs);
        live->submission.secret_refs = live->secret_refs;
        keep_caller(live);
    }
    job->started_unix_ms = clock_unix_ms();
    job->timeout_ms = submission->timeout_ms;
    job->gas_limit = submission->gas_limit;
    job->memory_limit = submission->memory_limit;
    *ret = job;
    return 0;
}

/* Puts a new job into the tables and its user's list. */
static void enlist(struct job *job, struct user *user, struct key *key)
{
    struct job_service *service = job->service;
    job->user = user;
    job->older = user->newest;
    *(user->newest ? &user->newest->newer : &user->oldest) = job;
    user->newest = job;
    user->jobs++;
    table_insert(&service->jobs, &job->link, job_id_hash(&job->id));
    if (key) {
        key->job = job;
        job->key = key;
        table_insert(&service->keys, &key->link, key_hash(key));
    }
    service->stats.total++;
}

/* A job that waits, for its turn or its secrets, keeps what its spans point into. */
static void take_storage(struct job *job, struct job_submission *submission)
{
    struct job_submission *mine = &job->live->submission;
    memcpy(mine->storage, submission->storage, sizeof mine->storage);
    memset(submission->storage, 0, sizeof submission->storage);
    mine->user = mine->idempotency_key = mine->body = (struct span){0};
    mine->app_id = mine->script_name = mine->nonce = (struct span){0};
}

/* A new job for a user who exists. */
static int admit(struct job_service *service, struct user *user, struct job_submission *submission,
                 struct key *key, struct job **ret, struct error_detail *detail)
{
    struct job *job = NULL;
    int r = check_room(service, user, detail);
    if (r)
        return r;
    r = user_rank_reserve(service);
    if (!r)
        r = make_job(service, submission, &job);
    if (r)
        return error_set(detail, r, "", "no memory for the job");
    enlist(job, user, key);
    enter_queue(job);
    job_dispatch(service);
    if (job->live && !job->live->run)
        take_storage(job, submission);
    if (job->status == JOB_QUEUED)
        job_arm_queue_timer(service);
    *ret = job;
    return 0;
}

int job_submit(struct job_service *service, struct job_submission *submission, struct job **ret,
               struct error_detail *detail)
{
    struct key *key = NULL;
    struct job *known = NULL;
    struct user *user = NULL;
    int r = 0;
    if (submission->idempotency_key.size > 0)
        r = look_up_key(service, submission, &key, &known, detail);
    if (!r && known) {
        service->stats.replayed++;
        *ret = known;
        return 0;
    }
    if (!r && (r = user_get(service, submission->user, &user)))
        error_set(detail, r, "", "%s", error_text(r));
    if (!r && (r = admit(service, user, submission, key, ret, detail)))
        user_release(service, user);
    if (r) {
        service->stats.refused[-r]++;
        free(key);
    }
    return r;
}
