/*
 * The /secrets routes: an owner's secrets, their rules and their audit log. Each request goes to
 * the thread of the database; the connection is suspended until its answer is there.
 */
#include "api/route.h"
#include "api/sealed.h"
#include "api/secret_body.h"
#include "api/secret_json.h"
#include "api/server.h"
#include "base/etag.h"
#include "base/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS         100
#define PAGE_ROWS_MOST    1000
#define ANSWER_BYTES      (16 * MIB)
#define ARENA_BYTES       (1 * MIB)
#define LINK_BYTES        256
#define ENTRY_DIGITS_MOST 18 /* of an audit entry's id */
#define ETAG_BYTES        (SECRET_ETAG_SIZE + 2)
#define VALUE_FRAME       (JSON_ESCAPE_MOST * SECRET_NAME_MOST + 64)

/* --- answers --- */

static const char *quote_tag(const char *tag, char ret[ETAG_BYTES])
{
    snprintf(ret, ETAG_BYTES, "\"%s\"", tag);
    return ret;
}

static void send_tagged(struct exchange *exchange, struct answer *answer, const char *tag)
{
    char etag[ETAG_BYTES];
    answer->type = answer->status == 204 || answer->status == 304 ? NULL : "application/json";
    answer->no_store = true;
    answer->etag = *tag ? quote_tag(tag, etag) : NULL;
    exchange_answer(exchange, answer);
}

static void send_answer(struct exchange *exchange, struct answer *answer)
{
    send_tagged(exchange, answer, "");
}

static void answer_row(struct exchange *exchange, const struct secret_answer *a)
{
    char etag[ETAG_BYTES];
    struct answer answer = {.status = a->created ? 201 : 200, .body = BUF_INIT(ANSWER_BYTES)};
    bool put = strcmp(exchange->route->method, "PUT") == 0;
    if (put)
        buf_add_str(&answer.body, "{\"secret\":");
    secret_json_row(&answer.body, &a->rows[0]);
    if (put) {
        json_next_key(&answer.body, "created");
        json_bool(&answer.body, a->created);
        json_next_key(&answer.body, "etag"); /* a sealed answer has no header to say it */
        json_str(&answer.body, quote_tag(a->tag, etag));
        buf_add_char(&answer.body, '}');
    }
    send_tagged(exchange, &answer, a->tag);
}

static void answer_value(struct exchange *exchange, const struct secret_answer *a)
{
    struct answer answer = {.status = 200, .body = BUF_INIT(ANSWER_BYTES), .wipe = true};
    /* Room for all of it at once: a buffer that grows leaves copies behind. */
    buf_reserve(&answer.body, JSON_ESCAPE_MOST * a->value_size + VALUE_FRAME);
    secret_json_value(&answer.body, &a->rows[0],
                      (struct span){(const char *)a->value.data, a->value_size});
    send_tagged(exchange, &answer, a->tag);
}

static void answer_policy(struct exchange *exchange, const struct secret_answer *a)
{
    struct answer answer = {.status = 200, .body = BUF_INIT(ANSWER_BYTES)};
    secret_json_policy(&answer.body, &a->rows[0].policy);
    send_tagged(exchange, &answer, a->tag);
}

static void answer_nothing(struct exchange *exchange, const struct secret_answer *a)
{
    struct answer answer = {.status = 204, .fixed = SPAN("")};
    send_answer(exchange, &answer);
}

static void answer_list(struct exchange *exchange, const struct secret_answer *a)
{
    char link[LINK_BYTES];
    struct answer answer = {.status = 200, .body = BUF_INIT(ANSWER_BYTES)};
    secret_json_rows(&answer.body, a->rows, a->count);
    if (a->count == exchange->page_limit) {
        snprintf(link, sizeof link, "</secrets?limit=%zu&after=%.*s>; rel=\"next\"", a->count,
                 (int)a->rows[a->count - 1].name.size, a->rows[a->count - 1].name.data);
        answer.link = link;
    }
    send_answer(exchange, &answer);
}

