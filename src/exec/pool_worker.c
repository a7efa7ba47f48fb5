#include "base/clock.h"
#include "exec/pool.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The low bits of a worker's id are its place; the rest counts, so that no id comes twice soon. */
#define PLACE_BITS 11
_Static_assert(1 << PLACE_BITS >= ZYGOTE_CHILDREN, "every worker needs an id");

/* What a job may end with by the worker's own word. Everything else is the core's to say. */
static const enum error_code worker_codes[] = {
    ERR_NONE,           ERR_SCRIPT_ERROR,     ERR_ENTRY_POINT_MISSING, ERR_NEVER_SETTLED,
    ERR_OUTPUT_INVALID, ERR_OUTPUT_TOO_LARGE, ERR_INPUT_INVALID,       ERR_TIMEOUT,
    ERR_GAS_EXHAUSTED,  ERR_MEMORY_EXCEEDED,  ERR_STACK_OVERFLOW,      ERR_RESOURCE_EXHAUSTED,
};

#define NONDETERMINISM_ALL (ENGINE_USED_CLOCK | ENGINE_USED_RANDOM | ENGINE_USED_TIMER)

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

struct pool_worker *pool_worker_find(struct exec_pool *pool, uint32_t id)
{
    uint32_t place = id & ((1u << PLACE_BITS) - 1);
    struct pool_worker *worker = place < pool->workers_max ? pool->places[place] : NULL;
    return worker && worker->id == id ? worker : NULL;
}

