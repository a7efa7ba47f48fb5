/*
 * The pool with real zygote and worker processes, whose engine obeys orders (engine_double.h).
 */
#include "engine_double.h"
#include "pool_fixture.h"
#include <poll.h>
#include <sys/resource.h>

static void claim_path(const struct fixture *fixture, char path[static 64])
{
    snprintf(path, 64, "%s.%d", DOUBLE_CLAIM_FILE, fixture->pool->zygote->pid);
}

static void set_claim(struct fixture *fixture, const char *claim)
{
    char path[64];
    claim_path(fixture, path);
    FILE *file = fopen(path, "w");
    fputs(claim, file);
    fclose(file);
}

static void clear_claim(struct fixture *fixture)
{
    char path[64];
    claim_path(fixture, path);
    unlink(path);
}

static bool has_claim(const struct fixture *fixture)
{
    char path[64];
    claim_path(fixture, path);
    return access(path, F_OK) == 0;
}

static int open_default(void **state)
{
    static struct fixture fixture;
    struct error_detail detail = {0};
    fixture_limits(&fixture);
    if (fixture_open(&fixture, EXEC_ISOLATION_PROCESS, &detail)) {
        fprintf(stderr, "%s\n", detail.message);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int close_default(void **state)
{
    fixture_close(*state);
    return 0;
}

/* A job that ends when it is told to: its time limit is longer than any test on a busy machine. */
static int start_long(struct fixture *fixture, struct job *job, const char *script)
{
    struct exec_request request = job_request(script);
    request.timeout_ms = 600000;
    return job_start_request(fixture, job, &request);
}

static bool is_hanging(const struct job *job)
{
    const struct pool_worker *worker = job->run->worker;
    return worker && TAILQ_FIRST(&worker->runs) == job->run &&
           *(const volatile char *)window_area(&worker->window, WINDOW_OUTPUT) == DOUBLE_HANGS;
}

/* Starts one that hangs, and waits until it does: it says so in its output area. */
static void start_hanging(struct fixture *fixture, struct job *job)
{
    assert_int_equal(start_long(fixture, job, "hang"), 0);
    assert_true(fixture_until(fixture, is_hanging(job)));
}

static void cancel_all(struct fixture *fixture, struct job *jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        exec_cancel(jobs[i].run);
    for (unsigned i = 0; i < count; i++) {
        assert_true(fixture_until(fixture, jobs[i].ended));
        assert_int_equal(jobs[i].result.code, ERR_CANCELLED);
        job_free(&jobs[i]);
    }
}

/* Opens the pool again with other limits. */
static void reopen(struct fixture *fixture, enum limit limit, uint64_t value)
{
    struct error_detail detail = {0};
    fixture_close(fixture);
    fixture_limits(fixture);
    fixture->limits.value[limit] = value;
    assert_int_equal(fixture_open(fixture, EXEC_ISOLATION_PROCESS, &detail), 0);
}

static void test_answers(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    assert_job(fixture, "echo", "{}");
    assert_int_equal(job_run(fixture, &job, "throw Error: \xe2\x82\xac"), ERR_SCRIPT_ERROR);
    assert_string_equal(job.text, "Error: \xe2\x82\xac");
    assert_int_equal(job.result.gas_used, 1);
    assert_int_equal(job.result.memory_used, 65536);
    char script[32];
    snprintf(script, sizeof script, "code %d", ERR_STACK_OVERFLOW);
    assert_int_equal(job_run(fixture, &job, script), ERR_STACK_OVERFLOW);
    assert_int_equal(job_run(fixture, &job, "boast"), 0);
    assert_int_equal(job.result.gas_used, 1000000);
    assert_int_equal(job.result.memory_used, 64 * MIB);
    assert_true(job.result.duration_ns < 5 * NS_PER_S);
    assert_well(fixture);
}

static void test_logs_and_secrets(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
    assert_int_equal(job_start(fixture, &job, "log a\"b"), 0);
    assert_true(fixture_until(fixture, job.ended));
    assert_bytes(job.result.logs, "[\"a\\\"b\"]");
    job_free(&job);

    const struct exec_secret secrets[] = {{SPAN("a"), SPAN("one")}, {SPAN("b"), SPAN("")}};
    struct exec_request request = job_request("secrets");
    request.secrets = secrets;
    request.secret_count = 2;
    assert_int_equal(job_start_request(fixture, &job, &request), 0);
    assert_true(fixture_until(fixture, job.ended));
    assert_string_equal(job.text, "{\"a\":\"one\",\"b\":\"\"}");
    job_free(&job);
}

static void test_request_too_large(void **state)
{
    struct fixture *fixture = *state;
    struct exec_run *run;
    size_t size = 4 * MIB;
    char *large = calloc(1, size);
    struct exec_secret secrets[WINDOW_SECRETS + 1] = {0};
    struct exec_request request = job_request("echo");
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
#define START() exec_start(fixture->pool, &request, job_done, NULL, &run)
    request.script = (struct span){large, size};
    assert_int_equal(START(), ERR_SCRIPT_TOO_LARGE);
    request = job_request("echo");
    request.input = (struct span){large, size};
    assert_int_equal(START(), ERR_INPUT_TOO_LARGE);
    request.input.size = SIZE_MAX;
    assert_int_equal(START(), ERR_INPUT_TOO_LARGE);
    request = job_request("echo");
    request.entry_point = (struct span){large, WINDOW_ENTRY_POINT_BYTES + 1};
    assert_int_equal(START(), ERR_INVALID_FIELD);
    request = job_request("echo");
    request.secrets = secrets;
    request.secret_count = WINDOW_SECRETS + 1;
    assert_int_equal(START(), ERR_INVALID_FIELD);
    request.secret_count = 1;
    secrets[0].value = (struct span){large, WINDOW_SECRET_VALUE_BYTES + 1};
    assert_int_equal(START(), ERR_INVALID_FIELD);
#undef START
    free(large);
    assert_well(fixture);
}

/* The largest request and answer that the limits allow go through. */
static void test_largest(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    size_t size = fixture->limits.value[LIMIT_INPUT_BYTES];
    char *input = malloc(size);
    memset(input, 'x', size);
    memcpy(input, "{\"a\":\"", 6);
    memcpy(input + size - 2, "\"}", 2);
    struct exec_request request = job_request("echo");
    request.input = (struct span){input, size};
    for (int i = 0; i < 3; i++) {
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
        assert_int_equal(job_start_request(fixture, &job, &request), 0);
        assert_true(fixture_until(fixture, job.ended));
        assert_int_equal(job.result.code, 0);
        job_free(&job);
    }
    free(input);
    assert_well(fixture);
}

static void test_window_wiped(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    reopen(fixture, LIMIT_WORKERS, 1);
    const char *const scripts[] = {"answer {\"marker\":\"M\"}", "throw MMMM", "log MMMM",
                                   "scribble 1000000", "scribble 100"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        job_run(fixture, &job, scripts[i]);
        struct pool_worker *worker = fixture->pool->places[0];
        assert_non_null(worker);
        for (uint32_t at = sizeof(struct window_control); at < worker->window.layout.total; at++)
            if (worker->window.base[at])
                fail_msg("%s: byte %u of the window is %d", scripts[i], at,
                         worker->window.base[at]);
    }
}

static const char *const deaths[] = {"signal 9", "signal 11", "exit 0", "exit 3", "break 0"};
static const char *const breaches[] = {
    "junk 1",
    "junk 8",
    "junk -1",
    "junk 500",
    "message 0",
    "message 1",
    "message 2",
    "message 3",
    "message 4",
    "forge sequence",
    "forge output_size",
    "forge logs_size",
    "forge log_count",
    "forge log_flood",
    "forge nondeterminism",
    "forge positive_code",
    "forge lost_code",
    "forge cancelled_code",
    "forge internal_code",
    "forge text",
    "answer {}, \"status\":\"completed\"",
    "answer [1]",
    "answer {\"b\":1,\"a\":2}",
    "throw \xff",
    "log \xff",
    "code -100",
};

/* Whatever a worker does: its job is lost, the neighbour's is not, and all is well afterwards. */
static void assert_lost(struct fixture *fixture, const char *script)
{
    struct job neighbour, job;
    struct exec_stats before, after;
    exec_pool_stats(fixture->pool, &before);
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
    assert_int_equal(job_start(fixture, &neighbour, "sleep 20"), 0);
    unsigned lost_calls = fixture->lost_calls;
    int code = job_run(fixture, &job, script);
    if (code != ERR_WORKER_LOST)
        fail_msg("%s: %s", script, error_name(code));
    assert_true(fixture_until(fixture, neighbour.ended));
    assert_int_equal(neighbour.result.code, 0);
    job_free(&neighbour);
    assert_true(fixture_until(fixture, fixture->lost_calls > lost_calls));
    assert_well(fixture);
    exec_pool_stats(fixture->pool, &after);
    assert_int_equal(after.lost, before.lost + 1);
}

static void test_death_during_job(void **state)
{
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++)
        assert_lost(*state, deaths[i]);
}

static void test_breach(void **state)
{
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++)
        assert_lost(*state, breaches[i]);
}

