/*
 * `neocompute exec`: as `run`, but on a server.
 */
#include "base/json.h"
#include "base/json_read.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/outcome.h"
#include "cmd/script.h"
#include <inttypes.h>
#include <signal.h>
#include <string.h>

struct exec_command {
    struct script_options script;
    struct client_options client;
};

void cmd_exec_options(struct option_list *list)
{
    option_add_script(list, offsetof(struct exec_command, script));
    option_add_client(list, offsetof(struct exec_command, client));
}

/* A limit that was not asked for (0) is left out, so that the server's own applies. */
static void add_limits(struct buf *buf, const struct limits *limits)
{
    uint64_t timeout_ms = limits->value[LIMIT_TIMEOUT];

    if (timeout_ms > 0)
        buf_addf(buf, ",\"timeout\":%" PRIu64 ".%03u", timeout_ms / 1000,
                 (unsigned)(timeout_ms % 1000));
    if (limits->value[LIMIT_GAS] > 0)
        buf_addf(buf, ",\"gas_limit\":%" PRIu64, limits->value[LIMIT_GAS]);
    if (limits->value[LIMIT_MEMORY] > 0)
        buf_addf(buf, ",\"memory_limit\":%" PRIu64, limits->value[LIMIT_MEMORY]);
}

static int make_body(struct buf *buf, const struct exec_command *command,
                     const struct script *script, struct error_detail *detail)
{
    /* A byte may become six characters of an escape. */
    buf_init(buf, 6 * script->text.size + script->input.size + 4096);
    buf_add_str(buf, "{\"script\":");
    json_string(buf, (struct span){script->text.data, script->text.size});
    if (command->script.entry) {
        json_next_key(buf, "entry_point");
        json_str(buf, command->script.entry);
    }
    json_next_key(buf, "input");
    buf_add(buf, script->input.data, script->input.size);
    add_limits(buf, &command->script.limits);
    buf_add_char(buf, '}');
    if (buf_failed(buf))
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the request");
    return 0;
}

/* Shows the answer's job as `run` shows its own. */
static int show_answer(const struct exec_command *command, struct span answer)
{
    struct buf error = BUF_INIT(answer.size + 1), code = BUF_INIT(answer.size + 1);
    struct outcome outcome = {0};
    struct span value;
    int status;

    if (json_member(answer, "error_code", &value) && json_unquote(value, &code) == 0 &&
        buf_terminate(&code) == 0) {
        outcome.code = error_from_name(code.data);
        if (outcome.code == 0)
            outcome.code = ERR_SCRIPT_ERROR; /* of a newer server */
    }
    if (json_member(answer, "error", &value) && json_unquote(value, &error) == 0)
        outcome.error = (struct span){error.data, error.size};
    json_member(answer, "output", &outcome.output);
    json_member(answer, "logs", &outcome.logs);
    if (command->script.json) {
        outcome_text(stdout, answer);
        fputc('\n', stdout);
        status = outcome_exit(outcome.code);
    } else {
        status = outcome_print(&outcome);
    }
    buf_done(&error);
    buf_done(&code);
    return status;
}

int cmd_exec(const struct cmd *cmd, int argc, char **argv)
{
    struct exec_command command = {.client.server = "http://127.0.0.1:8080"};
    struct limits *limits = &command.script.limits;
    struct client_answer answer = {0};
    struct error_detail detail = {0};
    struct args_result arguments;
    struct script script = {0};
    struct buf body = {0};
    int status;

    if (!cmd_parse(cmd, &command, argc, argv, &arguments, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    /* What the server allows is its business; these only keep a wrong file out of memory. */
    limits->value[LIMIT_SCRIPT_BYTES] = limit_table[LIMIT_SCRIPT_BYTES].most;
    limits->value[LIMIT_INPUT_BYTES] = limit_table[LIMIT_INPUT_BYTES].most;
    if (script_read(&script, arguments.arguments[0], &command.script, &detail) < 0 ||
        make_body(&body, &command, &script, &detail) < 0 ||
        client_call(&command.client, "POST", "/execute", (struct span){body.data, body.size},
                    &answer, &detail) < 0)
        status = cmd_fail(&detail);
    else
        status = show_answer(&command, (struct span){answer.body.data, answer.body.size});
    script_done(&script);
    buf_done(&body);
    client_answer_done(&answer);
    return status;
}
