/*
 * `neocompute run`: one job on one worker of a pool of its own, sealed and limited as in a service.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/outcome.h"
#include "cmd/run_secrets.h"
#include "cmd/script.h"
#include "engine/engine.h"
#include "exec/exec.h"
#include "protect/protect.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_MS 100

struct run_options {
    struct script_options script;
    struct run_secrets secrets;
    int isolation;
};

struct run {
    struct run_options options;
    uv_loop_t loop;
    uv_timer_t progress;
    uv_signal_t interrupt;
    struct exec_pool *pool;
    struct exec_run *job; /* NULL once it has ended */
    uint64_t started_ns;
    int code; /* of the fault, if the pool could not even end the job */
    int status;
};

void cmd_run_options(struct option_list *list)
{
    option_add_script(list, offsetof(struct run_options, script));
    run_secrets_add_options(list, offsetof(struct run_options, secrets));
    option_add_isolation(list, offsetof(struct run_options, isolation));
}

/* The whole answer, in the words of the HTTP interface. */
static int print_json(const struct exec_result *result)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } sources[] = {
        {ENGINE_USED_CLOCK, "clock"}, {ENGINE_USED_RANDOM, "random"}, {ENGINE_USED_TIMER, "timer"}};
    struct buf buf =
        BUF_INIT(result->output.size + result->error.size * 6 + result->logs.size + 4096);
    char duration[CLOCK_DURATION_SIZE], hash[2 * PROTECT_HASH_SIZE + 1];
    uint8_t digest[PROTECT_HASH_SIZE];
    struct protect *protect = NULL;
    const char *comma = "";

    clock_format_duration(duration, result->duration_ns);
    buf_addf(&buf, "{\"status\":\"%s\"", result->code == 0 ? "completed" : "failed");
    if (result->code == 0 && protect_new(NULL, &protect, NULL) == 0 &&
        protect_hash(protect, (struct span){result->output.data, result->output.size}, digest) ==
            0) {
        json_next_key(&buf, "output");
        buf_add(&buf, result->output.data, result->output.size);
        hex_encode(hash, digest, sizeof(digest));
        json_next_key(&buf, "output_hash");
        json_str(&buf, hash);
    }
    protect_free(protect);
    json_next_key(&buf, "logs");
    if (result->logs.size > 0)
        buf_add(&buf, result->logs.data, result->logs.size);
    else
        buf_add_str(&buf, "[]");
    if (result->code != 0) {
        json_next_key(&buf, "error");
        json_string(&buf, (struct span){result->error.data, result->error.size});
        json_next_key(&buf, "error_code");
        json_str(&buf, error_name(result->code));
    }
    json_next_key(&buf, "gas_used");
    json_u64(&buf, result->gas_used);
    json_next_key(&buf, "memory_used");
    json_u64(&buf, result->memory_used);
    json_next_key(&buf, "duration");
    json_str(&buf, duration);
    json_next_key(&buf, "nondeterminism");
    buf_add_char(&buf, '[');
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        if (result->nondeterminism & sources[i].bit) {
            buf_addf(&buf, "%s\"%s\"", comma, sources[i].name);
            comma = ",";
        }
    buf_add_str(&buf, "]}\n");
    outcome_text(stdout, (struct span){buf.data, buf.size});
    buf_done(&buf);
    return fflush(stdout) == 0 ? outcome_exit(result->code) : CMD_EXIT_SERVICE;
}

static void show_progress(uv_timer_t *timer)
{
    struct run *run = timer->data;
    uint64_t ms = (clock_now_ns() - run->started_ns) / NS_PER_MS;

    fprintf(stderr, "\r\033[Krunning %llu.%llu s of at most %llu s",
            (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000 / 100),
            (unsigned long long)(run->options.script.limits.value[LIMIT_TIMEOUT] / 1000));
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

    run->job = NULL;
    stop_watching(run);
    if (run->options.script.json) {
        run->status = print_json(result);
    } else {
        struct outcome outcome = {
            .code = result->code,
            .output = {result->output.data, result->output.size},
            .error = {result->error.data, result->error.size},
            .logs = {result->logs.data, result->logs.size},
        };
        run->status = outcome_print(&outcome);
    }
    uv_stop(&run->loop);
}