/* A second answer is for no job: the worker goes, the answered job stays as it is. */
static void test_answers_twice(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    reopen(fixture, LIMIT_WORKERS, 1);
    assert_int_equal(job_run(fixture, &job, "twice 1"), 0);
    assert_string_equal(job.text, "{}");
    assert_true(fixture_until(fixture, fixture->lost_calls == 1));
    assert_non_null(strstr(fixture->lost, "a job that it does not have"));
    assert_well(fixture);
}

/* An engine that broke but could still tell why: the job has its answer, the worker goes. */
static void test_engine_breaks(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    assert_int_equal(job_run(fixture, &job, "break 1"), ERR_SCRIPT_ERROR);
    assert_string_equal(job.text, "broken");
    assert_true(fixture_until(fixture, fixture->lost_calls == 1));
    assert_well(fixture);
}

static int worker_pid(struct fixture *fixture)
{
    struct job job;
    assert_int_equal(job_run(fixture, &job, "pid"), 0);
    return atoi(job.text + strlen("{\"pid\":"));
}

static void test_killed_while_idle(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    for (int i = 0; i < 20; i++) {
        assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
        kill(worker_pid(fixture), SIGKILL);
        /* At once: the core cannot know yet. Only this one job may suffer. */
        assert_int_equal(job_start(fixture, &job, "answer {}"), 0);
        assert_true(fixture_until(fixture, job.ended));
        assert_true(job.result.code == 0 || job.result.code == ERR_WORKER_LOST);
        job_free(&job);
        assert_well(fixture);
    }
    assert_int_equal(fixture->lost_calls, 20);
    assert_non_null(strstr(fixture->lost, "killed by signal 9"));
}

static void test_killed_by_number(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    int pid = worker_pid(fixture);
    assert_int_equal(job_start(fixture, &job, "sleep 10000"), 0); /* the same one: last used */
    fixture_run_ms(fixture, 20);
    kill(pid, SIGKILL);
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, ERR_WORKER_LOST);
    job_free(&job);
    assert_well(fixture);
}

