/*
 * Workers as they are in the product: the real engine, sealed for good, in processes and threads.
 */
#include "pool_fixture.h"

static enum exec_isolation isolation;

static int open_pool(void **state)
{
    static struct fixture fixture;
    struct error_detail detail = {0};
    fixture_limits(&fixture);
    *state = &fixture;
    if (fixture_open(&fixture, isolation, &detail) == 0)
        return 0;
    fprintf(stderr, "%s\n", detail.message);
    return -1;
}

static int close_pool(void **state)
{
    fixture_close(*state);
    return 0;
}

/* A request that nothing but time, a cancel or a signal ends. */
static struct exec_request endless(const char *script)
{
    struct exec_request request = job_request(script);
    request.timeout_ms = 60000;
    request.gas_limit = UINT64_MAX / 4;
    return request;
}

static void assert_fails(struct fixture *fixture, const char *script, int code, const char *error)
{
    struct job job;
    assert_int_equal(job_run(fixture, &job, script), code);
    if (!strstr(job.text, error))
        fail_msg("%s: %s", script, job.text);
}

static void test_answers(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    assert_job(fixture, "function main() { return {b: [1, 'x'], a: null}; }",
               "{\"a\":null,\"b\":[1,\"x\"]}");
    assert_job(fixture, "async function main() { return 7; }", "{\"result\":7}");
    assert_fails(fixture, "function main() { throw new Error('\xe2\x82\xac'); }", ERR_SCRIPT_ERROR,
                 "Error: \xe2\x82\xac");
    assert_fails(fixture, "1", ERR_ENTRY_POINT_MISSING, "");

    const struct exec_secret secrets[] = {{SPAN("k"), SPAN("v\xe2\x82\xac")}};
    struct exec_request request =
        job_request("function main(input, secrets) { console.log('l'); return [input, secrets]; }");
    request.input = SPAN("[1e400,\"\\u0000\"]");
    request.secrets = secrets;
    request.secret_count = 1;
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
    assert_int_equal(job_start_request(fixture, &job, &request), 0);
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, 0);
    assert_bytes(job.result.logs, "[\"l\"]");
    assert_non_null(strstr(job.text, "{\"k\":\"v\xe2\x82\xac\"}"));
    assert_true(job.result.gas_used > 0 && job.result.memory_used > 0);
    job_free(&job);
}

static int run_with(struct fixture *fixture, struct job *job, const struct exec_request *request)
{
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, request->memory_limit)));
    assert_int_equal(job_start_request(fixture, job, request), 0);
    assert_true(fixture_until(fixture, job->ended));
    job_free(job);
    return job->result.code;
}

static void test_limits(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    struct exec_stats stats;
    struct exec_request request = job_request("function main() { for (;;); }");
    request.timeout_ms = 300;
    request.gas_limit = UINT64_MAX / 4;
    assert_int_equal(run_with(fixture, &job, &request), ERR_TIMEOUT);
    request = job_request("function main() { return new Promise(r => setTimeout(r, 60000)); }");
    request.timeout_ms = 300;
    assert_int_equal(run_with(fixture, &job, &request), ERR_TIMEOUT);
    request = job_request("function main() { for (;;); }");
    assert_int_equal(run_with(fixture, &job, &request), ERR_GAS_EXHAUSTED);
    assert_int_equal(job.result.gas_used, request.gas_limit);
    request = endless("function main() { const a = []; for (;;) a.push(new Array(1000)); }");
    assert_int_equal(run_with(fixture, &job, &request), ERR_MEMORY_EXCEEDED);
    assert_true(job.result.memory_used <= request.memory_limit);
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.lost, 0);
    assert_well(fixture);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    struct exec_stats stats;
    const char *const scripts[] = {
        "function main() { for (;;); }",
        "function main() { return new Promise(r => setTimeout(r, 60000)); }",
        "function main() { return new Array(1e9) + ''; }",
    };
    for (int i = 0; i < 3; i++) {
        struct job job;
        struct exec_request request = endless(scripts[i]);
        request.memory_limit = 256 * MIB;
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, request.memory_limit)));
        assert_int_equal(job_start_request(fixture, &job, &request), 0);
        fixture_run_ms(fixture, 30);
        assert_false(job.ended);
        uint64_t start = clock_now_ns();
        exec_cancel(job.run);
        assert_true(fixture_until(fixture, job.ended));
        assert_int_equal(job.result.code, ERR_CANCELLED);
        assert_true(job.ended_ns - start < POOL_CANCEL_MS * NS_PER_MS);
        job_free(&job);
        assert_job(fixture, well_script, "{\"well\":1}");
    }
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.lost, 0);
}

static void test_same_gas_on_every_worker(void **state)
{
    struct fixture *fixture = *state;
    struct job sleeper, job;
    uint64_t gas = 0;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(job_run(fixture, &job, "function main(i) { return [3, 1, 2].sort(); }"),
                         0);
        if (i > 0)
            assert_int_equal(job.result.gas_used, gas);
        gas = job.result.gas_used;
        /* Keeps this worker, so that the next job finds another. */
        assert_int_equal(
            job_start(fixture, &sleeper,
                      "function main() { return new Promise(r => setTimeout(r, 50)); }"),
            0);
        assert_int_equal(job_run(fixture, &job, "function main(i) { return [3, 1, 2].sort(); }"),
                         0);
        assert_int_equal(job.result.gas_used, gas);
        assert_true(fixture_until(fixture, sleeper.ended));
        job_free(&sleeper);
    }
}

