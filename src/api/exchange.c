#include "api/exchange.h"
#include "api/route.h"
#include "api/sealed.h"
#include "api/server.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER     1  /* seconds: for queues that are full */
#define SPARE_EXCHANGES 64 /* kept for the next requests */

static void job_ended(struct job_waiter *waiter, const struct job *job);

/* An exchange is more than malloc keeps at hand, and each request needs one. */
static struct exchange *take_spare(struct api *api)
{
    struct exchange *exchange = api->spare;
    if (!exchange)
        return calloc(1, sizeof *exchange);
    api->spare = exchange->next;
    api->spare_count--;
    memset(exchange, 0, sizeof *exchange);
    return exchange;
}

static void keep_spare(struct api *api, struct exchange *exchange)
{
    if (api->spare_count == SPARE_EXCHANGES) {
        free(exchange);
        return;
    }
    exchange->next = api->spare;
    api->spare = exchange;
    api->spare_count++;
}

struct exchange *exchange_new(struct api *api, struct MHD_Connection *connection, const char *url,
                              const char *method)
{
    struct exchange *exchange = take_spare(api);
    if (!exchange)
        return NULL;
    int code;
    exchange->api = api;
    exchange->connection = connection;
    exchange->started_ns = clock_now_ns();
    exchange->wait_since_ms = UINT64_MAX;
    exchange->waiter.ended = job_ended;
    buf_init(&exchange->body, api->limits->value[LIMIT_BODY_BYTES]);
    exchange->next = api->exchanges;
    if (api->exchanges)
        api->exchanges->prev = exchange;
    api->exchanges = exchange;

    exchange->route = route_find(method, url, &exchange->path_id, &code);
    header_check(exchange, method);
    if (code == ERR_NOT_FOUND && exchange->problem.code == 0)
        error_set(&exchange->problem, code, "", "there is nothing at this path");
    if (code == ERR_METHOD_NOT_ALLOWED && exchange->problem.code == 0) {
        route_allow(url, exchange->allow, sizeof exchange->allow);
        error_set(&exchange->problem, code, "", "this path takes %s", exchange->allow);
    }
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    struct api *api = exchange->api;
    watch_remove(exchange);
    turns_remove(&api->turns, exchange);
    hold_release(exchange);
    if (sealed_is_open(exchange))
        buf_wipe(&exchange->body);
    sealed_forget(exchange);
    job_wait_stop(&exchange->waiter);
    if (exchange->ticket)
        secret_forget(exchange->ticket);
    *(exchange->prev ? &exchange->prev->next : &api->exchanges) = exchange->next;
    if (exchange->next)
        exchange->next->prev = exchange->prev;
    if (exchange->response)
        libmicrohttpd.MHD_destroy_response(exchange->response);
    if (exchange->route && (exchange->route->flags & ROUTE_WIPE_BODY))
        buf_wipe(&exchange->body);
    buf_done(&exchange->body);
    keep_spare(api, exchange);
}

void exchange_free_spare(struct api *api)
{
    struct exchange *exchange;
    while ((exchange = api->spare)) {
        api->spare = exchange->next;
        free(exchange);
    }
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    /* Fails without memory only; the answer is right without it too. */
    libmicrohttpd.MHD_add_response_header(response, name, value);
}

static void add_headers(struct exchange *exchange, const struct answer *answer)
{
    struct MHD_Response *response = exchange->response;
    if (answer->type)
        add_header(response, "Content-Type", answer->type);
    add_header(response, "X-Trace-ID", exchange->trace);
    add_header(response, "X-Content-Type-Options", "nosniff");
    if (answer->no_store || answer->cache)
        add_header(response, "Cache-Control", answer->no_store ? "no-store" : answer->cache);
    if (answer->allow)
        add_header(response, "Allow", answer->allow);
    if (answer->link)
        add_header(response, "Link", answer->link);
    if (answer->etag)
        add_header(response, "ETag", answer->etag);
    if (answer->retry_after) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", answer->retry_after);
        add_header(response, "Retry-After", seconds);
    }
    if (exchange->close)
        add_header(response, "Connection", "close");
    else
        add_header(response, "Keep-Alive", exchange->api->keep_alive);
}

