/*
 * What a worker may send and write: any bytes on its socket, any bytes in its window. The pool is
 * the real one; the back end is one that makes a socket and a window and no worker.
 *
 * Input: one byte (1: it has a job, 2: cancelled, 4: it was ready, 8: another was given ahead),
 * then messages (two bytes of length each), then what stands at the start of the output, logs and
 * error areas.
 */
#include "base/clock.h"
#include "exec/pool.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGES_MOST 3

static int other_end;

static void require(int condition)
{
    if (!condition)
        abort();
}

static int fuzz_start(struct pool_worker *worker)
{
    int pair[2];
    require(window_new_private(&worker->window, &worker->pool->config.layout) == 0);
    require(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    worker->fd = pair[0];
    other_end = pair[1];
    return 0;
}

static void fuzz_end(struct pool_worker *worker)
{
    pool_worker_close_socket(worker);
    pool_worker_gone(worker);
}

static const struct pool_backend backend = {.start = fuzz_start, .end = fuzz_end, .given_most = 2};

static struct exec_pool *fuzz_pool(void)
{
    static struct exec_pool pool;
    static struct pool_worker *places[1];
    static uv_loop_t loop;
    struct limits limits;
    if (pool.loop)
        return &pool;
    for (int i = 0; i < LIMIT_COUNT; i++)
        limits.value[i] = limit_table[i].standard;
    limits.value[LIMIT_OUTPUT_BYTES] = 64 * KIB;
    limits.value[LIMIT_LOG_ENTRIES] = 4;
    require(window_layout_init(&pool.config.layout, &limits) == 0);
    require(answer_scratch_init(&pool.scratch, 64) == 0);
    pool.config.log_entries = 4;
    pool.config.log_entry_bytes = 64;
    pool.workers_max = 1;
    pool.jobs_per_worker = 2;
    pool.memory_total = GIB;
    pool.places = places;
    pool.backend = &backend;
    pool.loop = &loop;
    TAILQ_INIT(&pool.idle);
    TAILQ_INIT(&pool.open);
    TAILQ_INIT(&pool.waiting);
    TAILQ_INIT(&pool.spare);
    buf_init(&pool.records, pool.config.layout.size[WINDOW_LOGS]);
    uv_loop_init(&loop);
    pool_watch_start(&pool);
    return &pool;
}

static void on_done(void *ctx, struct exec_result *result)
{
    ++*(unsigned *)ctx;
    require(result->gas_used <= 1000 && result->memory_used <= MIB);
    require(result->nondeterminism < 8);
    require(result->output.size == 0 || result->code == 0 || result->code == ERR_CANCELLED ||
            result->code == ERR_NO_MEMORY);
    if (result->code == 0)
        require(result->output.size >= 2 && result->output.data[0] == '{');
    require(result->error.size <= 64 * KIB && result->output.size <= 64 * KIB);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exec_pool *pool = fuzz_pool();
    struct pool_worker *worker;
    unsigned done = 0;
    if (size == 0)
        return 0;
    uint8_t flags = *data++;
    size--;
    pool->stopping = true; /* no timers */
    require(pool_worker_start(pool, &worker) == 0);
    if (flags & 4)
        worker->state = WORKER_READY;
    unsigned given = 0;
    struct exec_run *run;
    struct exec_request request = {.script = SPAN("x"), .gas_limit = 1000, .memory_limit = MIB};
    if (flags & 1) {
        require(pool_worker_give(worker, &request, on_done, &done, &run) == 0);
        given++;
        if (flags & 2)
            exec_cancel(run);
        if (flags & 8) {
            require(pool_worker_give(worker, &request, on_done, &done, &run) == 0);
            given++;
        }
    }
    for (int i = 0; i < MESSAGES_MOST && size >= 2; i++) {
        size_t part = (size_t)data[0] | (size_t)data[1] << 8;
        data += 2;
        size -= 2;
        part = part < size ? part : size;
        require(send(other_end, data, part, MSG_NOSIGNAL) == (ssize_t)part);
        data += part;
        size -= part;
    }
    size_t head = size < 64 * KIB ? size : 64 * KIB;
    memcpy(window_area(&worker->window, WINDOW_OUTPUT), data, head);
    memcpy(window_area(&worker->window, WINDOW_LOGS), data, head < 256 ? head : 256);
    memcpy(window_area(&worker->window, WINDOW_ERROR), data, head < 256 ? head : 256);
    for (int i = 0; i < MESSAGES_MOST && worker->state != WORKER_ENDING; i++)
        pool_worker_receive(worker);
    pool_worker_end(worker, ERR_WORKER_LOST, "the end");
    pool_run_serve(pool); /* it is stopping: nobody takes what was taken back */
    close(other_end);
    uv_run(pool->loop, UV_RUN_NOWAIT); /* frees the worker */
    require(done == given);
    require(pool->workers == 0 && pool->running == 0 && pool->memory_reserved == 0);
    pool->sealed_known = false;
    return 0;
}
