/*
 * An engine and a seal for the tests of the pool: they take the place of src/engine and of
 * seal_worker at link time. The "script" is an order, which the worker carries out as an engine
 * that was broken into might: it dies, hangs, lies, writes where it likes.
 */
#ifndef NEOCOMPUTE_TESTS_ENGINE_DOUBLE_H
#define NEOCOMPUTE_TESTS_ENGINE_DOUBLE_H

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"
#include "exec/message.h"
#include "exec/seal.h"
#include "exec/zygote.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DOUBLE_HANGS 'h' /* in the output area of one that hangs, so that a test can know */

struct engine {
    int jobs;
};

const size_t engine_stack_bytes = 512 * 1024;

int engine_new(enum engine_bounds bounds, struct engine **ret)
{
    (void)bounds;
    *ret = calloc(1, sizeof **ret);
    return *ret ? 0 : ERR_NO_MEMORY;
}

void engine_free(struct engine *engine)
{
    free(engine);
}

const char *engine_digest(void)
{
    return "double";
}

/* One order: what it is called, its argument as text and number, and what it may touch. */
struct order {
    char text[4096];
    const char *argument;
    long number;
    struct engine *engine;
    const struct engine_host *host;
    const struct engine_job *job;
    const struct engine_out *out;
    struct engine_result *result;
};

static int order_output(struct order *order, const char *text)
{
    order->result->output_size = strlen(text);
    memcpy(order->out->output, text, strlen(text));
    return 0;
}

static int order_fail(struct order *order, const char *text)
{
    order->result->code = ERR_SCRIPT_ERROR;
    order->result->error_size = strlen(text);
    memcpy(order->out->error, text, strlen(text));
    return 0;
}

static int order_echo(struct order *order)
{
    memcpy(order->out->output, order->job->input.data, order->job->input.size);
    order->result->output_size = order->job->input.size;
    return 0;
}

static int order_answer(struct order *order)
{
    return order_output(order, order->argument);
}

static int order_throw(struct order *order)
{
    return order_fail(order, order->argument);
}

static int order_code(struct order *order)
{
    order->result->code = (int)order->number;
    return 0;
}

static int order_log(struct order *order)
{
    uint32_t size = (uint32_t)strlen(order->argument);
    memcpy(order->out->logs, &size, sizeof size);
    memcpy(order->out->logs + sizeof size, order->argument, size);
    order->result->logs_size = sizeof size + size;
    order->result->log_count = 1;
    return order_output(order, "{}");
}

static int order_secrets(struct order *order)
{
    char text[512] = "{";
    for (size_t i = 0; i < order->job->secret_count; i++) {
        const struct engine_secret *secret = &order->job->secrets[i];
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"%.*s\":\"%.*s\"",
                 i ? "," : "", (int)secret->name.size, secret->name.data, (int)secret->value.size,
                 secret->value.data);
    }
    strncat(text, "}", sizeof text - strlen(text) - 1);
    return order_output(order, text);
}

static int order_pid(struct order *order)
{
    char text[64];
    snprintf(text, sizeof text, "{\"pid\":%d}", getpid());
    return order_output(order, text);
}

/* Waits as a timer does: until the time, the job's time limit or a cancel. */
static int order_sleep(struct order *order)
{
    uint64_t start = clock_now_ns(), end = start + (uint64_t)order->number * NS_PER_MS;
    uint64_t limit = start + order->job->timeout_ns;
    order->host->sleep_until(order->host->ctx, end < limit ? end : limit);
    order->result->code = order->host->interrupted(order->host->ctx);
    if (!order->result->code && clock_now_ns() < end)
        order->result->code = ERR_TIMEOUT;
    order->result->duration_ns = clock_now_ns() - start;
    return order->result->code ? 0 : order_output(order, "{}");
}

/* Computes: looks at the clock and the cancel flag as the engine does at each refill. */
static int order_spin(struct order *order)
{
    uint64_t start = clock_now_ns(), end = start + (uint64_t)order->number * NS_PER_MS;
    while (clock_now_ns() < end && !order->result->code) {
        order->result->code = order->host->interrupted(order->host->ctx);
        if (!order->result->code && clock_now_ns() - start > order->job->timeout_ns)
            order->result->code = ERR_TIMEOUT;
    }
    return order->result->code ? 0 : order_output(order, "{}");
}