static void answer_audit(struct exchange *exchange, const struct secret_answer *a)
{
    char link[LINK_BYTES];
    struct answer answer = {.status = 200, .body = BUF_INIT(ANSWER_BYTES)};
    secret_json_audits(&answer.body, a->audit, a->count);
    if (a->count == exchange->page_limit) {
        snprintf(link, sizeof link, "</secrets/audit?limit=%zu&before=%llu>; rel=\"next\"",
                 a->count, (unsigned long long)a->audit[a->count - 1].id);
        answer.link = link;
    }
    send_answer(exchange, &answer);
}

/* RFC 9110, 13.1.2: who reads, and has what is there, is told just that. */
static bool has_it_already(const struct exchange *exchange, const struct secret_answer *a)
{
    struct span list = exchange->headers[HEADER_IF_NONE_MATCH];
    return list.data && *a->tag && strcmp(exchange->route->method, "GET") == 0 &&
           etag_list_has(list, span_of(a->tag), ETAG_WEAK);
}

typedef void answer_fn(struct exchange *exchange, const struct secret_answer *answer);

static void on_answered(void *ctx, const struct secret_answer *a)
{
    struct exchange *exchange = ctx;
    struct answer unchanged = {.status = 304, .fixed = SPAN("")};
    exchange->ticket = NULL;
    if (a->code)
        exchange_problem(exchange, &a->detail);
    else if (has_it_already(exchange, a))
        send_tagged(exchange, &unchanged, a->tag);
    else
        ((answer_fn *)exchange->answer_secret)(exchange, a);
    exchange_resume(exchange);
}

/* --- requests --- */

/* A list of tags, or *; without data if it is not there. */
static int read_condition(const struct exchange *exchange, enum header header, const char *name,
                          struct span *ret, struct error_detail *detail)
{
    *ret = exchange->headers[header];
    if (!ret->data || etag_list_valid(*ret))
        return 0;
    return error_set(detail, ERR_INVALID_HEADER, name,
                     "%s must be * or ETags of earlier answers, each in its quotes", name);
}

static int read_conditions(const struct exchange *exchange, struct secret_manage *manage,
                           struct error_detail *detail)
{
    int r = read_condition(exchange, HEADER_IF_MATCH, "If-Match", &manage->if_match, detail);
    return r ? r
             : read_condition(exchange, HEADER_IF_NONE_MATCH, "If-None-Match",
                              &manage->if_none_match, detail);
}

static void ask(struct exchange *exchange, struct secret_manage *manage, answer_fn *answer)
{
    char address[PEER_BYTES];
    struct error_detail detail = {0};
    struct secret_service *service = exchange->api->options.secrets;
    manage->caller = (struct secret_caller){.user = exchange->user,
                                            .address = exchange_address(exchange, address),
                                            .user_agent = exchange_user_agent(exchange)};
    manage->name = exchange->path_id;
    int r = read_conditions(exchange, manage, &detail);
    if (!r && !service)
        r = error_set(&detail, ERR_STORE_DOWN, "", "this service has no store of secrets");
    if (!r) {
        exchange->answer_secret = (void (*)(void))answer;
        r = secret_manage(service, manage, on_answered, exchange, &exchange->ticket);
        if (r)
            error_set(&detail, r, "", "%s", error_text(r));
    }
    if (r)
        exchange_problem(exchange, &detail);
    else
        exchange_suspend(exchange);
}

/* The query of the two lists: limit, and where to go on. */
struct page_query {
    struct exchange *exchange;
    const char *cursor; /* the other parameter's name */
    struct span after;
    size_t limit;
    int error;
    struct error_detail *detail;
};

static enum MHD_Result take_parameter(void *ctx, enum MHD_ValueKind kind, const char *name,
                                      size_t name_size, const char *value, size_t value_size)
{
    struct page_query *query = ctx;
    struct span text = {value ? value : "", value ? value_size : 0};
    if (span_equal((struct span){name, name_size}, span_of(query->cursor)) && text.size &&
        text.size <= SECRET_NAME_MOST) {
        query->after = text;
        return MHD_YES;
    }
    if (span_equal((struct span){name, name_size}, SPAN("limit")) && text.size && text.size <= 9 &&
        strspn(text.data, "0123456789") == text.size) {
        unsigned long number = strtoul(text.data, NULL, 10);
        query->limit = number < PAGE_ROWS_MOST ? number : PAGE_ROWS_MOST;
        if (number > 0)
            return MHD_YES;
    }
    query->error = error_set(query->detail, ERR_INVALID_QUERY, "",
                             "the query can have limit (1 to %d) and %s, nothing else",
                             PAGE_ROWS_MOST, query->cursor);
    return MHD_NO;
}