/* Its job has been answered and stays so; the restore goes with the process. */
static void test_killed_during_restore(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    for (unsigned i = 1; i <= 10; i++) {
        assert_int_equal(job_run(fixture, &job, "last 9"), 0);
        assert_string_equal(job.text, "{}");
        assert_true(fixture_until(fixture, fixture->lost_calls == i));
        assert_well(fixture);
    }
}

static void test_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    struct exec_request request = job_request("signal 19");
    request.timeout_ms = 1000;
    uint64_t start = clock_now_ns();
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
    assert_int_equal(job_start_request(fixture, &job, &request), 0);
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, ERR_TIMEOUT);
    assert_true(clock_now_ns() - start >= (1000 + POOL_GRACE_MS) * NS_PER_MS);
    job_free(&job);
    assert_well(fixture);
}

static void test_timeout_by_itself(void **state)
{
    struct fixture *fixture = *state;
    const char *const scripts[] = {"sleep 60000", "spin 60000"};
    struct exec_stats stats;
    for (int i = 0; i < 2; i++) {
        struct job job;
        struct exec_request request = job_request(scripts[i]);
        request.timeout_ms = 200;
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
        assert_int_equal(job_start_request(fixture, &job, &request), 0);
        assert_true(fixture_until(fixture, job.ended));
        assert_int_equal(job.result.code, ERR_TIMEOUT);
        job_free(&job);
    }
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.lost, 0);
}

static void cancel_after(struct fixture *fixture, const char *script, unsigned wait_ms)
{
    struct job job;
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
    assert_int_equal(start_long(fixture, &job, script), 0);
    if (wait_ms)
        fixture_run_ms(fixture, wait_ms);
    exec_cancel(job.run);
    exec_cancel(job.run);
    assert_false(job.ended);
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, ERR_CANCELLED);
    job_free(&job);
    assert_well(fixture);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    struct exec_stats stats;
    struct job job;
    cancel_after(fixture, "sleep 600000", 30);
    cancel_after(fixture, "spin 600000", 30);
    cancel_after(fixture, "sleep 600000", 0);
    /* It may have an answer by the time the cancel comes: it is cancelled all the same. */
    cancel_after(fixture, "answer {}", 0);
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.lost, 0); /* they ended by themselves */
    /* One that does not listen is killed. */
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
    start_hanging(fixture, &job);
    cancel_all(fixture, &job, 1);
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.lost, 1);
    assert_well(fixture);
}

/* A CANCEL that comes too late is for no later job. */
static void test_late_cancel(void **state)
{
    struct fixture *fixture = *state;
    reopen(fixture, LIMIT_WORKERS, 1);
    for (int i = 0; i < 50; i++) {
        struct job job;
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
        assert_int_equal(job_start(fixture, &job, "answer {}"), 0);
        usleep(2000); /* the answer lies in the socket, the core has not looked */
        exec_cancel(job.run);
        assert_true(fixture_until(fixture, job.ended));
        assert_int_equal(job.result.code, ERR_CANCELLED);
        job_free(&job);
        assert_job(fixture, "sleep 3", "{}");
    }
}

static void test_sleepers_hold_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    enum { SLEEPERS = 50 };
    static struct job sleepers[SLEEPERS];
    struct exec_stats stats;
    for (int i = 0; i < SLEEPERS; i++) {
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 64 * MIB)));
        assert_int_equal(start_long(fixture, &sleepers[i], "sleep 600000"), 0);
    }
    for (int i = 0; i < 20; i++)
        assert_job(fixture, "answer {}", "{}");
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.running, SLEEPERS);
    cancel_all(fixture, sleepers, SLEEPERS);
    assert_well(fixture);
}

/* A job for each core that computes without hearing anything, so that what follows is given ahead.
 */
static void start_stuck(struct fixture *fixture, struct job *jobs, const char *script)
{
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    for (unsigned i = 0; i < fixture->pool->cores; i++)
        assert_int_equal(job_start(fixture, &jobs[i], script), 0);
    assert_int_equal(fixture->pool->open_count, fixture->pool->cores);
}

static void end_stuck(struct fixture *fixture, struct job *jobs, int code)
{
    for (unsigned i = 0; i < fixture->pool->cores; i++) {
        assert_true(fixture_until(fixture, jobs[i].ended));
        assert_int_equal(jobs[i].result.code, code);
        job_free(&jobs[i]);
    }
}

/* Small jobs that were given behind one that turns out to be long do not wait for it. */
static void test_ahead_and_taken_back(void **state)
{
    struct fixture *fixture = *state;
    struct job stuck[256], ahead[3];
    struct exec_stats stats;
    const char *const scripts[] = {"stuck 1000", "spin 1000", "sleep 1000"};
    assert_true(fixture->pool->cores <= 256);
    for (size_t k = 0; k < sizeof scripts / sizeof scripts[0]; k++) {
        start_stuck(fixture, stuck, scripts[k]);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(job_start(fixture, &ahead[i], "answer {\"a\":1}"), 0);
            assert_true(TAILQ_FIRST(&ahead[i].run->worker->runs) != ahead[i].run);
        }
        for (int i = 0; i < 3; i++) {
            assert_true(fixture_until(fixture, ahead[i].ended));
            assert_int_equal(ahead[i].result.code, 0);
            assert_string_equal(ahead[i].text, "{\"a\":1}");
            job_free(&ahead[i]);
        }
        assert_false(stuck[0].ended);
        end_stuck(fixture, stuck, 0);
    }
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.lost, 0);
    assert_well(fixture);
}

