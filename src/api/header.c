/*
 * What the headers of a request must be like before anything else is looked at: identity, framing,
 * trace id.
 */
#include "api/route.h"
#include "api/server.h"
#include "base/encode.h"
#include "base/log.h"
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define TRACE_RANDOM_BYTES 16 /* of a trace id that we make */

static const struct {
    struct span name;
    bool framing; /* repeated, it leaves the end of the request in doubt */
    bool lenient; /* repeated, the first one counts: it only goes into a log */
} known[HEADER_COUNT] = {
    [HEADER_HOST] = {SPAN("Host"), .framing = true},
    [HEADER_CONTENT_LENGTH] = {SPAN("Content-Length"), .framing = true},
    [HEADER_TRANSFER_ENCODING] = {SPAN("Transfer-Encoding"), .framing = true},
    [HEADER_CONTENT_ENCODING] = {SPAN("Content-Encoding")},
    [HEADER_CONTENT_TYPE] = {SPAN("Content-Type")},
    [HEADER_USER] = {SPAN("X-User-ID")},
    [HEADER_TRACE] = {SPAN("X-Trace-ID")},
    [HEADER_IDEMPOTENCY_KEY] = {SPAN("Idempotency-Key")},
    [HEADER_IF_MATCH] = {SPAN("If-Match")},
    [HEADER_IF_NONE_MATCH] = {SPAN("If-None-Match")},
    [HEADER_USER_AGENT] = {SPAN("User-Agent"), .lenient = true},
};

static void refuse(struct exchange *exchange, int code, enum header header, const char *message)
{
    if (exchange->problem.code == 0)
        error_set(&exchange->problem, code, known[header].name.data, "%s %s",
                  known[header].name.data, message);
    exchange->close |= known[header].framing;
}

#define LINE_END_BYTES 2 /* CR LF */

/*
 * libmicrohttpd cuts a value at a NUL, so "X-User-ID: ann\0bob" would be ann. Names and values lie
 * in the one buffer they were read into: between a value and what comes next there can only be
 * `size` bytes that ended the line. A bare LF is refused too: LF after NUL is as long as CR LF.
 */
static void check_gap(struct exchange *exchange, const char *next, ptrdiff_t size)
{
    const char *at = exchange->last_value_end;
    if (!at || next < at || next - at > CONNECTION_BYTES || next - at == size)
        return;
    if (exchange->problem.code == 0)
        error_set(&exchange->problem, ERR_INVALID_HEADER, "",
                  "a header has a NUL in its value, or does not end in CR LF");
    exchange->close = true;
}

/* After the last header there is an empty line. */
static void check_end(struct exchange *exchange, const char *method)
{
    const union MHD_ConnectionInfo *info = libmicrohttpd.MHD_get_connection_info(
        exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info)
        check_gap(exchange, method + info->header_size, 2 * LINE_END_BYTES);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9112, 5.1: white space before the colon must be refused; 2.2: that before the first, too. */
static void check_name(struct exchange *exchange, const char *name, size_t size)
{
    if (size > 0 && !is_blank(name[0]) && !is_blank(name[size - 1]))
        return;
    if (exchange->problem.code == 0)
        error_set(&exchange->problem, ERR_INVALID_HEADER, "",
                  "a header has no name, or white space before it or the colon");
    exchange->close = true;
}

static enum MHD_Result note(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_size,
                            const char *value, size_t value_size)
{
    struct exchange *exchange = ctx;
    check_name(exchange, name, name_size);
    check_gap(exchange, name, LINE_END_BYTES);
    exchange->last_value_end = value ? value + value_size : NULL;
    for (int i = 0; i < HEADER_COUNT; i++) {
        if (known[i].name.size != name_size || strcasecmp(known[i].name.data, name) != 0)
            continue;
        if (exchange->headers[i].data && known[i].lenient)
            continue;
        if (exchange->headers[i].data)
            refuse(exchange, ERR_INVALID_HEADER, i, "is given more than once");
        else
            exchange->headers[i] = (struct span){value ? value : "", value_size};
    }
    return MHD_YES;
}

static bool is_visible(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    return true;
}

static bool is_trace(struct span text)
{
    static const char marks[] = "-_.:";
    if (text.size == 0 || text.size > TRACE_MOST)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr(marks, c)))
            return false;
    }
    return true;
}