static int read_page(struct exchange *exchange, const char *cursor, struct page_query *ret)
{
    struct error_detail detail = {0};
    *ret = (struct page_query){.exchange = exchange,
                               .cursor = cursor,
                               .after = SPAN(""),
                               .limit = PAGE_ROWS,
                               .detail = &detail};
    libmicrohttpd.MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND,
                                              take_parameter, ret);
    exchange->page_limit = ret->limit;
    if (ret->error)
        exchange_problem(exchange, &detail);
    return ret->error;
}

void handle_secrets(struct exchange *exchange)
{
    struct page_query query;
    if (read_page(exchange, "after", &query))
        return;
    struct secret_manage manage = {
        .operation = SECRET_LIST, .after = query.after, .limit = query.limit};
    ask(exchange, &manage, answer_list);
}

void handle_secret_audit(struct exchange *exchange)
{
    struct page_query query;
    if (read_page(exchange, "before", &query))
        return;
    struct secret_manage manage = {.operation = SECRET_AUDIT, .limit = query.limit};
    if (query.after.size > ENTRY_DIGITS_MOST ||
        strspn(query.after.data, "0123456789") != query.after.size) {
        struct error_detail detail = {0};
        error_set(&detail, ERR_INVALID_QUERY, "", "before must be the id of an entry");
        exchange_problem(exchange, &detail);
        return;
    }
    if (query.after.size)
        manage.before = strtoull(query.after.data, NULL, 10);
    ask(exchange, &manage, answer_audit);
}

void handle_secret(struct exchange *exchange)
{
    struct secret_manage manage = {.operation = SECRET_SHOW};
    ask(exchange, &manage, answer_row);
}

void handle_secret_put(struct exchange *exchange)
{
    if (sealed_receive(exchange))
        return;
    struct error_detail detail = {0};
    struct buf value = BUF_INIT(exchange->body.max), user = BUF_INIT(JOB_USER_MOST);
    struct span body = {exchange->body.data, exchange->body.size};
    buf_reserve(&value, body.size); /* it only shrinks; growing would leave copies behind */
    int r = secret_body_value(body, &value, sealed_is_open(exchange) ? &user : NULL, &detail);
    if (!r)
        r = sealed_check_user(exchange, (struct span){user.data, user.size}, &detail);
    if (r) {
        exchange_problem(exchange, &detail);
    } else {
        struct secret_manage manage = {.operation = SECRET_PUT, .value = {value.data, value.size}};
        ask(exchange, &manage, answer_row);
    }
    buf_wipe(&value);
    buf_done(&user);
    buf_wipe(&exchange->body);
}

void handle_secret_reveal(struct exchange *exchange)
{
    struct secret_manage manage = {.operation = SECRET_REVEAL};
    ask(exchange, &manage, answer_value);
}

void handle_secret_delete(struct exchange *exchange)
{
    struct secret_manage manage = {.operation = SECRET_DELETE};
    ask(exchange, &manage, answer_nothing);
}

void handle_secret_policy(struct exchange *exchange)
{
    struct secret_manage manage = {.operation = SECRET_SHOW_POLICY};
    ask(exchange, &manage, answer_policy);
}

void handle_secret_policy_put(struct exchange *exchange)
{
    struct error_detail detail = {0};
    struct secret_policy policy;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct span body = {exchange->body.data, exchange->body.size};
    if (secret_body_policy(body, &arena, &policy, &detail)) {
        exchange_problem(exchange, &detail);
    } else {
        struct secret_manage manage = {.operation = SECRET_SET_POLICY, .policy = &policy};
        ask(exchange, &manage, answer_policy);
    }
    arena_done(&arena);
}
