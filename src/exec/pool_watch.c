#include "base/clock.h"
#include "exec/pool.h"
#include <malloc.h>
#include <sched.h>

void pool_tell_capacity(struct exec_pool *pool)
{
    if (!pool->capacity_due || pool->stopping)
        return;
    pool->capacity_due = false;
    if (pool->capacity)
        pool->capacity(pool->ctx);
}

/*
 * Woken by an answer, the core would take the processor from a worker in the middle of its next
 * job, once for every job. While all jobs are short it lets the worker go on for the moment that
 * its jobs take, and then finds several answers at once; beside a long job it must not wait. This
 * is about time alone, so nothing is lost where it cannot be done.
 */
void pool_set_patient(struct exec_pool *pool, bool patient)
{
    const struct sched_param none = {0};
    if (pool->patient == patient)
        return;
    pool->patient = patient;
    sched_setscheduler(0, (patient ? SCHED_BATCH : SCHED_OTHER) | SCHED_RESET_ON_FORK, &none);
}

static void pool_expire(struct pool_worker *worker)
{
    if (worker->state == WORKER_STARTING)
        pool_worker_end(worker, ERR_WORKER_LOST, "it was not ready in time");
    else if (TAILQ_FIRST(&worker->runs)->cancelled)
        pool_worker_end(worker, ERR_CANCELLED, "it did not end a cancelled job");
    else
        pool_worker_end(worker, ERR_TIMEOUT, "it did not end its job in time");
}

/* A worker answers a job before it begins the next: where it says that it has begun one behind its
 * first, the answer of the first is here. */
static void pool_hold_to_word(struct pool_worker *worker)
{
    uint32_t first = TAILQ_FIRST(&worker->runs)->order.start.sequence;
    while (worker->run_count > 1 && TAILQ_FIRST(&worker->runs)->order.start.sequence == first)
        if (!pool_worker_receive(worker)) {
            pool_worker_end(worker, ERR_WORKER_LOST, "it began a job before it had answered one");
            return;
        }
}

/*
 * Others must not wait behind a job that is not short. One that waits for a core itself is left
 * alone for longer: behind another it would wait as long. Whether the worker has begun it, it says
 * itself; if it lies, that is how long those behind it wait. May end the worker, or its job.
 */
static void pool_close_long(struct pool_worker *worker, const struct exec_run *first, uint64_t age)
{
    uint32_t begun = (uint32_t)atomic_load(&window_control(&worker->window)->turn);
    bool runs = begun == first->order.start.sequence;
    if (age < NS_PER_MS * (runs ? POOL_LONG_MS : POOL_LONG_BUSY_MS))
        return;
    if (worker->run_count > 1)
        pool_run_take_back(worker, false);
    pool_worker_set_open(worker, false);
    pool_hold_to_word(worker);
}

/* Looks which jobs have been running for longer than a moment. */
static void pool_find_long(struct exec_pool *pool, uint64_t now)
{
    uint64_t least =
        NS_PER_MS * (pool->ended != pool->ended_seen ? POOL_LONG_BUSY_MS : POOL_LONG_MS);
    pool->ended_seen = pool->ended;
    for (uint64_t place = 0; place < pool->workers_max; place++) {
        struct pool_worker *worker = pool->places[place];
        struct exec_run *run = worker ? TAILQ_FIRST(&worker->runs) : NULL;
        if (!run)
            continue;
        uint64_t age = now - run->begins_ns;
        if (!run->is_long && age >= least) {
            run->is_long = true;
            pool->long_running++;
            pool->capacity_due = true;
        }
        if (worker->open || worker->run_count > 1)
            pool_close_long(worker, run, age);
    }
    pool_set_patient(pool, pool->long_running == 0);
}

static unsigned pool_starting(const struct exec_pool *pool)
{
    unsigned starting = 0;
    for (uint64_t place = 0; place < pool->workers_max; place++)
        starting += pool->places[place] && pool->places[place]->state == WORKER_STARTING;
    return starting;
}

