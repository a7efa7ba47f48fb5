/* Who gets in, who waits, who is sent away, whose turn it is; idempotency keys. */
#include "fixture.h"

static void test_five_run_twenty_wait(void **state)
{
    struct fixture *f = *state;
    struct job *job = NULL;
    fixture_open(f);
    for (int i = 0; i < 25; i++) {
        job = must_submit(f, "ann", "x");
        assert_int_equal(job_status(job), i < 5 ? JOB_RUNNING : JOB_QUEUED);
    }
    assert_int_equal(submit(f, "ann", "x", &job), ERR_USER_QUEUE_FULL);
    assert_int_equal(job_status(must_submit(f, "bob", "y")), JOB_RUNNING); /* another user's can */
    const struct job_stats *stats = job_service_stats(f->service);
    assert_int_equal(stats->running, 6);
    assert_int_equal(stats->queued, 20);
    assert_int_equal(stats->refused[-ERR_USER_QUEUE_FULL], 1);

    finish(f, "x", 0, "{}"); /* one ends, one more starts, one more may come */
    assert_int_equal(stats->queued, 19);
    assert_int_equal(stats->running, 6);
    must_submit(f, "ann", "x");
}

static void test_at_most_a_quarter_of_the_workers(void **state)
{
    static const struct {
        uint64_t workers, user_running, runs;
    } cases[] = {{64, 5, 5}, {8, 5, 2}, {3, 5, 1}, {1, 5, 1}, {1024, 300, 256}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        limits_init(&f->limits);
        f->limits.value[LIMIT_WORKERS] = cases[i].workers;
        f->limits.value[LIMIT_USER_RUNNING] = cases[i].user_running;
        f->limits.value[LIMIT_USER_QUEUED] = 1000;
        fixture_open(f);
        f->pool.workers = 1024;
        f->pool.memory_free = 64 * GIB;
        for (int n = 0; n < 250; n++)
            must_submit(f, "ann", "x");
        uint64_t expected = cases[i].runs < 250 ? cases[i].runs : 250;
        assert_int_equal(job_service_stats(f->service)->running, expected);
        if (i + 1 < sizeof cases / sizeof *cases)
            fixture_close(f);
    }
}

