#include "base/clock.h"
#include "exec/pool.h"
#include <string.h>

static struct exec_run *pool_run_take_spare(struct exec_pool *pool)
{
    struct exec_run *run = TAILQ_FIRST(&pool->spare);
    struct secret_bytes memory;
    if (run) {
        TAILQ_REMOVE(&pool->spare, run, link);
        return run;
    }
    if (secret_bytes_init(&memory, sizeof *run))
        return NULL;
    run = (struct exec_run *)(void *)memory.data;
    run->memory = memory;
    return run;
}

static void pool_run_free(struct exec_run *run)
{
    struct exec_pool *pool = run->pool;
    explicit_bzero(run->order.text, run->order.text_size);
    TAILQ_INSERT_HEAD(&pool->spare, run, link);
}

void pool_run_free_spare(struct exec_pool *pool)
{
    struct exec_run *run;
    while ((run = TAILQ_FIRST(&pool->spare))) {
        struct secret_bytes memory = run->memory;
        TAILQ_REMOVE(&pool->spare, run, link);
        secret_bytes_done(&memory);
    }
}

/* With the request as text, if it is small: then it may be given ahead. */
static int pool_run_new(struct exec_pool *pool, const struct exec_request *request,
                        exec_done_fn *done, void *ctx, struct exec_run **ret)
{
    struct exec_run *run = pool_run_take_spare(pool);
    if (!run)
        return ERR_NO_MEMORY;
    run->done = done;
    run->ctx = ctx;
    run->pool = pool;
    run->worker = NULL;
    run->cancelled = run->is_long = run->again = false;
    run->guard = request->guard;
    run->output_guard = request->output_guard;
    message_init(&run->order, MESSAGE_START_TYPE);
    struct window_request *measured = &run->order.start.request;
    int r = window_measure_request(&pool->config.layout, request, measured);
    if (r) {
        pool_run_free(run);
        return r;
    }
    uint32_t size = window_request_size(measured);
    if (size <= MESSAGE_TEXT_BYTES) {
        run->order.text_size = size;
        window_put_request(run->order.text, request);
    }
    *ret = run;
    return 0;
}

static bool pool_run_is_alone(const struct exec_run *run)
{
    return run->order.text_size == 0;
}

/* What was taken back from it lies in its socket until it answers what was given later. */
static bool pool_worker_has_room(const struct pool_worker *worker, uint64_t now)
{
    return worker->sequence - worker->answered < worker->pool->backend->given_most &&
           worker->jobs + worker->run_count < worker->pool->jobs_per_worker &&
           now - TAILQ_FIRST(&worker->runs)->begins_ns < POOL_LONG_BUSY_MS * NS_PER_MS;
}

/* Of those that run short jobs the one with the fewest. */
static struct pool_worker *pool_choose_open(const struct exec_pool *pool)
{
    struct pool_worker *worker, *best = NULL;
    uint64_t now = clock_now_ns();
    TAILQ_FOREACH(worker, &pool->open, open_link)
    if (pool_worker_has_room(worker, now) && (!best || worker->run_count < best->run_count))
        best = worker;
    return best;
}

/* A job goes to an idle worker while there are fewer at work than cores: more would only take
 * turns, and push each other's memory out of the caches. NULL: nobody has room. */
static struct pool_worker *pool_choose(const struct exec_pool *pool, bool alone)
{
    struct pool_worker *idle = TAILQ_FIRST(&pool->idle);
    if (alone || (idle && pool->open_count < pool->cores))
        return idle;
    struct pool_worker *open = pool_choose_open(pool);
    return open ? open : idle;
}

bool pool_has_worker(const struct exec_pool *pool)
{
    return TAILQ_EMPTY(&pool->waiting) && pool_choose(pool, false);
}

static void pool_run_begins(struct pool_worker *worker, struct exec_run *run, uint64_t now)
{
    run->begins_ns = now;
    pool_worker_set_deadline(worker);
    pool_worker_set_open(worker, !pool_run_is_alone(run));
}

/* ERR_SYSTEM: the worker is dead, and has been ended. */
static int pool_run_give(struct exec_run *run, struct pool_worker *worker)
{
    uint32_t sequence = worker->sequence + 1;
    run->order.start.sequence = sequence ? sequence : 1; /* 0 is what an untouched word says */
    run->order.start.round = worker->round;
    if (message_send(worker->fd, &run->order, NULL)) {
        pool_worker_end(worker, ERR_WORKER_LOST, "it died while idle");
        return ERR_SYSTEM;
    }
    worker->sequence = run->order.start.sequence;
    run->worker = worker;
    run->given_ns = clock_now_ns();
    run->ahead = worker->run_count > 0;
    TAILQ_INSERT_TAIL(&worker->runs, run, link);
    worker->run_count++;
    pool_worker_set_idle(worker, false);
    if (worker->run_count == 1)
        pool_run_begins(worker, run, run->given_ns);
    return 0;
}

