#include "base/clock.h"
#include "exec/pool.h"

void pool_tell_capacity(struct exec_pool *pool)
{
    if (!pool->capacity_due || pool->stopping)
        return;
    pool->capacity_due = false;
    if (pool->capacity)
        pool->capacity(pool->ctx);
}

static void pool_expire(struct pool_worker *worker)
{
    if (worker->state == WORKER_STARTING)
        pool_worker_end(worker, ERR_WORKER_LOST, "it was not ready in time");
    else if (worker->run.cancelled)
        pool_worker_end(worker, ERR_CANCELLED, "it did not end a cancelled job");
    else
        pool_worker_end(worker, ERR_TIMEOUT, "it did not end its job in time");
}

/* Looks which jobs have been running for longer than a moment. */
static void pool_find_long(struct exec_pool *pool, uint64_t now)
{
    uint64_t least =
        NS_PER_MS * (pool->ended != pool->ended_seen ? POOL_LONG_BUSY_MS : POOL_LONG_MS);
    pool->ended_seen = pool->ended;
    for (uint64_t place = 0; place < pool->workers_max; place++) {
        struct pool_worker *worker = pool->places[place];
        if (!worker || !worker->run.done || worker->run.is_long ||
            now - worker->run.started_ns < least)
            continue;
        worker->run.is_long = true;
        pool->long_running++;
        pool->capacity_due = true;
    }
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

static uint64_t pool_watch_interval(const struct exec_pool *pool)
{
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

/* Workers that nobody needed since the last time go, down to those that are kept warm. */
static void pool_on_trim(uv_timer_t *timer)
{
    struct exec_pool *pool = timer->data;
    uint64_t surplus = pool->idle_least > pool->warm ? pool->idle_least - pool->warm : 0;

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
}
