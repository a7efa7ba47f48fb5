#include "cmd/local_job.h"

#include "base/clock.h"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRESS_MS 100

struct run {
    const struct local_job *job;
    uv_loop_t loop;
    uv_timer_t progress;
    uv_signal_t interrupt;
    struct exec_pool *pool;
    struct exec_run *running; /* NULL once it has ended */
    uint64_t started_ns;
    struct exec_result *result;
};

static void show_progress(uv_timer_t *timer)
{
    struct run *run = timer->data;
    uint64_t ms = (clock_now_ns() - run->started_ns) / NS_PER_MS;

    fprintf(stderr, "\r\033[Krunning %llu.%llu s of at most %llu s",
            (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000 / 100),
            (unsigned long long)(run->job->request.timeout_ms / 1000));
}

static void stop_watching(struct run *run)
{
    if (uv_is_active((uv_handle_t *)&run->progress) && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    uv_close((uv_handle_t *)&run->progress, NULL);
    uv_close((uv_handle_t *)&run->interrupt, NULL);
}

static void run_ended(void *ctx, struct exec_result *result)
{
    struct run *run = ctx;

    run->running = NULL;
    stop_watching(run);
    *run->result = *result;
    result->output = result->error = result->logs = (struct buf){0}; /* taken */
    uv_stop(&run->loop);
}

static void run_interrupted(uv_signal_t *signal, int number)
{
    struct run *run = signal->data;

    if (run->running)
        exec_cancel(run->running);
}

static int start(struct run *run, struct error_detail *detail)
{
    const struct exec_request *request = &run->job->request;
    int r;

    run->started_ns = clock_now_ns();
    if (!exec_can_start(run->pool, request->memory_limit))
        return error_set(detail, ERR_USAGE, "--memory-limit", "the machine has not so much memory");
    r = exec_start(run->pool, request, run_ended, run, &run->running);
    if (r < 0)
        return error_set(detail, r, "", "%s", error_text(r));
    return 0;
}

int local_job_prepare(struct local_job *job, struct error_detail *detail)
{
    return job->isolation == EXEC_ISOLATION_PROCESS ? exec_zygote_start(&job->zygote, detail) : 0;
}

/* The pool goes before the loop, which has its handles. */
int local_job_run(struct local_job *job, struct exec_result *ret, struct error_detail *detail)
{
    struct limits limits = *job->limits;
    struct run run = {.job = job, .result = ret};
    struct exec_options options = {
        .loop = &run.loop,
        .limits = &limits,
        .isolation = job->isolation,
        .zygote = job->zygote,
    };
    int r;

    limits.value[LIMIT_WORKERS] = limits.value[LIMIT_WARM_WORKERS] = 1;
    if (uv_loop_init(&run.loop) != 0)
        return error_set(detail, ERR_SYSTEM, "", "the event loop cannot be made");
    uv_timer_init(&run.loop, &run.progress);
    uv_signal_init(&run.loop, &run.interrupt);
    run.progress.data = run.interrupt.data = &run;
    job->zygote = NULL;
    r = exec_pool_new(&options, &run.pool, detail);
    if (r == 0)
        r = start(&run, detail);
    if (r == 0) {
        uv_signal_start(&run.interrupt, run_interrupted, SIGINT);
        if (isatty(STDERR_FILENO))
            uv_timer_start(&run.progress, show_progress, PROGRESS_MS, PROGRESS_MS);
        uv_run(&run.loop, UV_RUN_DEFAULT);
    }
    exec_pool_free(run.pool);
    if (!uv_is_closing((uv_handle_t *)&run.progress))
        stop_watching(&run);
    uv_run(&run.loop, UV_RUN_DEFAULT);
    uv_loop_close(&run.loop);
    return r;
}

void local_job_result_done(struct exec_result *result)
{
    buf_done(&result->output);
    buf_done(&result->error);
    buf_done(&result->logs);
}