/* One worker does what it was given one after another, also after it had to give some back. */
static void test_ahead_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[POOL_SHORT_PER_CORE];
    char large[64];
    reopen(fixture, LIMIT_WORKERS, 1);
    snprintf(large, sizeof large, "code %d", ERR_STACK_OVERFLOW); /* its answer is in the window */
    const char *const scripts[] = {"answer {}", "sleep 1", "log l", large, "stuck 5"};
    for (int round = 0; round < 200; round++) {
        assert_true(fixture_until(fixture, fixture->pool->idle_count == 1));
        unsigned count = 0;
        for (; count < POOL_SHORT_PER_CORE && exec_can_start(fixture->pool, MIB); count++)
            assert_int_equal(job_start(fixture, &jobs[count],
                                       scripts[((unsigned)round * 7 + count * count) % 5]),
                             0);
        assert_true(count > 1);
        for (unsigned i = 0; i < count; i++) {
            assert_true(fixture_until(fixture, jobs[i].ended));
            assert_true(jobs[i].result.code == 0 || jobs[i].result.code == ERR_STACK_OVERFLOW);
            job_free(&jobs[i]);
        }
    }
    assert_int_equal(fixture->lost_calls, 0);
    assert_well(fixture);
}

/* Orders that were taken back lie in the socket until the worker reads them: what it is given next
 * must not find the socket full. */
static void test_ahead_unread(void **state)
{
    struct fixture *fixture = *state;
    struct job lingers, jobs[POOL_SHORT_PER_CORE - 1];
    static char input[MESSAGE_TEXT_BYTES - 64];
    const int count = POOL_SHORT_PER_CORE - 1;
    reopen(fixture, LIMIT_WORKERS, 1);
    memset(input, ' ', sizeof input);
    memcpy(input, "{}", 2);
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    assert_int_equal(job_start(fixture, &lingers, "linger 200"), 0);
    for (int i = 0; i < count; i++) {
        struct exec_request request = job_request("answer {}");
        request.input = (struct span){input, sizeof input};
        assert_true(exec_can_start(fixture->pool, MIB));
        assert_int_equal(job_start_request(fixture, &jobs[i], &request), 0);
    }
    assert_true(fixture_until(fixture, lingers.ended));
    job_free(&lingers);
    for (int i = 0; i < count; i++) {
        assert_true(fixture_until(fixture, jobs[i].ended));
        assert_int_equal(jobs[i].result.code, 0);
        job_free(&jobs[i]);
    }
    assert_int_equal(fixture->lost_calls, 0);
    assert_well(fixture);
}

/* The death of a worker is that of the job it ran, not of those it was given ahead. */
static void test_ahead_outlives_worker(void **state)
{
    struct fixture *fixture = *state;
    struct job stuck[256], ahead;
    start_stuck(fixture, stuck, "signal 9");
    assert_int_equal(job_start(fixture, &ahead, "answer {}"), 0);
    assert_true(fixture_until(fixture, ahead.ended));
    assert_int_equal(ahead.result.code, 0);
    job_free(&ahead);
    end_stuck(fixture, stuck, ERR_WORKER_LOST);
    assert_well(fixture);
}

/* A worker that says it has begun what it was given ahead, and answers nothing, is ended soon. */
static void test_ahead_claimed(void **state)
{
    struct fixture *fixture = *state;
    struct job hangs, ahead[3];
    reopen(fixture, LIMIT_WORKERS, 1);
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    assert_int_equal(start_long(fixture, &hangs, "hang"), 0);
    const struct pool_worker *worker = hangs.run->worker;
    for (int i = 0; i < 3; i++)
        assert_int_equal(job_start(fixture, &ahead[i], "answer {}"), 0);
    while (!is_hanging(&hangs)) /* the clock of the pool stands still meanwhile */
        usleep(100);
    atomic_store(&window_control(&worker->window)->turn,
                 (uint64_t)worker->round << 32 | (worker->sequence + 1000));
    for (int i = 0; i < 3; i++) {
        assert_true(fixture_until(fixture, ahead[i].ended));
        assert_int_equal(ahead[i].result.code, 0);
        job_free(&ahead[i]);
    }
    assert_true(hangs.ended);
    assert_int_equal(hangs.result.code, ERR_WORKER_LOST);
    assert_non_null(strstr(fixture->lost, "before it had answered"));
    job_free(&hangs);
    assert_well(fixture);
}

/* Nor is the next one lost if it dies after its answer; and one that kills does so twice at most.
 */
static void test_ahead_tried_again(void **state)
{
    struct fixture *fixture = *state;
    struct job last, ahead;
    const char *const scripts[] = {"answer {}", "signal 9", "forge sequence"};
    reopen(fixture, LIMIT_WORKERS, 1);
    for (unsigned i = 0; i < 3; i++) {
        unsigned lost = fixture->lost_calls;
        assert_true(fixture_until(fixture, fixture->pool->idle_count == 1));
        assert_int_equal(job_start(fixture, &last, "last 9"), 0);
        assert_int_equal(job_start(fixture, &ahead, scripts[i]), 0);
        assert_true(fixture_until(fixture, last.ended && ahead.ended));
        assert_int_equal(last.result.code, 0);
        assert_int_equal(ahead.result.code, i == 0 ? 0 : ERR_WORKER_LOST);
        assert_true(fixture_until(fixture, fixture->lost_calls == lost + (i == 0 ? 1 : 2)));
        job_free(&last);
        job_free(&ahead);
    }
    assert_well(fixture);
}

/* Without the loop, which would take the answers: until it has begun its last job, and a moment. */
static void await_last_of(const struct pool_worker *worker)
{
    uint64_t until = clock_now_ns() + WAIT_S * NS_PER_S;
    while ((uint32_t)atomic_load(&window_control(&worker->window)->turn) != worker->sequence)
        assert_true(clock_now_ns() < until);
    usleep(20000);
}

static void kill_with_answers(const struct pool_worker *worker, int pid)
{
    struct pollfd socket = {.fd = worker->fd, .events = POLLIN};
    kill(pid, SIGKILL);
    do
        assert_int_equal(poll(&socket, 1, WAIT_S * 1000), 1);
    while (!(socket.revents & POLLHUP));
    assert_true(socket.revents & POLLIN);
}

