/*
 * The daemon and its place in the loop: libmicrohttpd has an epoll descriptor, a next deadline and
 * MHD_run; the loop calls MHD_run at most once before and once after it waits, so that many events
 * are served by one call.
 */
#include "api/server.h"
#include "api/route.h"
#include "api/sealed.h"
#include "base/clock.h"
#include "base/log.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG       1024 /* connections that the kernel holds until they are accepted */
#define FLUSH_MS      2000 /* for answers that are due when the service stops */
#define FLUSH_STEP_MS 5
#define RUNS_MOST     3 /* of libmicrohttpd in a row, before the loop looks at the rest */

/* --- one request, as libmicrohttpd tells of it --- */

static enum MHD_Result answer_problem(struct exchange *exchange)
{
    exchange_problem(exchange, &exchange->problem);
    return exchange_send(exchange);
}

static bool keeps_body(const struct exchange *exchange)
{
    return exchange->route && (exchange->route->flags & ROUTE_HAS_BODY);
}

/* The headers are here. What leaves the connection in doubt is answered before any body. */
static enum MHD_Result begin(struct api *api, struct MHD_Connection *connection, const char *url,
                             const char *method, void **state)
{
    struct exchange *exchange = exchange_new(api, connection, url, method);
    if (!exchange)
        return MHD_NO;
    *state = exchange;
    if (exchange->problem.code == 0 && keeps_body(exchange) && exchange->body_expected > 0 &&
        hold_take(exchange, exchange->body_expected, &exchange->problem))
        exchange->close = true; /* before the body is read */
    return exchange->close ? answer_problem(exchange) : MHD_YES;
}

/* A piece of the body. MHD_NO closes the connection: an answer cannot be given here. */
static enum MHD_Result take_piece(struct exchange *exchange, const char *data, size_t *size)
{
    struct buf *body = &exchange->body;
    size_t piece = *size;
    *size = 0;
    if (clock_now_ns() - exchange->started_ns > BODY_SECONDS * NS_PER_S)
        return MHD_NO;
    if (keeps_body(exchange) && exchange->problem.code == 0) {
        bool wipe = exchange->route->flags & ROUTE_WIPE_BODY;
        uint64_t expected = exchange->body_expected;
        if (wipe && expected == 0)
            expected = body->max; /* of a chunked body: it must not be moved about as it grows */
        if (body->size == 0 && expected > piece && buf_reserve(body, expected))
            return MHD_NO;
        int r = exchange->body_expected ? 0 : hold_take(exchange, piece, NULL);
        if (!r)
            r = buf_add(body, data, piece);
        if (wipe)
            OPENSSL_cleanse((char *)data, piece); /* in libmicrohttpd's buffer, of no more use */
        return r ? MHD_NO : MHD_YES;
    }
    exchange->body_dropped += piece;
    return exchange->body_dropped > body->max ? MHD_NO : MHD_YES;
}

/* The whole request is here, or its answer is. */
static enum MHD_Result proceed(struct exchange *exchange)
{
    if (exchange->state == EXCHANGE_READING) {
        if (exchange->problem.code != 0)
            exchange_problem(exchange, &exchange->problem);
        else
            exchange->route->handle(exchange);
    }
    return exchange->state == EXCHANGE_READY ? exchange_send(exchange) : MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct exchange *exchange = *state;
    if (!exchange)
        return begin(ctx, connection, url, method, state);
    if (*size > 0)
        return take_piece(exchange, data, size);
    return proceed(exchange);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *state;
    *state = NULL;
    if (!exchange)
        return;
    exchange_report(exchange);
    exchange_free(exchange);
}

/* Paths and queries are taken as they were sent; see route.c. */
static size_t on_unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

/* --- the turn of the loop --- */

static void daemon_due(uv_timer_t *timer)
{
    ((struct api *)timer->data)->work = true;
}

static void idle_turn(uv_idle_t *idle)
{
    /* Being active is enough: the loop does not wait. */
}

