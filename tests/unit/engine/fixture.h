/* What the tests of the engine share: engines of both builds, and one way to run a script. */
#ifndef NEOCOMPUTE_TESTS_ENGINE_FIXTURE_H
#define NEOCOMPUTE_TESTS_ENGINE_FIXTURE_H

#include "base/clock.h"
#include "engine/fault.h"
#include "engine/runtime.h"
#include "unit.h"
#include <pthread.h>
#include <time.h>

#define FIXTURE_OUTPUT_BYTES (1 * MIB)
#define FIXTURE_LOGS_BYTES   (1 * MIB)
#define FIXTURE_ERROR_BYTES  (16 * KIB)

struct fixture {
    struct engine *engine;
    struct engine_job job; /* limits; script, entry point and input are set by run() */
    struct engine_host host;
    struct engine_result result;
    uint64_t interrupt_at_ns; /* 0: never */
    char output[FIXTURE_OUTPUT_BYTES], logs[FIXTURE_LOGS_BYTES], error[FIXTURE_ERROR_BYTES + 1];
};

static int fixture_interrupted(void *ctx)
{
    struct fixture *f = ctx;
    return f->interrupt_at_ns != 0 && clock_now_ns() >= f->interrupt_at_ns ? ERR_CANCELLED : 0;
}

/* Sleeps in short steps, so that a cancel is noticed. */
static void fixture_sleep_until(void *ctx, uint64_t monotonic_ns)
{
    while (clock_now_ns() < monotonic_ns && fixture_interrupted(ctx) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
}

static struct fixture *fixture_new(enum engine_bounds bounds)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(engine_new(bounds, &f->engine), 0);
    f->host = (struct engine_host){f, fixture_interrupted, fixture_sleep_until};
    f->job = (struct engine_job){.gas_limit = 2000000000,
                                 .memory_limit = 32 * MIB,
                                 .timeout_ns = 60 * NS_PER_S,
                                 .output_depth = 1000,
                                 .log_entries = 100,
                                 .log_entry_bytes = 4096,
                                 .timers = 1000};
    return f;
}

static void fixture_free(struct fixture *f)
{
    engine_free(f->engine);
    free(f);
}

/* Of the `size` bytes at `at`; memcmp is fast. */
static bool all_zero(const uint8_t *at, size_t size)
{
    return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}

/* Has the checked build nothing noted any more, and nothing in `size` bytes behind the snapshot? */
static void assert_nothing_behind(const struct engine *e, size_t size)
{
    size_t start = (size_t)e->snapshot.pages * ENGINE_PAGE_BYTES;
    size_t most = (size_t)WASM_MASK + 1 + WASM_MASK_SLACK - start;
    assert_true(all_zero(e->wasm.memory + start, size < most ? size : most));
    assert_true(all_zero(e->wasm.written, sizeof(e->wasm.written)));
}

/* What most jobs of the tests could reach; WASM_MASK is looked at where that is the question. */
#define FIXTURE_BYTES_BEHIND (4 * MIB)

/* Is everything as in the snapshot: memory, what lies behind it, globals, timers? */
static void assert_restored(struct fixture *f)
{
    struct engine *e = f->engine;
    size_t size = (size_t)e->snapshot.pages * ENGINE_PAGE_BYTES;
    assert_int_equal(e->wasm.memory_size, size);
    assert_int_equal(e->wasm.stack_pointer, e->snapshot.stack_pointer);
    assert_int_equal(e->wasm.depth, ENGINE_CALL_DEPTH);
    assert_int_equal(e->timers.count, 0);
    assert_null(e->job);
    if (memcmp(e->wasm.memory, e->snapshot.image, size) != 0) {
        fail_msg("linear memory is not as in the snapshot");
    }
    if (e->bounds == ENGINE_BOUNDS_CHECKED) {
        assert_nothing_behind(e, FIXTURE_BYTES_BEHIND);
    }
}

static int run_entry(struct fixture *f, const char *script, const char *entry, const char *input)
{
    f->job.script = span_of(script);
    f->job.entry_point = span_of(entry);
    f->job.input = span_of(input);
    struct engine_out out = {f->output,       sizeof(f->output), f->logs,
                             sizeof(f->logs), f->error,          FIXTURE_ERROR_BYTES};
    assert_int_equal(fault_install(), 0); /* cmocka puts its own handler there for each test */
    memset(&f->result, 0x5a, sizeof(f->result));
    assert_int_equal(engine_run(f->engine, &f->host, &f->job, &out, &f->result), 0);
    assert_restored(f);
    f->error[f->result.error_size] = '\0';
    return f->result.code;
}

static int run(struct fixture *f, const char *script)
{
    return run_entry(f, script, "main", "{}");
}

/* Runs a script that must work, and compares its output. */
static void assert_output(struct fixture *f, const char *script, const char *expected)
{
    int code = run(f, script);
    if (code != 0) {
        fail_msg("%s: %s: %s", script, error_name(code), f->error);
    }
    if (f->result.output_size != strlen(expected) ||
        memcmp(f->output, expected, f->result.output_size) != 0) {
        fail_msg("%s:\n  expected %s\n  got      %.*s", script, expected,
                 (int)f->result.output_size, f->output);
    }
}

static void assert_code(struct fixture *f, const char *script, int code)
{
    int got = run(f, script);
    if (got != code) {
        fail_msg("%.200s: expected %s, got %s: %s", script, error_name(code), error_name(got),
                 f->error);
    }
}

/* The log entry at `index`. */
static struct span log_entry(const struct fixture *f, uint32_t index)
{
    size_t at = 0;
    for (uint32_t i = 0;; i++) {
        uint32_t size;
        assert_true(i < f->result.log_count);
        memcpy(&size, f->logs + at, sizeof(size));
        at += sizeof(size);
        if (i == index) {
            return (struct span){f->logs + at, size};
        }
        at += size;
    }
}

/* Tests run on a thread with the stack that the engine asks for. */
struct fixture_group {
    const struct CMUnitTest *tests;
    size_t count;
    int failed;
};

static void *run_group(void *arg)
{
    struct fixture_group *group = arg;
    group->failed = _cmocka_run_group_tests("engine", group->tests, group->count, NULL, NULL);
    return NULL;
}

static int run_on_engine_stack(const struct CMUnitTest *tests, size_t count)
{
    struct fixture_group group = {tests, count, 1};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, engine_stack_bytes);
    if (pthread_create(&thread, &attributes, run_group, &group) == 0) {
        pthread_join(thread, NULL);
    }
    return group.failed;
}

#define RUN_ENGINE_TESTS(tests) run_on_engine_stack(tests, sizeof(tests) / sizeof((tests)[0]))

/* Setup and teardown of one test. */
static int setup_guard(void **state)
{
    *state = fixture_new(ENGINE_BOUNDS_GUARD);
    return 0;
}

static int setup_checked(void **state)
{
    *state = fixture_new(ENGINE_BOUNDS_CHECKED);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

#define GUARD_TEST(name)   cmocka_unit_test_setup_teardown(name, setup_guard, teardown)
#define CHECKED_TEST(name) {#name "_checked", name, setup_checked, teardown, NULL}
#define BOTH_TESTS(name)   GUARD_TEST(name), CHECKED_TEST(name)

#endif
