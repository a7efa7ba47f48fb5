#include "api/sealed.h"

#include "api/route.h"
#include "api/server.h"
#include "base/json.h"
#include <string.h>
#include <strings.h>

#define WRAP_BYTES 256 /* of an answer around its body */
#define PAD_BYTES  256 /* answers are as long as a multiple of this: JSON may end in white space */

static struct keys *keys_of(const struct exchange *exchange)
{
    return exchange->api->options.keys;
}

static struct contexts *contexts_of(const struct exchange *exchange)
{
    return keys_contexts(keys_of(exchange));
}

static void problem(struct exchange *exchange, int code, const char *field, const char *message)
{
    struct error_detail detail;
    error_set(&detail, code, field, "%s", message);
    exchange_problem(exchange, &detail);
}

/* --- the same one again --- */

static void refuse_replay(struct exchange *exchange)
{
    problem(exchange, ERR_ENVELOPE_REPLAYED, "", error_text(ERR_ENVELOPE_REPLAYED));
}

static void answer_stored(struct exchange *exchange, const struct remembered *one)
{
    struct answer answer = {.status = 200,
                            .type = ENVELOPE_RESPONSE_TYPE,
                            .body = BUF_INIT(one->answer.size),
                            .no_store = true};
    buf_add(&answer.body, one->answer.data, one->answer.size);
    exchange_answer(exchange, &answer);
}

/* What the first one got, or the reason why there is nothing to be had. */
static void answer_again(struct exchange *exchange, const struct remembered *one)
{
    struct job *job = NULL;
    if (one->has_job)
        job = job_find(exchange->api->jobs, exchange->user, &one->job);
    if (job)
        exchange_wait(exchange, job);
    else if (one->answer.size)
        answer_stored(exchange, one);
    else
        refuse_replay(exchange);
}

static void replay(struct exchange *exchange, struct remembered *one)
{
    exchange->api->metrics.replays++;
    if (!span_equal((struct span){one->user, one->user_size}, exchange->user)) {
        refuse_replay(exchange);
    } else if (one->busy) {
        exchange->replayed = one;
        exchange->replay_next = one->waiting;
        one->waiting = exchange;
        exchange_suspend(exchange);
    } else {
        answer_again(exchange, one);
    }
}

/* Those who sent it again meanwhile: they get the answer, or wait for its job. */
static void serve_waiting(struct remembered *one)
{
    struct exchange *next, *other = one->waiting;
    one->waiting = NULL;
    for (; other; other = next) {
        next = other->replay_next;
        other->replayed = NULL;
        answer_again(other, one);
        if (other->state == EXCHANGE_READY)
            exchange_resume(other);
    }
}

/* What the exchange's request asked for is done. */
static void settle(struct exchange *exchange, struct span answer)
{
    struct remembered *one = exchange->remembered;
    if (!one)
        return;
    exchange->remembered = NULL;
    envelopes_settle(exchange->api->envelopes, one, answer);
    serve_waiting(one);
}

/* --- receiving --- */

/* "PUT /secrets/NAME": the method, and the path as it was sent. */
static bool write_route(const struct exchange *exchange, char route[OPENING_ROUTE_BYTES])
{
    const char *path = exchange->route->path, *mark = strchr(path, '{');
    struct span id = mark ? exchange->path_id : (struct span){"", 0};
    int size = snprintf(route, OPENING_ROUTE_BYTES, "%s %.*s%.*s", exchange->route->method,
                        (int)(mark ? mark - path : (int)strlen(path)), path, (int)id.size, id.data);
    return size > 0 && size < OPENING_ROUTE_BYTES;
}

static bool is_sealed(const struct exchange *exchange)
{
    struct span type = exchange->headers[HEADER_CONTENT_TYPE], wanted = SPAN(ENVELOPE_REQUEST_TYPE);
    return type.size == wanted.size && strncasecmp(type.data, wanted.data, wanted.size) == 0;
}

static int refuse_key(struct error_detail *detail)
{
    return error_set(detail, ERR_SEALED_KEY_UNKNOWN, "",
                     "the request is sealed to no key in force; /.well-known/hpke-keys has those "
                     "that are, and /attestation why to trust them");
}

static EVP_PKEY *find_key(const struct exchange *exchange, struct opening *opening)
{
    return keys_hpke_key(keys_of(exchange), (const uint8_t *)opening->envelope.origin.data,
                         &opening->kem);
}

