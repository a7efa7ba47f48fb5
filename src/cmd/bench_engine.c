/*
 * `neocompute bench engine`: what a fresh job costs, its parts, and how fast the engine computes.
 */
#include "base/clock.h"
#include "cmd/cmd.h"
#include "engine/engine.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARM_UP_JOBS  500u
#define JOBS          4000u
#define KERNEL_ROUNDS 5u
#define OUTPUT_BYTES  4096u

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions" /* #embed */
static const char kernel_source[] = {
#embed "bench_kernels.js"
};
#pragma clang diagnostic pop

static const char *const kernels[] = {"calls",   "floats",  "objects", "arrays",
                                      "strings", "regexps", "json"};
#define KERNEL_COUNT (sizeof(kernels) / sizeof(kernels[0]))

static const char small_script[] = "function main(input) {\n"
                                   "  let sum = 0;\n"
                                   "  for (const x of input.values) sum += x * input.weight;\n"
                                   "  return { sum, count: input.values.length };\n"
                                   "}\n";
static const char small_input[] = "{\"values\":[1,2,3,4,5,6,7,8,9,10],\"weight\":2.5}";

struct bench_options {
    bool json;
    int bounds; /* enum engine_bounds */
};

static const char *const bounds_names[] = {"guard", "checked", NULL};

void cmd_bench_engine_options(struct option_list *list)
{
    option_add(list, (struct args_option){"json", NULL, "print the figures as JSON", NULL,
                                          args_set_flag, offsetof(struct bench_options, json)});
    option_add(list, (struct args_option){"bounds", "BOUNDS",
                                          "how addresses are bounded: guard pages or checked",
                                          "guard", args_set_choice,
                                          offsetof(struct bench_options, bounds), bounds_names});
}

/* One series of the same job; times in ns, sorted. */
struct series {
    uint64_t total[JOBS], inside[JOBS], outside[JOBS];
    uint64_t gas;
};

struct kernel_result {
    uint64_t best_ns, gas;
};

struct figures {
    uint64_t start_ns; /* making the engine */
    struct series small, empty;
    struct kernel_result kernels[KERNEL_COUNT];
};

static int never(void *ctx)
{
    return 0;
}

/* No job of the benchmark sets a timer. */
static void no_sleep(void *ctx, uint64_t monotonic_ns)
{
}

static const struct engine_host host = {.interrupted = never, .sleep_until = no_sleep};

static struct engine_job job_of(struct span script, const char *entry, const char *input)
{
    return (struct engine_job){.script = script,
                               .entry_point = span_of(entry),
                               .input = span_of(input),
                               .gas_limit = limit_table[LIMIT_GAS].standard,
                               .memory_limit = limit_table[LIMIT_MEMORY].standard,
                               .timeout_ns = limit_table[LIMIT_TIMEOUT].standard * NS_PER_MS,
                               .output_depth = (uint32_t)limit_table[LIMIT_OUTPUT_DEPTH].standard};
}

static int run(struct engine *engine, const struct engine_job *job, struct engine_result *result,
               struct error_detail *detail)
{
    static char output[OUTPUT_BYTES], error[OUTPUT_BYTES];
    const struct engine_out out = {
        .output = output, .output_max = sizeof(output), .error = error, .error_max = sizeof(error)};
    int r = engine_run(engine, &host, job, &out, result);
    if (r != 0 || result->code != 0)
        return error_set(detail, r != 0 ? r : result->code, "bench", "%.*s: %.*s",
                         (int)job->entry_point.size, job->entry_point.data, (int)result->error_size,
                         error);
    return 0;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int measure_series(struct engine *engine, const struct engine_job *job,
                          struct series *series, struct error_detail *detail)
{
    for (unsigned i = 0; i < WARM_UP_JOBS + JOBS; i++) {
        struct engine_result result;
        uint64_t start = clock_now_ns();
        int r = run(engine, job, &result, detail);
        uint64_t total = clock_now_ns() - start;
        if (r < 0)
            return r;
        if (i >= WARM_UP_JOBS) {
            series->total[i - WARM_UP_JOBS] = total;
            series->inside[i - WARM_UP_JOBS] = result.duration_ns;
            series->outside[i - WARM_UP_JOBS] = total - result.duration_ns;
        }
        series->gas = result.gas_used;
    }
    qsort(series->total, JOBS, sizeof(uint64_t), compare_u64);
    qsort(series->inside, JOBS, sizeof(uint64_t), compare_u64);
    qsort(series->outside, JOBS, sizeof(uint64_t), compare_u64);
    return 0;
}

static int measure_kernels(struct engine *engine, struct figures *figures,
                           struct error_detail *detail)
{
    for (size_t k = 0; k < KERNEL_COUNT; k++) {
        struct engine_job job =
            job_of((struct span){kernel_source, sizeof(kernel_source)}, kernels[k], "{}");
        figures->kernels[k].best_ns = UINT64_MAX;
        for (unsigned i = 0; i < KERNEL_ROUNDS; i++) {
            struct engine_result result;
            int r = run(engine, &job, &result, detail);
            if (r < 0)
                return r;
            if (result.duration_ns < figures->kernels[k].best_ns)
                figures->kernels[k].best_ns = result.duration_ns;
            figures->kernels[k].gas = result.gas_used;
        }
    }
    return 0;
}

static int measure(const struct bench_options *options, struct figures *figures,
                   struct error_detail *detail)
{
    struct engine *engine;
    uint64_t start = clock_now_ns();
    int r = engine_new((enum engine_bounds)options->bounds, &engine);
    if (r < 0)
        return error_set(detail, r, "bench", "the engine could not be made");
    figures->start_ns = clock_now_ns() - start;
    struct engine_job small = job_of(span_of(small_script), "main", small_input);
    struct engine_job empty = job_of(SPAN("function main() {}"), "main", "{}");
    r = measure_series(engine, &small, &figures->small, detail);
    if (r == 0)
        r = measure_series(engine, &empty, &figures->empty, detail);
    if (r == 0)
        r = measure_kernels(engine, figures, detail);
    engine_free(engine);
    return r;
}

/* The engine wants a larger stack than the main thread may have. */
struct task {
    const struct bench_options *options;
    struct figures *figures;
    struct error_detail *detail;
    int result;
};

static void *measure_in_thread(void *arg)
{
    struct task *task = arg;

    task->result = measure(task->options, task->figures, task->detail);
    return NULL;
}

static int measure_on_large_stack(struct task *task)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    int r = pthread_attr_setstacksize(&attributes, engine_stack_bytes);
    if (r == 0)
        r = pthread_create(&thread, &attributes, measure_in_thread, task);
    pthread_attr_destroy(&attributes);
    if (r != 0)
        return error_set(task->detail, ERR_SYSTEM, "bench", "no thread could be started");
    pthread_join(thread, NULL);
    return task->result;
}

