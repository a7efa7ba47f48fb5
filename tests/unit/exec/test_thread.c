/*
 * The pool with workers that are threads.
 */
#include "engine_double.h"
#include "pool_fixture.h"

static int open_threads(void **state)
{
    static struct fixture fixture;
    struct error_detail detail = {0};
    fixture_limits(&fixture);
    *state = &fixture;
    return fixture_open(&fixture, EXEC_ISOLATION_THREAD, &detail);
}

static int close_threads(void **state)
{
    fixture_close(*state);
    assert_int_equal(count_entries("/proc/self/task"), 2 + 1); /* ".", ".." and this one */
    return 0;
}

static void test_answers(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    for (int i = 0; i < 100; i++)
        assert_job(fixture, "echo", "{}");
    assert_int_equal(job_run(fixture, &job, "throw Error"), ERR_SCRIPT_ERROR);
    assert_string_equal(job.text, "Error");
    assert_int_equal(exec_pool_sealed(fixture->pool)->mechanisms, 0);
    assert_well(fixture);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    const char *const scripts[] = {"sleep 60000", "spin 60000"};
    for (int i = 0; i < 2; i++) {
        struct job job;
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
        assert_int_equal(job_start(fixture, &job, scripts[i]), 0);
        fixture_run_ms(fixture, 20);
        exec_cancel(job.run);
        assert_true(fixture_until(fixture, job.ended));
        assert_int_equal(job.result.code, ERR_CANCELLED);
        job_free(&job);
        assert_well(fixture);
    }
}

static void test_wiped(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    job_run(fixture, &job, "scribble 1000000");
    assert_int_equal(job.result.code, ERR_OUTPUT_TOO_LARGE);
    job_run(fixture, &job, "log MMMM");
    for (uint64_t place = 0; place < fixture->pool->workers_max; place++) {
        const struct pool_worker *worker = fixture->pool->places[place];
        const struct window *window = worker ? &worker->window : NULL;
        for (uint32_t at = sizeof(struct window_control); window && at < window->layout.total; at++)
            assert_int_equal(window->base[at], 0);
    }
}

/* A breach, or a broken engine: the thread ends, the process does not. */
static void test_lost(void **state)
{
    struct fixture *fixture = *state;
    const char *const scripts[] = {"answer {},1", "throw \xff", "code -100", "break 0"};
    struct job job;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        assert_int_equal(job_run(fixture, &job, scripts[i]), ERR_WORKER_LOST);
        assert_well(fixture);
        assert_true(fixture_until(fixture, fixture->lost_calls == i + 1));
    }
    assert_int_equal(job_run(fixture, &job, "break 1"), ERR_SCRIPT_ERROR);
    assert_well(fixture);
}

/* One that does not listen keeps its place and memory; its job is answered in time. */
static void test_stuck(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    struct exec_stats stats;
    assert_int_equal(job_start(fixture, &job, "stuck 3000"), 0);
    fixture_run_ms(fixture, 20);
    uint64_t start = clock_now_ns();
    exec_cancel(job.run);
    assert_true(fixture_until(fixture, job.ended));
    assert_true(clock_now_ns() - start < 2500 * NS_PER_MS);
    assert_int_equal(job.result.code, ERR_CANCELLED);
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.memory_reserved, 64 * MIB);
    assert_int_equal(stats.lost, 1);
    assert_job(fixture, "answer {}", "{}");
    assert_true(fixture_until(
        fixture, (exec_pool_stats(fixture->pool, &stats), stats.memory_reserved == 0)));
    job_free(&job);
    assert_well(fixture);
}

static void test_retirement_leaks_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct error_detail detail;
    struct exec_stats stats;
    fixture_close(fixture);
    fixture_limits(fixture);
    fixture->limits.value[LIMIT_JOBS_PER_WORKER] = 3;
    fixture->limits.value[LIMIT_WARM_WORKERS] = 1;
    fixture->limits.value[LIMIT_WORKERS] = 1; /* a busy machine would have one more made by need */
    assert_int_equal(fixture_open(fixture, EXEC_ISOLATION_THREAD, &detail), 0);
    assert_well(fixture);
    unsigned descriptors = count_descriptors();
    for (int i = 0; i < 60; i++)
        assert_job(fixture, "answer {}", "{}");
    assert_true(fixture_until(
        fixture, (exec_pool_stats(fixture->pool, &stats), stats.workers == 1 && stats.idle == 1)));
    assert_int_equal(stats.retired, 20);
    /* The last one retired closes its end of the socket when it is scheduled. */
    assert_true(fixture_until(fixture, count_descriptors() == descriptors));
    assert_int_equal(count_entries("/proc/self/task"), 2 + 2);
}