void exchange_answer(struct exchange *exchange, struct answer *answer)
{
    struct buf *body = &answer->body;
    bool seal = sealed_is_open(exchange) && !answer->sealed && !buf_failed(body);
    if (seal && sealed_wrap(exchange, answer)) {
        sealed_forget(exchange); /* what cannot be sealed cannot be said, but that it cannot */
        body->failed = true;
    }
    if (buf_failed(body)) {
        struct error_detail problem;
        buf_done(body);
        error_set(&problem, ERR_NO_MEMORY, "", "no memory for the answer");
        exchange_problem(exchange, &problem);
        return;
    }
    struct error_detail full;
    hold_release(exchange);
    /* Problems are small, and there must be room to tell one. */
    if (answer->status < 400 && body->size > 0 && hold_take(exchange, body->size, &full)) {
        buf_wipe(body);
        exchange_problem(exchange, &full);
        return;
    }
    if (answer->fixed.data)
        exchange->response = libmicrohttpd.MHD_create_response_from_buffer(
            answer->fixed.size, (void *)answer->fixed.data, MHD_RESPMEM_PERSISTENT);
    else if (answer->wipe)
        exchange->response = body_response(exchange->api, body);
    else
        exchange->response = libmicrohttpd.MHD_create_response_from_buffer(body->size, body->data,
                                                                           MHD_RESPMEM_MUST_FREE);
    if (exchange->response)
        add_headers(exchange, answer);
    else
        buf_done(body); /* no memory for the least of answers: the connection will be closed */
    exchange->status = answer->status;
    exchange->state = EXCHANGE_READY;
}

static bool is_busy(int code)
{
    return code == ERR_USER_QUEUE_FULL || code == ERR_QUEUE_FULL || code == ERR_QUEUE_TIMEOUT ||
           code == ERR_SHUTTING_DOWN || code == ERR_NO_MEMORY || code == ERR_STORE_DOWN ||
           code == ERR_TRANSFER_FULL;
}

/* The problem document for when there is no memory for one. */
static const char no_memory[] = "{\"type\":\"urn:neocompute:problem:no_memory\",\"title\":"
                                "\"Service Unavailable\",\"status\":503,"
                                "\"detail\":\"the service is out of "
                                "memory\",\"code\":\"HTTP_503\",\"error_code\":\"no_memory\","
                                "\"message\":\"the service is out of memory\",\"trace_id\":\"\"}";

void exchange_problem(struct exchange *exchange, const struct error_detail *problem)
{
    struct answer answer = {
        .status = error_status(problem->code),
        .type = "application/problem+json",
        .body = BUF_INIT(PROBLEM_BYTES),
        .no_store = true,
        .allow = problem->code == ERR_METHOD_NOT_ALLOWED ? exchange->allow : NULL,
        .retry_after = is_busy(problem->code) ? RETRY_AFTER : 0,
    };
    exchange->code = problem->code;
    if (sealed_is_open(
            exchange)) /* it may quote the request, and a buffer that grows leaves copies */
        buf_reserve(&answer.body, PROBLEM_BYTES);
    if (problem_write(&answer.body, problem, answer.status, exchange->trace)) {
        buf_done(&answer.body);
        answer.body = BUF_INIT(0);
        answer.fixed = (struct span){no_memory, sizeof no_memory - 1};
        answer.status = error_status(ERR_NO_MEMORY);
    }
    exchange_answer(exchange, &answer);
}

/* The sealed answer that the job keeps, as its caller wants it: in place of everything. */
static void answer_sealed(struct exchange *exchange, const struct job_view *view)
{
    struct error_detail problem;
    struct span sealed = view->sealed_answer;
    struct answer answer = {.status = 200,
                            .type = ENVELOPE_RESPONSE_TYPE,
                            .body = BUF_INIT(sealed.size),
                            .no_store = true,
                            .sealed = true};
    memcpy(exchange->job_id, view->id.text, sizeof exchange->job_id);
    buf_add(&answer.body, sealed.data, sealed.size);
    if (sealed.size) {
        exchange_answer(exchange, &answer);
        return;
    }
    error_set(&problem, ERR_NO_MEMORY, "", "there was no memory for the sealed answer");
    exchange_problem(exchange, &problem);
}

/* A kept job that does not open. */
static void answer_unreadable(struct exchange *exchange, int code, struct job_view *view)
{
    struct error_detail problem;
    error_set(&problem, code, "", "job %s: %s", view->id.text, error_text(code));
    job_view_done(view);
    exchange_problem(exchange, &problem);
}

