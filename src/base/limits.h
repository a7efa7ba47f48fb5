/*
 * Every limit of the service, in one table: it feeds the checks, the error messages, the options,
 * /info and the documentation.
 *
 * A limit named `user_running` is set by `--user-running` or NEOCOMPUTE_USER_RUNNING.
 */
#ifndef NEOCOMPUTE_BASE_LIMITS_H
#define NEOCOMPUTE_BASE_LIMITS_H

#include "base/error.h"
#include <stdint.h>

enum limit_unit { UNIT_COUNT, UNIT_BYTES, UNIT_MS, UNIT_GAS };

#define KIB (1024ull)
#define MIB (1024ull * KIB)
#define GIB (1024ull * MIB)

#define SECRET_REFS_MOST 64 /* secrets of a job: rooms for them are fixed */

/* X(symbol, name, unit, default, least, most, text). A default of 0 with least > 0: found at start.
 */
#define LIMITS(X)                                                                                  \
    /* One request. */                                                                             \
    X(BODY_BYTES, "body_bytes", UNIT_BYTES, 2 * MIB, 4 * KIB, 64 * MIB, "body of a request")       \
    X(SCRIPT_BYTES, "script_bytes", UNIT_BYTES, 100 * KIB, 1, 4 * MIB, "script, decoded")          \
    X(INPUT_BYTES, "input_bytes", UNIT_BYTES, 1 * MIB, 2, 16 * MIB, "input, as sent")              \
    X(SECRET_REFS, "secret_refs", UNIT_COUNT, 10, 0, SECRET_REFS_MOST, "secrets a job may name")   \
    /* One job. */                                                                                 \
    X(TIMEOUT, "timeout", UNIT_MS, 30000, 1000, 120000, "wall-clock time of a job")                \
    X(GAS, "gas_limit", UNIT_GAS, 20000000000, 1000, 200000000000, "gas of a job")                 \
    X(MEMORY, "memory_limit", UNIT_BYTES, 64 * MIB, 4 * MIB, 256 * MIB, "memory of a job")         \
    X(CALL_DEPTH, "call_depth", UNIT_COUNT, 10000, 10000, 10000, "nested calls in the engine")     \
    X(OUTPUT_BYTES, "output_bytes", UNIT_BYTES, 1 * MIB, 64, 16 * MIB, "output of a job")          \
    X(OUTPUT_DEPTH, "output_depth", UNIT_COUNT, 1000, 16, 10000, "nesting of the output")          \
    X(ERROR_BYTES, "error_bytes", UNIT_BYTES, 16 * KIB, 256, 64 * KIB, "error text of a job")      \
    X(LOG_ENTRIES, "log_entries", UNIT_COUNT, 100, 0, 10000, "log entries of a job")               \
    X(LOG_ENTRY_BYTES, "log_entry_bytes", UNIT_BYTES, 4096, 64, 64 * KIB, "one log entry")         \
    X(TIMERS, "timers", UNIT_COUNT, 1000, 1, 100000, "pending timers of a job")                    \
    /* One user. */                                                                                \
    X(USER_RUNNING, "user_running", UNIT_COUNT, 5, 1, 1024, "running jobs of a user")              \
    X(USER_QUEUED, "user_queued", UNIT_COUNT, 20, 0, 100000, "waiting jobs of a user")             \
    X(USER_RESULTS, "user_results", UNIT_COUNT, 10000, 1, 100000000, "kept results of a user")     \
    X(USER_RESULT_BYTES, "user_result_bytes", UNIT_BYTES, 64 * MIB, 64 * KIB, 1024 * GIB,          \
      "bytes of kept results of a user")                                                           \
    /* The whole service. */                                                                       \
    X(WORKERS, "workers", UNIT_COUNT, 64, 1, 1024, "workers")                                      \
    X(WARM_WORKERS, "warm_workers", UNIT_COUNT, 4, 1, 1024, "idle workers kept ready")             \
    X(JOBS_PER_WORKER, "jobs_per_worker", UNIT_COUNT, 10000, 1, 1000000000, "jobs of one worker")  \
    X(MEMORY_TOTAL, "memory_total", UNIT_BYTES, 0, 64 * MIB, 1024 * GIB, "memory of all jobs")     \
    X(QUEUED, "queued", UNIT_COUNT, 1000, 0, 1000000, "waiting jobs of all users")                 \
    X(QUEUE_TIMEOUT, "queue_timeout", UNIT_MS, 30000, 1, 3600000, "wait for a worker")             \
    X(SHUTDOWN_TIMEOUT, "shutdown_timeout", UNIT_MS, 30000, 0, 3600000, "end of running jobs")     \
    X(RESULT_TTL, "result_ttl", UNIT_MS, 86400000, 1000, 31536000000, "life of a result")          \
    X(RESULTS, "results", UNIT_COUNT, 200000, 1, 100000000, "kept results of all users")           \
    X(RESULT_BYTES, "result_bytes", UNIT_BYTES, 512 * MIB, 1 * MIB, 1024 * GIB,                    \
      "bytes of all kept results")                                                                 \
    X(KEY_LIFETIME, "key_lifetime", UNIT_MS, 86400000, 1000, 31536000000,                          \
      "life of result and HPKE keys")                                                              \
    X(KEY_OVERLAP, "key_overlap", UNIT_MS, 3600000, 1000, 31536000000,                             \
      "how long HPKE keys still open after it")                                                    \
    X(ENVELOPES, "envelopes", UNIT_COUNT, 200000, 16, 100000000, "sealed requests remembered")     \
    X(SEALED_CONTEXTS, "sealed_contexts", UNIT_COUNT, 1024, 0, 8192,                               \
      "senders of sealed requests whose keys are kept at hand")                                    \
    X(SECRET_CACHE, "secret_cache", UNIT_MS, 0, 0, 60000,                                          \
      "time that opened secrets are kept; 0: not at all")                                          \
    X(SECRET_CACHE_COUNT, "secret_cache_count", UNIT_COUNT, 1000, 1, 100000,                       \
      "opened secrets kept")                                                                       \
    X(SECRET_CACHE_BYTES, "secret_cache_bytes", UNIT_BYTES, 1 * MIB, 64 * KIB, 64 * MIB,           \
      "bytes of opened secrets kept")                                                              \
    X(AUDIT_CHECKPOINT, "audit_checkpoint", UNIT_MS, 60000, 1000, 3600000,                         \
      "time between checkpoints of the audit log")                                                 \
    X(TRANSFER_BYTES, "transfer_bytes", UNIT_BYTES, 256 * MIB, 4 * MIB, 1024 * GIB,                \
      "bodies arriving and answers not yet sent; a user a quarter")                                \
    X(CONNECTIONS, "connections", UNIT_COUNT, 2048, 8, 65000, "open connections")                  \
    X(CONNECTION_IDLE, "connection_idle", UNIT_MS, 30000, 1000, 3600000, "silence on a connection")