static void run_interrupted(uv_signal_t *signal, int number)
{
    struct run *run = signal->data;

    if (run->job)
        exec_cancel(run->job);
}

static int run_start(struct run *run, const struct script *script, struct error_detail *detail)
{
    const struct limits *limits = &run->options.script.limits;
    struct exec_request request = {
        .script = {script->text.data, script->text.size},
        .entry_point = span_of(run->options.script.entry),
        .input = {script->input.data, script->input.size},
        .timeout_ms = limits->value[LIMIT_TIMEOUT],
        .gas_limit = limits->value[LIMIT_GAS],
        .memory_limit = limits->value[LIMIT_MEMORY],
    };
    int r;

    run_secrets_put(&run->options.secrets, &request);
    run->started_ns = clock_now_ns();
    if (!exec_can_start(run->pool, request.memory_limit))
        return error_set(detail, ERR_USAGE, "--memory-limit", "the machine has not so much memory");
    r = exec_start(run->pool, &request, run_ended, run, &run->job);
    if (r < 0)
        return error_set(detail, r, "", "%s", error_text(r));
    return 0;
}

/* Runs the job to its end. The pool goes before the loop, which has its handles. */
static int run_job(struct run *run, const struct script *script, struct exec_zygote *zygote,
                   struct error_detail *detail)
{
    struct exec_options options = {
        .loop = &run->loop,
        .limits = &run->options.script.limits,
        .isolation = option_isolation(run->options.isolation),
        .zygote = zygote,
    };
    int r;

    if (uv_loop_init(&run->loop) != 0)
        return error_set(detail, ERR_SYSTEM, "", "the event loop cannot be made");
    uv_timer_init(&run->loop, &run->progress);
    uv_signal_init(&run->loop, &run->interrupt);
    run->progress.data = run->interrupt.data = run;
    r = exec_pool_new(&options, &run->pool, detail);
    if (r == 0)
        r = run_start(run, script, detail);
    if (r == 0) {
        uv_signal_start(&run->interrupt, run_interrupted, SIGINT);
        if (isatty(STDERR_FILENO))
            uv_timer_start(&run->progress, show_progress, PROGRESS_MS, PROGRESS_MS);
        uv_run(&run->loop, UV_RUN_DEFAULT);
    }
    exec_pool_free(run->pool);
    if (!uv_is_closing((uv_handle_t *)&run->progress))
        stop_watching(run);
    uv_run(&run->loop, UV_RUN_DEFAULT);
    uv_loop_close(&run->loop);
    return r;
}

int cmd_run(const struct cmd *cmd, int argc, char **argv)
{
    static struct run run = {.options.script.entry = "main"};
    struct limits *limits = &run.options.script.limits;
    struct exec_zygote *zygote = NULL;
    struct error_detail detail = {0};
    struct args_result arguments;
    struct script script = {0};
    int status;

    limits_init(limits);
    limits->value[LIMIT_WORKERS] = limits->value[LIMIT_WARM_WORKERS] = 1;
    if (!cmd_parse(cmd, &run, argc, argv, &arguments, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    if (script_read(&script, arguments.arguments[0], &run.options.script, &detail) < 0 ||
        (option_isolation(run.options.isolation) == EXEC_ISOLATION_PROCESS &&
         exec_zygote_start(&zygote, &detail) < 0) ||
        run_secrets_read(&run.options.secrets, &detail) < 0 ||
        run_job(&run, &script, zygote, &detail) < 0)
        run.status = cmd_fail(&detail);
    run_secrets_done(&run.options.secrets);
    script_done(&script);
    return run.status;
}
