/*
 * Workers that are processes: the pool's back end on top of the zygote.
 */
#include "exec/pool.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int process_start(struct pool_worker *worker)
{
    struct exec_pool *pool = worker->pool;
    struct message message;
    int pair[2], memfd;

    int r = window_new_shared(&worker->window, &pool->config.layout, &memfd);
    if (r)
        return r;
    /* Not a stream: there, each answer that the core reads also wakes the worker, whose socket has
     * become writable, for nothing: a second context switch for every job. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        close(memfd);
        window_done(&worker->window);
        return ERR_SYSTEM;
    }
    message_init(&message, MESSAGE_SPAWN_TYPE);
    message.spawn.worker = worker->id;
    message.spawn.config = pool->config;
    r = message_send(pool->zygote->fd, &message, (int[]){memfd, pair[1]});
    close(memfd);
    close(pair[1]);
    if (r) {
        close(pair[0]);
        window_done(&worker->window);
        return r;
    }
    worker->fd = pair[0];
    return 0;
}

static void process_kill(struct pool_worker *worker)
{
    struct message message;
    message_init(&message, MESSAGE_KILL_TYPE);
    message.kill.worker = worker->id;
    worker->kill_due = message_send(worker->pool->zygote->fd, &message, NULL) == ERR_QUEUE_FULL;
}

static void process_end(struct pool_worker *worker)
{
    pool_worker_close_socket(worker);
    if (worker->pool->healthy)
        process_kill(worker);
    else
        pool_worker_gone(worker); /* it dies with its zygote, and nobody is left to tell us */
}

static void process_retry(struct exec_pool *pool)
{
    for (uint64_t place = 0; place < pool->workers_max; place++)
        if (pool->places[place] && pool->places[place]->kill_due)
            process_kill(pool->places[place]);
}

/* "worker lost: it died (refused system call: socket)". */
static void process_report(struct pool_worker *worker, int status)
{
    char how[96] = "", name[32], reason[256];
    const char *call =
        seal_hint_call(window_control(&worker->window)->forbidden, name, sizeof name);

    if (status < 0)
        snprintf(how, sizeof how, "it could not be forked: %s", strerrordesc_np(-status));
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "killed by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == SEAL_EXIT_TRAPPED && call)
        snprintf(how, sizeof how, "refused system call: %s", call);
    else
        snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(status));
    snprintf(reason, sizeof reason, "worker lost: %s (%s)", worker->fault, how);
    pool_report_lost(worker->pool, reason);
}

static void process_take_died(struct exec_pool *pool, const struct message *message)
{
    struct pool_worker *worker = pool_worker_find(pool, message->died.worker);
    if (!worker)
        return;
    /* Its last words may still lie in its socket: answers that came before the end count. */
    for (unsigned i = 0; i <= POOL_SHORT_PER_CORE && worker->state != WORKER_ENDING; i++)
        pool_worker_receive(worker);
    pool_worker_end(worker, ERR_WORKER_LOST, "it died");
    if (worker->fault)
        process_report(worker, message->died.status);
    pool_worker_gone(worker);
}

static void process_lose_zygote(struct exec_pool *pool)
{
    pool->healthy = false;
    uv_close((uv_handle_t *)&pool->zygote_poll, pool_handle_closed);
    zygote_free(pool->zygote);
    pool->zygote = NULL;
    for (uint64_t place = 0; place < pool->workers_max; place++) {
        struct pool_worker *worker = pool->places[place];
        if (worker && worker->state == WORKER_ENDING)
            pool_worker_gone(worker);
        else if (worker)
            pool_worker_end(worker, ERR_WORKER_LOST, "the zygote died");
    }
    pool_report_lost(pool, "the zygote died: no job can be run any more");
}

void pool_zygote_receive(struct exec_pool *pool)
{
    struct message message;
    int r;
    /* DIED is the only message that the table lets through. */
    while (pool->zygote && (r = message_receive(pool->zygote->fd, MESSAGE_ZYGOTE, MESSAGE_CORE, 0,
                                                &message, NULL)) != ERR_QUEUE_FULL) {
        if (r == 0)
            process_take_died(pool, &message);
        else
            process_lose_zygote(pool);
    }
}

static void process_on_zygote(uv_poll_t *poll, int status, int events)
{
    struct exec_pool *pool = poll->data;
    (void)status;
    (void)events;
    pool_zygote_receive(pool);
    pool_run_serve(pool);
    pool_watch_wake(pool);
    pool_tell_capacity(pool);
}

static int process_prepare(struct exec_pool *pool)
{
    if (uv_poll_init(pool->loop, &pool->zygote_poll, pool->zygote->fd) != 0)
        return ERR_SYSTEM;
    pool->zygote_poll.data = pool;
    pool->handles++;
    return uv_poll_start(&pool->zygote_poll, UV_READABLE, process_on_zygote) ? ERR_SYSTEM : 0;
}

static void process_stop(struct exec_pool *pool)
{
    if (pool->zygote) {
        if (pool->zygote_poll.data)
            uv_close((uv_handle_t *)&pool->zygote_poll, pool_handle_closed);
        zygote_free(pool->zygote); /* returns when its workers and it are dead */
        pool->zygote = NULL;
    }
    for (uint64_t place = 0; place < pool->workers_max; place++)
        if (pool->places[place])
            pool_worker_gone(pool->places[place]);
}

const struct pool_backend pool_backend_process = {
    .starting_most = UINT_MAX, /* a fork of the zygote costs next to nothing */
    .given_most = POOL_SHORT_PER_CORE,
    .prepare = process_prepare,
    .start = process_start,
    .end = process_end,
    .retry = process_retry,
    .stop = process_stop,
};
