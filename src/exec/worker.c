#include "exec/worker.h"
#include "base/clock.h"
#include "base/error.h"
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

/* How often a running job looks whether the core is still there. */
#define WORKER_LOOK_NS (100 * NS_PER_MS)

struct worker {
    const struct worker_setup *setup;
    uint32_t sequence, round; /* of the job that runs */
    uint64_t look_ns;         /* when to look for the core next */
    bool declined;            /* it was told that no other job of this round is begun */
    bool answered;            /* the core has its DONE */
    bool gone;                /* the core is gone or broke the protocol, or the engine broke: end */
    uint32_t secret_count;
    struct engine_secret secrets[WINDOW_SECRETS];
    struct message order; /* the core's; its text is the request of the job that runs */
    struct message reply;
};

static int worker_receive(const struct worker *worker, int flags, struct message *ret)
{
    if (worker->setup->config->stream)
        flags |= MESSAGE_STREAM;
    return message_receive(worker->setup->fd, MESSAGE_CORE, MESSAGE_WORKER, flags, ret, NULL);
}

/* Waits until the socket has something, or until the time (UINT64_MAX: any), or a signal. A sealed
 * process cannot poll (RLIMIT_NOFILE is 0, see seal.h); a thread's descriptor may be too high for
 * select. */
static void worker_wait(int fd, uint64_t ns)
{
    struct timespec time = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
    const struct timespec *until = ns == UINT64_MAX ? NULL : &time;
    if (fd < FD_SETSIZE) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        pselect(fd + 1, &set, NULL, NULL, until, NULL);
    } else {
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        ppoll(&wanted, 1, until, NULL);
    }
}

/* The next message, whenever it comes. */
static int worker_receive_next(const struct worker *worker, struct message *ret)
{
    int r;
    if (!worker->setup->config->stream)
        return worker_receive(worker, MESSAGE_WAIT, ret);
    /* Who sleeps inside of recv on a stream is also woken, for nothing, when the core has read an
     * answer and it could be written to again; who waits to read is not. */
    while ((r = worker_receive(worker, 0, ret)) == ERR_QUEUE_FULL)
        worker_wait(worker->setup->fd, UINT64_MAX);
    return r;
}

/* Other jobs shall not wait for this one: the core is to give them to other workers. */
static void worker_decline(struct worker *worker)
{
    turn_decline(&window_control(worker->setup->window)->turn, worker->round, worker->sequence);
    worker->declined = true;
}

/* 0, or ERR_CANCELLED. Called some thousand times a second: one load, and now and then a look. */
static int worker_interrupted(void *ctx)
{
    struct worker *worker = ctx;
    struct window_control *control = window_control(worker->setup->window);

    if (atomic_load_explicit(&control->cancelled, memory_order_relaxed) == worker->sequence ||
        atomic_load_explicit(&control->ending, memory_order_relaxed))
        return ERR_CANCELLED;
    uint64_t now = clock_now_ns();
    if (!worker->gone && now >= worker->look_ns) {
        char byte;
        worker->look_ns = now + WORKER_LOOK_NS;
        worker->gone = recv(worker->setup->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }
    return worker->gone ? ERR_CANCELLED : 0;
}

static void worker_sleep_until(void *ctx, uint64_t monotonic_ns)
{
    struct worker *worker = ctx;

    worker_decline(worker);
    while (!worker_interrupted(worker)) {
        uint64_t now = clock_now_ns();
        if (now >= monotonic_ns)
            return;
        worker_wait(worker->setup->fd, monotonic_ns - now);
        int r = worker_receive(worker, 0, &worker->reply);
        /* A CANCEL has done its work by waking us: the window says whether it is for this job. A
         * START was given before the core knew that it is declined. */
        if (r == ERR_SYSTEM || r == ERR_PROTOCOL)
            worker->gone = true;
        if (r == 0)
            explicit_bzero(worker->reply.text, worker->reply.text_size);
    }
}

/*
 * Takes the answer out of the window and leaves nothing of the job there or in the order: the next
 * job, which may be somebody else's, is run without waiting for the core. False if the core has to
 * read it in the window: it is too large, or the job failed, and then it is not known how much of
 * an output was written.
 */
static bool worker_take_answer(struct worker *worker, const struct engine_result *result)
{
    const struct window *window = worker->setup->window;
    const struct {
        enum window_area area;
        size_t size;
    } parts[] = {{WINDOW_OUTPUT, result->output_size},
                 {WINDOW_LOGS, result->logs_size},
                 {WINDOW_ERROR, result->error_size}};
    size_t size = result->output_size + result->logs_size + result->error_size;
    char *at = worker->reply.text;

    explicit_bzero(worker->order.text, worker->order.text_size);
    if (result->code || size > MESSAGE_TEXT_BYTES)
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *from = window_area(window, parts[i].area);
        memcpy(at, from, parts[i].size);
        explicit_bzero(from, parts[i].size);
        at += parts[i].size;
    }
    worker->reply.text_size = (uint32_t)size;
    return true;
}

