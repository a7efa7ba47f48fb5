/*
 * Errors: one table gives each error its code, its name on the wire, its HTTP status and its text.
 *
 * Functions return `int`: 0, or one of the negative ERR_* codes below; outputs are untouched on
 * failure. Library code returns errors, only the top (api, cmd) logs or prints them.
 */
#ifndef NEOCOMPUTE_BASE_ERROR_H
#define NEOCOMPUTE_BASE_ERROR_H

/*
 * X(symbol, name, status, text)
 *   name    what `error_code` says in a job and in a problem document
 *   status  HTTP status when it is the answer to a request; 200 for the failures of a job, which
 *           are answers of a service that worked
 *   text    one plain sentence, no full stop; a more exact message may stand in its place
 */
#define ERRORS(X)                                                                                  \
    /* A job's own failures. */                                                                    \
    X(SCRIPT_ERROR, "script_error", 200, "the script threw an error")                              \
    X(ENTRY_POINT_MISSING, "entry_point_missing", 200, "the script defines no such entry point")   \
    X(NEVER_SETTLED, "never_settled", 200, "the returned promise can never settle")                \
    X(OUTPUT_INVALID, "output_invalid", 200, "the result has no JSON form")                        \
    X(OUTPUT_TOO_LARGE, "output_too_large", 200, "the result is larger than allowed")              \
    X(INPUT_INVALID, "input_invalid", 200, "the engine could not take the input")                  \
    X(TIMEOUT, "timeout", 200, "the job ran out of time")                                          \
    X(GAS_EXHAUSTED, "gas_exhausted", 200, "the job ran out of gas")                               \
    X(MEMORY_EXCEEDED, "memory_exceeded", 200, "the job needed more memory than allowed")          \
    X(STACK_OVERFLOW, "stack_overflow", 200, "calls were nested deeper than allowed")              \
    X(RESOURCE_EXHAUSTED, "resource_exhausted", 200, "the machine had no memory left for the job") \
    X(CANCELLED, "cancelled", 200, "the job was cancelled")                                        \
    X(WORKER_LOST, "worker_lost", 200, "the worker that ran the job was lost")                     \
    X(SECRET_UNAVAILABLE, "secret_unavailable", 200, "a named secret cannot be had")               \
    X(SECRET_LEAK, "secret_leak", 200, "the output contains the value of a secret")                \
    /* What is wrong with a request. */                                                            \
    X(INVALID_JSON, "invalid_json", 400, "the body is not valid JSON")                             \
    X(INVALID_FIELD, "invalid_field", 400, "a field has the wrong type or value")                  \
    X(UNKNOWN_FIELD, "unknown_field", 400, "the body has a field that does not exist")             \
    X(DUPLICATE_FIELD, "duplicate_field", 400, "the body has a field twice")                       \
    X(INVALID_HEADER, "invalid_header", 400, "a header is malformed or repeated")                  \
    X(INVALID_QUERY, "invalid_query", 400, "a query parameter is malformed or unknown")            \
    X(SCRIPT_MISSING, "script_missing", 400, "the request has no script")                          \
    X(SCRIPT_TOO_LARGE, "script_too_large", 400, "the script is larger than allowed")              \
    X(INPUT_TOO_LARGE, "input_too_large", 400, "the input is larger than allowed")                 \
    X(SEALED_MALFORMED, "sealed_malformed", 400, "the sealed request is malformed")                \
    X(SEALED_KEY_UNKNOWN, "sealed_key_unknown", 400, "the request is sealed to no key in force")   \
    X(SEALED_UNOPENED, "sealed_unopened", 400, "the sealed request does not open")                 \
    X(UNAUTHENTICATED, "unauthenticated", 401, "the request names no user")                        \
    X(USER_MISMATCH, "user_mismatch", 403, "the sealed request is for another user")               \
    X(NOT_FOUND, "not_found", 404, "there is nothing here")                                        \
    X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, "this path does not take that method")        \
    X(CONFLICT, "conflict", 409, "the state of the job does not allow this")                       \
    X(IDEMPOTENCY_CONFLICT, "idempotency_conflict", 409, "this key was used with another body")    \
    X(ENVELOPE_REPLAYED, "envelope_replayed", 409, "this sealed request was used before")          \
    X(SEALED, "sealed", 409, "this is only in the sealed answer")                                  \
    X(PRECONDITION_FAILED, "precondition_failed", 412,                                             \
      "it is not as If-Match or If-None-Match says")                                               \
    X(BODY_TOO_LARGE, "body_too_large", 413, "the body is larger than allowed")                    \
    X(UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", 415, "the body is of an unknown type")     \
    X(USER_QUEUE_FULL, "user_queue_full", 429, "too many of your jobs are waiting")                \
    /* What is wrong with the service. */                                                          \
    X(INTERNAL, "internal", 500, "the service failed")                                             \
    X(NO_MEMORY, "no_memory", 503, "the service is out of memory")                                 \
    X(TRANSFER_FULL, "transfer_full", 503, "too much is being sent and received at once")          \
    X(STORE_DOWN, "store_down", 503, "the store cannot be used now")                               \
    X(SECRET_UNREADABLE, "secret_unreadable", 500, "the stored secret does not open")              \
    X(QUEUE_FULL, "queue_full", 503, "too many jobs are waiting")                                  \
    X(QUEUE_TIMEOUT, "queue_timeout", 503, "the job waited too long for a worker")                 \
    X(SHUTTING_DOWN, "shutting_down", 503, "the service is shutting down")                         \
    /* Used inside and on the command line. */                                                     \
    X(USAGE, "usage", 400, "the command line is wrong")                                            \
    X(SYSTEM, "system", 500, "the operating system refused a call")                                \
    X(PROTOCOL, "protocol", 500, "the other side broke the protocol")

#define ERROR_INDEX(symbol, name, status, text) ERROR_INDEX_##symbol,
enum { ERRORS(ERROR_INDEX) ERROR_COUNT };
#undef ERROR_INDEX

#define ERROR_CODE(symbol, name, status, text) ERR_##symbol = -1 - ERROR_INDEX_##symbol,
enum error_code { ERR_NONE = 0, ERRORS(ERROR_CODE) };
#undef ERROR_CODE

/* The name on the wire ("gas_exhausted"); "ok" for 0, "internal" for a number not in the table. */
const char *error_name(int code);

/* The HTTP status; 200 for 0, 500 for a number not in the table. */
int error_status(int code);

/* One plain sentence; never NULL. */
const char *error_text(int code);

/* The code whose name is `name` (borrowed, NUL-terminated); 0 if there is none. */
int error_from_name(const char *name);

/*
 * An error with its circumstances: what, where, and what would be right. Filled by whoever finds
 * the fault, shown by api and cmd. Never holds script text, input, output or secrets.
 */
struct error_detail {
    int code;
    char field[160];   /* where: a JSON field, header or option; "" if it has no place */
    char message[512]; /* what, and what would be right */
};

/* Fills `detail` (which may be NULL) and returns `code`, so that `return error_set(...)` reads
 * well. */
__attribute__((format(printf, 4, 5))) int error_set(struct error_detail *detail, int code,
                                                    const char *field, const char *format, ...);

#endif
