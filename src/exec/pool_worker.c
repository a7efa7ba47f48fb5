#include "base/clock.h"
#include "exec/pool.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The low bits of a worker's id are its place; the rest counts, so that no id comes twice soon. */
#define PLACE_BITS 11
_Static_assert(1 << PLACE_BITS >= ZYGOTE_CHILDREN, "every worker needs an id");

void pool_worker_set_idle(struct pool_worker *worker, bool idle)
{
    struct exec_pool *pool = worker->pool;
    if (worker->idle == idle)
        return;
    worker->idle = idle;
    if (!idle) {
        TAILQ_REMOVE(&pool->idle, worker, idle_link);
        pool->idle_count--;
        if (pool->idle_count < pool->idle_least)
            pool->idle_least = pool->idle_count;
        return;
    }
    /* The last used one is the first to be used again: its memory is still in the caches. */
    TAILQ_INSERT_HEAD(&pool->idle, worker, idle_link);
    pool->idle_count++;
    pool->capacity_due = true;
}

void pool_worker_set_open(struct pool_worker *worker, bool open)
{
    struct exec_pool *pool = worker->pool;
    open &= pool->backend->given_most > 1;
    if (worker->open == open)
        return;
    worker->open = open;
    if (open)
        TAILQ_INSERT_TAIL(&pool->open, worker, open_link);
    else
        TAILQ_REMOVE(&pool->open, worker, open_link);
    pool->open_count += open ? 1 : -1u;
}

void pool_worker_set_deadline(struct pool_worker *worker)
{
    const struct exec_run *run = TAILQ_FIRST(&worker->runs);
    uint64_t timeout_ns = run->order.start.request.timeout_ns + POOL_GRACE_MS * NS_PER_MS;
    worker->deadline_ns =
        clock_now_ns() + (run->cancelled ? POOL_CANCEL_MS * NS_PER_MS : timeout_ns);
}

struct pool_worker *pool_worker_find(struct exec_pool *pool, uint32_t id)
{
    uint32_t place = id & ((1u << PLACE_BITS) - 1);
    struct pool_worker *worker = place < pool->workers_max ? pool->places[place] : NULL;
    return worker && worker->id == id ? worker : NULL;
}

/* What it sent before it died is still in its socket. */
static void pool_worker_fail(struct pool_worker *worker)
{
    while (worker->state != WORKER_ENDING && pool_worker_receive(worker))
        ;
    pool_worker_end(worker, ERR_WORKER_LOST, "its socket failed");
}

static void pool_worker_on_poll(uv_poll_t *poll, int status, int events)
{
    struct pool_worker *worker = poll->data;
    struct exec_pool *pool = worker->pool;
    (void)events;
    if (status < 0)
        pool_worker_fail(worker);
    else /* all that it has done meanwhile: jobs that end together are signed together */
        for (unsigned i = 0; pool_worker_receive(worker) && i < POOL_SHORT_PER_CORE; i++)
            if (worker->run_count == 0)
                break;
    pool_run_serve(pool);
    pool_tell_capacity(pool);
}

static int pool_place(struct exec_pool *pool, uint32_t *ret)
{
    for (uint32_t place = 0; place < pool->workers_max; place++) {
        if (!pool->places[place]) {
            *ret = place;
            return 0;
        }
    }
    return ERR_QUEUE_FULL;
}

int pool_worker_start(struct exec_pool *pool, struct pool_worker **ret)
{
    uint32_t place;
    int r = pool_place(pool, &place);
    if (r)
        return r;
    struct pool_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return ERR_NO_MEMORY;
    worker->pool = pool;
    worker->id = ++pool->generation << PLACE_BITS | place;
    worker->state = WORKER_STARTING;
    worker->fd = -1;
    TAILQ_INIT(&worker->runs);
    r = pool->backend->start(worker);
    if (r)
        goto failed;
    if (uv_poll_init(pool->loop, &worker->poll, worker->fd) != 0) {
        /* Only out of memory in the loop; the worker sees the end of its socket and ends. */
        close(worker->fd);
        window_done(&worker->window);
        r = ERR_NO_MEMORY;
        goto failed;
    }
    worker->poll.data = worker;
    uv_poll_start(&worker->poll, UV_READABLE, pool_worker_on_poll);
    worker->deadline_ns = clock_now_ns() + POOL_READY_MS * NS_PER_MS;
    pool->places[place] = worker;
    pool->workers++;
    if (ret)
        *ret = worker;
    return 0;

failed:
    free(worker);
    return r;
}

static void pool_worker_free_if_done(struct pool_worker *worker)
{
    if (worker->gone && worker->poll_closed)
        free(worker);
}

static void pool_worker_poll_closed(uv_handle_t *handle)
{
    struct pool_worker *worker = handle->data;
    worker->poll_closed = true;
    pool_worker_free_if_done(worker);
}

/* The core hears no more of this worker. */
void pool_worker_close_socket(struct pool_worker *worker)
{
    if (worker->fd < 0)
        return;
    uv_close((uv_handle_t *)&worker->poll, pool_worker_poll_closed);
    close(worker->fd);
    worker->fd = -1;
}

/* Nothing of the worker runs any more: its place, its memory and its window are free. */
void pool_worker_gone(struct pool_worker *worker)
{
    struct exec_pool *pool = worker->pool;
    pool->places[worker->id & ((1u << PLACE_BITS) - 1)] = NULL;
    pool->workers--;
    pool->ending--;
    pool->memory_reserved -= worker->memory_reserved;
    pool->capacity_due = true;
    window_done(&worker->window);
    worker->gone = true;
    pool_worker_close_socket(worker);
    pool_worker_free_if_done(worker);
}

