/* A job service on a fake pool, and short ways to ask it for things. */
#ifndef NEOCOMPUTE_TESTS_JOB_FIXTURE_H
#define NEOCOMPUTE_TESTS_JOB_FIXTURE_H

#include "fake_pool.h"
#include "job/job.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY "a master key of thirty-two bytes or more"

struct fixture {
    uv_loop_t loop;
    uv_timer_t tick;
    struct limits limits;
    struct protect *protect;
    struct exec_pool pool;
    struct job_service *service;
};

static void fixture_open(struct fixture *f)
{
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(uv_timer_init(&f->loop, &f->tick), 0);
    assert_int_equal(protect_new(KEY, &f->protect, NULL), 0);
    struct job_options options = {.loop = &f->loop, .limits = &f->limits, .protect = f->protect};
    assert_int_equal(job_service_new(&options, &f->service, NULL), 0);
    f->pool = (struct exec_pool){.workers = 64, .memory_free = 1 * GIB};
    job_service_attach(f->service, &f->pool);
}

static void tick_due(uv_timer_t *timer)
{
}

/* Lets a millisecond pass and runs what is due. The service's own timers do not keep a loop. */
static void tick(struct fixture *f)
{
    uv_timer_start(&f->tick, tick_due, 1, 0);
    uv_run(&f->loop, UV_RUN_ONCE);
}

static void fixture_close(struct fixture *f)
{
    if (f->service)
        job_service_attach(f->service, NULL);
    job_service_free(f->service);
    uv_close((uv_handle_t *)&f->tick, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    protect_free(f->protect);
}

/* cmocka's, for tests that set their limits first and open the service themselves. */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    limits_init(&f->limits);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

/* As a request would come: script and input in buffers that the service may take. */
static int submit_full(struct fixture *f, const char *user, const char *script, uint64_t memory,
                       const char *key, struct job **ret)
{
    struct job_submission submission = {
        .user = span_of(user),
        .idempotency_key = span_of(key),
        .body = span_of(script),
        .entry_point = SPAN("main"),
        .timeout_ms = 1000,
        .gas_limit = 1000000,
        .memory_limit = memory,
    };
    buf_init(&submission.storage[0], 1 << 20);
    buf_add_str(&submission.storage[0], script);
    submission.script = (struct span){submission.storage[0].data, submission.storage[0].size};
    struct error_detail detail = {0};
    int r = job_submit(f->service, &submission, ret, &detail);
    assert_int_equal(detail.code, r);
    buf_done(&submission.storage[0]);
    return r;
}

static int submit(struct fixture *f, const char *user, const char *script, struct job **ret)
{
    return submit_full(f, user, script, 4 * MIB, NULL, ret);
}

static struct job *must_submit(struct fixture *f, const char *user, const char *script)
{
    struct job *job = NULL;
    assert_int_equal(submit(f, user, script, &job), 0);
    return job;
}

static void finish(struct fixture *f, const char *script, int code, const char *text)
{
    struct exec_run *run = fake_find(&f->pool, script);
    assert_non_null(run);
    fake_finish(&f->pool, run, code, text);
}

/* Runs a whole job that ends well. */
static struct job_id run_one(struct fixture *f, const char *user, const char *script,
                             const char *output)
{
    struct job_view view;
    job_view(must_submit(f, user, script), &view);
    finish(f, script, 0, output);
    return view.id;
}

static struct job *find(struct fixture *f, const char *user, const struct job_id *id)
{
    return job_find(f->service, span_of(user), id);
}

struct waiter {
    struct job_waiter waiter;
    int calls;
    enum job_status status;
    int code;
};

static void waiter_ended(struct job_waiter *waiter, const struct job *job)
{
    struct waiter *w = (struct waiter *)waiter;
    struct job_view view;
    job_view(job, &view);
    w->calls++;
    w->status = view.status;
    w->code = view.code;
    job_view_done(&view);
}

#define WAITER ((struct waiter){.waiter = {.ended = waiter_ended}})

#endif
