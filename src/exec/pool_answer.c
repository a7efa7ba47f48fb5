#include "base/clock.h"
#include "exec/pool.h"
#include <string.h>

/* What a job may end with by the worker's own word. Everything else is the core's to say. */
static const enum error_code worker_codes[] = {
    ERR_NONE,           ERR_SCRIPT_ERROR,     ERR_ENTRY_POINT_MISSING, ERR_NEVER_SETTLED,
    ERR_OUTPUT_INVALID, ERR_OUTPUT_TOO_LARGE, ERR_INPUT_INVALID,       ERR_TIMEOUT,
    ERR_GAS_EXHAUSTED,  ERR_MEMORY_EXCEEDED,  ERR_STACK_OVERFLOW,      ERR_RESOURCE_EXHAUSTED,
};

#define NONDETERMINISM_ALL (ENGINE_USED_CLOCK | ENGINE_USED_RANDOM | ENGINE_USED_TIMER)

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

/* An answer, and the job that it is for: the first of its worker. */
struct answer {
    struct pool_worker *worker;
    const struct exec_run *run;
    const struct message *message;
    const struct message_done *done;
};

/* What a worker was handed out beyond the limits, so that the guard can look across a cut. */
static uint32_t answer_slack(const struct exec_run *run)
{
    return run->order.start.request.secret_count ? GUARD_SPELLED_MOST : 0;
}

/* Adds one part of the answer, from the window or, `at` that byte, from the text. */
static int answer_copy(const struct answer *answer, enum window_area area, uint32_t at,
                       uint32_t size, struct buf *buf)
{
    if (answer->message->text_size)
        return buf_add(buf, answer->message->text + at, size);
    return window_read(&answer->worker->window, area, size, buf);
}

/* `*r` becomes ERR_NO_MEMORY if there is none for the copy. */
static const char *answer_read_logs(const struct answer *answer, struct buf *ret, int *r)
{
    struct exec_pool *pool = answer->worker->pool;
    const struct worker_config *config = &pool->config;
    const struct message_done *done = answer->done;
    const struct answer_log_rules rules = {
        .count = done->log_count,
        .entry_max = config->log_entry_bytes + WINDOW_LOG_MARK_BYTES + answer_slack(answer->run),
        .guard = answer->run->guard,
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
    if (answer_copy(answer, WINDOW_LOGS, done->output_size, done->logs_size, records))
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
static int answer_refuse_leak(struct exec_result *result, const struct guard *guard, size_t secret,
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
static int answer_guard_text(const struct answer *answer, struct exec_result *result)
{
    const struct exec_run *run = answer->run;
    char path[LEAK_PATH_BYTES];
    size_t secret;
    if (result->code == 0) {
        struct span output = {result->output.data, result->output.size};
        if (!run->output_guard ||
            !guard_check_json(run->output_guard, output, &secret, path, sizeof path))
            return 0;
        return answer_refuse_leak(result, run->output_guard, secret, path);
    }
    if (!run->guard)
        return 0;
    size_t max = run->pool->config.error_bytes;
    struct buf shown;
    buf_init(&shown, max + WINDOW_LOG_MARK_BYTES);
    int r = answer_redact(run->guard, (struct span){result->error.data, result->error.size}, max,
                          &shown);
    buf_wipe(&result->error);
    result->error = shown;
    return r;
}

/* Copies and checks output or error. `*r` as above. */
static const char *answer_read_text(const struct answer *answer, struct exec_result *result, int *r)
{
    const struct message_done *done = answer->done;
    bool failed = done->code != 0;
    enum window_area area = failed ? WINDOW_ERROR : WINDOW_OUTPUT;
    uint32_t size = failed ? done->error_size : done->output_size;
    struct buf *text = failed ? &result->error : &result->output;

    buf_init(text, size);
    *r = answer_copy(answer, area, failed ? done->output_size + done->logs_size : 0, size, text);
    if (*r)
        return NULL;
    struct span span = {text->data, text->size};
    const char *fault = failed ? answer_check_error(span)
                               : answer_check_output(&answer->worker->pool->scratch, span);
    if (!fault)
        *r = answer_guard_text(answer, result);
    return fault;
}

/* What the message itself says. NULL, or how it is wrong. */
static const char *answer_check_message(const struct answer *answer)
{
    const struct pool_worker *worker = answer->worker;
    const struct window_layout *layout = &worker->window.layout;
    const struct exec_run *run = answer->run;
    const struct message_done *done = answer->done;

    if (!run || done->sequence != run->order.start.sequence)
        return "it answered a job that it does not have";
    if (!worker_may_say(done->code, run->cancelled))
        return "it ended its job with a code that is not its to use";
    uint32_t size = done->code ? done->error_size : done->output_size;
    uint32_t size_max = done->code ? worker->pool->config.error_bytes + answer_slack(run)
                                   : layout->size[WINDOW_OUTPUT];
    if (size > size_max || done->logs_size > layout->size[WINDOW_LOGS])
        return "its answer is longer than its window";
    uint64_t total = (uint64_t)done->output_size + done->logs_size + done->error_size;
    if (answer->message->text_size && answer->message->text_size != total)
        return "its answer is not as long as it says";
    if (done->nondeterminism & ~(uint32_t)NONDETERMINISM_ALL)
        return "it touched what there is not";
    return NULL;
}

const char *pool_answer_read(struct pool_worker *worker, const struct message *message,
                             struct exec_result *result)
{
    const struct message_done *done = &message->done;
    const struct exec_run *run = TAILQ_FIRST(&worker->runs);
    const struct answer answer = {worker, run, message, done};
    int r = 0, logs_r = 0;
    const char *fault = answer_check_message(&answer);
    if (fault)
        return fault;

    *result = (struct exec_result){
        .code = done->code,
        .nondeterminism = done->nondeterminism,
        .gas_used = at_most(done->gas_used, run->order.start.request.gas_limit),
        .memory_used = at_most(done->memory_used, run->order.start.request.memory_limit),
        .duration_ns = at_most(done->duration_ns, clock_now_ns() - run->given_ns),
    };
    fault = answer_read_text(&answer, result, &r);
    if (!fault)
        fault = answer_read_logs(&answer, &result->logs, &logs_r);
    if (r || logs_r) {
        /* Half of an answer must not pass for one, nor an output that nobody looked through. */
        buf_wipe(&result->output);
        result->code = ERR_NO_MEMORY;
    }
    return fault;
}

/* What went as text left nothing in the window. Of a failed job it is not known how much of an
 * output was written before it failed. */
void pool_answer_wipe(struct pool_worker *worker, const struct message *message)
{
    const struct exec_run *run = TAILQ_FIRST(&worker->runs);
    const struct message_done *done = &message->done;
    struct window *window = &worker->window;
    if (run->order.text_size == 0)
        window_wipe(window, WINDOW_REQUEST, window_request_size(&run->order.start.request));
    if (message->text_size)
        return;
    window_wipe(window, WINDOW_LOGS, done->logs_size);
    window_wipe(window, WINDOW_ERROR, done->error_size);
    if (done->code)
        window_clear(window, WINDOW_OUTPUT);
    else
        window_wipe(window, WINDOW_OUTPUT, done->output_size);
}