/* With one worker: all that it may be given, in turn, whatever their answers look like. */
static void test_ahead_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[POOL_SHORT_PER_CORE];
    struct error_detail detail;
    fixture_close(fixture);
    fixture_limits(fixture);
    fixture->limits.value[LIMIT_WORKERS] = 1;
    assert_int_equal(fixture_open(fixture, EXEC_ISOLATION_THREAD, &detail), 0);
    for (int round = 0; round < 200; round++) {
        char scripts[POOL_SHORT_PER_CORE][32];
        unsigned count = 0;
        assert_true(fixture_until(fixture, fixture->pool->idle_count == 1));
        for (; count < POOL_SHORT_PER_CORE && exec_can_start(fixture->pool, MIB); count++) {
            snprintf(scripts[count], sizeof scripts[count], "answer {\"n\":%u}", count);
            if (round % 7 == (int)count)
                snprintf(scripts[count], sizeof scripts[count], "sleep 1");
            if (round % 5 == (int)count)
                snprintf(scripts[count], sizeof scripts[count], "code %d", ERR_STACK_OVERFLOW);
            assert_int_equal(job_start(fixture, &jobs[count], scripts[count]), 0);
        }
        assert_true(count > 1);
        for (unsigned i = 0; i < count; i++) {
            assert_true(fixture_until(fixture, jobs[i].ended));
            assert_true(jobs[i].result.code == 0 || jobs[i].result.code == ERR_STACK_OVERFLOW);
            if (strncmp(scripts[i], "answer ", 7) == 0)
                assert_string_equal(jobs[i].text, scripts[i] + 7);
            job_free(&jobs[i]);
        }
    }
    assert_int_equal(fixture->lost_calls, 0);
    assert_well(fixture);
}

/* A thread that has begun a job behind the one that it is ended at ends that one too. */
static void test_ended_behind(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[64];
    unsigned count = 0;
    struct error_detail detail;
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    for (; count < 64 && exec_can_start(fixture->pool, MIB); count++)
        assert_int_equal(job_start(fixture, &jobs[count],
                                   count < fixture->pool->cores ? "answer {}" : "spin 60000"),
                         0);
    assert_true(count > fixture->pool->cores);
    usleep(20000); /* the threads go on; the core has read nothing */
    uint64_t start = clock_now_ns();
    fixture_close(fixture);
    assert_true(clock_now_ns() - start < NS_PER_S);
    for (unsigned i = 0; i < count; i++) {
        assert_true(jobs[i].ended);
        job_free(&jobs[i]);
    }
    assert_int_equal(count_entries("/proc/self/task"), 2 + 1);
    fixture_limits(fixture);
    assert_int_equal(fixture_open(fixture, EXEC_ISOLATION_THREAD, &detail), 0);
}

static void test_free_while_running(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    struct error_detail detail;
    assert_int_equal(job_start(fixture, &job, "sleep 60000"), 0);
    fixture_run_ms(fixture, 20);
    uint64_t start = clock_now_ns();
    fixture_close(fixture);
    assert_true(clock_now_ns() - start < NS_PER_S);
    assert_true(job.ended);
    assert_int_equal(job.result.code, ERR_WORKER_LOST);
    job_free(&job);
    fixture_limits(fixture);
    assert_int_equal(fixture_open(fixture, EXEC_ISOLATION_THREAD, &detail), 0);
}

#define THREAD_TEST(name) cmocka_unit_test_setup_teardown(name, open_threads, close_threads)

int main(void)
{
    const struct CMUnitTest tests[] = {
        THREAD_TEST(test_answers),
        THREAD_TEST(test_cancel),
        THREAD_TEST(test_wiped),
        THREAD_TEST(test_lost),
        THREAD_TEST(test_stuck),
        THREAD_TEST(test_retirement_leaks_nothing),
        THREAD_TEST(test_ahead_in_order),
        THREAD_TEST(test_ended_behind),
        THREAD_TEST(test_free_while_running),
    };
    return RUN_TESTS(tests);
}
