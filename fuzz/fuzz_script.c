/*
 * Whole scripts, in the realm of both builds. Whatever a script is, the job must end by itself
 * within its gas, an output must be what the core takes, both builds must agree on what they charge
 * and answer, and the next job must find a realm as it was at the start.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "exec/answer_check.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define GAS         3000000u
#define OUTPUT_MOST 65536u
#define DEPTH_MOST  1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine *engines[2];
static struct answer_scratch scratch;

/* What one engine answered. */
struct answer {
    struct engine_result result;
    char output[OUTPUT_MOST], logs[OUTPUT_MOST], error[OUTPUT_MOST];
};

static void expect(bool right)
{
    if (!right)
        abort();
}

static int never(void *ctx)
{
    (void)ctx;
    return 0;
}

/* Nobody waits here: a timer that lies ahead ends the job by its timeout. */
static void no_sleep(void *ctx, uint64_t monotonic_ns)
{
    (void)ctx;
    (void)monotonic_ns;
}

static void run(struct engine *engine, struct span script, struct answer *ret)
{
    const struct engine_host host = {.interrupted = never, .sleep_until = no_sleep};
    const struct engine_job job = {
        .script = script,
        .entry_point = SPAN("main"),
        .input = SPAN("{\"a\":[1,2.5,\"x\"]}"),
        .gas_limit = GAS,
        .memory_limit = 16 * MIB,
        .timeout_ns = 5000 * NS_PER_MS,
        .output_depth = DEPTH_MOST,
        .log_entries = 10,
        .log_entry_bytes = 256,
        .timers = 10,
    };
    const struct engine_out out = {ret->output, OUTPUT_MOST, ret->logs,
                                   OUTPUT_MOST, ret->error,  OUTPUT_MOST};
    expect(engine_run(engine, &host, &job, &out, &ret->result) == 0);
}

static void check(const struct answer *answer)
{
    const struct engine_result *r = &answer->result;
    struct span output = {answer->output, r->output_size}, error = {answer->error, r->error_size};
    expect(r->gas_used <= GAS);
    if (r->code == 0)
        expect(answer_check_output(&scratch, output) == NULL);
    else
        expect(answer_check_error(error) == NULL);
}

static void set_up(void)
{
    expect(engine_new(ENGINE_BOUNDS_GUARD, &engines[0]) == 0);
    expect(engine_new(ENGINE_BOUNDS_CHECKED, &engines[1]) == 0);
    expect(answer_scratch_init(&scratch, DEPTH_MOST) == 0);
}

/* What is charged and answered is the same, unless the job saw a clock, random numbers or timers.
 */
static void compare(const struct answer *a, const struct answer *b)
{
    if (a->result.nondeterminism || b->result.nondeterminism || a->result.code == ERR_TIMEOUT ||
        b->result.code == ERR_TIMEOUT)
        return;
    expect(a->result.code == b->result.code && a->result.gas_used == b->result.gas_used &&
           a->result.memory_used == b->result.memory_used &&
           a->result.output_size == b->result.output_size);
    expect(memcmp(a->output, b->output, a->result.output_size) == 0);
}

struct work {
    struct span script;
};

static void *job_main(void *ctx)
{
    static struct answer answers[2];
    const struct work *work = ctx;
    if (!engines[0])
        set_up();
    for (int i = 0; i < 2; i++) {
        run(engines[i], work->script, &answers[i]);
        check(&answers[i]);
    }
    compare(&answers[0], &answers[1]);
    run(engines[0], SPAN("function main(i) { return {n: i.a.length, t: [].concat(1)} }"),
        &answers[0]);
    expect(answers[0].result.code == 0);
    expect(span_equal((struct span){answers[0].output, answers[0].result.output_size},
                      SPAN("{\"n\":3,\"t\":[1]}")));
    return NULL;
}

/* The engine wants a stack of its own size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct work work = {{(const char *)data, size}};
    pthread_attr_t attributes;
    pthread_t thread;
    if (!utf8_valid(work.script))
        return 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 2 * engine_stack_bytes);
    expect(pthread_create(&thread, &attributes, job_main, &work) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    return 0;
}