static int order_hang(struct order *order)
{
    *(volatile char *)order->out->output = DOUBLE_HANGS;
    for (;;)
        pause();
}

/* Hears nothing for a while. */
static int order_stuck(struct order *order)
{
    usleep((useconds_t)order->number * 1000);
    return order_output(order, "{}");
}

static int order_signal(struct order *order)
{
    raise((int)order->number);
    return order_output(order, "{}");
}

static int order_exit(struct order *order)
{
    _exit((int)order->number);
}

/* Answers, and dies while it restores itself. */
static int order_last(struct order *order)
{
    order_output(order, "{}");
    order->host->answered(order->host->ctx, order->result);
    usleep(20000);
    return order_signal(order);
}

/* Hears nothing for a moment, answers, and restores itself for long. */
static int order_linger(struct order *order)
{
    usleep(10000);
    order_output(order, "{}");
    order->host->answered(order->host->ctx, order->result);
    usleep((useconds_t)order->number * 1000);
    return 0;
}

/* The engine broke: it must not be used again, whether or not the job has an answer. */
static int order_break(struct order *order)
{
    if (order->number)
        order_fail(order, "broken");
    return ERR_INTERNAL;
}

/* Fills a large part of the output area and then fails, as an output that gets too large does. */
static int order_scribble(struct order *order)
{
    memset(order->out->output, 'M', (size_t)order->number);
    order->result->code = ERR_OUTPUT_TOO_LARGE;
    return 0;
}

static int order_junk(struct order *order)
{
    char junk[sizeof(struct message) * 2] = {0};
    memset(junk, 0x41, sizeof junk);
    size_t size = order->number < 0 ? sizeof(struct message) : (size_t)order->number;
    send(ZYGOTE_FD, junk, size < sizeof junk ? size : sizeof junk, 0);
    return order_hang(order);
}

/* A message that is not a worker's to send, with descriptors where they belong to it. */
static int order_wrong_message(struct order *order)
{
    struct message message;
    message_init(&message, (enum message_type)order->number);
    message_send(ZYGOTE_FD, &message, (int[]){ZYGOTE_FD, ZYGOTE_FD});
    return order_hang(order);
}

/* A DONE with one field forged, before the true one. */
static int order_forge(struct order *order)
{
    struct message message;
    struct message_done *done = &message.done;
    message_init(&message, MESSAGE_DONE_TYPE);
    order_output(order, "{}");
    done->sequence = (uint32_t)++order->engine->jobs;
    done->output_size = 2;
    const struct {
        const char *name;
        uint32_t *field;
        uint32_t value;
    } fields[] = {
        {"sequence", &done->sequence, 77},
        {"output_size", &done->output_size, UINT32_MAX},
        {"logs_size", &done->logs_size, 1u << 30},
        {"log_count", &done->log_count, 1},
        {"log_flood", &done->log_count, UINT32_MAX},
        {"nondeterminism", &done->nondeterminism, 8},
        {"positive_code", (uint32_t *)&done->code, 5},
        {"lost_code", (uint32_t *)&done->code, (uint32_t)ERR_WORKER_LOST},
        {"cancelled_code", (uint32_t *)&done->code, (uint32_t)ERR_CANCELLED},
        {"internal_code", (uint32_t *)&done->code, (uint32_t)ERR_INTERNAL},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, order->argument) == 0)
            *fields[i].field = fields[i].value;
    if (strcmp(order->argument, "text") == 0)
        message.text_size = 3; /* of an output of two bytes */
    memcpy(message.text, "{} ", 3);
    message_send(ZYGOTE_FD, &message, NULL);
    return order_hang(order);
}

/* Claims more gas, memory and time than it was given. */
static int order_boast(struct order *order)
{
    order->result->gas_used = order->result->memory_used = order->result->duration_ns = UINT64_MAX;
    return order_output(order, "{}");
}