/*
 * A worker may be found to be dead by giving it a job: then its socket is closed, unread. Each of
 * its jobs gets one answer: the first is `worker_lost`, though its answer lay there; what was given
 * ahead runs a second time, on another worker, which the outside cannot tell from the first time.
 */
static void test_unread_answers_of_the_dead(void **state)
{
    struct fixture *fixture = *state;
    struct job first, next = {0}, given = {0};
    struct exec_request request = job_request("pid");
    char text[32];
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    int pid = worker_pid(fixture);
    assert_int_equal(job_start(fixture, &first, "answer {}"), 0);
    struct pool_worker *worker = first.run->worker;
    assert_int_equal(pool_worker_give(worker, &request, job_done, &next, &next.run), 0);
    await_last_of(worker);
    kill_with_answers(worker, pid);
    assert_int_equal(pool_worker_give(worker, &request, job_done, &given, &given.run), ERR_SYSTEM);
    assert_true(first.ended);
    assert_int_equal(first.result.code, ERR_WORKER_LOST);
    assert_false(next.ended);
    assert_true(fixture_until(fixture, next.ended));
    assert_int_equal(next.result.code, 0);
    snprintf(text, sizeof text, "{\"pid\":%d}", pid);
    assert_string_not_equal(next.text, text);
    assert_false(given.ended); /* it was refused, and is its caller's to give again */
    job_free(&first);
    job_free(&next);
    assert_well(fixture);
    assert_int_equal(fixture->lost_calls, 1);
}

/* A worker that dies while it is idle takes no job with it, also if it is given one meanwhile. */
static void test_given_to_one_that_dies(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    reopen(fixture, LIMIT_WORKERS, 1);
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    int pid = worker_pid(fixture);
    assert_true(fixture_until(fixture, fixture->pool->idle_count == 1));
    kill(pid, SIGSTOP);
    assert_int_equal(job_start(fixture, &job, "answer {}"), 0);
    kill(pid, SIGKILL);
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, 0);
    job_free(&job);
    assert_well(fixture);
    assert_int_equal(fixture->lost_calls, 1);
}

static void test_ahead_cancelled(void **state)
{
    struct fixture *fixture = *state;
    struct job stuck[256], ahead[2];
    start_stuck(fixture, stuck, "stuck 500");
    for (int i = 0; i < 2; i++)
        assert_int_equal(job_start(fixture, &ahead[i], "sleep 60000"), 0);
    for (int i = 0; i < 2; i++) {
        exec_cancel(ahead[i].run);
        assert_false(ahead[i].ended);
    }
    for (int i = 0; i < 2; i++) {
        assert_true(fixture_until(fixture, ahead[i].ended));
        assert_int_equal(ahead[i].result.code, ERR_CANCELLED);
        job_free(&ahead[i]);
    }
    assert_false(stuck[0].ended);
    end_stuck(fixture, stuck, 0);
    assert_int_equal(fixture->lost_calls, 0);
    assert_well(fixture);
}

/* What is too large for a message lies in the window, and so has its worker alone. */
static void test_alone(void **state)
{
    struct fixture *fixture = *state;
    static char large[MESSAGE_TEXT_BYTES];
    struct job stuck, job;
    struct exec_request request = job_request("answer {}");
    reopen(fixture, LIMIT_WORKERS, 1);
    request.input = (struct span){large, sizeof large};
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    assert_int_equal(job_start(fixture, &stuck, "stuck 20"), 0);
    assert_true(exec_can_start(fixture->pool, MIB));
    assert_int_equal(job_start_request(fixture, &job, &request), ERR_QUEUE_FULL);
    assert_true(fixture_until(fixture, stuck.ended));
    job_free(&stuck);
    assert_int_equal(job_start_request(fixture, &job, &request), 0);
    assert_false(exec_can_start(fixture->pool, MIB)); /* nor is one given behind it */
    assert_true(fixture_until(fixture, job.ended));
    job_free(&job);
    assert_well(fixture);
}

static bool is_zero(const char *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && bytes[i] == 0)
        i++;
    return i == size;
}

/* Small jobs with secrets are given ahead, and taken back, and nothing of them stays in the core.
 */
static void test_secrets_ahead(void **state)
{
    struct fixture *fixture = *state;
    struct job stuck[256], jobs[3];
    const struct exec_secret secret = {SPAN("a"), SPAN("one")};
    struct exec_request request = job_request("secrets");
    const struct exec_run *run;
    request.secrets = &secret;
    request.secret_count = 1;
    assert_true(fixture->pool->cores <= 256);
    start_stuck(fixture, stuck, "stuck 1000");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(job_start_request(fixture, &jobs[i], &request), 0);
        assert_true(TAILQ_FIRST(&jobs[i].run->worker->runs) != jobs[i].run);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(fixture_until(fixture, jobs[i].ended));
        assert_int_equal(jobs[i].result.code, 0);
        assert_string_equal(jobs[i].text, "{\"a\":\"one\"}");
        job_free(&jobs[i]);
    }
    assert_false(stuck[0].ended);
    end_stuck(fixture, stuck, 0);
    TAILQ_FOREACH(run, &fixture->pool->spare, link)
    assert_true(is_zero(run->order.text, sizeof run->order.text));
    assert_well(fixture);
}

