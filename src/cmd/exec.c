/*
 * `neocompute exec`: as `run`, but on a server.
 */
#include "base/json.h"
#include "base/json_read.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/exec_fields.h"
#include "cmd/exec_proof.h"
#include "cmd/outcome.h"
#include "cmd/script.h"
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#define REQUEST_MOST (64u * 1024 * 1024) /* bytes; what a command line can hold fits with ease */

struct exec_command {
    struct script_options script;
    struct exec_fields fields;
    struct client_options client;
    struct trust_options trust;
    bool sealed;
};

void cmd_exec_options(struct option_list *list)
{
    option_add_script(list, offsetof(struct exec_command, script));
    exec_fields_add_options(list, offsetof(struct exec_command, fields));
    option_add_client(list, offsetof(struct exec_command, client));
    option_add(list, (struct args_option){
                         "sealed", NULL, "seal request and answer: only the service reads them",
                         NULL, args_set_flag, offsetof(struct exec_command, sealed)});
    option_add_trust(list, offsetof(struct exec_command, trust));
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

/* `nonce` may be NULL. */
static int make_body(struct buf *buf, const struct exec_command *command,
                     const struct script *script, const char *nonce, struct error_detail *detail)
{
    buf_init(buf, REQUEST_MOST);
    buf_add_str(buf, "{\"script\":");
    json_string(buf, (struct span){script->text.data, script->text.size});
    if (command->script.entry) {
        json_next_key(buf, "entry_point");
        json_str(buf, command->script.entry);
    }
    json_next_key(buf, "input");
    buf_add(buf, script->input.data, script->input.size);
    add_limits(buf, &command->script.limits);
    exec_fields_write(&command->fields, nonce, buf);
    if (command->sealed && command->client.user) {
        json_next_key(buf, "expect_user");
        json_str(buf, command->client.user);
    }
    buf_add_char(buf, '}');
    if (buf_failed(buf))
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the request");
    return 0;
}

/* Shows the answer's job as `run` shows its own; all of it where it takes all of it to open. */
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
    if (command->script.json || command->fields.encrypt_to) {
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

/* Sends it as it is asked for; the answer's body, if it is proved where that was asked for. */
static int call(const struct exec_command *command, const struct script *script, struct buf *ret,
                struct error_detail *detail)
{
    const struct client_options *client = &command->client;
    bool proved = command->sealed || trust_asked(&command->trust);
    struct proof proof = {0};
    struct client_answer answer = {0};
    struct buf body = {0};
    int r = proved ? proof_fetch(client, &command->trust, &proof, detail) : 0;

    if (!r)
        r = make_body(&body, command, script, proved ? proof.nonce : NULL, detail);
    struct span request = {body.data, body.size};
    struct span status;
    if (!r && command->sealed) {
        r = proof_call(&proof, client, request, ret, detail);
    } else if (!r) {
        r = client_call(client, "POST", "/execute", request, &answer, detail);
        if (!r)
            *ret = answer.body;
    }
    if (!r && !json_member((struct span){ret->data, ret->size}, "status", &status))
        r = error_set(detail, ERR_PROTOCOL, client->server,
                      "answered with what is no job. Is this the service's URL?");
    struct proof_asked asked = {script, command->script.entry, &command->fields, command->sealed};
    if (!r && proved)
        r = proof_check(&proof, client, (struct span){ret->data, ret->size}, &asked, detail);
    buf_wipe(&body);
    proof_done(&proof);
    return r;
}

int cmd_exec(const struct cmd *cmd, int argc, char **argv)
{
    struct exec_command command = {.client.server = "http://127.0.0.1:8080"};
    struct limits *limits = &command.script.limits;
    struct buf answer = BUF_INIT(CLIENT_ANSWER_BYTES);
    struct error_detail detail = {0};
    struct args_result arguments;
    struct script script = {0};
    int status;

    if (!cmd_parse(cmd, &command, argc, argv, &arguments, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    /* What the server allows is its business; these only keep a wrong file out of memory. */
    limits->value[LIMIT_SCRIPT_BYTES] = limit_table[LIMIT_SCRIPT_BYTES].most;
    limits->value[LIMIT_INPUT_BYTES] = limit_table[LIMIT_INPUT_BYTES].most;
    if (script_read(&script, arguments.arguments[0], &command.script, &detail) < 0 ||
        exec_fields_read(&command.fields, &detail) < 0)
        status = cmd_fail(&detail);
    else if (call(&command, &script, &answer, &detail) < 0)
        status = cmd_fail(&detail);
    else
        status = show_answer(&command, (struct span){answer.data, answer.size});
    script_done(&script);
    exec_fields_done(&command.fields);
    buf_wipe(&answer);
    return status;
}