/* What can be known without opening it. The opening has the body then. */
static int prepare(struct exchange *exchange, struct opening *opening, struct error_detail *detail)
{
    if (exchange->headers[HEADER_IDEMPOTENCY_KEY].data)
        return error_set(detail, ERR_INVALID_HEADER, "Idempotency-Key",
                         "a sealed request is its own key: the same bytes get the same answer");
    if (!write_route(exchange, opening->route))
        return error_set(detail, ERR_SEALED_MALFORMED, "", "the path is too long");
    int r = envelope_parse((struct span){exchange->body.data, exchange->body.size},
                           &opening->envelope, detail);
    if (r)
        return r;
    opening->key = find_key(exchange, opening);
    if (!opening->key)
        return refuse_key(detail);
    EVP_PKEY_up_ref(opening->key);
    opening->request = exchange->body;
    exchange->body = BUF_INIT(exchange->body.max);
    return 0;
}

/* The first of its kind: from here on all that is said is sealed. */
static void proceed(struct exchange *exchange, struct opening *opening)
{
    struct error_detail detail = {0};
    exchange->reply = opening->reply;
    opening->reply = (struct secret_bytes){0};
    exchange->body = opening->text;
    opening->text = BUF_INIT(0);
    int r = envelopes_add(exchange->api->envelopes, sealed_reply(exchange)->request,
                          (const uint8_t *)opening->envelope.origin.data, exchange->user,
                          &exchange->remembered, &detail);
    if (r)
        exchange_problem(exchange, &detail);
    else
        exchange->route->handle(exchange);
}

/* One that was opened, or was not: what becomes of it. */
static void take(struct exchange *exchange, struct opening *opening)
{
    const struct envelope_reply *reply = (const struct envelope_reply *)(void *)opening->reply.data;
    struct remembered *one = NULL;
    hold_release(exchange); /* the body is read, as that of a plain request would be */
    if (!opening->code)
        one = envelopes_find(exchange->api->envelopes, reply->request);
    /* Its key may have been wiped while it was opened: then it may be one that was forgotten, and
     * its context must not be kept. */
    bool has_key = opening->code || find_key(exchange, opening);
    if (!opening->code && !one && !has_key)
        opening->code = refuse_key(&opening->detail);
    if (!opening->code && has_key)
        contexts_keep(contexts_of(exchange), opening->envelope.origin, &opening->context);
    exchange->api->metrics.contexts_used += !opening->code && opening->derived;
    if (opening->code)
        exchange_problem(exchange, &opening->detail);
    else if (one)
        replay(exchange, one);
    else
        proceed(exchange, opening);
}

void sealed_opened(struct opening *opening)
{
    struct exchange *exchange = opening->ctx;
    exchange->opening = NULL;
    take(exchange, opening);
    if (exchange->state == EXCHANGE_READY)
        exchange_resume(exchange);
    secret_stack_wipe();
}

/* Without going to the thread. */
static void open_here(struct exchange *exchange, struct opening *opening)
{
    opening_open(opening);
    take(exchange, opening);
    opening_free(exchange->api->opener, opening);
    secret_stack_wipe();
}

static void open_there(struct exchange *exchange, struct opening *opening)
{
    opening->ctx = exchange;
    exchange->opening = opening;
    exchange_suspend(exchange);
    opener_open(exchange->api->opener, opening);
}

/* True if the context of its sender is at hand. */
static bool find_context(struct exchange *exchange, struct opening *opening)
{
    const struct hpke_context *known =
        contexts_find(contexts_of(exchange), opening->envelope.origin);
    if (known)
        memcpy(opening->context.data, known, sizeof *known);
    return known != NULL;
}

bool sealed_receive(struct exchange *exchange)
{
    struct error_detail detail = {0};
    if (sealed_is_open(exchange) || !is_sealed(exchange))
        return false;
    struct opening *opening = opening_new(exchange->api->opener);
    int r = opening ? prepare(exchange, opening, &detail)
                    : error_set(&detail, ERR_NO_MEMORY, "", "no memory to open the request");
    if (r) {
        if (opening)
            opening_free(exchange->api->opener, opening);
        exchange_problem(exchange, &detail);
        return true;
    }
    opening->derived = find_context(exchange, opening);
    if (opening->derived && opening->request.size < TURN_BYTES)
        open_here(exchange, opening);
    else
        open_there(exchange, opening);
    return true;
}

int sealed_check_user(struct exchange *exchange, struct span expected, struct error_detail *detail)
{
    if (!expected.size || span_equal(expected, exchange->user))
        return 0;
    struct remembered *one = exchange->remembered;
    exchange->remembered = NULL;
    if (one) {
        serve_waiting(one);
        envelopes_drop(exchange->api->envelopes, one);
    }
    return error_set(detail, ERR_USER_MISMATCH, "expect_user", "%s", error_text(ERR_USER_MISMATCH));
}