/* One job a process: then nothing is given ahead. */
static void test_nothing_ahead_of_the_last(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[4];
    unsigned count = 0;
    reopen(fixture, LIMIT_JOBS_PER_WORKER, 1);
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    for (; count < 4 && fixture->pool->idle_count > 0; count++)
        assert_int_equal(job_start(fixture, &jobs[count], "stuck 20"), 0);
    assert_false(exec_can_start(fixture->pool, MIB));
    for (unsigned i = 0; i < count; i++) {
        assert_true(fixture_until(fixture, jobs[i].ended));
        job_free(&jobs[i]);
    }
    assert_well(fixture);
}

/* Many small jobs one after another are done by the warm workers: none is made for them. */
static void test_small_jobs_make_no_workers(void **state)
{
    struct fixture *fixture = *state;
    struct exec_stats stats;
    assert_true(
        fixture_until(fixture, (exec_pool_stats(fixture->pool, &stats),
                                stats.workers == fixture->limits.value[LIMIT_WARM_WORKERS])));
    for (int i = 0; i < 300; i++)
        assert_job(fixture, "answer {}", "{}");
    exec_pool_stats(fixture->pool, &stats);
    assert_true(stats.workers <= fixture->limits.value[LIMIT_WARM_WORKERS] + 1);
}

static void test_workers_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[3], more;
    struct exec_stats stats;
    reopen(fixture, LIMIT_WORKERS, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 64 * MIB)));
        assert_int_equal(start_long(fixture, &jobs[i], "sleep 600000"), 0);
    }
    fixture_run_ms(fixture, 100);
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.workers, 3);
    assert_false(exec_can_start(fixture->pool, 0));
    assert_int_equal(job_start(fixture, &more, "echo"), ERR_QUEUE_FULL);
    unsigned calls = fixture->capacity_calls;
    cancel_all(fixture, jobs, 3);
    assert_true(fixture->capacity_calls > calls);
    assert_well(fixture);
}

static void test_memory_total(void **state)
{
    struct fixture *fixture = *state;
    struct job first, second, third;
    struct exec_stats stats;
    reopen(fixture, LIMIT_MEMORY_TOTAL, 150 * MIB);
    assert_false(exec_can_start(fixture->pool, 151 * MIB));
    assert_false(exec_can_start(fixture->pool, UINT64_MAX));
    assert_int_equal(start_long(fixture, &first, "sleep 600000"), 0);
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 64 * MIB)));
    start_hanging(fixture, &second);
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.memory_reserved, 128 * MIB);
    assert_false(exec_can_start(fixture->pool, 64 * MIB));
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 22 * MIB)));
    assert_int_equal(job_start(fixture, &third, "echo"), ERR_QUEUE_FULL);
    cancel_all(fixture, &first, 1);
    assert_true(exec_can_start(fixture->pool, 64 * MIB));
    kill(fixture->pool->zygote->pid, SIGSTOP);
    exec_cancel(second.run);
    assert_true(fixture_until(fixture, second.ended));
    /* What a killed worker had is free when it is dead, not before. */
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.memory_reserved, 64 * MIB);
    kill(fixture->pool->zygote->pid, SIGCONT);
    assert_true(fixture_until(
        fixture, (exec_pool_stats(fixture->pool, &stats), stats.memory_reserved == 0)));
    job_free(&second);
    assert_well(fixture);
}

static void test_retirement(void **state)
{
    struct fixture *fixture = *state;
    struct exec_stats stats;
    int pids[20];
    reopen(fixture, LIMIT_JOBS_PER_WORKER, 5);
    for (int i = 0; i < 20; i++)
        pids[i] = worker_pid(fixture);
    for (int i = 0; i < 15; i++)
        assert_false(pids[i] == pids[i + 5]);
    exec_pool_stats(fixture->pool, &stats);
    assert_in_range(stats.retired, 1, 4);
    assert_int_equal(stats.lost, 0);
    assert_int_equal(fixture->lost_calls, 0);
    assert_well(fixture);
}

#define ZYGOTE_ENTRIES (2 + 4) /* ".", "..", the three standard descriptors and its socket */

static void test_no_leaks(void **state)
{
    struct fixture *fixture = *state;
    struct exec_stats stats;
    struct job job;
    reopen(fixture, LIMIT_WORKERS, 2);
    assert_true(fixture_until(fixture, (exec_pool_stats(fixture->pool, &stats), stats.idle == 2)));
    assert_well(fixture);
    unsigned descriptors = count_descriptors();
    int zygote = fixture->pool->zygote->pid;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", zygote);
    /* The zygote lets go of a worker's descriptors after its fork. */
    assert_true(fixture_until(fixture, count_entries(path) == ZYGOTE_ENTRIES));
    for (int i = 0; i < 100; i++)
        assert_int_equal(job_run(fixture, &job, "signal 9"), ERR_WORKER_LOST);
    assert_true(fixture_until(
        fixture, (exec_pool_stats(fixture->pool, &stats), stats.idle == 2 && stats.workers == 2)));
    assert_true(fixture_until(fixture, count_descriptors() == descriptors));
    assert_true(fixture_until(fixture, count_entries(path) == ZYGOTE_ENTRIES));
    assert_true(fixture_until(fixture, count_children(zygote) == 2));
    assert_int_equal(fixture->lost_calls, 100);
    fixture_close(fixture);
    assert_int_equal(count_children(getpid()), 0);
    assert_int_equal(kill(zygote, 0), -1);
    struct error_detail detail;
    fixture_limits(fixture);
    assert_int_equal(fixture_open(fixture, EXEC_ISOLATION_PROCESS, &detail), 0);
}

