#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Room for a line before it is cut: escapes may make six characters of one byte. */
#define LOG_SCRATCH_BYTES (16 * LOG_LINE_BYTES)

static struct {
    int fd;
    enum log_level level;
    bool json;
    uint64_t dropped;
    struct buf line;
} state = {.fd = STDERR_FILENO, .level = LOG_LEVEL_INFO, .line.max = LOG_SCRATCH_BYTES};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(int fd, enum log_level level, enum log_format format)
{
    signal(SIGPIPE, SIG_IGN);
    state.fd = fd;
    state.level = level;
    state.json = format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(fd));
    state.dropped = 0;
    buf_done(&state.line);
}

bool log_enabled(enum log_level level)
{
    return level >= state.level;
}

static void add_value(struct buf *line, const struct log_field *field)
{
    switch (field->type) {
    case LOG_STR:
        json_string(line, span_of(field->str));
        break;
    case LOG_U64:
        json_u64(line, field->u64);
        break;
    case LOG_BOOL:
        json_bool(line, field->boolean);
        break;
    case LOG_END:
        break;
    }
}

static void add_json(struct buf *line, const char *time, enum log_level level, const char *message,
                     const struct log_field *fields)
{
    buf_addf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", time, level_names[level]);
    json_str(line, message);
    for (; fields->type != LOG_END; fields++) {
        json_next_key(line, fields->key);
        add_value(line, fields);
    }
    if (state.dropped > 0)
        buf_addf(line, ",\"lines_dropped\":%" PRIu64, state.dropped);
    buf_add_str(line, "}\n");
}

/* 02:09:48.123 warn  worker lost  pid=17 reason="killed" */
static void add_text(struct buf *line, const char *time, enum log_level level, const char *message,
                     const struct log_field *fields)
{
    buf_addf(line, "%.12s %-5s %s", strchr(time, 'T') + 1, level_names[level], message);
    for (const char *space = "  "; fields->type != LOG_END; fields++, space = " ") {
        buf_addf(line, "%s%s=", space, fields->key);
        add_value(line, fields);
    }
    if (state.dropped > 0)
        buf_addf(line, "  lines_dropped=%" PRIu64, state.dropped);
    buf_add_char(line, '\n');
}

typedef void format_fn(struct buf *line, const char *time, enum log_level level,
                       const char *message, const struct log_field *fields);

/* A line that does not fit is written without its fields: still one whole line, still JSON. */
static bool make_line(struct buf *line, enum log_level level, const char *message,
                      const struct log_field *fields)
{
    static const struct log_field cut[] = {{.type = LOG_BOOL, .key = "cut", .boolean = true},
                                           {.type = LOG_END}};
    format_fn *format = state.json ? add_json : add_text;
    char time[CLOCK_TIME_SIZE];

    clock_format_time(time, clock_unix_ms());
    buf_reset(line);
    format(line, time, level, message, fields);
    if (!buf_failed(line) && line->size <= LOG_LINE_BYTES)
        return true;
    buf_reset(line);
    format(line, time, level, message, cut);
    return !buf_failed(line) && line->size <= LOG_LINE_BYTES;
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    struct pollfd ready = {.fd = state.fd, .events = POLLOUT};

    if (!log_enabled(level))
        return;
    /* A pipe or terminal that is ready takes a line of this size without waiting. */
    if (make_line(&state.line, level, message, fields) && poll(&ready, 1, 0) == 1 &&
        (ready.revents & POLLOUT) &&
        write(state.fd, state.line.data, state.line.size) == (ssize_t)state.line.size)
        state.dropped = 0;
    else
        state.dropped++;
}
