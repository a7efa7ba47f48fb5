/* A job's life: results and their proof, waiters, cancel, hang-ups, secrets, the end of service. */
#include "base/encode.h"
#include "fixture.h"

static int setup_open(void **state)
{
    int r = setup(state);
    fixture_open(*state);
    return r;
}

static void test_result_is_proven(void **state)
{
    struct fixture *f = *state;
    struct job_view view;
    struct proof proof;
    struct job_id id = run_one(f, "ann", "x", "{\"result\":42}");
    job_view(find(f, "ann", &id), &view);
    assert_int_equal(view.status, JOB_COMPLETED);
    assert_true(span_equal(view.output, SPAN("{\"result\":42}")));
    assert_true(span_equal(view.logs, SPAN("[]")));
    assert_int_equal(view.error.size, 0);
    assert_int_equal(view.gas_used, 1000);
    protect_prove(f->protect, SPAN("{\"result\":42}"), &proof);
    assert_memory_equal(&view.proof, &proof, sizeof proof);
    job_view_done(&view);
}

static void test_failed_jobs_are_kept_without_output(void **state)
{
    struct fixture *f = *state;
    struct job_view view;
    struct job *job = must_submit(f, "ann", "x");
    finish(f, "x", ERR_SCRIPT_ERROR, "Error: no");
    job_view(job, &view);
    assert_int_equal(view.status, JOB_FAILED);
    assert_int_equal(view.code, ERR_SCRIPT_ERROR);
    assert_int_equal(view.output.size, 0);
    assert_true(span_equal(view.error, SPAN("Error: no")));
    job_view_done(&view);
}

static void test_other_users_see_nothing(void **state)
{
    struct fixture *f = *state;
    struct job_id id = run_one(f, "ann", "x", "{}");
    assert_non_null(find(f, "ann", &id));
    assert_null(find(f, "bob", &id));
    assert_null(find(f, "an", &id));
    assert_null(find(f, "anna", &id));
}

static void test_waiters(void **state)
{
    struct fixture *f = *state;
    struct waiter a = WAITER, b = WAITER, c = WAITER;
    struct job *job = must_submit(f, "ann", "x");
    job_wait(job, &a.waiter);
    job_wait(job, &b.waiter);
    job_wait(job, &c.waiter);
    job_wait_stop(&b.waiter);
    job_wait_stop(&b.waiter);
    finish(f, "x", 0, "{}");
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 0);
    assert_int_equal(c.calls, 1);
    assert_int_equal(a.status, JOB_COMPLETED);
    job_wait_stop(&a.waiter); /* after the end: nothing */
}

static void test_cancel(void **state)
{
    struct fixture *f = *state;
    struct waiter waiter = WAITER;
    struct job *running = must_submit(f, "ann", "x");
    f->pool.workers = 1;
    struct job *queued = must_submit(f, "ann", "y");
    job_wait(queued, &waiter.waiter);

    job_cancel(queued); /* at once */
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(waiter.code, ERR_CANCELLED);
    job_cancel(queued); /* again: nothing */
    assert_int_equal(job_status(queued), JOB_FAILED);

    job_cancel(running);
    job_cancel(running);
    assert_true(fake_find(&f->pool, "x")->cancelled);
    assert_int_equal(job_status(running), JOB_RUNNING); /* until the worker is done */
    finish(f, "x", ERR_CANCELLED, "");
    assert_int_equal(job_status(running), JOB_FAILED);
    assert_int_equal(job_service_stats(f->service)->ended[-ERR_CANCELLED], 2);
}

static void test_hang_up(void **state)
{
    struct fixture *f = *state;
    struct waiter a = WAITER, b = WAITER;
    struct job *job = NULL, *again = NULL;
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key", &job), 0);
    job_wait(job, &a.waiter);
    job_wait(job, &b.waiter);
    assert_false(job_abandon(&a.waiter)); /* somebody else still waits */
    assert_false(fake_find(&f->pool, "x")->cancelled);
    job_wait_stop(&a.waiter);
    assert_true(job_abandon(&b.waiter));
    assert_true(fake_find(&f->pool, "x")->cancelled);
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key", &again), 0);
    assert_ptr_not_equal(job, again); /* sent again: a new job */
    assert_int_equal(b.calls, 0);
}

static void test_delete(void **state)
{
    struct fixture *f = *state;
    struct job_view view;
    struct job *job = must_submit(f, "ann", "x");
    job_view(job, &view);
    assert_int_equal(job_delete(job), ERR_CONFLICT);
    finish(f, "x", 0, "{}");
    assert_int_equal(job_delete(job), 0);
    assert_null(find(f, "ann", &view.id));
    assert_int_equal(job_service_stats(f->service)->retained, 0);
    assert_int_equal(job_service_stats(f->service)->retained_bytes, 0);
    assert_int_equal(job_service_stats(f->service)->users, 0);
}

static void test_no_store_of_secrets(void **state)
{
    struct fixture *f = *state;
    struct span names[] = {SPAN("token")};
    struct job_submission submission = {
        .user = SPAN("ann"),
        .script = SPAN("x"),
        .secret_refs = names,
        .secret_count = 1,
        .memory_limit = 4 * MIB,
    };
    struct job *job = NULL;
    struct job_view view;
    assert_int_equal(job_submit(f->service, &submission, &job, NULL), 0);
    job_view(job, &view);
    assert_int_equal(view.status, JOB_FAILED);
    assert_int_equal(view.code, ERR_SECRET_UNAVAILABLE);
    assert_int_equal(f->pool.started, 0); /* it never ran */
    job_view_done(&view);
}

static void stopped(void *ctx)
{
    ++*(int *)ctx;
}

static void test_stop(void **state)
{
    struct fixture *f = *state;
    struct job *job = NULL;
    int calls = 0;
    f->pool.workers = 1;
    must_submit(f, "ann", "x");
    struct job *queued = must_submit(f, "ann", "y");
    job_service_stop(f->service, stopped, &calls);
    assert_int_equal(job_status(queued), JOB_FAILED);
    assert_int_equal(submit(f, "ann", "z", &job), ERR_SHUTTING_DOWN);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(calls, 0);
    finish(f, "x", 0, "{}");
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(calls, 1);
}

static void test_stop_cancels_what_does_not_end(void **state)
{
    struct fixture *f = *state;
    int calls = 0;
    f->limits.value[LIMIT_SHUTDOWN_TIMEOUT] = 5;
    must_submit(f, "ann", "x");
    job_service_stop(f->service, stopped, &calls);
    for (int i = 0; i < 100 && !fake_find(&f->pool, "x")->cancelled; i++)
        tick(f);
    assert_true(fake_find(&f->pool, "x")->cancelled);
    finish(f, "x", ERR_CANCELLED, "");
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(calls, 1);
}

#define case_of(test) cmocka_unit_test_setup_teardown(test, setup_open, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_of(test_result_is_proven),
        case_of(test_failed_jobs_are_kept_without_output),
        case_of(test_other_users_see_nothing),
        case_of(test_waiters),
        case_of(test_cancel),
        case_of(test_hang_up),
        case_of(test_delete),
        case_of(test_no_store_of_secrets),
        case_of(test_stop),
        case_of(test_stop_cancels_what_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