static void pool_worker_on_poll(uv_poll_t *poll, int status, int events)
{
    struct pool_worker *worker = poll->data;
    struct exec_pool *pool = worker->pool;
    (void)events;
    if (status < 0)
        pool_worker_end(worker, ERR_WORKER_LOST, "its socket failed");
    else
        pool_worker_receive(worker);
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

/* Hands the result over. The worker has let go of the run before, so `done` may start another. */
static void pool_run_end(struct exec_pool *pool, const struct exec_run *run,
                         struct exec_result *result)
{
    pool->running--;
    pool->ended++;
    pool->long_running -= run->is_long;
    if (run->cancelled)
        result->code = ERR_CANCELLED;
    run->done(run->ctx, result);
    buf_wipe(&result->output);
    buf_wipe(&result->error);
    buf_wipe(&result->logs);
}

static struct exec_run pool_worker_take_run(struct pool_worker *worker)
{
    struct exec_run run = worker->run;
    worker->run = (struct exec_run){.sequence = run.sequence};
    return run;
}

void pool_worker_end(struct pool_worker *worker, int code, const char *fault)
{
    struct exec_pool *pool = worker->pool;
    if (worker->state == WORKER_ENDING)
        return;
    struct exec_run run = pool_worker_take_run(worker);
    pool_worker_set_idle(worker, false);
    if (worker->state == WORKER_STARTING)
        pool->next_spawn_ns = clock_now_ns() + POOL_RETRY_MS * NS_PER_MS;
    worker->state = WORKER_ENDING;
    worker->fault = fault;
    worker->deadline_ns = 0;
    pool->ending++;
    if (fault)
        pool->lost++;
    else
        pool->retired++;
    /* Here `worker` may be gone, but it is freed only from the loop, by its poll's closing. */
    pool->backend->end(worker);
    pool_watch_wake(pool);
    if (run.done) {
        struct exec_result result = {.code = code, .duration_ns = clock_now_ns() - run.started_ns};
        pool_run_end(pool, &run, &result);
    }
}

int pool_worker_give(struct pool_worker *worker, const struct exec_request *request,
                     exec_done_fn *done, void *ctx)
{
    struct exec_pool *pool = worker->pool;
    struct message message;
    message_init(&message, MESSAGE_START_TYPE);
    int r = window_write_request(&worker->window, request, &message.start.request);
    if (r)
        return r;
    uint32_t sequence = worker->run.sequence + 1;
    message.start.sequence = sequence ? sequence : 1; /* 0 is what an untouched cancel word says */
    if (message_send(worker->fd, &message, NULL)) {
        pool_worker_end(worker, ERR_WORKER_LOST, "it died while idle");
        return ERR_SYSTEM;
    }
    uint64_t now = clock_now_ns();
    worker->run = (struct exec_run){
        .done = done,
        .ctx = ctx,
        .sequence = message.start.sequence,
        .started_ns = now,
        .request = message.start.request,
        .guard = request->guard,
        .output_guard = request->output_guard,
    };
    worker->memory_reserved = request->memory_limit;
    pool->memory_reserved += request->memory_limit;
    pool->running++;
    pool->started++;
    pool_worker_set_idle(worker, false);
    worker->deadline_ns = now + message.start.request.timeout_ns + POOL_GRACE_MS * NS_PER_MS;
    return 0;
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

/* "[secret NAME]" in place of eight bytes. */
#define SECRET_NAME_GROWTH ((WINDOW_SECRET_NAME_BYTES + 16) / 8)
#define LEAK_PATH_BYTES    256u /* of the place that a refused output's error names */
#define LEAK_ERROR_BYTES   1024u

static bool worker_may_say(int code, bool cancelled)
{
    for (size_t i = 0; i < sizeof worker_codes / sizeof worker_codes[0]; i++)
        if (code == worker_codes[i])
            return true;
    return code == ERR_CANCELLED && cancelled;
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

/* What a worker was handed out beyond the limits, so that the guard can look across a cut. */
static uint32_t pool_slack(const struct pool_worker *worker)
{
    return worker->run.request.secret_count ? GUARD_SPELLED_MOST : 0;
}

/* `*r` becomes ERR_NO_MEMORY if there is none for the copy. */
static const char *pool_read_logs(struct pool_worker *worker, const struct message_done *done,
                                  struct buf *ret, int *r)
{
    struct exec_pool *pool = worker->pool;
    const struct worker_config *config = &pool->config;
    const struct answer_log_rules rules = {
        .count = done->log_count,
        .entry_max = config->log_entry_bytes + WINDOW_LOG_MARK_BYTES + pool_slack(worker),
        .guard = worker->run.guard,
        .shown_max = config->log_entry_bytes,
    };

    /* In JSON a byte takes six at most; a quote at either end and a comma for each entry. What is
     * redacted may grow by a name for each eight bytes. */
    size_t growth = rules.guard ? SECRET_NAME_GROWTH : 1;
    buf_init(ret, 6ul * growth * done->logs_size + 3ul * done->log_count + 2);
    if (done->log_count > config->log_entries + 1u)
        return "it wrote more log entries than allowed";
    struct buf *records = &pool->records;
    const char *fault = NULL;
    if (window_read(&worker->window, WINDOW_LOGS, done->logs_size, records))
        *r = ERR_NO_MEMORY;
    else
        fault = answer_write_logs((struct span){records->data, records->size}, &rules, ret);
    if (buf_failed(ret))
        *r = ERR_NO_MEMORY;
    if (records->size > 0)
        explicit_bzero(records->data, records->size);
    buf_reset(records);
    return fault;
}

/* The output is refused: nothing of it is kept, and the error says which secret and where. */
static int pool_refuse_leak(struct exec_result *result, const struct guard *guard, size_t secret,
                            const char *path)
{
    struct span name = guard_secret_name(guard, secret);
    buf_wipe(&result->output);
    result->code = ERR_SECRET_LEAK;
    buf_init(&result->error, LEAK_ERROR_BYTES);
    return buf_addf(&result->error, "%s: %.*s, at \"%s\"", error_text(ERR_SECRET_LEAK),
                    (int)name.size, name.data, path);
}

/* Keeps secrets in: refuses the output, or redacts the error. */
static int pool_guard_text(const struct pool_worker *worker, struct exec_result *result)
{
    const struct exec_run *run = &worker->run;
    char path[LEAK_PATH_BYTES];
    size_t secret;
    if (result->code == 0) {
        struct span output = {result->output.data, result->output.size};
        if (!run->output_guard ||
            !guard_check_json(run->output_guard, output, &secret, path, sizeof path))
            return 0;
        return pool_refuse_leak(result, run->output_guard, secret, path);
    }
    if (!run->guard)
        return 0;
    size_t max = worker->pool->config.error_bytes;
    struct buf shown;
    buf_init(&shown, max + WINDOW_LOG_MARK_BYTES);
    int r = answer_redact(run->guard, (struct span){result->error.data, result->error.size}, max,
                          &shown);
    buf_wipe(&result->error);
    result->error = shown;
    return r;
}

/* Copies and checks output or error. `*r` as above. */
static const char *pool_read_text(struct pool_worker *worker, const struct message_done *done,
                                  struct exec_result *result, int *r)
{
    bool failed = done->code != 0;
    enum window_area area = failed ? WINDOW_ERROR : WINDOW_OUTPUT;
    uint32_t size = failed ? done->error_size : done->output_size;
    struct buf *text = failed ? &result->error : &result->output;

    buf_init(text, size);
    *r = window_read(&worker->window, area, size, text);
    if (*r)
        return NULL;
    struct span span = {text->data, text->size};
    const char *fault =
        failed ? answer_check_error(span) : answer_check_output(&worker->pool->scratch, span);
    if (!fault)
        *r = pool_guard_text(worker, result);
    return fault;
}

/* Copies and checks the answer. NULL, or how the worker broke the protocol. */
static const char *pool_read_answer(struct pool_worker *worker, const struct message_done *done,
                                    struct exec_result *result)
{
    const struct window_layout *layout = &worker->window.layout;
    const struct exec_run *run = &worker->run;
    uint32_t size = done->code ? done->error_size : done->output_size;
    uint32_t size_max = done->code ? worker->pool->config.error_bytes + pool_slack(worker)
                                   : layout->size[WINDOW_OUTPUT];
    int r = 0, logs_r = 0;

    if (!run->done || done->sequence != run->sequence)
        return "it answered a job that it does not have";
    if (!worker_may_say(done->code, run->cancelled))
        return "it ended its job with a code that is not its to use";
    if (size > size_max || done->logs_size > layout->size[WINDOW_LOGS])
        return "its answer is longer than its window";
    if (done->nondeterminism & ~(uint32_t)NONDETERMINISM_ALL)
        return "it touched what there is not";

    *result = (struct exec_result){
        .code = done->code,
        .nondeterminism = done->nondeterminism,
        .gas_used = at_most(done->gas_used, run->request.gas_limit),
        .memory_used = at_most(done->memory_used, run->request.memory_limit),
        .duration_ns = at_most(done->duration_ns, clock_now_ns() - run->started_ns),
    };
    const char *fault = pool_read_text(worker, done, result, &r);
    if (!fault)
        fault = pool_read_logs(worker, done, &result->logs, &logs_r);
    if (r || logs_r) {
        /* Half of an answer must not pass for one, nor an output that nobody looked through. */
        buf_wipe(&result->output);
        result->code = ERR_NO_MEMORY;
    }
    return fault;
}

/* Leaves nothing of the job in the window. Of a failed job it is not known how much of an output
 * was written before it failed. */
static void pool_wipe_window(struct pool_worker *worker, const struct message_done *done)
{
    struct window *window = &worker->window;
    window_wipe(window, WINDOW_REQUEST, window_request_size(&worker->run.request));
    window_wipe(window, WINDOW_LOGS, done->logs_size);
    window_wipe(window, WINDOW_ERROR, done->error_size);
    if (done->code)
        window_clear(window, WINDOW_OUTPUT);
    else
        window_wipe(window, WINDOW_OUTPUT, done->output_size);
}

static const char *pool_worker_take_done(struct pool_worker *worker, const struct message *message)
{
    struct exec_pool *pool = worker->pool;
    const struct message_done *done = &message->done;
    struct exec_result result = {0};
    const char *fault = pool_read_answer(worker, done, &result);
    if (fault) {
        buf_wipe(&result.output);
        buf_wipe(&result.error);
        buf_wipe(&result.logs);
        return fault;
    }
    pool_wipe_window(worker, done);
    struct exec_run run = pool_worker_take_run(worker);
    pool->memory_reserved -= worker->memory_reserved;
    worker->memory_reserved = 0;
    worker->deadline_ns = 0;
    worker->jobs++;
    pool->capacity_due = true;
    if (done->leaving)
        pool_worker_end(worker, 0, "its engine must not be used again");
    else if (worker->jobs >= pool->jobs_per_worker)
        pool_worker_end(worker, 0, NULL);
    else
        pool_worker_set_idle(worker, true);
    pool_run_end(pool, &run, &result);
    return NULL;
}

typedef const char *pool_handler(struct pool_worker *worker, const struct message *message);

static pool_handler *const pool_handlers[MESSAGE_COUNT] = {
    [MESSAGE_READY_TYPE] = pool_worker_take_ready,
    [MESSAGE_DONE_TYPE] = pool_worker_take_done,
};

void pool_worker_receive(struct pool_worker *worker)
{
    struct message message;
    int r = message_receive(worker->fd, MESSAGE_WORKER, MESSAGE_CORE, false, &message, NULL);
    if (r == ERR_QUEUE_FULL)
        return;
    if (worker->state == WORKER_ENDING) {
        if (r == ERR_SYSTEM)
            worker->pool->backend->closed(worker);
        return;
    }
    const char *fault = r == ERR_SYSTEM     ? "it died"
                        : r == ERR_PROTOCOL ? "it sent what is no message of a worker"
                                            : pool_handlers[message.type](worker, &message);
    if (fault)
        pool_worker_end(worker, ERR_WORKER_LOST, fault);
}
