/*
 * The log: one line an event, as JSON or, for people, as text.
 *
 *     log_info("worker lost", log_u64("pid", pid), log_str("reason", reason));
 *
 * A line is one write(2) of at most LOG_LINE_BYTES and never waits: while the reader of a pipe or
 * terminal is stalled, or the disk is full, lines are dropped, and the next one that gets through
 * says how many. Never put a script, input, output or secret into a field.
 *
 * Only the top (api, job's events, cmd) logs; library code returns errors. Of one thread.
 */
#ifndef NEOCOMPUTE_BASE_LOG_H
#define NEOCOMPUTE_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* A pipe takes this much at once or not at all (PIPE_BUF); longer lines are cut. */
#define LOG_LINE_BYTES 4096

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_JSON, LOG_FORMAT_TEXT }; /* auto: by isatty */

enum log_type { LOG_END, LOG_STR, LOG_U64, LOG_BOOL };

struct log_field {
    enum log_type type;
    const char *key;
    union {
        const char *str; /* UTF-8; NULL is written as "" */
        uint64_t u64;
        bool boolean;
    };
};

/*
 * Sets up the log on `fd` (borrowed). Ignores SIGPIPE for the whole process, or a reader that went
 * away would end it. Before log_init: level info, format auto, stderr.
 */
void log_init(int fd, enum log_level level, enum log_format format);

bool log_enabled(enum log_level level);

/* `fields` ends with a field of type LOG_END. Use the macros below. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

#define log_at(level, message, ...)                                                                \
    log_write(level, message,                                                                      \
              (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.type = LOG_END}})
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)

static inline struct log_field log_str(const char *key, const char *value)
{
    return (struct log_field){.type = LOG_STR, .key = key, .str = value};
}

static inline struct log_field log_u64(const char *key, uint64_t value)
{
    return (struct log_field){.type = LOG_U64, .key = key, .u64 = value};
}

static inline struct log_field log_bool(const char *key, bool value)
{
    return (struct log_field){.type = LOG_BOOL, .key = key, .boolean = value};
}

#endif
