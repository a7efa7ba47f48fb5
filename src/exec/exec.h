/*
 * The pool: runs jobs on workers. It knows nothing of users, HTTP or keys.
 *
 * The core never touches JavaScript and never forks. A zygote (exec of our own binary, one thread,
 * empty environment, started before the core reads a key) forks the workers; each worker is sealed
 * (seal.h) before it sees a tenant's byte and shares one sealed memfd, the window, with the core.
 * Where there is no fork (enclaves) the same workers are threads.
 *
 * All functions are called on the loop's thread; callbacks come on it too, never from inside the
 * call that starts them (exec_pool_free excepted, which ends what still runs).
 *
 * Workers are made by need: a worker that is longer than a moment on one job counts as taken and
 * another is made in its place, up to limit `workers`, so that a job that only waits holds up
 * nobody and many small jobs are done by few warm workers.
 *
 * Life cycle: exec_zygote_start (very first thing in main) -> exec_pool_new -> exec_start ... ->
 * exec_pool_free (kills and reaps whatever still runs).
 */
#ifndef NEOCOMPUTE_EXEC_EXEC_H
#define NEOCOMPUTE_EXEC_EXEC_H

#include "base/buf.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/limits.h"
#include "exec/seal.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum exec_isolation { EXEC_ISOLATION_PROCESS, EXEC_ISOLATION_THREAD };

struct exec_zygote;
struct exec_pool;
struct exec_run; /* one job on one worker */

struct exec_secret {
    struct span name, value;
};

/* One job. Borrowed: copied into the window before exec_start returns. */
struct exec_request {
    struct span script, entry_point, input;
    const struct exec_secret *secrets;
    size_t secret_count;
    uint64_t timeout_ms, gas_limit, memory_limit;
    bool confidential; /* as with secrets: a worker forgets its registers too */
    /*
     * The leak guards, borrowed until `done` was called; NULL: none. What `guard` finds is redacted
     * in logs and error; an output in which `output_guard` finds something is ERR_SECRET_LEAK.
     */
    const struct guard *guard, *output_guard;
};

/*
 * What came of it. The worker is not believed: every field has been checked against what was handed
 * out, output is known to be exactly one JSON object in RFC 8785 form, logs and error to be UTF-8.
 * Owned by the pool during the callback; take a buffer by moving it and zeroing the field.
 */
struct exec_result {
    int code; /* 0 or ERR_* */
    struct buf output;
    struct buf error;
    struct buf logs; /* a JSON array of strings */
    uint32_t nondeterminism;
    uint64_t gas_used, memory_used;
    uint64_t duration_ns;
};

typedef void exec_done_fn(void *ctx, struct exec_result *result);

struct exec_options {
    uv_loop_t *loop;
    const struct limits *limits; /* workers, warm_workers, jobs_per_worker, memory_total, ... */
    enum exec_isolation isolation;
    struct exec_zygote *zygote; /* taken; process isolation only */
    /* Called whenever a worker or memory became free: the time to call exec_start again. */
    void (*capacity)(void *ctx);
    void *ctx;
    /*
     * For the log, may be NULL: a worker was lost, or the zygote. One plain sentence that holds
     * nothing of a job. Called with lost_ctx.
     */
    void (*lost)(void *ctx, const char *reason);
    void *lost_ctx;
};

struct exec_stats {
    unsigned workers, idle, running;
    uint64_t memory_reserved, memory_total;
    uint64_t started, lost, retired;
    /*
     * False once the zygote is dead. Nothing can be started any more, and it cannot be replaced:
     * the core has keys and must not fork. Say so (/ready), stop and let the supervisor start anew.
     */
    bool healthy;
};

/* Starts the zygote. Nothing secret may be in memory yet, no thread running. */
int exec_zygote_start(struct exec_zygote **ret, struct error_detail *detail);

/* What main() becomes when it was started as `neocompute --zygote`; never returns. */
_Noreturn void exec_zygote_main(void);

/*
 * Waits until the first worker is sealed (milliseconds), so that what is in force is known then.
 * ERR_SYSTEM if workers cannot be made or sealed, ERR_NO_MEMORY. The zygote is taken either way.
 */
int exec_pool_new(const struct exec_options *options, struct exec_pool **ret,
                  struct error_detail *detail);

/*
 * Not from a callback. Jobs that still run end with ERR_WORKER_LOST, from inside. Run the loop once
 * more afterwards: that closes its handles and frees the rest. NULL is fine.
 */
void exec_pool_free(struct exec_pool *pool);

/* What is in force for every worker; a later one that had less would not be used. */
const struct seal_report *exec_pool_sealed(const struct exec_pool *pool);

/*
 * Could a small job of this memory limit start now: is a worker idle or may one be given more, the
 * memory free, and no more than a few short jobs under way for each core? If not, and the limits
 * allow it at all, `capacity` is called when that may have changed. More than memory_total never
 * fits. That only a worker is missing is remembered, and one is made if it goes on.
 */
bool exec_can_start(struct exec_pool *pool, uint64_t memory_limit);

/*
 * Starts a job; `done` is called exactly once, and `*ret` is good until then. Or, without calling
 * `done`: ERR_QUEUE_FULL if exec_can_start is false, or if the job is large or has secrets, so that
 * it needs a worker for itself, and none is idle; ERR_NO_MEMORY; ERR_SCRIPT_TOO_LARGE,
 * ERR_INPUT_TOO_LARGE, ERR_INVALID_FIELD (entry point or secrets) for what the limits forbid.
 */
int exec_start(struct exec_pool *pool, const struct exec_request *request, exec_done_fn *done,
               void *ctx, struct exec_run **ret);

/* Ends the job soon with ERR_CANCELLED (`done` is still called); a worker that ignores it is
 * killed. */
void exec_cancel(struct exec_run *run);

void exec_pool_stats(const struct exec_pool *pool, struct exec_stats *ret);

#endif