static double us(uint64_t ns)
{
    return (double)ns / (double)NS_PER_US;
}

static void print_row(const char *name, const uint64_t sorted[static JOBS])
{
    printf("  %-38s %8.2f %8.2f %8.2f\n", name, us(sorted[JOBS / 2]), us(sorted[0]),
           us(sorted[JOBS * 99 / 100]));
}

static void print_text(const struct bench_options *options, const struct figures *f)
{
    printf("engine %.16s, %s bounds, made in %.2f ms\n\n", engine_digest(),
           bounds_names[options->bounds], us(f->start_ns) / 1000);
    printf("%-40s %8s %8s %8s\n", "µs a job", "median", "best", "p99");
    print_row("fresh small job", f->small.total);
    print_row("  realm to output", f->small.inside);
    print_row("  restore", f->small.outside);
    print_row("fresh empty job", f->empty.total);
    printf("  %-38s %8llu\n\n", "gas of the small job", (unsigned long long)f->small.gas);
    printf("%-40s %8s %12s %8s\n", "CPU kernels (best of 5)", "ms", "gas", "gas/ns");
    for (size_t k = 0; k < KERNEL_COUNT; k++) {
        const struct kernel_result *kernel = &f->kernels[k];
        printf("  %-38s %8.2f %12llu %8.2f\n", kernels[k], us(kernel->best_ns) / 1000,
               (unsigned long long)kernel->gas, (double)kernel->gas / (double)kernel->best_ns);
    }
}

static void add_series(struct buf *buf, const char *name, const uint64_t sorted[static JOBS])
{
    buf_addf(buf, "\"%s\":{\"median\":%.3f,\"best\":%.3f,\"p99\":%.3f},", name,
             us(sorted[JOBS / 2]), us(sorted[0]), us(sorted[JOBS * 99 / 100]));
}

static void print_json(const struct bench_options *options, const struct figures *f)
{
    struct buf buf = BUF_INIT(16 * KIB);
    buf_addf(&buf, "{\"engine_digest\":\"%s\",\"bounds\":\"%s\",\"make_us\":%.3f,\"us\":{",
             engine_digest(), bounds_names[options->bounds], us(f->start_ns));
    add_series(&buf, "fresh_small_job", f->small.total);
    add_series(&buf, "small_job_inside", f->small.inside);
    add_series(&buf, "small_job_restore", f->small.outside);
    add_series(&buf, "fresh_empty_job", f->empty.total);
    buf_addf(&buf, "\"jobs\":%u},\"small_job_gas\":%llu,\"kernels\":[", JOBS,
             (unsigned long long)f->small.gas);
    for (size_t k = 0; k < KERNEL_COUNT; k++)
        buf_addf(&buf, "%s{\"name\":\"%s\",\"ms\":%.3f,\"gas\":%llu}", k > 0 ? "," : "", kernels[k],
                 us(f->kernels[k].best_ns) / 1000, (unsigned long long)f->kernels[k].gas);
    buf_add_str(&buf, "]}\n");
    fwrite(buf.data, 1, buf.size, stdout);
    buf_done(&buf);
}

int cmd_bench_engine(const struct cmd *cmd, int argc, char **argv)
{
    static struct figures figures; /* large, and there is one */
    struct bench_options options = {.bounds = ENGINE_BOUNDS_GUARD};
    struct error_detail detail = {0};
    struct args_result arguments;
    int status;

    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    struct task task = {&options, &figures, &detail, 0};
    if (measure_on_large_stack(&task) < 0)
        return cmd_fail(&detail);
    (options.json ? print_json : print_text)(&options, &figures);
    return CMD_EXIT_DONE;
}