void sealed_became_job(struct exchange *exchange, const struct job_id *job)
{
    struct remembered *one = exchange->remembered;
    exchange->remembered = NULL;
    if (!one)
        return;
    envelopes_settle_job(one, job);
    serve_waiting(one);
}

/* --- answering --- */

/* Between the two the body is appended, `size` bytes at most. */
static int begin_answer(const char *job_id, size_t size, struct buf *out)
{
    int r = envelope_answer_begin(job_id, 0, size + WRAP_BYTES + PAD_BYTES, out);
    return r ? r : buf_add_str(out, "{\"body\":");
}

static int end_answer(const struct envelope_reply *reply, int status, const char *type,
                      size_t begun, struct buf *out)
{
    json_next_key(out, "content_type");
    json_str(out, type);
    json_next_key(out, "status");
    json_u64(out, (uint64_t)status);
    buf_add_char(out, '}');
    while (!buf_failed(out) && (out->size - begun - ENVELOPE_RESPONSE_HEAD) % PAD_BYTES != 0)
        buf_add_char(out, ' ');
    return envelope_answer_end(reply, begun, out);
}

static int write_sealed(const struct envelope_reply *reply, const char *job_id, int status,
                        const char *type, struct span body, struct buf *out)
{
    size_t begun = out->size;
    int r = begin_answer(job_id, body.size, out);
    if (r)
        return r;
    buf_add(out, body.size ? body.data : "null", body.size ? body.size : 4);
    return end_answer(reply, status, type, begun, out);
}

static size_t plain_size(const struct job *job, const struct job_view *view)
{
    if (error_status(view->code) != 200)
        return PROBLEM_BYTES;
    return job_json_size(view) +
           (job_has_receipt(job) ? RECEIPT_MEMBERS + job_receipt_size(job) : 0);
}

/* As the answer to a plain POST /execute would be; no trace of a request is in it. */
static int write_plain(const struct job *job, const struct job_view *view, struct buf *out)
{
    struct error_detail detail;
    if (error_status(view->code) == 200)
        return job_json_write(out, view, job);
    job_problem(view, &detail);
    return problem_write(out, &detail, error_status(view->code), "");
}

static int seal_job(const struct job *job, const struct envelope_reply *reply, struct buf *out)
{
    struct job_view view;
    size_t begun = out->size;
    int r = job_view(job, &view);
    view.sealed = false;
    if (!r)
        r = begin_answer(view.id.text, plain_size(job, &view), out);
    if (!r) {
        int written = write_plain(job, &view, out), status = error_status(view.code);
        r = end_answer(reply, status,
                       status == 200 ? "application/json" : "application/problem+json", begun, out);
        r = written ? written : r;
    }
    job_view_done(&view);
    return r;
}

int api_seal_job(const struct job *job, const struct envelope_reply *reply, struct buf *out)
{
    int r = seal_job(job, reply, out);
    secret_stack_wipe();
    return r;
}

int sealed_wrap(struct exchange *exchange, struct answer *answer)
{
    const char *job_id = exchange->job_id[0] ? exchange->job_id : ENVELOPE_NO_JOB;
    struct span body =
        answer->fixed.data ? answer->fixed : (struct span){answer->body.data, answer->body.size};
    struct buf sealed = BUF_INIT(body.size + WRAP_BYTES + PAD_BYTES + ENVELOPE_RESPONSE_FRAME);
    int r =
        write_sealed(sealed_reply(exchange), job_id, answer->status, answer->type, body, &sealed);
    buf_wipe(&answer->body);
    if (r) {
        buf_done(&sealed);
        return r;
    }
    settle(exchange, (struct span){sealed.data, sealed.size});
    /* Other headers would tell what is inside. */
    *answer = (struct answer){
        .status = 200, .type = ENVELOPE_RESPONSE_TYPE, .body = sealed, .no_store = true};
    exchange->code = 0;
    return 0;
}

void sealed_forget(struct exchange *exchange)
{
    if (exchange->opening)
        exchange->opening->ctx = NULL;
    exchange->opening = NULL;
    if (exchange->replayed) {
        struct exchange **at = (struct exchange **)&exchange->replayed->waiting;
        while (*at != exchange)
            at = &(*at)->replay_next;
        *at = exchange->replay_next;
        exchange->replayed = NULL;
    }
    settle(exchange, (struct span){0});
    secret_bytes_done(&exchange->reply);
}