/* The caller's trace id if it is one, else a new one: a bad trace id is no reason to fail. */
static void take_trace(struct exchange *exchange)
{
    struct span given = exchange->headers[HEADER_TRACE];
    if (is_trace(given)) {
        memcpy(exchange->trace, given.data, given.size);
        exchange->trace[given.size] = '\0';
        return;
    }
    struct api *api = exchange->api;
    if (api->random_left < TRACE_RANDOM_BYTES) {
        /* Failing, it leaves old bytes, which make a trace id too. */
        if (getrandom(api->random, sizeof api->random, 0) < 0)
            log_warn("no random bytes for trace ids");
        api->random_left = sizeof api->random;
    }
    api->random_left -= TRACE_RANDOM_BYTES;
    hex_encode(exchange->trace, api->random + api->random_left, TRACE_RANDOM_BYTES);
}

static void check_framing(struct exchange *exchange)
{
    const struct span *headers = exchange->headers;
    if (headers[HEADER_CONTENT_LENGTH].data && headers[HEADER_TRANSFER_ENCODING].data)
        refuse(exchange, ERR_INVALID_HEADER, HEADER_CONTENT_LENGTH,
               "and Transfer-Encoding exclude each other");
    struct span transfer = headers[HEADER_TRANSFER_ENCODING];
    if (transfer.data && strcasecmp(transfer.data, "chunked") != 0)
        refuse(exchange, ERR_INVALID_HEADER, HEADER_TRANSFER_ENCODING, "can only be chunked");
    struct span content = headers[HEADER_CONTENT_ENCODING];
    if (content.data && strcasecmp(content.data, "identity") != 0)
        refuse(exchange, ERR_UNSUPPORTED_MEDIA_TYPE, HEADER_CONTENT_ENCODING,
               "must be identity: send the body as it is");
}

/* Digits only, as libmicrohttpd has checked; what does not fit is larger than any limit. */
static uint64_t content_length(struct span digits)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size && digits.data[i] >= '0' && digits.data[i] <= '9'; i++) {
        if (value > UINT64_MAX / 16)
            return UINT64_MAX;
        value = value * 10 + (uint64_t)(digits.data[i] - '0');
    }
    return value;
}

static void check_size(struct exchange *exchange)
{
    uint64_t most = exchange->api->limits->value[LIMIT_BODY_BYTES];
    uint64_t size = content_length(exchange->headers[HEADER_CONTENT_LENGTH]);
    if (size <= most) {
        exchange->body_expected = size;
        return;
    }
    exchange->close = true; /* nobody is going to read it */
    if (exchange->problem.code == 0)
        error_set(&exchange->problem, ERR_BODY_TOO_LARGE, "Content-Length",
                  "the body has %llu bytes; at most %llu are taken", (unsigned long long)size,
                  (unsigned long long)most);
}

static void check_user(struct exchange *exchange)
{
    struct span user = exchange->headers[HEADER_USER];
    if (!exchange->route || !(exchange->route->flags & ROUTE_NEEDS_USER))
        return;
    if (user.size == 0)
        refuse(exchange, ERR_UNAUTHENTICATED, HEADER_USER, "must name the user");
    else if (user.size > JOB_USER_MOST || !is_visible(user))
        refuse(exchange, ERR_INVALID_HEADER, HEADER_USER,
               "must be 1 to 128 visible ASCII characters");
    else
        exchange->user = user;
}

static void check_idempotency_key(struct exchange *exchange)
{
    struct span key = exchange->headers[HEADER_IDEMPOTENCY_KEY];
    if (key.data && (key.size == 0 || key.size > JOB_IDEMPOTENCY_MOST || !is_visible(key)))
        refuse(exchange, ERR_INVALID_HEADER, HEADER_IDEMPOTENCY_KEY,
               "must be 1 to 255 visible ASCII characters");
}

void header_check(struct exchange *exchange, const char *method)
{
    libmicrohttpd.MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, note,
                                              exchange);
    check_end(exchange, method);
    take_trace(exchange);
    check_framing(exchange);
    check_size(exchange);
    check_user(exchange);
    check_idempotency_key(exchange);
}
