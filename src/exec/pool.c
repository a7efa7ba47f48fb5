#include "exec/pool.h"
#include "base/clock.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a worker needs beyond a job's linear memory: its copy of the engine's data, libc's heap. */
#define POOL_WORKER_EXTRA_BYTES (64 * MIB)

static void pool_free_memory(struct exec_pool *pool)
{
    answer_scratch_done(&pool->scratch);
    buf_wipe(&pool->records);
    pool_run_free_spare(pool);
    free(pool->places);
    free(pool);
}

void pool_handle_closed(uv_handle_t *handle)
{
    struct exec_pool *pool = handle->data;
    if (--pool->handles == 0)
        pool_free_memory(pool);
}

void pool_report_lost(struct exec_pool *pool, const char *reason)
{
    if (pool->lost_told)
        pool->lost_told(pool->lost_ctx, reason);
}

static int pool_configure(struct exec_pool *pool, const struct exec_options *options,
                          struct error_detail *detail)
{
    const uint64_t *value = options->limits->value;
    int r = window_layout_init(&pool->config.layout, options->limits);
    if (r)
        return error_set(detail, r, "",
                         "the limits of script, input, output and logs add up to "
                         "more than a worker's window can have");
    pool->config.memory_max = limit_table[LIMIT_MEMORY].most + POOL_WORKER_EXTRA_BYTES;
    pool->config.output_depth = (uint32_t)value[LIMIT_OUTPUT_DEPTH];
    pool->config.log_entries = (uint32_t)value[LIMIT_LOG_ENTRIES];
    pool->config.log_entry_bytes = (uint32_t)value[LIMIT_LOG_ENTRY_BYTES];
    pool->config.error_bytes = (uint32_t)value[LIMIT_ERROR_BYTES];
    pool->config.timers = (uint32_t)value[LIMIT_TIMERS];
    pool->workers_max = value[LIMIT_WORKERS];
    pool->warm = value[LIMIT_WARM_WORKERS];
    if (pool->warm > pool->workers_max)
        pool->warm = pool->workers_max;
    pool->cores = uv_available_parallelism();
    pool->short_most = POOL_SHORT_PER_CORE * pool->cores;
    pool->jobs_per_worker = value[LIMIT_JOBS_PER_WORKER];
    pool->memory_total = value[LIMIT_MEMORY_TOTAL];
    pool->loop = options->loop;
    pool->capacity = options->capacity;
    pool->ctx = options->ctx;
    pool->lost_told = options->lost;
    pool->lost_ctx = options->lost_ctx;
    pool->healthy = true;
    pool->backend =
        options->isolation == EXEC_ISOLATION_THREAD ? &pool_backend_thread : &pool_backend_process;
    pool->config.stream = pool->backend->stream;
    TAILQ_INIT(&pool->idle);
    TAILQ_INIT(&pool->open);
    TAILQ_INIT(&pool->waiting);
    TAILQ_INIT(&pool->spare);
    buf_init(&pool->records, pool->config.layout.size[WINDOW_LOGS]);
    pool->places = calloc(pool->workers_max, sizeof *pool->places);
    if (!pool->places || answer_scratch_init(&pool->scratch, pool->config.output_depth))
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the pool of workers");
    return 0;
}

/*
 * Makes the first worker and waits for it, so that a system where workers cannot be sealed is told
 * at start and not to the first caller. The loop does not run yet: the sockets are waited for here.
 */
static int pool_start_first(struct exec_pool *pool, struct error_detail *detail)
{
    struct pool_worker *worker;
    int r = pool_worker_start(pool, &worker);
    if (r)
        return error_set(detail, r, "", "the first worker could not be made: %s", error_text(r));
    const uint64_t deadline = worker->deadline_ns;

    while (worker->state == WORKER_STARTING) {
        struct pollfd fds[2] = {{.fd = worker->fd, .events = POLLIN},
                                {.fd = pool->zygote ? pool->zygote->fd : -1, .events = POLLIN}};
        if (clock_now_ns() >= deadline)
            return error_set(detail, ERR_SYSTEM, "", "the first worker was not ready in time");
        if (poll(fds, 2, POOL_WATCH_MS) <= 0)
            continue;
        if (fds[0].revents)
            pool_worker_receive(worker);
        else
            pool_zygote_receive(pool);
    }
    if (worker->state == WORKER_READY)
        return 0;
    if (detail && pool->start_failure.code)
        *detail = pool->start_failure;
    else
        error_set(detail, ERR_SYSTEM, "", "the first worker was lost: %s",
                  pool->healthy ? worker->fault : "the zygote died");
    return ERR_SYSTEM;
}

