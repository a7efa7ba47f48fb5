/*
 * Workers that are threads of this process, for where there is no fork and no seccomp. The same
 * loop, messages and window; the engine checks its bounds in software.
 *
 * A thread cannot be killed. One that is to end is told so in its window and by its socket, and the
 * engine looks at that at every refill of gas; should one ever hang all the same, its job has been
 * answered by the watchdog, and its place and memory stay taken.
 */
#include "base/clock.h"
#include "exec/pool.h"
#include "exec/worker.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a thread has of its own; it frees it at its end, which may come after the pool's. */
struct thread_start {
    int fd;
    struct window window; /* the mapping is the core's */
    struct worker_config config;
};

static void *thread_main(void *arg)
{
    struct thread_start *start = arg;
    struct worker_setup setup = {start->fd, &start->window, &start->config, NULL};
    const struct seal_report none = {0};

    /* On Linux this is the thread's own; elsewhere all stay equal. */
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + WORKER_NICE);
    int r = engine_new(ENGINE_BOUNDS_CHECKED, &setup.engine);
    if (worker_say_ready(&setup, r, &none, error_text(r)) == 0 && r == 0)
        worker_serve(&setup);
    engine_free(setup.engine);
    close(start->fd); /* by this the core knows that the thread can be joined */
    free(start);
    return NULL;
}

static int thread_create(struct pool_worker *worker, struct thread_start *start)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes))
        return ERR_NO_MEMORY;
    int r = pthread_attr_setstacksize(&attributes, engine_stack_bytes + ZYGOTE_STACK_EXTRA_BYTES);
    /* Signals of the process are the core's to handle. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (r == 0)
        r = pthread_create(&worker->thread, &attributes, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return r ? ERR_SYSTEM : 0;
}

static int thread_start(struct pool_worker *worker)
{
    struct exec_pool *pool = worker->pool;
    int pair[2] = {-1, -1};
    struct thread_start *start = malloc(sizeof *start);
    int r = start ? window_new_private(&worker->window, &pool->config.layout) : ERR_NO_MEMORY;

    if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        r = ERR_SYSTEM;
    if (r == 0) {
        *start = (struct thread_start){pair[1], worker->window, pool->config};
        r = thread_create(worker, start);
    }
    if (r) {
        if (pair[0] >= 0) {
            close(pair[0]);
            close(pair[1]);
        }
        window_done(&worker->window);
        free(start);
        return r;
    }
    worker->fd = pair[0];
    return 0;
}

static void thread_end(struct pool_worker *worker)
{
    /* It may have begun a job behind the one that it was ended at. */
    atomic_store(&window_control(&worker->window)->ending, 1);
    shutdown(worker->fd, SHUT_WR);
}

static void thread_closed(struct pool_worker *worker)
{
    char reason[256];
    pthread_join(worker->thread, NULL);
    if (worker->fault) {
        snprintf(reason, sizeof reason, "worker lost: %s", worker->fault);
        pool_report_lost(worker->pool, reason);
    }
    pool_worker_gone(worker);
}

/* Has the thread closed its end by the deadline? What it still says is dropped. */
static bool thread_wait_closed(struct pool_worker *worker, uint64_t deadline)
{
    struct message message;
    for (;;) {
        int r = message_receive(worker->fd, MESSAGE_WORKER, MESSAGE_CORE, MESSAGE_STREAM, &message,
                                NULL);
        explicit_bzero(message.text, sizeof message.text);
        if (r == ERR_SYSTEM)
            return true;
        uint64_t now = clock_now_ns();
        if (now >= deadline)
            return false;
        struct pollfd fd = {.fd = worker->fd, .events = POLLIN};
        if (r == ERR_QUEUE_FULL)
            poll(&fd, 1, (int)((deadline - now) / NS_PER_MS) + 1);
    }
}

static void thread_stop(struct exec_pool *pool)
{
    uint64_t deadline = clock_now_ns() + POOL_JOIN_MS * NS_PER_MS;
    for (uint64_t place = 0; place < pool->workers_max; place++) {
        struct pool_worker *worker = pool->places[place];
        if (!worker)
            continue;
        if (thread_wait_closed(worker, deadline)) {
            thread_closed(worker);
            continue;
        }
        /* It hangs: it keeps its window, or it would write into memory of others. */
        pthread_detach(worker->thread);
        worker->window.base = NULL;
        pool_worker_gone(worker);
    }
}

static int thread_prepare(struct exec_pool *pool)
{
    (void)pool;
    return 0;
}

const struct pool_backend pool_backend_thread = {
    /* A thread makes its engine first, which takes the time of hundreds of jobs: several at once
     * would make those that run long, and so ask for more. */
    .starting_most = 1,      .given_most = POOL_SHORT_PER_CORE,
    .stream = true,          .prepare = thread_prepare,
    .start = thread_start,   .end = thread_end,
    .closed = thread_closed, .stop = thread_stop,
};