/* Serves what is ready, and sees to it that the loop comes back in time for what will be. */
static void run_daemon(struct api *api)
{
    if (!api->work)
        return;
    api->work = false;

    /* An answer sent, a request read, a request handled: a step a run. */
    MHD_UNSIGNED_LONG_LONG wait;
    bool timed;
    int runs = 0;
    do {
        libmicrohttpd.MHD_run(api->daemon);
        timed = libmicrohttpd.MHD_get_timeout(api->daemon, &wait) == MHD_YES;
    } while (timed && wait == 0 && ++runs < RUNS_MOST);
    if (timed && wait == 0) {
        api->work = true;
        uv_idle_start(api->idle, idle_turn);
        return;
    }
    uv_idle_stop(api->idle);
    /* Deadlines only move away while a timer runs, so one that runs is soon enough. */
    if (timed && !uv_is_active((uv_handle_t *)api->daemon_timer))
        uv_timer_start(api->daemon_timer, daemon_due, wait, 0);
}

static void turn(struct api *api)
{
    run_daemon(api);
    opener_hand_over(api->opener);
}

static void before_wait(uv_prepare_t *handle)
{
    turn(handle->data);
}

static void after_wait(uv_check_t *handle)
{
    turn(handle->data);
}

static void daemon_ready(uv_poll_t *poll, int status, int events)
{
    api_wake(poll->data);
}

void api_wake(struct api *api)
{
    api->work = true;
}

/* --- life cycle --- */

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void close_handle(void *handle)
{
    if (handle)
        uv_close(handle, free_handle);
}

/* A handle that uv_<kind>_init has seen, or none: so closing it is always right. */
#define MAKE_HANDLE(api, kind, member)                                                             \
    do {                                                                                           \
        (api)->member = calloc(1, sizeof *(api)->member);                                          \
        if (!(api)->member)                                                                        \
            return ERR_NO_MEMORY;                                                                  \
        (api)->member->data = (api);                                                               \
        uv_##kind##_init((api)->loop, (api)->member);                                              \
    } while (0)

static int make_handles(struct api *api)
{
    MAKE_HANDLE(api, timer, daemon_timer);
    MAKE_HANDLE(api, timer, watch_timer);
    MAKE_HANDLE(api, timer, stop_timer);
    MAKE_HANDLE(api, check, check);
    MAKE_HANDLE(api, prepare, prepare);
    MAKE_HANDLE(api, idle, idle);
    MAKE_HANDLE(api, idle, turn_idle);
    return 0;
}

int api_make_poll(struct api *api, int fd, uv_poll_t **ret)
{
    uv_poll_t *poll = calloc(1, sizeof *poll);
    if (!poll)
        return ERR_NO_MEMORY;
    if (uv_poll_init(api->loop, poll, fd)) {
        free(poll);
        return ERR_SYSTEM;
    }
    poll->data = api;
    *ret = poll;
    return 0;
}

/* The daemon takes the socket. */
static int start_daemon(struct api *api, int socket)
{
    const struct limits *limits = api->limits;
    unsigned idle = (unsigned)((limits->value[LIMIT_CONNECTION_IDLE] + 999) / 1000);
    snprintf(api->keep_alive, sizeof api->keep_alive, "timeout=%u", idle > 1 ? idle - 1 : 1);
    api->daemon = libmicrohttpd.MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, api,
        MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)limits->value[LIMIT_CONNECTIONS],
        MHD_OPTION_CONNECTION_TIMEOUT, idle, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    return api->daemon ? 0 : ERR_SYSTEM;
}

static int join_loop(struct api *api)
{
    const union MHD_DaemonInfo *info =
        libmicrohttpd.MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info)
        return ERR_SYSTEM;
    int r = api_make_poll(api, info->epoll_fd, &api->daemon_poll);
    if (!r)
        r = make_handles(api);
    if (!r)
        r = watch_open(api);
    if (r)
        return r;
    uv_poll_start(api->daemon_poll, UV_READABLE, daemon_ready);
    uv_prepare_start(api->prepare, before_wait);
    uv_check_start(api->check, after_wait);
    api_wake(api);
    return 0;
}