/* By its own word, which it may write as it likes: then the job is tried again, or is not. */
static bool pool_worker_has_begun_first(const struct pool_worker *worker)
{
    const struct exec_run *first = TAILQ_FIRST(&worker->runs);
    uint32_t begun = (uint32_t)atomic_load(&window_control(&worker->window)->turn);
    return first && (int32_t)(begun - first->order.start.sequence) >= 0;
}

void pool_worker_end(struct pool_worker *worker, int code, const char *fault)
{
    struct exec_pool *pool = worker->pool;
    if (worker->state == WORKER_ENDING)
        return;
    bool begun = pool_worker_has_begun_first(worker);
    /* What it was given ahead is as good as new elsewhere, even if this one has begun it. */
    if (worker->run_count > 1)
        pool_run_take_back(worker, true);
    struct exec_run *run = pool_run_leave(worker);
    if (run && code == ERR_WORKER_LOST && pool_run_try_again(run, begun))
        run = NULL;
    pool_worker_set_idle(worker, false);
    if (worker->state == WORKER_STARTING)
        pool->next_spawn_ns = clock_now_ns() + POOL_RETRY_MS * NS_PER_MS;
    worker->state = WORKER_ENDING;
    worker->fault = fault;
    worker->deadline_ns = 0;
    worker->memory_reserved = run ? run->order.start.request.memory_limit : 0;
    pool->ending++;
    if (fault)
        pool->lost++;
    else
        pool->retired++;
    /* Here `worker` may be gone, but it is freed only from the loop, by its poll's closing. */
    pool->backend->end(worker);
    pool_watch_wake(pool);
    if (run) {
        struct exec_result result = {.code = code, .duration_ns = clock_now_ns() - run->begins_ns};
        pool_run_end(run, &result);
    }
}

static const char *pool_worker_take_ready(struct pool_worker *worker, const struct message *message)
{
    struct exec_pool *pool = worker->pool;
    const struct message_ready *ready = &message->ready;
    struct seal_report report = {.mechanisms = ready->mechanisms};
    struct buf text = BUF_INIT(sizeof report.refused - 1);
    uint32_t size = ready->text_size < text.max ? ready->text_size : (uint32_t)text.max;

    if (worker->state != WORKER_STARTING)
        return "it said twice that it is ready";
    if (window_read(&worker->window, WINDOW_ERROR, size, &text) == 0 && size > 0)
        memcpy(report.refused, text.data, size);
    buf_done(&text);
    window_wipe(&worker->window, WINDOW_ERROR, size);
    if (ready->code) {
        error_set(&pool->start_failure, ERR_SYSTEM, "isolation", "%s", report.refused);
        return "it could not be sealed";
    }
    /* What was announced at start holds for every worker, or the worker is not used. */
    if (pool->sealed_known &&
        (report.mechanisms & pool->sealed.mechanisms) != pool->sealed.mechanisms)
        return "it is sealed less than the first worker";
    if (!pool->sealed_known)
        pool->sealed = report;
    pool->sealed_known = true;
    worker->state = WORKER_READY;
    worker->deadline_ns = 0;
    pool_worker_set_idle(worker, true);
    return NULL;
}

static const char *pool_worker_take_done(struct pool_worker *worker, const struct message *message)
{
    struct exec_pool *pool = worker->pool;
    const struct message_done *done = &message->done;
    struct exec_result result = {0};
    const char *fault = pool_answer_read(worker, message, &result);
    if (fault) {
        buf_wipe(&result.output);
        buf_wipe(&result.error);
        buf_wipe(&result.logs);
        return fault;
    }
    pool_answer_wipe(worker, message);
    if (done->declined || done->leaving)
        pool_run_take_back(worker, true);
    struct exec_run *run = pool_run_leave(worker);
    pool->memory_reserved -= run->order.start.request.memory_limit;
    worker->answered = done->sequence;
    worker->jobs++;
    pool->capacity_due = true;
    if (done->leaving)
        pool_worker_end(worker, 0, "its engine must not be used again");
    else if (worker->jobs >= pool->jobs_per_worker)
        pool_worker_end(worker, 0, NULL);
    else if (worker->run_count == 0)
        pool_worker_set_idle(worker, true);
    pool_run_end(run, &result);
    return NULL;
}

typedef const char *pool_handler(struct pool_worker *worker, const struct message *message);

static pool_handler *const pool_handlers[MESSAGE_COUNT] = {
    [MESSAGE_READY_TYPE] = pool_worker_take_ready,
    [MESSAGE_DONE_TYPE] = pool_worker_take_done,
};

/* `r` is what message_receive said. */
static void pool_worker_hear(struct pool_worker *worker, int r, const struct message *message)
{
    if (worker->state == WORKER_ENDING) {
        if (r == ERR_SYSTEM)
            worker->pool->backend->closed(worker);
        return;
    }
    const char *fault = r == ERR_SYSTEM     ? "it died"
                        : r == ERR_PROTOCOL ? "it sent what is no message of a worker"
                                            : pool_handlers[message->type](worker, message);
    if (fault)
        pool_worker_end(worker, ERR_WORKER_LOST, fault);
}

bool pool_worker_receive(struct pool_worker *worker)
{
    struct message message;
    int flags = worker->pool->config.stream ? MESSAGE_STREAM : 0;
    int r = message_receive(worker->fd, MESSAGE_WORKER, MESSAGE_CORE, flags, &message, NULL);
    if (r == ERR_QUEUE_FULL)
        return false;
    pool_worker_hear(worker, r, &message);
    /* It may have held secrets. */
    explicit_bzero(message.text, r == 0 ? message.text_size : sizeof message.text);
    return true;
}