static int pool_run_give_first(struct exec_run *run, struct pool_worker *worker,
                               const struct exec_request *request)
{
    struct exec_pool *pool = run->pool;
    const struct window_request *measured = &run->order.start.request;
    int r = 0;
    if (pool_run_is_alone(run))
        r = window_write_request(&worker->window, request, measured);
    if (r == 0)
        r = pool_run_give(run, worker);
    if (r)
        return r;
    pool->memory_reserved += measured->memory_limit;
    pool->running++;
    pool->started++;
    return 0;
}

int pool_worker_give(struct pool_worker *worker, const struct exec_request *request,
                     exec_done_fn *done, void *ctx, struct exec_run **ret)
{
    int r = pool_run_new(worker->pool, request, done, ctx, ret);
    if (r)
        return r;
    r = pool_run_give_first(*ret, worker, request);
    if (r)
        pool_run_free(*ret);
    return r;
}

int pool_run_start(struct exec_pool *pool, const struct exec_request *request, exec_done_fn *done,
                   void *ctx, struct exec_run **ret)
{
    struct exec_run *run;
    struct pool_worker *worker;
    int r = pool_run_new(pool, request, done, ctx, &run);
    if (r)
        return r;
    /* A worker that turns out to be dead is ended, and the next one is tried. */
    do {
        worker = pool_choose(pool, pool_run_is_alone(run));
        r = worker ? pool_run_give_first(run, worker, request) : ERR_QUEUE_FULL;
    } while (r == ERR_SYSTEM);
    if (r)
        pool_run_free(run);
    else
        *ret = run;
    pool->wanted_more |= r == ERR_QUEUE_FULL;
    return r;
}

struct exec_run *pool_run_leave(struct pool_worker *worker)
{
    struct exec_run *run = TAILQ_FIRST(&worker->runs);
    if (!run)
        return NULL;
    TAILQ_REMOVE(&worker->runs, run, link);
    worker->run_count--;
    run->worker = NULL;
    worker->deadline_ns = 0;
    pool_worker_set_open(worker, false);
    if (!TAILQ_EMPTY(&worker->runs))
        pool_run_begins(worker, TAILQ_FIRST(&worker->runs), clock_now_ns());
    return run;
}

void pool_run_take_back(struct pool_worker *worker, bool all)
{
    struct exec_run *first = TAILQ_FIRST(&worker->runs), *run;
    uint32_t begun = turn_take_back(&window_control(&worker->window)->turn, ++worker->round,
                                    first->order.start.sequence);
    pool_worker_set_open(worker, false);
    while ((run = TAILQ_LAST(&worker->runs, run_list)) != first) {
        if (!all && (int32_t)(begun - run->order.start.sequence) >= 0)
            break;
        TAILQ_REMOVE(&worker->runs, run, link);
        worker->run_count--;
        run->worker = NULL;
        TAILQ_INSERT_HEAD(&worker->pool->waiting, run, link);
    }
}

bool pool_run_try_again(struct exec_run *run, bool begun)
{
    struct exec_pool *pool = run->pool;
    if ((begun && !run->ahead) || pool_run_is_alone(run) || run->again || run->cancelled ||
        pool->stopping)
        return false;
    run->again = true;
    pool->long_running -= run->is_long;
    run->is_long = false;
    TAILQ_INSERT_HEAD(&pool->waiting, run, link);
    return true;
}

void pool_run_end(struct exec_run *run, struct exec_result *result)
{
    struct exec_pool *pool = run->pool;
    exec_done_fn *done = run->done;
    void *ctx = run->ctx;
    pool->running--;
    pool->ended++;
    pool->long_running -= run->is_long;
    if (run->cancelled)
        result->code = ERR_CANCELLED;
    pool_run_free(run);
    done(ctx, result);
    buf_wipe(&result->output);
    buf_wipe(&result->error);
    buf_wipe(&result->logs);
}

/* The first that waits for nothing any more; NULL. */
static struct exec_run *pool_run_find_ended(const struct exec_pool *pool)
{
    struct exec_run *run;
    TAILQ_FOREACH(run, &pool->waiting, link)
    if (run->cancelled || pool->stopping || !pool->healthy)
        return run;
    return NULL;
}

void pool_run_serve(struct exec_pool *pool)
{
    struct exec_run *run;
    while ((run = pool_run_find_ended(pool))) {
        struct exec_result result = {.code = ERR_WORKER_LOST};
        TAILQ_REMOVE(&pool->waiting, run, link);
        pool->memory_reserved -= run->order.start.request.memory_limit;
        pool->capacity_due = true;
        pool_run_end(run, &result);
    }
    while ((run = TAILQ_FIRST(&pool->waiting))) {
        struct pool_worker *worker = pool_choose(pool, false);
        if (!worker) {
            pool->wanted_more = true;
            return;
        }
        TAILQ_REMOVE(&pool->waiting, run, link);
        if (pool_run_give(run, worker))
            TAILQ_INSERT_HEAD(&pool->waiting, run, link);
    }
}