/* Answers, and then once more. */
static int order_twice(struct order *order)
{
    struct message message;
    message_init(&message, MESSAGE_DONE_TYPE);
    message.done.sequence = (uint32_t)order->number;
    message.done.output_size = message.text_size = 2;
    memcpy(message.text, "{}", 2);
    message_send(ZYGOTE_FD, &message, NULL);
    return order_output(order, "{}");
}

static const struct {
    const char *name;
    int (*run)(struct order *order);
} orders[] = {
    {"echo", order_echo},         {"answer", order_answer}, {"throw", order_throw},
    {"code", order_code},         {"log", order_log},       {"secrets", order_secrets},
    {"pid", order_pid},           {"sleep", order_sleep},   {"spin", order_spin},
    {"hang", order_hang},         {"stuck", order_stuck},   {"signal", order_signal},
    {"exit", order_exit},         {"last", order_last},     {"break", order_break},
    {"scribble", order_scribble}, {"junk", order_junk},     {"message", order_wrong_message},
    {"forge", order_forge},       {"boast", order_boast},   {"twice", order_twice},
    {"linger", order_linger},
};

int engine_run(struct engine *engine, const struct engine_host *host, const struct engine_job *job,
               const struct engine_out *out, struct engine_result *ret)
{
    struct order order = {.engine = engine, .host = host, .job = job, .out = out, .result = ret};
    size_t size = job->script.size < sizeof order.text ? job->script.size : sizeof order.text - 1;
    memcpy(order.text, job->script.data, size);
    *ret = (struct engine_result){.gas_used = 1, .memory_used = 65536};
    char *space = strchr(order.text, ' ');
    order.argument = space ? space + 1 : "";
    order.number = strtol(order.argument, NULL, 10);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        size_t length = strlen(orders[i].name);
        if (strncmp(order.text, orders[i].name, length) == 0 &&
            (order.text[length] == ' ' || !order.text[length]))
            return orders[i].run(&order);
    }
    ret->code = ERR_INTERNAL; /* not a worker's to say: the test fails */
    return 0;
}

/*
 * The seal: nothing. What the zygote and its workers are to do when a worker is made stands in a
 * file, so that a test can have a later one fail, or claim less than the first.
 */
#define DOUBLE_CLAIM_FILE "/tmp/neocompute-test-claim"

static bool claimed(pid_t zygote, const char *what)
{
    char claim[64] = "", path[64];
    snprintf(path, sizeof path, "%s.%d", DOUBLE_CLAIM_FILE, zygote);
    FILE *file = fopen(path, "r");
    if (file && !fgets(claim, sizeof claim, file))
        claim[0] = 0;
    if (file)
        fclose(file);
    return strcmp(claim, what) == 0;
}

/* The test sees that the claim has come true. */
static void claim_done(pid_t zygote)
{
    char path[64];
    snprintf(path, sizeof path, "%s.%d", DOUBLE_CLAIM_FILE, zygote);
    unlink(path);
}

int seal_namespaces(void)
{
    return 0;
}

pid_t seal_clone(int namespaces)
{
    (void)namespaces;
    if (claimed(getpid(), "no fork")) {
        errno = EAGAIN;
        return -1;
    }
    return fork();
}

int seal_worker(const struct seal_options *options, int namespaces, struct seal_report *ret,
                struct error_detail *detail)
{
    (void)options;
    (void)namespaces;
    pid_t zygote = getppid();
    if (claimed(zygote, "fail"))
        return error_set(detail, ERR_SYSTEM, "isolation", "no seccomp here");
    if (claimed(zygote, "die"))
        raise(SIGKILL);
    if (claimed(zygote, "slow"))
        usleep(100000);
    if (claimed(zygote, "hang")) {
        claim_done(zygote);
        pause();
    }
    ret->mechanisms = SEAL_SECCOMP | (claimed(zygote, "less") ? 0 : SEAL_NO_NEW_PRIVS);
    strcpy(ret->refused, "landlock (double)");
    return 0;
}

const char *seal_hint_call(uint32_t hint, char *text, size_t size)
{
    (void)hint;
    (void)text;
    (void)size;
    return NULL;
}

#endif
