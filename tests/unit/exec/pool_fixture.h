/*
 * A pool in a loop, and jobs run on it to their end, for tests of real workers.
 */
#ifndef NEOCOMPUTE_TESTS_POOL_FIXTURE_H
#define NEOCOMPUTE_TESTS_POOL_FIXTURE_H

#include "base/clock.h"
#include "exec/exec.h"
#include "exec/pool.h"
#include "unit.h"
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_S 20 /* no test waits longer for anything */

struct fixture {
    uv_loop_t loop;
    struct limits limits;
    struct exec_pool *pool;
    unsigned capacity_calls;
    char lost[256]; /* the last reason */
    unsigned lost_calls;
};

struct job {
    struct exec_run *run;
    bool ended;
    struct exec_result result;
    char text[256]; /* output or error, cut */
    uint64_t ended_ns;
};

static void fixture_capacity(void *ctx)
{
    ((struct fixture *)ctx)->capacity_calls++;
}

static void fixture_lost(void *ctx, const char *reason)
{
    struct fixture *fixture = ctx;
    snprintf(fixture->lost, sizeof fixture->lost, "%s", reason);
    fixture->lost_calls++;
}

static void fixture_limits(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    for (int i = 0; i < LIMIT_COUNT; i++)
        fixture->limits.value[i] = limit_table[i].standard;
    fixture->limits.value[LIMIT_MEMORY_TOTAL] = 16 * GIB;
}

static int fixture_open(struct fixture *fixture, enum exec_isolation isolation,
                        struct error_detail *detail)
{
    struct exec_options options = {
        .loop = &fixture->loop,
        .limits = &fixture->limits,
        .isolation = isolation,
        .capacity = fixture_capacity,
        .ctx = fixture,
        .lost = fixture_lost,
        .lost_ctx = fixture,
    };
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    if (isolation == EXEC_ISOLATION_PROCESS)
        assert_int_equal(exec_zygote_start(&options.zygote, detail), 0);
    return exec_pool_new(&options, &fixture->pool, detail);
}

static void fixture_close(struct fixture *fixture)
{
    exec_pool_free(fixture->pool);
    fixture->pool = NULL;
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
}

static void fixture_wake(uv_timer_t *timer)
{
    (void)timer;
}

/* Runs the loop until the condition holds; false after WAIT_S. */
#define fixture_until(fixture, condition)                                                          \
    ({                                                                                             \
        uint64_t until_ = clock_now_ns() + WAIT_S * NS_PER_S;                                      \
        uv_timer_t wake_;                                                                          \
        uv_timer_init(&(fixture)->loop, &wake_);                                                   \
        uv_timer_start(&wake_, fixture_wake, 1, 1);                                                \
        bool met_ = (condition);                                                                   \
        while (!met_ && clock_now_ns() < until_) {                                                 \
            uv_run(&(fixture)->loop, UV_RUN_ONCE);                                                 \
            met_ = (condition);                                                                    \
        }                                                                                          \
        uv_close((uv_handle_t *)&wake_, NULL);                                                     \
        uv_run(&(fixture)->loop, UV_RUN_NOWAIT);                                                   \
        met_;                                                                                      \
    })

static bool fixture_all_ready(const struct fixture *fixture)
{
    const struct exec_pool *pool = fixture->pool;
    for (uint64_t place = 0; place < pool->workers_max; place++)
        if (pool->places[place] && pool->places[place]->state != WORKER_READY)
            return false;
    return pool->workers >= pool->warm;
}

static void fixture_run_ms(struct fixture *fixture, uint64_t ms)
{
    uint64_t end = clock_now_ns() + ms * NS_PER_MS;
    assert_true(fixture_until(fixture, clock_now_ns() >= end));
}

static void job_done(void *ctx, struct exec_result *result)
{
    struct job *job = ctx;
    assert_false(job->ended);
    job->ended = true;
    job->ended_ns = clock_now_ns();
    job->result = *result;
    const struct buf *text = result->code ? &result->error : &result->output;
    snprintf(job->text, sizeof job->text, "%.*s", (int)text->size, text->data ? text->data : "");
    /* The logs are taken over, as the contract allows. */
    result->logs = (struct buf){0};
}

static struct exec_request job_request(const char *script)
{
    return (struct exec_request){
        .script = span_of(script),
        .entry_point = SPAN("main"),
        .input = SPAN("{}"),
        .timeout_ms = 5000,
        .gas_limit = 1000000,
        .memory_limit = 64 * MIB,
    };
}

static int job_start_request(struct fixture *fixture, struct job *job,
                             const struct exec_request *request)
{
    *job = (struct job){0};
    return exec_start(fixture->pool, request, job_done, job, &job->run);
}

static int job_start(struct fixture *fixture, struct job *job, const char *script)
{
    struct exec_request request = job_request(script);
    return job_start_request(fixture, job, &request);
}

static void job_free(struct job *job)
{
    buf_done(&job->result.logs);
}

/* Waits for a free worker, runs the job to its end: its code. */
static int job_run(struct fixture *fixture, struct job *job, const char *script)
{
    /* A worker may turn out to be dead only when it is given the job. */
    if (!fixture_until(fixture, exec_can_start(fixture->pool, 64 * MIB) &&
                                    job_start(fixture, job, script) == 0)) {
        const struct exec_pool *pool = fixture->pool;
        fail_msg("no worker for %s: %u workers, %u ending, %u idle, healthy %d, watch %d ms; %s",
                 script, pool->workers, pool->ending, pool->idle_count, pool->healthy,
                 (int)pool->watch_ms, fixture->lost);
    }
    assert_true(fixture_until(fixture, job->ended));
    job_free(job);
    return job->result.code;
}

static void assert_job(struct fixture *fixture, const char *script, const char *output)
{
    struct job job;
    assert_int_equal(job_run(fixture, &job, script), 0);
    assert_string_equal(job.text, output);
}

/* What the engine of the test answers {"well":1} to. */
static const char *well_script = "answer {\"well\":1}";

/* All is well again: a job runs, nothing is reserved, the places are those of living workers. */
static void assert_well(struct fixture *fixture)
{
    struct exec_stats stats;
    assert_job(fixture, well_script, "{\"well\":1}");
    assert_true(fixture_until(fixture, (exec_pool_stats(fixture->pool, &stats),
                                        stats.workers == stats.idle && !stats.memory_reserved)));
    assert_int_equal(stats.running, 0);
    assert_true(stats.healthy);
}

/* Is text (a pid) a process that is `parent`'s child? */
static bool proc_parent_is(const char *text, int parent)
{
    char path[64], line[512];
    int found = -1;
    snprintf(path, sizeof path, "/proc/%s/stat", text);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    if (fgets(line, sizeof line, file) && strrchr(line, ')'))
        sscanf(strrchr(line, ')') + 1, " %*c %d", &found);
    fclose(file);
    return found == parent;
}

static unsigned count_entries(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static unsigned count_descriptors(void)
{
    return count_entries("/proc/self/fd");
}

/* Children of a process, zombies too. */
static unsigned count_children(int parent)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
            count += proc_parent_is(entry->d_name, parent);
    closedir(dir);
    return count;
}

#endif