static void test_zygote_dies(void **state)
{
    struct fixture *fixture = *state;
    struct exec_stats stats;
    struct job job, more;
    int pid = worker_pid(fixture);
    assert_int_equal(job_start(fixture, &job, "sleep 10000"), 0);
    kill(fixture->pool->zygote->pid, SIGKILL);
    assert_true(fixture_until(fixture, job.ended));
    assert_int_equal(job.result.code, ERR_WORKER_LOST);
    job_free(&job);
    assert_true(fixture_until(fixture, !fixture->pool->healthy));
    exec_pool_stats(fixture->pool, &stats);
    assert_false(stats.healthy);
    assert_int_equal(stats.workers, 0);
    assert_int_equal(stats.memory_reserved, 0);
    assert_false(exec_can_start(fixture->pool, 0));
    assert_int_equal(job_start(fixture, &more, "echo"), ERR_QUEUE_FULL);
    assert_non_null(strstr(fixture->lost, "the zygote died"));
    assert_true(fixture_until(fixture, kill(pid, 0) != 0));
}

/* Workers that cannot come up are tried again, slowly, and when they can, all is well. */
static void test_workers_fail_to_start(void **state)
{
    struct fixture *fixture = *state;
    struct exec_stats stats;
    const char *const claims[] = {"fail", "die", "less", "no fork"};
    const char *const reasons[] = {"could not be sealed", "died", "sealed less",
                                   "could not be forked"};
    for (int i = 0; i < 4; i++) {
        struct job job;
        unsigned lost_calls = fixture->lost_calls;
        set_claim(fixture, claims[i]);
        for (int k = 0; k < 8 && exec_can_start(fixture->pool, 0); k++)
            job_run(fixture, &job, "signal 9");
        exec_pool_stats(fixture->pool, &stats);
        uint64_t began = stats.lost;
        fixture_run_ms(fixture, 3 * POOL_RETRY_MS);
        exec_pool_stats(fixture->pool, &stats);
        assert_true(stats.lost - began <= 4 * (3 + 2));
        assert_true(fixture_until(fixture, fixture->lost_calls > lost_calls &&
                                               strstr(fixture->lost, reasons[i])));
        clear_claim(fixture);
        assert_well(fixture);
    }
}

/* Nothing of a resource is left for new workers: the old ones go on, and later all is well. */
static void assert_goes_on_without(struct fixture *fixture, __rlimit_resource_t resource)
{
    struct rlimit before, none;
    struct exec_stats stats;
    struct job jobs[4], job;
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    assert_well(fixture);
    getrlimit(resource, &before);
    none = before;
    none.rlim_cur = 0;
    setrlimit(resource, &none);
    for (int i = 0; i < 4; i++)
        assert_int_equal(start_long(fixture, &jobs[i], i < 3 ? "sleep 300" : "answer {}"), 0);
    fixture_run_ms(fixture, 100);
    exec_pool_stats(fixture->pool, &stats);
    assert_in_range(stats.workers, 4, 5); /* seven are wanted */
    setrlimit(resource, &before);
    for (int i = 0; i < 4; i++) {
        assert_true(fixture_until(fixture, jobs[i].ended));
        assert_int_equal(jobs[i].result.code, 0);
        job_free(&jobs[i]);
    }
    assert_int_equal(job_run(fixture, &job, "echo"), 0);
    assert_well(fixture);
}

static void test_descriptors_exhausted(void **state)
{
    assert_goes_on_without(*state, RLIMIT_NOFILE);
}

/* No window can be made. */
static void test_shared_memory_exhausted(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    assert_goes_on_without(*state, RLIMIT_FSIZE);
    signal(SIGXFSZ, SIG_DFL);
}

/* A zygote that does nothing for a while: what is to be killed or made waits, nothing is lost. */
static void test_zygote_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[4];
    struct exec_stats stats;
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    kill(fixture->pool->zygote->pid, SIGSTOP);
    for (int i = 0; i < 4; i++)
        start_hanging(fixture, &jobs[i]);
    for (int i = 0; i < 4; i++)
        exec_cancel(jobs[i].run);
    for (int i = 0; i < 4; i++) {
        assert_true(fixture_until(fixture, jobs[i].ended));
        assert_int_equal(jobs[i].result.code, ERR_CANCELLED);
        job_free(&jobs[i]);
    }
    exec_pool_stats(fixture->pool, &stats);
    assert_int_equal(stats.memory_reserved, 4 * 64 * MIB);
    kill(fixture->pool->zygote->pid, SIGCONT);
    assert_well(fixture);
}

/* The zygote's socket is full: the order to kill is kept and given later. */
static void test_zygote_socket_full(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    struct message message;
    assert_true(fixture_until(fixture, fixture_all_ready(fixture)));
    start_hanging(fixture, &job);
    kill(fixture->pool->zygote->pid, SIGSTOP);
    message_init(&message, MESSAGE_KILL_TYPE);
    message.kill.worker = UINT32_MAX; /* nobody */
    while (message_send(fixture->pool->zygote->fd, &message, NULL) == 0)
        continue;
    exec_cancel(job.run);
    assert_true(fixture_until(fixture, job.ended));
    job_free(&job);
    fixture_run_ms(fixture, 300);
    kill(fixture->pool->zygote->pid, SIGCONT);
    assert_well(fixture);
}

/* Workers that fail to come up have no job that would be lost with them: it waits for a ready one.
 */
static void test_no_job_before_ready(void **state)
{
    struct fixture *fixture = *state;
    const char *const claims[] = {"slow", "die", "fail"};
    struct job job, early;
    reopen(fixture, LIMIT_WORKERS, 1);
    for (unsigned i = 0; i < 3; i++) {
        unsigned lost_calls = fixture->lost_calls;
        set_claim(fixture, claims[i]);
        assert_int_equal(job_run(fixture, &job, "signal 9"), ERR_WORKER_LOST);
        assert_true(fixture_until(fixture, fixture->pool->places[0] &&
                                               fixture->pool->places[0]->state == WORKER_STARTING));
        assert_false(exec_can_start(fixture->pool, 0));
        assert_int_equal(job_start(fixture, &early, "answer {}"), ERR_QUEUE_FULL);
        if (i > 0) /* until one more than the job's has failed */
            assert_true(fixture_until(fixture, fixture->lost_calls >= lost_calls + 2));
        clear_claim(fixture);
        assert_well(fixture);
    }
}

