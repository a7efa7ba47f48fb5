/*
 * A pool that runs nothing: jobs start when there is a free worker and memory, and end when the
 * test says so. It takes the place of src/exec at link time.
 */
#ifndef NEOCOMPUTE_TESTS_FAKE_POOL_H
#define NEOCOMPUTE_TESTS_FAKE_POOL_H

#include "exec/exec.h"
#include <stdlib.h>
#include <string.h>

#define FAKE_RUNS_COUNT 256

struct exec_run {
    exec_done_fn *done;
    void *ctx;
    uint64_t memory_limit;
    bool cancelled;
    char script[64];
};

struct exec_pool {
    unsigned workers;
    uint64_t memory_free;
    int fail_with; /* exec_start fails */
    struct exec_run runs[FAKE_RUNS_COUNT];
    unsigned started; /* runs in use are those with a `done` */
};

static unsigned fake_running(const struct exec_pool *pool)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FAKE_RUNS_COUNT; i++)
        count += pool->runs[i].done != NULL;
    return count;
}

bool exec_can_start(struct exec_pool *pool, uint64_t memory_limit)
{
    return fake_running(pool) < pool->workers && memory_limit <= pool->memory_free;
}

int exec_start(struct exec_pool *pool, const struct exec_request *request, exec_done_fn *done,
               void *ctx, struct exec_run **ret)
{
    if (pool->fail_with)
        return pool->fail_with;
    unsigned i = 0;
    while (pool->runs[i].done)
        i++;
    struct exec_run *run = &pool->runs[i];
    *run = (struct exec_run){.done = done, .ctx = ctx, .memory_limit = request->memory_limit};
    size_t size = request->script.size < 63 ? request->script.size : 63;
    memcpy(run->script, request->script.data, size);
    pool->memory_free -= request->memory_limit;
    pool->started++;
    *ret = run;
    return 0;
}

void exec_cancel(struct exec_run *run)
{
    run->cancelled = true;
}

void exec_pool_stats(const struct exec_pool *pool, struct exec_stats *ret)
{
    *ret = (struct exec_stats){.workers = pool->workers, .running = fake_running(pool)};
}

/* Ends a run with a code and an output or error text. */
static void fake_finish(struct exec_pool *pool, struct exec_run *run, int code, const char *text)
{
    struct exec_result result = {
        .code = code, .gas_used = 1000, .memory_used = 1 << 20, .duration_ns = 12000000};
    buf_init(&result.output, 1 << 20);
    buf_init(&result.error, 1 << 20);
    buf_init(&result.logs, 1 << 20);
    buf_add_str(code ? &result.error : &result.output, text);
    buf_add_str(&result.logs, "[]");
    exec_done_fn *done = run->done;
    void *ctx = run->ctx;
    pool->memory_free += run->memory_limit;
    run->done = NULL;
    done(ctx, &result);
    buf_done(&result.output);
    buf_done(&result.error);
    buf_done(&result.logs);
}

/* The run whose script is `script`; NULL if there is none. */
static struct exec_run *fake_find(struct exec_pool *pool, const char *script)
{
    for (unsigned i = 0; i < FAKE_RUNS_COUNT; i++)
        if (pool->runs[i].done && strcmp(pool->runs[i].script, script) == 0)
            return &pool->runs[i];
    return NULL;
}

#endif
