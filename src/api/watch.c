/*
 * Hang-ups. libmicrohttpd does not look at a connection while it is suspended, so a caller who goes
 * away would leave their job running. Connections that have waited for WATCH_AFTER_MS are put into
 * an epoll set of our own; shorter jobs never pay for it. A half-close counts as hanging up: nobody
 * who still wants the answer needs to send that.
 */
#include "api/server.h"
#include <sys/epoll.h>
#include <unistd.h>

#define WATCH_AFTER_MS 20
#define WATCH_EVENTS   64 /* looked at in one go */

static void hung_up(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct job *job = exchange->waiter.job;
    api->metrics.hang_ups++;
    exchange->close = true;
    /* The end of the job, now or soon, resumes the connection: then it is closed. */
    watch_remove(exchange);
    if (job_abandon(&exchange->waiter) || !job)
        return;
    /* Others wait for this job: only this one stops. */
    job_wait_stop(&exchange->waiter);
    exchange_answer_job(exchange, job);
    exchange_resume(exchange);
}

static void watch_ready(uv_poll_t *poll, int status, int events)
{
    struct api *api = poll->data;
    struct epoll_event ready[WATCH_EVENTS];
    int count = epoll_wait(api->watch_fd, ready, WATCH_EVENTS, 0);
    for (int i = 0; i < count; i++)
        hung_up(ready[i].data.ptr);
}

static int descriptor(struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info = libmicrohttpd.MHD_get_connection_info(
        exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/* Puts those into the set who have waited long enough. */
static void watch_due(uv_timer_t *timer)
{
    struct api *api = timer->data;
    uint64_t now = uv_now(api->loop);
    struct exchange *exchange = api->waiting_first;
    for (; exchange && now - exchange->wait_since_ms >= WATCH_AFTER_MS;
         exchange = exchange->wait_next) {
        struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = exchange};
        if (!exchange->watched &&
            epoll_ctl(api->watch_fd, EPOLL_CTL_ADD, descriptor(exchange), &event) == 0)
            exchange->watched = true;
    }
    if (exchange)
        uv_timer_start(timer, watch_due, exchange->wait_since_ms + WATCH_AFTER_MS - now, 0);
}

void watch_add(struct exchange *exchange)
{
    struct api *api = exchange->api;
    exchange->wait_since_ms = uv_now(api->loop);
    exchange->wait_next = NULL;
    exchange->wait_prev = api->waiting_last;
    *(api->waiting_last ? &api->waiting_last->wait_next : &api->waiting_first) = exchange;
    api->waiting_last = exchange;
    if (!uv_is_active((uv_handle_t *)api->watch_timer))
        uv_timer_start(api->watch_timer, watch_due, WATCH_AFTER_MS, 0);
}

void watch_remove(struct exchange *exchange)
{
    struct api *api = exchange->api;
    if (exchange->wait_since_ms == UINT64_MAX)
        return;
    if (exchange->watched)
        epoll_ctl(api->watch_fd, EPOLL_CTL_DEL, descriptor(exchange), NULL);
    exchange->watched = false;
    exchange->wait_since_ms = UINT64_MAX;
    *(exchange->wait_prev ? &exchange->wait_prev->wait_next : &api->waiting_first) =
        exchange->wait_next;
    *(exchange->wait_next ? &exchange->wait_next->wait_prev : &api->waiting_last) =
        exchange->wait_prev;
}

int watch_open(struct api *api)
{
    api->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    if (api->watch_fd < 0)
        return ERR_SYSTEM;
    int r = api_make_poll(api, api->watch_fd, &api->watch_poll);
    if (!r)
        uv_poll_start(api->watch_poll, UV_READABLE, watch_ready);
    return r;
}

void watch_close(struct api *api)
{
    if (api->watch_fd >= 0)
        close(api->watch_fd);
    api->watch_fd = -1;
}