static void test_at_most_a_quarter_of_the_memory(void **state)
{
    struct fixture *f = *state;
    struct job *job = NULL;
    f->limits.value[LIMIT_MEMORY_TOTAL] = 1 * GIB;
    fixture_open(f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(submit_full(f, "ann", "x", 100 * MIB, NULL, &job), 0);
    assert_int_equal(job_service_stats(f->service)->running, 2);
    assert_int_equal(submit_full(f, "bob", "y", 700 * MIB, NULL, &job), 0); /* one alone may */
    assert_int_equal(job_service_stats(f->service)->running, 3);
    assert_int_equal(submit_full(f, "bob", "z", 4 * MIB, NULL, &job), 0);
    assert_int_equal(job_service_stats(f->service)->running, 3);
    finish(f, "x", 0, "{}");
    finish(f, "y", 0, "{}");
    assert_int_equal(job_service_stats(f->service)->running, 3);
    assert_int_equal(job_service_stats(f->service)->queued, 0);
}

/* While workers are being made, the first jobs wait: nobody is refused for that. */
static void test_workers_that_come_late(void **state)
{
    struct fixture *f = *state;
    struct job *job = NULL;
    fixture_open(f);
    f->pool.workers = 3;
    for (int i = 0; i < 25; i++)
        must_submit(f, "ann", "x");
    assert_int_equal(submit(f, "ann", "x", &job), ERR_USER_QUEUE_FULL);
    assert_int_equal(job_service_stats(f->service)->running, 3);
    f->pool.workers = 64;
    job_service_capacity(f->service);
    assert_int_equal(job_service_stats(f->service)->running, 5);
}

/* Anything in any order: no bound is ever passed, and in the end nothing is left over. */
static void test_random_operations(void **state)
{
    static const char *const users[] = {"ann", "bob", "cid", "dan"};
    struct fixture *f = *state;
    struct job *job = NULL;
    f->limits.value[LIMIT_WORKERS] = 12; /* a quarter: 3 */
    f->limits.value[LIMIT_QUEUED] = 15;
    f->limits.value[LIMIT_USER_QUEUED] = 6;
    f->limits.value[LIMIT_RESULTS] = 50;
    fixture_open(f);
    f->pool.memory_free = 60 * MIB;
    srand(3);
    for (int round = 0; round < 20000; round++) {
        f->pool.workers = (unsigned)(rand() % 13);
        const char *user = users[rand() % 4];
        struct exec_run *run = &f->pool.runs[rand() % 16];
        switch (rand() % 4) {
        case 0:
        case 1:
            submit_full(f, user, user, (uint64_t)(4 + rand() % 20) * MIB, NULL, &job);
            break;
        case 2:
            if (run->done)
                fake_finish(&f->pool, run, run->cancelled ? ERR_CANCELLED : 0, "{}");
            break;
        default:
            job_service_capacity(f->service);
        }
        const struct job_stats *stats = job_service_stats(f->service);
        unsigned running = 0;
        for (int u = 0; u < 4; u++) {
            unsigned mine = 0;
            for (int i = 0; i < FAKE_RUNS_COUNT; i++)
                mine += f->pool.runs[i].done && !strcmp(f->pool.runs[i].script, users[u]);
            assert_in_range(mine, 0, 3);
            running += mine;
        }
        assert_int_equal(stats->running, running);
        assert_in_range(stats->running + stats->queued, 0, 12 + 15);
        assert_in_range(stats->users, 0, 4);
    }
    f->pool.workers = 12;
    job_service_capacity(f->service);
    for (int i = 0; i < FAKE_RUNS_COUNT; i++)
        if (f->pool.runs[i].done)
            fake_finish(&f->pool, &f->pool.runs[i], 0, "{}"), i = -1;
    assert_int_equal(job_service_stats(f->service)->running, 0);
    assert_int_equal(job_service_stats(f->service)->queued, 0);
    assert_int_equal(job_service_stats(f->service)->retained, 50);
}

static void test_all_queues_full(void **state)
{
    struct fixture *f = *state;
    struct job *job = NULL;
    f->limits.value[LIMIT_QUEUED] = 2;
    f->limits.value[LIMIT_WORKERS] = 1;
    fixture_open(f);
    f->pool.workers = 1;
    must_submit(f, "ann", "a");
    must_submit(f, "bob", "b");
    must_submit(f, "cid", "c");
    assert_int_equal(submit(f, "dan", "d", &job), ERR_QUEUE_FULL);
    assert_int_equal(job_service_stats(f->service)->users, 3); /* the refused left nothing */
}

static void test_users_take_turns(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    f->pool.workers = 1;
    must_submit(f, "ann", "a1");
    must_submit(f, "ann", "a2");
    must_submit(f, "ann", "a3");
    must_submit(f, "ann", "a4");
    must_submit(f, "bob", "b1");
    must_submit(f, "cid", "c1");
    must_submit(f, "bob", "b2");
    static const char *const order[] = {"a1", "a2", "b1", "c1", "a3", "b2", "a4"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        finish(f, order[i], 0, "{}"); /* fails if another one runs */
    assert_int_equal(job_service_stats(f->service)->running, 0);
}

static void test_small_jobs_pass_a_big_one_but_not_for_ever(void **state)
{
    struct fixture *f = *state;
    struct job *big = NULL, *job = NULL;
    fixture_open(f);
    f->pool.memory_free = 100 * MIB;
    must_submit(f, "holder", "holder"); /* 4 MiB: now the big one does not fit */
    assert_int_equal(submit_full(f, "big", "big", 100 * MIB, NULL, &big), 0);
    assert_int_equal(job_status(big), JOB_QUEUED);
    int passed = 0;
    for (;; passed++) {
        assert_int_equal(submit(f, "small", "small", &job), 0);
        if (job_status(job) != JOB_RUNNING)
            break;
        finish(f, "small", 0, "{}");
        assert_true(passed < 1000);
    }
    assert_in_range(passed, 1, 100);
    finish(f, "holder", 0, "{}");
    assert_int_equal(job_status(big), JOB_RUNNING);
    finish(f, "big", 0, "{}");
    assert_int_equal(job_service_stats(f->service)->queued, 0);
}

static void test_queue_timeout(void **state)
{
    struct fixture *f = *state;
    struct waiter waiter = WAITER;
    f->limits.value[LIMIT_QUEUE_TIMEOUT] = 5;
    fixture_open(f);
    f->pool.workers = 0;
    struct job *job = NULL;
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key", &job), 0);
    job_wait(job, &waiter.waiter);
    for (int i = 0; i < 100 && !waiter.calls; i++)
        tick(f);
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(waiter.code, ERR_QUEUE_TIMEOUT);
    f->pool.workers = 1; /* the key is free again */
    struct job *again = NULL;
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key", &again), 0);
    assert_int_equal(job_status(again), JOB_RUNNING);
}

static void test_idempotency(void **state)
{
    struct fixture *f = *state;
    struct job *first = NULL, *job = NULL;
    fixture_open(f);
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key", &first), 0);
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key", &job), 0);
    assert_ptr_equal(first, job); /* while it runs */
    assert_int_equal(submit_full(f, "ann", "other", 4 * MIB, "key", &job),
                     ERR_IDEMPOTENCY_CONFLICT);
    assert_int_equal(submit_full(f, "bob", "other", 4 * MIB, "key", &job), 0); /* another user */
    assert_ptr_not_equal(first, job);
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key2", &job), 0);
    assert_ptr_not_equal(first, job);
    finish(f, "x", 0, "{}");
    finish(f, "x", 0, "{}");
    assert_int_equal(submit_full(f, "ann", "x", 4 * MIB, "key", &job), 0);
    assert_ptr_equal(first, job); /* after it ended */
    assert_int_equal(job_service_stats(f->service)->replayed, 2);
    assert_int_equal(job_delete(first), 0); /* the key lives as long as the job */
    assert_int_equal(submit_full(f, "ann", "other", 4 * MIB, "key", &job), 0);
    assert_int_equal(job_status(job), JOB_RUNNING);
}

static void test_pool_that_fails(void **state)
{
    static const struct {
        int pool, job;
    } cases[] = {{ERR_NO_MEMORY, ERR_RESOURCE_EXHAUSTED}, {ERR_SYSTEM, ERR_WORKER_LOST}};
    struct fixture *f = *state;
    fixture_open(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct job_view view;
        f->pool.fail_with = cases[i].pool;
        job_view(must_submit(f, "ann", "x"), &view);
        assert_int_equal(view.status, JOB_FAILED);
        assert_int_equal(view.code, cases[i].job);
        job_view_done(&view);
    }
}

#define case_of(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_of(test_five_run_twenty_wait),
        case_of(test_at_most_a_quarter_of_the_workers),
        case_of(test_at_most_a_quarter_of_the_memory),
        case_of(test_workers_that_come_late),
        case_of(test_random_operations),
        case_of(test_all_queues_full),
        case_of(test_users_take_turns),
        case_of(test_small_jobs_pass_a_big_one_but_not_for_ever),
        case_of(test_queue_timeout),
        case_of(test_idempotency),
        case_of(test_pool_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
