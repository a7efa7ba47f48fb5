/*
 * POST /execute.
 */
#include "api/request.h"
#include "api/route.h"
#include "api/sealed.h"
#include "api/server.h"

static void submit(struct exchange *exchange, const struct request *request,
                   const struct recipient *recipient, struct buf *text)
{
    struct error_detail detail = {0};
    struct job *job = NULL;
    char address[PEER_BYTES];
    struct job_submission submission = {
        .user = exchange->user,
        .idempotency_key = exchange->headers[HEADER_IDEMPOTENCY_KEY],
        .body = {exchange->body.data, exchange->body.size},
        .script = request->script,
        .entry_point = request->entry_point,
        .input = request->input,
        .app_id = request->app_id,
        .script_name = request->script_name,
        .nonce = request->nonce,
        .secret_refs = request->secret_refs,
        .secret_count = request->secret_count,
        .allow_secret_output = request->allow_secret_output,
        .timeout_ms = request->timeout_ms,
        .gas_limit = request->gas_limit,
        .memory_limit = request->memory_limit,
        .recipient = recipient,
        .reply = sealed_is_open(exchange) ? sealed_reply(exchange) : NULL,
        .storage = {exchange->body, *text},
    };
    if (request->secret_count > 0) { /* nothing else is audited */
        submission.address = exchange_address(exchange, address);
        submission.user_agent = exchange_user_agent(exchange);
    }
    int r = job_submit(exchange->api->jobs, &submission, &job, &detail);
    /* A job that waits has taken them. */
    exchange->body = submission.storage[0];
    *text = submission.storage[1];
    if (r) {
        exchange_problem(exchange, &detail);
        return;
    }
    if (submission.reply) {
        struct job_id id = job_id_of(job);
        sealed_became_job(exchange, &id);
    }
    exchange_wait(exchange, job);
}

/* In its turn. */
static void execute(struct exchange *exchange)
{
    struct error_detail detail = {0};
    struct request request;
    struct recipient recipient = {0};
    struct buf text;
    buf_init(&text, exchange->body.max);
    int r =
        request_parse((struct span){exchange->body.data, exchange->body.size},
                      sealed_is_open(exchange), exchange->api->limits, &text, &request, &detail);
    if (!r)
        r = sealed_check_user(exchange, request.expect_user, &detail);
    bool encrypt = !r && request.encrypt_to.size > 0;
    if (encrypt)
        r = recipient_read(request.encrypt_to, &recipient, &detail);
    if (r)
        exchange_problem(exchange, &detail);
    else
        submit(exchange, &request, encrypt ? &recipient : NULL, &text);
    recipient_done(&recipient);
    buf_wipe(&text);
    buf_wipe(&exchange->body);
    if (exchange->state == EXCHANGE_WAITING)
        hold_release(exchange);
}

void handle_execute(struct exchange *exchange)
{
    if (!sealed_receive(exchange))
        turn_take(exchange, execute);
}
