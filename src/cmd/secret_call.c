#include "cmd/secret_call.h"

#include "api/secret_json.h"
#include "base/json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_BYTES  (64 * MIB)
#define TARGET_BYTES 512
#define PAGE_ROWS    100

void secret_reply_done(struct secret_reply *reply)
{
    buf_wipe(&reply->body);
}

void secret_backend_add_options(struct option_list *list, size_t offset)
{
    option_add_client(list, offset + offsetof(struct secret_backend_options, client));
    option_add(list,
               (struct args_option){
                   "data-dir", "DIR", "work straight on the store in DIR, without a server", NULL,
                   args_set_text, offset + offsetof(struct secret_backend_options, data_dir)});
    option_add(
        list, (struct args_option){"database-url", "URL",
                                   "work straight on the store in PostgreSQL, without a server",
                                   NULL, args_set_text,
                                   offset + offsetof(struct secret_backend_options, database_url)});
}

static bool is_policy(enum secret_operation operation)
{
    return operation == SECRET_SHOW_POLICY || operation == SECRET_SET_POLICY;
}

/* --- on a server --- */

static void write_target(const struct secret_call *call, char target[TARGET_BYTES])
{
    const char *name = call->name ? call->name : "";
    switch (call->operation) {
    case SECRET_LIST:
        snprintf(target, TARGET_BYTES, "/secrets?limit=%d%s%s", PAGE_ROWS,
                 call->after ? "&after=" : "", call->after ? call->after : "");
        break;
    case SECRET_AUDIT:
        snprintf(target, TARGET_BYTES, "/secrets/audit?limit=%d%s%s", PAGE_ROWS,
                 call->after ? "&before=" : "", call->after ? call->after : "");
        break;
    case SECRET_REVEAL:
        snprintf(target, TARGET_BYTES, "/secrets/%s/reveal", name);
        break;
    default:
        snprintf(target, TARGET_BYTES, "/secrets/%s%s", name,
                 is_policy(call->operation) ? "/policy" : "");
    }
}

/* The cursor of the next page, from the target of a Link header. */
static void read_next(const char *target, const char *parameter, char next[256])
{
    const char *at = strstr(target, parameter);
    if (at)
        snprintf(next, 256, "%s", at + strlen(parameter));
}

static int call_server(struct secret_backend *backend, const struct secret_call *call,
                       struct secret_reply *ret, struct error_detail *detail)
{
    static const char *const methods[] = {
        [SECRET_LIST] = "GET",       [SECRET_SHOW] = "GET",      [SECRET_PUT] = "PUT",
        [SECRET_REVEAL] = "POST",    [SECRET_DELETE] = "DELETE", [SECRET_SHOW_POLICY] = "GET",
        [SECRET_SET_POLICY] = "PUT", [SECRET_AUDIT] = "GET",
    };
    char target[TARGET_BYTES];
    struct buf body = BUF_INIT(8 * MIB);
    struct client_answer answer;
    struct client_extra extra = {.if_match = call->if_match,
                                 .if_none_match = call->if_absent ? "*" : NULL};
    write_target(call, target);
    if (call->operation == SECRET_PUT) {
        buf_add_str(&body, "{\"value\":");
        json_string(&body, call->value);
        buf_add_char(&body, '}');
    } else if (call->operation == SECRET_SET_POLICY) {
        secret_json_policy(&body, call->rules);
    }
    int r = client_call_with(&backend->options->client, methods[call->operation], target,
                             (struct span){body.data, body.size}, &extra, &answer, detail);
    buf_wipe(&body);
    if (r)
        return r;
    *ret = (struct secret_reply){.body = answer.body};
    memcpy(ret->etag, extra.etag, sizeof ret->etag);
    read_next(answer.next, call->operation == SECRET_AUDIT ? "before=" : "after=", ret->next);
    return 0;
}

/* --- straight on the store --- */