int exec_pool_new(const struct exec_options *options, struct exec_pool **ret,
                  struct error_detail *detail)
{
    struct exec_pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        zygote_free(options->zygote);
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the pool of workers");
    }
    int r = pool_configure(pool, options, detail);
    if (r) {
        zygote_free(options->zygote);
        pool_free_memory(pool);
        return r;
    }
    pool_watch_start(pool);
    pool->zygote = options->zygote;
    r = pool->backend->prepare(pool);
    if (r)
        error_set(detail, r, "", "the zygote cannot be watched");
    else
        r = pool_start_first(pool, detail);
    if (r) {
        exec_pool_free(pool);
        return r;
    }
    pool_watch_wake(pool);
    *ret = pool;
    return 0;
}

void exec_pool_free(struct exec_pool *pool)
{
    if (!pool)
        return;
    pool->stopping = true;
    pool_set_patient(pool, false);
    for (uint64_t place = 0; place < pool->workers_max; place++)
        if (pool->places[place])
            pool_worker_end(pool->places[place], ERR_WORKER_LOST, NULL);
    pool_run_serve(pool);
    pool->backend->stop(pool);
    uv_close((uv_handle_t *)&pool->watch, pool_handle_closed);
    uv_close((uv_handle_t *)&pool->trim, pool_handle_closed);
}

const struct seal_report *exec_pool_sealed(const struct exec_pool *pool)
{
    return &pool->sealed;
}

bool exec_can_start(struct exec_pool *pool, uint64_t memory_limit)
{
    bool room = pool->healthy && !pool->stopping && pool_short_running(pool) < pool->short_most &&
                pool->memory_reserved <= pool->memory_total &&
                memory_limit <= pool->memory_total - pool->memory_reserved;
    if (!room)
        return false;
    bool found = pool_has_worker(pool);
    pool->wanted_more |= !found;
    return found;
}

int exec_start(struct exec_pool *pool, const struct exec_request *request, exec_done_fn *done,
               void *ctx, struct exec_run **ret)
{
    if (!exec_can_start(pool, request->memory_limit))
        return ERR_QUEUE_FULL;
    int r = pool_run_start(pool, request, done, ctx, ret);
    pool_watch_wake(pool);
    return r;
}

void exec_cancel(struct exec_run *run)
{
    struct message message;
    uint64_t deadline = clock_now_ns() + POOL_CANCEL_MS * NS_PER_MS;

    if (run->cancelled)
        return;
    run->cancelled = true;
    if (run->worker && run != TAILQ_FIRST(&run->worker->runs))
        pool_run_take_back(run->worker, false);
    struct pool_worker *worker = run->worker;
    pool_watch_wake(run->pool);
    if (!worker)
        return; /* it has not been begun: the clock ends it */
    atomic_store(&window_control(&worker->window)->cancelled, run->order.start.sequence);
    message_init(&message, MESSAGE_CANCEL_TYPE);
    message.cancel.sequence = run->order.start.sequence;
    /* Only to wake a sleeper. If it cannot be sent, the watchdog ends the worker. */
    message_send(worker->fd, &message, NULL);
    if (!worker->deadline_ns || deadline < worker->deadline_ns)
        worker->deadline_ns = deadline;
}

void exec_pool_stats(const struct exec_pool *pool, struct exec_stats *ret)
{
    *ret = (struct exec_stats){
        .workers = pool->workers,
        .idle = pool->idle_count,
        .running = pool->running,
        .memory_reserved = pool->memory_reserved,
        .memory_total = pool->memory_total,
        .started = pool->started,
        .lost = pool->lost,
        .retired = pool->retired,
        .healthy = pool->healthy,
    };
}