int api_new(const struct api_options *options, struct api **ret, struct error_detail *detail)
{
    int socket = -1;
    struct api *api = calloc(1, sizeof *api);
    if (!api)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory for the HTTP service");
    api->loop = options->loop;
    api->limits = options->limits;
    api->jobs = options->jobs;
    api->options = *options;
    api->watch_fd = -1;
    api->started_unix_ms = clock_unix_ms();
    int r = libmicrohttpd_load(detail);
    if (r)
        goto out;
    r = api_listen(options->listen, BACKLOG, &socket, api->url, sizeof api->url, &api->port,
                   detail);
    if (r)
        goto out;
    r = start_daemon(api, socket);
    if (r) {
        close(socket);
        error_set(detail, r, "listen", "libmicrohttpd could not be started");
        goto out;
    }
    r = opener_new(api->loop, sealed_opened, &api->opener);
    if (!r)
        r = envelopes_new(api->limits, options->keys, &api->envelopes);
    if (r) {
        error_set(detail, r, "", "sealed requests could not be prepared for");
        goto out;
    }
    r = join_loop(api);
    if (r) {
        error_set(detail, r, "", "the HTTP service could not join the loop");
        goto out;
    }
    *ret = api;
    api = NULL;
out:
    api_free(api);
    return r;
}

uint16_t api_port(const struct api *api)
{
    return api->port;
}

const char *api_url(const struct api *api)
{
    return api->url;
}

/* All jobs have ended; now their answers have to go out. */
static void flush_due(uv_timer_t *timer)
{
    struct api *api = timer->data;
    if (api->exchanges && uv_now(api->loop) < api->stop_deadline_ms) {
        api_wake(api);
        return;
    }
    uv_timer_stop(timer);
    void (*stopped)(void *ctx) = api->stopped;
    api->stopped = NULL;
    if (stopped)
        stopped(api->stopped_ctx);
}

static void jobs_stopped(void *ctx)
{
    struct api *api = ctx;
    api->stop_deadline_ms = uv_now(api->loop) + FLUSH_MS;
    api_wake(api);
    uv_timer_start(api->stop_timer, flush_due, FLUSH_STEP_MS, FLUSH_STEP_MS);
}

void api_stop(struct api *api, void (*done)(void *ctx), void *ctx)
{
    api->stopped = done;
    api->stopped_ctx = ctx;
    api->stopping = true;
    MHD_socket socket = libmicrohttpd.MHD_quiesce_daemon(api->daemon);
    if (socket != MHD_INVALID_SOCKET)
        close(socket); /* the kernel refuses connections from now on */
    job_service_stop(api->jobs, jobs_stopped, api);
}

/* libmicrohttpd wants no suspended connection when it stops. */
static void resume_all(struct api *api)
{
    for (struct exchange *exchange = api->exchanges; exchange; exchange = exchange->next) {
        if (exchange->state != EXCHANGE_WAITING)
            continue;
        job_wait_stop(&exchange->waiter);
        watch_remove(exchange);
        exchange->state = EXCHANGE_READY; /* without a response: the connection is closed */
        exchange_resume(exchange);
    }
}

void api_free(struct api *api)
{
    if (!api)
        return;
    close_handle(api->daemon_poll);
    close_handle(api->watch_poll);
    close_handle(api->daemon_timer);
    close_handle(api->watch_timer);
    close_handle(api->stop_timer);
    close_handle(api->check);
    close_handle(api->prepare);
    close_handle(api->idle);
    close_handle(api->turn_idle);
    resume_all(api);
    if (api->daemon)
        libmicrohttpd.MHD_stop_daemon(api->daemon);
    watch_close(api);
    exchange_free_spare(api);
    body_free_spare(api);
    opener_free(api->opener);
    envelopes_free(api->envelopes);
    free(api);
}