static void test_window_is_empty_after_every_job(void **state)
{
    struct fixture *fixture = *state;
    const char *const scripts[] = {
        "function main() { return 'MARKER'; }",
        "function main() { console.log('MARKER'); throw new Error('MARKER'); }",
        "function main() { return 'MARKER'.repeat(150000); }",
        "function main() { return 'MARKER'.repeat(200000); }", /* too large */
        "function main() { return {a: 'MARKER'.repeat(1000), b: 1n}; }",
        "function main() { return {a: 'MARKER'.repeat(1000), b: '\\ud800'}; }",
        "MARKER(",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct job job;
        job_run(fixture, &job, scripts[i]);
        for (uint64_t place = 0; place < fixture->pool->workers_max; place++) {
            const struct pool_worker *worker = fixture->pool->places[place];
            /* Before it is ready, what was refused to it stands there. */
            bool ready = worker && worker->state == WORKER_READY;
            const struct window *window = ready ? &worker->window : NULL;
            for (uint32_t at = sizeof(struct window_control); window && at < window->layout.total;
                 at++)
                if (window->base[at])
                    fail_msg("script %zu: byte %u of the window is left", i, at);
        }
    }
}

/*
 * Five endless loops of others, and small jobs are still done in a moment: half of them at least,
 * for this machine may be busy with more than this test.
 */
static void test_small_jobs_beside_loops(void **state)
{
    struct fixture *fixture = *state;
    struct job loops[5];
    for (int i = 0; i < 5; i++) {
        struct exec_request request = endless("function main() { for (;;); }");
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 64 * MIB)));
        assert_int_equal(job_start_request(fixture, &loops[i], &request), 0);
    }
    fixture_run_ms(fixture, 100);
    unsigned slow = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t start = clock_now_ns();
        assert_job(fixture, well_script, "{\"well\":1}");
        slow += clock_now_ns() - start > 50 * NS_PER_MS;
    }
    assert_true(slow <= 50);
    for (int i = 0; i < 5; i++) {
        exec_cancel(loops[i].run);
        assert_true(fixture_until(fixture, loops[i].ended));
        job_free(&loops[i]);
    }
}

static void test_sealed(void **state)
{
    struct fixture *fixture = *state;
    uint32_t mechanisms = exec_pool_sealed(fixture->pool)->mechanisms;
    if (isolation == EXEC_ISOLATION_THREAD) {
        assert_int_equal(mechanisms, 0);
        return;
    }
    uint32_t required = SEAL_SECCOMP | SEAL_NO_NEW_PRIVS | SEAL_NO_CAPABILITIES | SEAL_MEMORY_CAP;
    assert_int_equal(mechanisms & required, required);
}

/* The workers' pids, as the system knows them: children of the zygote. */
static unsigned worker_pids(struct fixture *fixture, int *pids, unsigned most)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; count < most && (entry = readdir(dir));)
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
            proc_parent_is(entry->d_name, fixture->pool->zygote->pid))
            pids[count++] = atoi(entry->d_name);
    closedir(dir);
    return count;
}

static void test_killed(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    struct exec_stats stats;
    int pids[128];
    if (isolation == EXEC_ISOLATION_THREAD)
        return;
    assert_true(fixture_until(fixture, (exec_pool_stats(fixture->pool, &stats),
                                        stats.idle == stats.workers && stats.idle >= 4)));
    fixture_run_ms(fixture, 100);
    struct exec_request request = endless("function main() { for (;;); }");
    assert_int_equal(job_start_request(fixture, &job, &request), 0);
    fixture_run_ms(fixture, 20);
    unsigned count = worker_pids(fixture, pids, 128);
    assert_true(count >= 4);
    for (unsigned i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, ERR_WORKER_LOST);
    job_free(&job);
    assert_true(fixture_until(fixture, fixture->lost_calls == count));
    for (int i = 0; i < 20; i++)
        assert_job(fixture, well_script, "{\"well\":1}");
    assert_non_null(strstr(fixture->lost, "killed by signal 9"));
}

static void test_no_survivors(void **state)
{
    struct fixture *fixture = *state;
    int pids[128];
    struct job job;
    struct error_detail detail;
    if (isolation == EXEC_ISOLATION_THREAD)
        return;
    struct exec_request request = endless("function main() { for (;;); }");
    assert_int_equal(job_start_request(fixture, &job, &request), 0);
    fixture_run_ms(fixture, 20);
    unsigned count = worker_pids(fixture, pids, 128);
    kill(fixture->pool->zygote->pid, SIGKILL);
    for (unsigned i = 0; i < count; i++)
        assert_true(fixture_until(fixture, kill(pids[i], 0) != 0));
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, ERR_WORKER_LOST);
    job_free(&job);
    fixture_close(fixture);
    fixture_limits(fixture);
    assert_int_equal(fixture_open(fixture, isolation, &detail), 0);
}

#define WORKER_TEST(name) cmocka_unit_test_setup_teardown(name, open_pool, close_pool)

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--zygote") == 0)
        exec_zygote_main();
    const struct CMUnitTest tests[] = {
        WORKER_TEST(test_answers),
        WORKER_TEST(test_limits),
        WORKER_TEST(test_cancel),
        WORKER_TEST(test_same_gas_on_every_worker),
        WORKER_TEST(test_window_is_empty_after_every_job),
        WORKER_TEST(test_small_jobs_beside_loops),
        WORKER_TEST(test_sealed),
        WORKER_TEST(test_killed),
        WORKER_TEST(test_no_survivors),
    };
    well_script = "function main() { return {well: 1}; }";
    isolation = EXEC_ISOLATION_PROCESS;
    int failed = cmocka_run_group_tests_name("processes", tests, NULL, NULL);
    isolation = EXEC_ISOLATION_THREAD;
    return failed + cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
