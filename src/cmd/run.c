/*
 * `neocompute run`: one job on one worker of a pool of its own, sealed and limited as in a service.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/sha256.h"
#include "cmd/cmd.h"
#include "cmd/local_job.h"
#include "cmd/outcome.h"
#include "cmd/run_secrets.h"
#include "cmd/script.h"
#include "engine/engine.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct run_options {
    struct script_options script;
    struct run_secrets secrets;
    int isolation;
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
    char duration[CLOCK_DURATION_SIZE], hash[2 * SHA256_SIZE + 1];
    uint8_t digest[SHA256_SIZE];
    const char *comma = "";

    clock_format_duration(duration, result->duration_ns);
    buf_addf(&buf, "{\"status\":\"%s\"", result->code == 0 ? "completed" : "failed");
    if (result->code == 0) {
        sha256((struct span){result->output.data, result->output.size}, digest);
        json_next_key(&buf, "output");
        buf_add(&buf, result->output.data, result->output.size);
        hex_encode(hash, digest, sizeof(digest));
        json_next_key(&buf, "output_hash");
        json_str(&buf, hash);
    }
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

static int show_result(const struct run_options *options, const struct exec_result *result)
{
    struct outcome outcome = {
        .code = result->code,
        .output = {result->output.data, result->output.size},
        .error = {result->error.data, result->error.size},
        .logs = {result->logs.data, result->logs.size},
    };

    return options->script.json ? print_json(result) : outcome_print(&outcome);
}

/* The job, once the script is read: everything but the secrets, which are read after the zygote. */
static struct local_job make_job(const struct run_options *options, const struct script *script)
{
    const struct limits *limits = &options->script.limits;

    return (struct local_job){
        .request = {.script = {script->text.data, script->text.size},
                    .entry_point = span_of(options->script.entry),
                    .input = {script->input.data, script->input.size},
                    .timeout_ms = limits->value[LIMIT_TIMEOUT],
                    .gas_limit = limits->value[LIMIT_GAS],
                    .memory_limit = limits->value[LIMIT_MEMORY]},
        .limits = limits,
        .isolation = option_isolation(options->isolation),
    };
}

int cmd_run(const struct cmd *cmd, int argc, char **argv)
{
    static struct run_options options = {.script.entry = "main"};
    struct exec_result result = {0};
    struct error_detail detail = {0};
    struct args_result arguments;
    struct script script = {0};
    struct local_job job;
    int status, r;

    limits_init(&options.script.limits);
    if (!cmd_parse(cmd, &options, argc, argv, &arguments, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    r = script_read(&script, arguments.arguments[0], &options.script, &detail);
    if (!r) {
        job = make_job(&options, &script);
        r = local_job_prepare(&job, &detail);
    }
    if (!r)
        r = run_secrets_read(&options.secrets, &detail);
    if (!r) {
        run_secrets_put(&options.secrets, &job.request);
        r = local_job_run(&job, &result, &detail);
    }
    status = r ? cmd_fail(&detail) : show_result(&options, &result);
    local_job_result_done(&result);
    run_secrets_done(&options.secrets);
    script_done(&script);
    return status;
}
