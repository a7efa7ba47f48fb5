/*
 * Jobs: who may run what and when, and what becomes of the results.
 *
 * A job is queued -> running -> completed or failed, and then kept until its time is up, its user
 * forgets it, or a bound on what is kept pushes it out. Every step costs the same however many jobs
 * are kept. Nothing here knows HTTP or JSON.
 *
 * Everything happens on the loop's thread.
 *
 * Life cycle: job_service_new -> exec_pool_new with job_service_capacity -> job_service_attach ->
 * job_submit ... -> job_service_stop -> job_service_attach(NULL) -> exec_pool_free ->
 * job_service_free.
 */
#ifndef NEOCOMPUTE_JOB_JOB_H
#define NEOCOMPUTE_JOB_JOB_H

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "exec/exec.h"
#include "job/keys.h"
#include "protect/envelope.h"
#include "protect/protect.h"
#include "protect/recipient.h"
#include "secret/secret.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define JOB_USER_MOST        128 /* bytes of a user id */
#define JOB_NAME_MOST        512 /* bytes of app_id, script_name: 128 characters */
#define JOB_ENTRY_POINT_MOST 256 /* bytes */
#define JOB_IDEMPOTENCY_MOST 255 /* bytes of an idempotency key */
#define JOB_NONCE_MOST       64  /* bytes of a nonce for the receipt */
#define JOB_STORAGE_COUNT    2   /* buffers that a submission's spans may point into */

struct job_service;
struct job;

/* A UUIDv7 in lower-case text; later jobs have greater ones. */
struct job_id {
    char text[UUID_SIZE];
};

/* False if `text` is no id that this service would give. */
bool job_id_parse(struct span text, struct job_id *ret);

/* How receipts are signed. None at all is for measuring what they cost. */
enum job_receipts { JOB_RECEIPTS_BATCH, JOB_RECEIPTS_SINGLE, JOB_RECEIPTS_NONE };

/* Appends the sealed answer of a job that has ended: callers' JSON is not known here.
 * ERR_NO_MEMORY, ERR_INTERNAL. */
typedef int job_seal_fn(const struct job *job, const struct envelope_reply *reply, struct buf *out);

struct job_options {
    uv_loop_t *loop;
    const struct limits *limits;    /* borrowed for good */
    struct protect *protect;        /* borrowed for good */
    struct secret_service *secrets; /* borrowed for good; NULL: every secret is unavailable */
    struct keys *keys;              /* borrowed for good, started before a job; NULL: no receipts */
    enum job_receipts receipts;
    job_seal_fn *seal;
};

int job_service_new(const struct job_options *options, struct job_service **ret,
                    struct error_detail *detail);

/*
 * Gives the service its pool, whose options had job_service_capacity and the service. NULL before
 * the pool is freed: nothing is started from then on.
 */
void job_service_attach(struct job_service *service, struct exec_pool *pool);

/* For exec_options.capacity: starts what can start now. */
void job_service_capacity(void *service);

/*
 * Refuses new jobs and ends waiting ones (ERR_SHUTTING_DOWN), lets running ones finish for
 * shutdown_timeout at most, cancels the rest; then calls `done` once.
 */
void job_service_stop(struct job_service *service, void (*done)(void *ctx), void *ctx);

/* After the pool is gone. NULL is fine. */
void job_service_free(struct job_service *service);

/* A request to run a script. Spans are borrowed unless they lie in `storage`. */
struct job_submission {
    struct span user;                   /* 1..JOB_USER_MOST bytes */
    struct span idempotency_key;        /* empty: none */
    const struct envelope_reply *reply; /* of a sealed request (copied); NULL: it was not sealed */
    struct span body;                   /* what makes two requests with one key the same */
    struct span script, entry_point, input, app_id, script_name;
    const struct recipient
        *recipient;    /* who alone may read the result (copied); NULL: the caller */
    struct span nonce; /* for the receipt; at most JOB_NONCE_MOST bytes */
    const struct span *secret_refs;
    size_t secret_count;
    bool allow_secret_output;        /* those that their owner lets out may be in the output */
    struct span address, user_agent; /* of the caller, for the audit log of secrets */
    uint64_t timeout_ms, gas_limit, memory_limit; /* within their limits already */
    /*
     * Buffers that script, entry_point, input and secret_refs point into. A job that has to wait
     * takes them (and zeroes them here); otherwise they stay the caller's.
     */
    struct buf storage[JOB_STORAGE_COUNT];
};

/*
 * Admits a job: 0 and the job, already running, waiting, failed, or, for a known idempotency key,
 * the job of the first request. Or ERR_USER_QUEUE_FULL, ERR_QUEUE_FULL, ERR_SHUTTING_DOWN,
 * ERR_IDEMPOTENCY_CONFLICT, ERR_NO_MEMORY, ERR_INTERNAL. `*ret` is borrowed: it is good until
 * control goes back to the loop, or until the waiter put on it is called.
 */
int job_submit(struct job_service *service, struct job_submission *submission, struct job **ret,
               struct error_detail *detail);

/*
 * Jobs that have ended are signed together, at most half a millisecond later, and then those who
 * wait for them are told. This does it now.
 */
void job_service_flush(struct job_service *service);

enum job_status { JOB_QUEUED, JOB_RUNNING, JOB_COMPLETED, JOB_FAILED, JOB_STATUS_COUNT };

static inline bool job_status_final(enum job_status status)
{
    return status == JOB_COMPLETED || status == JOB_FAILED;
}

/* What may be known of a job. Spans are borrowed, as good as the job and
 * the view. */