static int open_store(struct secret_backend *backend, struct error_detail *detail)
{
    char *key = secret_environment_take("COMPUTE_MASTER_KEY");
    int r = protect_new(key, &backend->protect, detail);
    secret_environment_drop(key);
    if (!r)
        r = secret_store_open(backend->options->data_dir, backend->options->database_url,
                              backend->protect, &backend->store, detail);
    if (!r && !backend->store.has_key)
        r = error_set(detail, ERR_USAGE, "SECRETS_MASTER_KEY",
                      "must be in the environment to work straight on the store");
    if (r)
        return r;
    uv_loop_init(&backend->loop);
    const struct secret_options options = {
        .loop = &backend->loop,
        .store = backend->store.store,
        .key = &backend->store.key,
        .previous = backend->store.has_previous ? &backend->store.previous : NULL,
        .audit_key = backend->store.audit_key,
        .strict = true,
    };
    backend->open = true;
    r = secret_service_new(&options, &backend->service, detail);
    if (!r)
        backend->store.store = NULL; /* the service's now */
    return r;
}

struct waiting {
    const struct secret_call *call;
    struct secret_reply *reply;
    struct error_detail *detail;
    int code;
    bool done;
};

static void write_reply(const struct secret_answer *a, const struct waiting *w)
{
    const struct secret_call *call = w->call;
    struct secret_reply *reply = w->reply;
    struct buf *body = &reply->body;
    *reply = (struct secret_reply){.body = BUF_INIT(REPLY_BYTES)};
    if (call->operation == SECRET_LIST) {
        secret_json_rows(body, a->rows, a->count);
        if (a->count == PAGE_ROWS)
            snprintf(reply->next, sizeof reply->next, "%.*s", (int)a->rows[a->count - 1].name.size,
                     a->rows[a->count - 1].name.data);
    } else if (call->operation == SECRET_AUDIT) {
        secret_json_audits(body, a->audit, a->count);
        if (a->count == PAGE_ROWS)
            snprintf(reply->next, sizeof reply->next, "%" PRIu64, a->audit[a->count - 1].id);
    } else if (call->operation == SECRET_REVEAL) {
        secret_json_value(body, &a->rows[0],
                          (struct span){(const char *)a->value.data, a->value_size});
    } else if (is_policy(call->operation)) {
        secret_json_policy(body, &a->rows[0].policy);
    } else if (call->operation != SECRET_DELETE) {
        secret_json_row(body, &a->rows[0]);
    }
    if (*a->tag)
        snprintf(reply->etag, sizeof reply->etag, "\"%s\"", a->tag);
}

static void on_answered(void *ctx, const struct secret_answer *a)
{
    struct waiting *w = ctx;
    w->done = true;
    w->code = a->code;
    if (a->code)
        *w->detail = a->detail;
    else
        write_reply(a, w);
}

static int call_store(struct secret_backend *backend, const struct secret_call *call,
                      struct secret_reply *ret, struct error_detail *detail)
{
    int r = client_check_user(&backend->options->client, detail);
    if (!r && !backend->open)
        r = open_store(backend, detail);
    if (r)
        return r;
    struct waiting waiting = {.call = call, .reply = ret, .detail = detail};
    struct secret_ticket *ticket;
    struct secret_manage manage = {
        .operation = call->operation,
        .caller = {.user = span_of(client_user(&backend->options->client)),
                   .user_agent = SPAN("neocompute secret")},
        .name = span_of(call->name),
        .value = call->value,
        .policy = call->rules,
        .if_match = span_of(call->if_match),
        .if_none_match = span_of(call->if_absent ? "*" : NULL),
        .limit = PAGE_ROWS,
    };
    if (call->operation == SECRET_AUDIT && call->after)
        manage.before = strtoull(call->after, NULL, 10);
    else
        manage.after = span_of(call->after);
    r = secret_manage(backend->service, &manage, on_answered, &waiting, &ticket);
    if (r)
        return error_set(detail, r, "", "%s", error_text(r));
    while (!waiting.done)
        uv_run(&backend->loop, UV_RUN_ONCE);
    return waiting.code;
}

int secret_call(struct secret_backend *backend, const struct secret_call *call,
                struct secret_reply *ret, struct error_detail *detail)
{
    bool straight = backend->options->data_dir || backend->options->database_url;
    return straight ? call_store(backend, call, ret, detail)
                    : call_server(backend, call, ret, detail);
}

void secret_backend_done(struct secret_backend *backend)
{
    secret_service_free(backend->service);
    if (backend->open) {
        uv_run(&backend->loop, UV_RUN_DEFAULT);
        uv_loop_close(&backend->loop);
    }
    secret_store_close(&backend->store);
    protect_free(backend->protect);
}