/* The same for one that is still not ready when its time is over. */
static void test_never_ready(void **state)
{
    struct fixture *fixture = *state;
    struct job job;
    reopen(fixture, LIMIT_WORKERS, 1);
    set_claim(fixture, "hang");
    assert_int_equal(job_run(fixture, &job, "signal 9"), ERR_WORKER_LOST);
    assert_true(fixture_until(fixture, !has_claim(fixture)));
    struct pool_worker *worker = fixture->pool->places[0];
    assert_int_equal(worker->state, WORKER_STARTING);
    assert_in_range(worker->deadline_ns, clock_now_ns(),
                    clock_now_ns() + POOL_READY_MS * NS_PER_MS);
    worker->deadline_ns = clock_now_ns();
    assert_well(fixture);
    assert_non_null(strstr(fixture->lost, "not ready in time"));
}

static void test_sealed_report(void **state)
{
    struct fixture *fixture = *state;
    const struct seal_report *report = exec_pool_sealed(fixture->pool);
    assert_int_equal(report->mechanisms, SEAL_SECCOMP | SEAL_NO_NEW_PRIVS);
    assert_string_equal(report->refused, "landlock (double)");
}

/* Jobs that run when the pool is freed are told so. */
static void test_free_while_running(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[2];
    struct error_detail detail;
    assert_int_equal(job_start(fixture, &jobs[0], "hang"), 0);
    assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 0)));
    assert_int_equal(job_start(fixture, &jobs[1], "sleep 10000"), 0);
    fixture_close(fixture);
    for (int i = 0; i < 2; i++) {
        assert_true(jobs[i].ended);
        assert_int_equal(jobs[i].result.code, ERR_WORKER_LOST);
        job_free(&jobs[i]);
    }
    assert_int_equal(count_children(getpid()), 0);
    fixture_limits(fixture);
    assert_int_equal(fixture_open(fixture, EXEC_ISOLATION_PROCESS, &detail), 0);
}

static void test_idle_workers_are_trimmed(void **state)
{
    struct fixture *fixture = *state;
    struct job jobs[12];
    struct exec_stats stats;
    for (int i = 0; i < 12; i++) {
        assert_true(fixture_until(fixture, exec_can_start(fixture->pool, 64 * MIB)));
        assert_int_equal(start_long(fixture, &jobs[i], "sleep 600000"), 0);
    }
    cancel_all(fixture, jobs, 12);
    exec_pool_stats(fixture->pool, &stats);
    assert_true(stats.workers >= 12);
    /* Two rounds of the timer, made shorter. */
    for (int i = 0; i < 2; i++) {
        uv_timer_set_repeat(&fixture->pool->trim, 1);
        uv_timer_again(&fixture->pool->trim);
        fixture_run_ms(fixture, 50);
    }
    assert_true(
        fixture_until(fixture, (exec_pool_stats(fixture->pool, &stats),
                                stats.workers == fixture->limits.value[LIMIT_WARM_WORKERS])));
    assert_int_equal(stats.lost, 0);
    assert_well(fixture);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, open_default, close_default)

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--zygote") == 0)
        exec_zygote_main();
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_answers),
        POOL_TEST(test_logs_and_secrets),
        POOL_TEST(test_request_too_large),
        POOL_TEST(test_largest),
        POOL_TEST(test_window_wiped),
        POOL_TEST(test_death_during_job),
        POOL_TEST(test_breach),
        POOL_TEST(test_answers_twice),
        POOL_TEST(test_engine_breaks),
        POOL_TEST(test_killed_while_idle),
        POOL_TEST(test_killed_by_number),
        POOL_TEST(test_killed_during_restore),
        POOL_TEST(test_stopped),
        POOL_TEST(test_timeout_by_itself),
        POOL_TEST(test_cancel),
        POOL_TEST(test_late_cancel),
        POOL_TEST(test_sleepers_hold_up_nobody),
        POOL_TEST(test_ahead_and_taken_back),
        POOL_TEST(test_ahead_in_order),
        POOL_TEST(test_ahead_tried_again),
        POOL_TEST(test_ahead_claimed),
        POOL_TEST(test_ahead_unread),
        POOL_TEST(test_ahead_outlives_worker),
        POOL_TEST(test_unread_answers_of_the_dead),
        POOL_TEST(test_given_to_one_that_dies),
        POOL_TEST(test_ahead_cancelled),
        POOL_TEST(test_alone),
        POOL_TEST(test_secrets_ahead),
        POOL_TEST(test_nothing_ahead_of_the_last),
        POOL_TEST(test_small_jobs_make_no_workers),
        POOL_TEST(test_workers_are_bounded),
        POOL_TEST(test_memory_total),
        POOL_TEST(test_retirement),
        POOL_TEST(test_no_leaks),
        POOL_TEST(test_zygote_dies),
        POOL_TEST(test_workers_fail_to_start),
        POOL_TEST(test_descriptors_exhausted),
        POOL_TEST(test_shared_memory_exhausted),
        POOL_TEST(test_zygote_stopped),
        POOL_TEST(test_zygote_socket_full),
        POOL_TEST(test_no_job_before_ready),
        POOL_TEST(test_never_ready),
        POOL_TEST(test_sealed_report),
        POOL_TEST(test_free_while_running),
        POOL_TEST(test_idle_workers_are_trimmed),
    };
    return RUN_TESTS(tests);
}