#define LIMIT_INDEX(symbol, ...) LIMIT_##symbol,
enum limit { LIMITS(LIMIT_INDEX) LIMIT_COUNT };
#undef LIMIT_INDEX

struct limit_info {
    const char *name;
    enum limit_unit unit;
    uint64_t standard, least, most;
    const char *text;
};
extern const struct limit_info limit_table[LIMIT_COUNT];

struct limits {
    uint64_t value[LIMIT_COUNT];
};

/* All defaults; memory_total = half of the machine's or the cgroup's memory, whichever is less. */
void limits_init(struct limits *limits);

/*
 * Sets one limit from text: digits with an optional unit (KiB MiB GiB K M G for bytes; Go durations
 * such as 90m, 1.5s, 24h for times, a bare number is seconds). ERR_USAGE with a message that says
 * what would be right.
 */
int limits_set(struct limits *limits, enum limit limit, const char *text,
               struct error_detail *detail);

/* A value as an option would give it: "64MiB", "30s", "1000". */
#define LIMIT_TEXT_SIZE 32
void limit_format(char text[static LIMIT_TEXT_SIZE], enum limit limit, uint64_t value);

/* "memory_limit: 70254592 of 67108864 bytes used": the message of whoever hits a limit. */
int limit_exceeded(struct error_detail *detail, int code, enum limit limit, uint64_t used,
                   uint64_t allowed);

#endif