static void pool_grow(struct exec_pool *pool, uint64_t now)
{
    if (!pool->healthy || now < pool->next_spawn_ns)
        return;
    uint64_t wanted = pool->warm + pool->long_running;
    if (pool->wanted_more)
        wanted += pool_short_running(pool);
    pool->wanted_more = false;
    if (pool->workers - pool->ending >= wanted)
        return;
    unsigned starting = pool_starting(pool);
    while (starting++ < pool->backend->starting_most && pool->workers - pool->ending < wanted &&
           pool->workers < pool->workers_max) {
        if (pool_worker_start(pool, NULL)) {
            pool->next_spawn_ns = now + POOL_RETRY_MS * NS_PER_MS;
            return;
        }
    }
}

/* Does a job wait behind another one, or for a worker? */
static bool pool_has_waiting(const struct exec_pool *pool)
{
    const struct pool_worker *worker;
    TAILQ_FOREACH(worker, &pool->open, open_link)
    if (worker->run_count > 1)
        return true;
    return !TAILQ_EMPTY(&pool->waiting);
}

static uint64_t pool_watch_interval(const struct exec_pool *pool)
{
    if (pool_has_waiting(pool))
        return POOL_LONG_MS;
    if (pool->healthy && pool->idle_count < pool->warm && pool->workers < pool->workers_max)
        return POOL_LONG_MS;
    if (pool_short_running(pool) >= pool->short_most)
        return POOL_LONG_MS;
    /* Nothing has a deadline while all workers are idle. */
    return pool->workers > pool->idle_count ? POOL_WATCH_MS : 0;
}

static void pool_on_watch(uv_timer_t *timer)
{
    struct exec_pool *pool = timer->data;
    uint64_t now = clock_now_ns();

    for (uint64_t place = 0; place < pool->workers_max; place++) {
        struct pool_worker *worker = pool->places[place];
        if (worker && worker->deadline_ns && now >= worker->deadline_ns)
            pool_expire(worker);
    }
    if (pool->backend->retry)
        pool->backend->retry(pool);
    pool_find_long(pool, now);
    pool_run_serve(pool);
    pool_grow(pool, now);
    pool_tell_capacity(pool);

    uint64_t interval = pool_watch_interval(pool);
    if (interval == 0)
        uv_timer_stop(timer);
    else if (interval != pool->watch_ms)
        uv_timer_start(timer, pool_on_watch, interval, interval);
    pool->watch_ms = interval;
}

void pool_watch_wake(struct exec_pool *pool)
{
    uint64_t interval = pool_watch_interval(pool);
    if (pool->stopping || interval == 0 || (pool->watch_ms > 0 && pool->watch_ms <= interval))
        return;
    uv_update_time(pool->loop);
    uv_timer_start(&pool->watch, pool_on_watch, interval, interval);
    pool->watch_ms = interval;
}

/*
 * Workers that nobody needed since the last time go, down to those that are kept warm. Where no job
 * runs, free memory of the heap goes back to the system too: malloc keeps up to tens of MiB of what
 * a few large requests at once have needed, and looking for it takes it some milliseconds.
 */
static void pool_on_trim(uv_timer_t *timer)
{
    struct exec_pool *pool = timer->data;
    uint64_t surplus = pool->idle_least > pool->warm ? pool->idle_least - pool->warm : 0;

    if (surplus > 0 && pool->idle_count == pool->workers)
        malloc_trim(0);
    for (; surplus > 0; surplus--)
        pool_worker_end(TAILQ_LAST(&pool->idle, pool_idle), 0, NULL);
    pool->idle_least = pool->idle_count;
    pool_tell_capacity(pool);
}

void pool_watch_start(struct exec_pool *pool)
{
    uv_timer_init(pool->loop, &pool->watch);
    uv_timer_init(pool->loop, &pool->trim);
    pool->watch.data = pool->trim.data = pool;
    pool->handles += 2;
    uv_timer_start(&pool->trim, pool_on_trim, POOL_TRIM_MS, POOL_TRIM_MS);
    pool_set_patient(pool, true);
}