struct job_view {
    struct job_id id;
    enum job_status status;
    int code; /* 0, or why it failed */
    struct span user, app_id, script_name;
    struct span output, logs, error; /* logs: a JSON array of strings */
    /* Its request was sealed: what may be known is id, times, `completed` once it has ended, and
     * the sealed answer (empty: there was no memory for it). */
    bool sealed;
    struct span sealed_answer;
    /* It named a recipient: once it has ended this stands for output, logs and error. */
    bool encrypted;
    struct span encrypted_output;
    uint64_t started_unix_ms; /* when it began to run; while it waits, when it came */
    uint64_t duration_ns, gas_used, memory_used;
    uint32_t nondeterminism;
    uint64_t timeout_ms, gas_limit, memory_limit;
    struct proof proof; /* completed jobs only */
    struct buf opened;  /* what the spans lie in, if the job is kept */
};

/* Kept jobs are sealed: this opens one. Call job_view_done, which wipes what was opened.
 * ERR_NO_MEMORY, ERR_INTERNAL; `ret` is then safe for job_view_done. */
int job_view(const struct job *job, struct job_view *ret);
void job_view_done(struct job_view *view);

/*
 * The receipt of a job that has ended, if it has one: none have jobs that were refused in the end
 * (a 503). docs/protocol.md describes the two forms; `single` asks for the plain JWS whichever way
 * it was signed. Appends its text. ERR_NO_MEMORY, ERR_INTERNAL.
 */
bool job_has_receipt(const struct job *job);
int job_receipt_write(const struct job *job, bool single, struct buf *out);
size_t job_receipt_size(const struct job *job);         /* of its text, at most */
const uint8_t *job_receipt_salt(const struct job *job); /* RECEIPT_SALT_SIZE bytes; NULL where only
                                                         * the job's recipient may know it */
const struct keyring *job_receipt_keyring(const struct job *job); /* borrowed */
enum job_status job_status(const struct job *job);
struct job_id job_id_of(const struct job *job);
bool job_is_sealed(const struct job *job);

/*
 * Someone who waits for the end of a job; lives in the caller's memory. `ended` may be called from
 * inside job_cancel, job_abandon and job_service_stop. It must not submit or delete jobs.
 */
struct job_waiter {
    void (*ended)(struct job_waiter *waiter, const struct job *job);
    struct job_waiter *next;
    struct job *job; /* NULL once it ended or was let go */
};

/* Calls waiter->ended once when the job ends. The job must not be final yet. */
void job_wait(struct job *job, struct job_waiter *waiter);

/* Stops waiting; fine if it never began or the job has ended. */
void job_wait_stop(struct job_waiter *waiter);

/*
 * The one who waits has gone. If nobody else waits, the job is cancelled and its idempotency key
 * set free, so that the same request may be sent again; the waiter is still called. Otherwise
 * nothing happens and false is returned.
 */
bool job_abandon(struct job_waiter *waiter);

/* The user's job of that id; NULL if there is none or it is somebody else's. */
struct job *job_find(struct job_service *service, struct span user, const struct job_id *id);

/* Ends the job soon, or at once if it waits. A job that has ended stays as it is. */
void job_cancel(struct job *job);

/* Forgets a finished job. ERR_CONFLICT while it waits or runs. */
int job_delete(struct job *job);

#define JOB_LIST_SCAN 1000 /* most jobs looked at for one page */

#define JOB_NONDETERMINISM_MOST 3

/* "clock", "random", "timer" for bits 0, 1, 2 of nondeterminism; NULL past the last. */
const char *job_nondeterminism_name(unsigned bit);

struct job_filter {
    struct span user;
    const struct job_id *before; /* only older ones; NULL: from the newest */
    unsigned statuses;           /* bits 1 << enum job_status; 0: all */
};

/*
 * The user's jobs, newest first. `each` is called for each and returns false if it has no room for
 * it. True and `*next` (for the next page's `before`) if there may be more: a page can be short or
 * even empty, because at most JOB_LIST_SCAN jobs are looked at.
 */
bool job_list(struct job_service *service, const struct job_filter *filter,
              bool (*each)(void *ctx, const struct job *job), void *ctx, struct job_id *next);

#define JOB_SWEEP_MS 60000u /* most time between a result's end of life and its removal */

/* Buckets of the histograms below: upper bounds, the last one without. */
#define JOB_BUCKETS 16
struct job_histogram {
    uint64_t count[JOB_BUCKETS + 1];
    uint64_t total;
    double sum;
};
void job_histogram_add(struct job_histogram *histogram, const double bounds[JOB_BUCKETS],
                       double value);
extern const double job_time_bounds[JOB_BUCKETS];   /* seconds */
extern const double job_gas_bounds[JOB_BUCKETS];    /* gas units */
extern const double job_memory_bounds[JOB_BUCKETS]; /* bytes */

struct job_receipt_stats {
    uint64_t signatures;       /* made when jobs ended */
    uint64_t batches, batched; /* of these over several jobs, and over how many */
    uint64_t failed;           /* jobs that could not be given a receipt */
};

struct job_stats {
    uint64_t total;                     /* jobs ever admitted */
    uint64_t ended[ERROR_COUNT + 1];    /* by code: index 0 completed, -code failed */
    uint64_t refused[ERROR_COUNT + 1];  /* by code: never admitted */
    uint64_t replayed;                  /* answered by idempotency key */
    uint64_t running, queued, users;    /* now */
    uint64_t retained, retained_bytes;  /* now */
    uint64_t evicted, expired, deleted; /* ever: past a bound, past their time, by their user */
    uint64_t sweep_ms;
    uint64_t gas_total;
    struct job_histogram run_time, wait_time, gas, memory;
    struct exec_stats pool;
    struct job_receipt_stats receipts;
};
/* Borrowed, good until control goes back to the loop. */
const struct job_stats *job_service_stats(struct job_service *service);

#endif