/* Sends DONE. From here on the core may write the next job into the window. */
static void worker_answer(void *ctx, const struct engine_result *result)
{
    struct worker *worker = ctx;
    struct message *reply = &worker->reply;

    memset(worker->secrets, 0, sizeof worker->secrets[0] * worker->secret_count);
    message_init(reply, MESSAGE_DONE_TYPE);
    if (!worker_take_answer(worker, result))
        worker_decline(worker);
    reply->done = (struct message_done){
        .sequence = worker->sequence,
        .code = result->code,
        .output_size = (uint32_t)result->output_size,
        .logs_size = (uint32_t)result->logs_size,
        .error_size = (uint32_t)result->error_size,
        .log_count = result->log_count,
        .nondeterminism = result->nondeterminism,
        .leaving = worker->gone,
        .declined = worker->declined,
        .gas_used = result->gas_used,
        .memory_used = result->memory_used,
        .duration_ns = result->duration_ns,
    };
    worker->answered = true;
    if (message_send(worker->setup->fd, reply, NULL))
        worker->gone = true;
    explicit_bzero(reply->text, reply->text_size);
}

/*
 * Runs the job. The engine restores itself after the answer is sent, so that the core works in the
 * meantime; the next message is taken when that is done. An engine that fails at it ends the
 * worker, and the core sees it end.
 */
static void worker_take_start(struct worker *worker, const struct message *message)
{
    const struct worker_setup *setup = worker->setup;
    const struct worker_config *config = setup->config;
    const struct window_layout *layout = &config->layout;
    const struct message_start *start = &message->start;
    const struct engine_host host = {worker, worker_interrupted, worker_sleep_until, worker_answer};
    /* Where there are secrets the core cuts, after its guard has looked across the cut. */
    const uint32_t slack = start->request.secret_count ? GUARD_SPELLED_MOST : 0;
    const struct engine_out out = {
        .output = window_area(setup->window, WINDOW_OUTPUT),
        .output_max = layout->size[WINDOW_OUTPUT],
        .logs = window_area(setup->window, WINDOW_LOGS),
        .logs_max = layout->size[WINDOW_LOGS],
        .error = window_area(setup->window, WINDOW_ERROR),
        .error_max = config->error_bytes + slack,
    };
    struct engine_job job = {
        .output_depth = config->output_depth,
        .log_entries = config->log_entries,
        .log_entry_bytes = config->log_entry_bytes + slack,
        .timers = config->timers,
    };
    struct span area = {window_area(setup->window, WINDOW_REQUEST), layout->size[WINDOW_REQUEST]};
    struct engine_result result = {0};
    bool broken = false;

    if (!turn_begin(&window_control(setup->window)->turn, start->round, start->sequence))
        return; /* it has been taken back */
    if (message->text_size)
        area = (struct span){message->text, message->text_size};
    if (window_open_request(area, &start->request, &job, worker->secrets)) {
        worker->gone = true;
        return;
    }
    worker->sequence = start->sequence;
    worker->round = start->round;
    worker->secret_count = start->request.secret_count;
    worker->declined = worker->answered = false;
    worker->look_ns = clock_now_ns() + WORKER_LOOK_NS;
    result.code = worker_interrupted(worker);
    if (result.code == 0)
        broken = engine_run(setup->engine, &host, &job, &out, &result) != 0;
    worker->gone |= broken;
    /* An engine that broke without a failure of the job has no answer. */
    if (!worker->answered && (!broken || result.code != 0))
        worker_answer(worker, &result);
}

/* A job's CANCEL that came too late. */
static void worker_take_cancel(struct worker *worker, const struct message *message)
{
    (void)worker;
    (void)message;
}

typedef void worker_handler(struct worker *worker, const struct message *message);

static worker_handler *const worker_handlers[MESSAGE_COUNT] = {
    [MESSAGE_START_TYPE] = worker_take_start,
    [MESSAGE_CANCEL_TYPE] = worker_take_cancel,
};

void worker_serve(const struct worker_setup *setup)
{
    struct worker worker = {.setup = setup};

    while (!worker.gone) {
        if (worker_receive_next(&worker, &worker.order))
            return;
        worker_handlers[worker.order.type](&worker, &worker.order);
        /* Of a job that was taken back, or had no answer: what was run has been wiped already. */
        explicit_bzero(worker.order.text, worker.order.text_size);
    }
}

int worker_say_ready(const struct worker_setup *setup, int code, const struct seal_report *report,
                     const char *failure)
{
    struct message message;
    const char *text = code ? failure : report->refused;
    size_t size = strlen(text);

    if (size > setup->config->layout.size[WINDOW_ERROR])
        size = setup->config->layout.size[WINDOW_ERROR];
    memcpy(window_area(setup->window, WINDOW_ERROR), text, size);
    message_init(&message, MESSAGE_READY_TYPE);
    message.ready = (struct message_ready){
        .code = code,
        .mechanisms = report->mechanisms,
        .text_size = (uint32_t)size,
    };
    return message_send(setup->fd, &message, NULL);
}