void exchange_answer_job(struct exchange *exchange, const struct job *job)
{
    struct job_view view;
    int r = job_view(job, &view);
    if (r) {
        answer_unreadable(exchange, r, &view);
        return;
    }
    struct answer answer = {
        .status = 200, .type = "application/json", .no_store = true, .wipe = true};
    size_t size = job_json_size(&view);
    if (job_has_receipt(job))
        size += RECEIPT_MEMBERS + job_receipt_size(job);
    body_take(exchange->api, size, &answer.body); /* if it fails, so does the answer */
    r = job_json_write(&answer.body, &view, job);
    exchange->code = view.code;
    memcpy(exchange->job_id, view.id.text, sizeof exchange->job_id);
    job_view_done(&view);
    if (r == ERR_INTERNAL) {
        struct error_detail problem;
        buf_wipe(&answer.body);
        error_set(&problem, r, "", "the receipt of job %s cannot be written", exchange->job_id);
        exchange_problem(exchange, &problem);
        return;
    }
    exchange_answer(exchange, &answer);
}

/* The answer of POST /execute: what is no failure of the job itself is one of the request. */
static void answer_end(struct exchange *exchange, const struct job *job)
{
    struct job_view view;
    int r = job_view(job, &view);
    if (r) {
        answer_unreadable(exchange, r, &view);
        return;
    }
    if (view.sealed) {
        answer_sealed(exchange, &view);
        job_view_done(&view);
        return;
    }
    if (error_status(view.code) == 200) {
        job_view_done(&view);
        exchange_answer_job(exchange, job);
        return;
    }
    struct error_detail problem;
    job_problem(&view, &problem);
    memcpy(exchange->job_id, view.id.text, sizeof exchange->job_id);
    job_view_done(&view);
    exchange_problem(exchange, &problem);
}

static void job_ended(struct job_waiter *waiter, const struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)((char *)waiter - offsetof(struct exchange, waiter));
    watch_remove(exchange);
    answer_end(exchange, job);
    exchange_resume(exchange);
}

void exchange_suspend(struct exchange *exchange)
{
    exchange->state = EXCHANGE_WAITING;
    if (!exchange->suspended)
        libmicrohttpd.MHD_suspend_connection(exchange->connection);
    exchange->suspended = true;
}

void exchange_resume(struct exchange *exchange)
{
    exchange->suspended = false;
    libmicrohttpd.MHD_resume_connection(exchange->connection);
    api_wake(exchange->api);
}

void exchange_wait(struct exchange *exchange, struct job *job)
{
    if (job_status_final(job_status(job))) {
        answer_end(exchange, job);
        return;
    }
    job_wait(job, &exchange->waiter);
    watch_add(exchange);
    exchange_suspend(exchange);
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
    exchange->state = EXCHANGE_ANSWERED;
    if (!exchange->response)
        return MHD_NO;
    enum MHD_Result result = libmicrohttpd.MHD_queue_response(
        exchange->connection, (unsigned)exchange->status, exchange->response);
    libmicrohttpd.MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    return result;
}

void exchange_report(const struct exchange *exchange)
{
    struct api_metrics *metrics = &exchange->api->metrics;
    uint64_t ns = clock_now_ns() - exchange->started_ns;
    int status = exchange->status;
    if (status > 0 && status < API_STATUS_COUNT)
        metrics->requests[status]++;
    job_histogram_add(&metrics->time, job_time_bounds, (double)ns / NS_PER_S);

    const struct route *route = exchange->route;
    bool quiet = route && (route->flags & ROUTE_QUIET) && status < 400;
    enum log_level level = status >= 500 ? LOG_LEVEL_WARN
                           : quiet       ? LOG_LEVEL_DEBUG
                                         : LOG_LEVEL_INFO;
    if (!log_enabled(level))
        return;
    log_at(level, "request", log_str("method", route ? route->method : "-"),
           log_str("path", route ? route->path : "-"), log_u64("status", (uint64_t)status),
           log_str("result", status ? error_name(exchange->code) : "closed"),
           log_str("job_id", exchange->job_id), log_u64("us", ns / NS_PER_US),
           log_str("trace_id", exchange->trace));
}

struct span exchange_address(const struct exchange *exchange, char text[PEER_BYTES])
{
    const union MHD_ConnectionInfo *info = libmicrohttpd.MHD_get_connection_info(
        exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    const void *bytes = NULL;
    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!bytes || !inet_ntop(address->sa_family, bytes, text, PEER_BYTES))
        return (struct span){0};
    return span_of(text);
}

struct span exchange_user_agent(const struct exchange *exchange)
{
    struct span agent = exchange->headers[HEADER_USER_AGENT];
    size_t most = agent.size < USER_AGENT_BYTES ? agent.size : USER_AGENT_BYTES;
    return (struct span){agent.data, utf8_valid_prefix((struct span){agent.data, most})};
}
