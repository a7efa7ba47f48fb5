/*
 * The jobs of a user: list, one, cancel, forget.
 */
#include "api/route.h"
#include "api/server.h"
#include "base/encode.h"
#include "base/json.h"
#include "protect/receipt.h"
#include <stdio.h>
#include <string.h>

#define PAGE_JOBS            50  /* of a page, unless `limit` says otherwise */
#define PAGE_JOBS_MOST       200 /* most that `limit` can ask for */
/* A page ends when it has this many bytes, however few jobs that are: their outputs are in it. */
#define PAGE_BYTES           (4 * MIB)
#define LINK_BYTES           256
#define RECEIPT_BUNDLE_BYTES (64 * KIB) /* of a receipt's bundle, but for the receipt */

/* The query of GET /jobs. */
struct query {
    unsigned limit;
    unsigned statuses;
    bool has_cursor;
    struct job_id cursor;
    unsigned seen; /* bits of parameter indexes */
    struct error_detail *detail;
    int error;
};

static const struct {
    const char *name;
    unsigned statuses; /* of enum job_status */
} status_filters[] = {
    {"running", 1u << JOB_QUEUED | 1u << JOB_RUNNING},
    {"completed", 1u << JOB_COMPLETED},
    {"failed", 1u << JOB_FAILED},
};
#define STATUS_FILTER_COUNT (sizeof status_filters / sizeof *status_filters)

static bool take_limit(struct query *query, struct span value)
{
    unsigned number = 0;
    if (value.size == 0 || value.size > 9)
        return false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
        number = number * 10 + (unsigned)(value.data[i] - '0');
    }
    query->limit = number < PAGE_JOBS_MOST ? number : PAGE_JOBS_MOST;
    return number > 0;
}

static bool take_cursor(struct query *query, struct span value)
{
    query->has_cursor = job_id_parse(value, &query->cursor);
    return query->has_cursor;
}

static bool take_status(struct query *query, struct span value)
{
    for (size_t i = 0; i < STATUS_FILTER_COUNT; i++)
        if (span_equal(span_of(status_filters[i].name), value))
            query->statuses = status_filters[i].statuses;
    return query->statuses != 0;
}

static const struct {
    const char *name, *wants;
    bool (*take)(struct query *query, struct span value);
} parameters[] = {
    {"limit", "a whole number from 1 (more than 200 gives 200)", take_limit},
    {"cursor", "the id of a job, as in the Link header", take_cursor},
    {"status", "running, completed or failed", take_status},
};
#define PARAMETER_COUNT (sizeof parameters / sizeof *parameters)

static enum MHD_Result take_parameter(void *ctx, enum MHD_ValueKind kind, const char *name,
                                      size_t name_size, const char *value, size_t value_size)
{
    struct query *query = ctx;
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        if (!span_equal(span_of(parameters[i].name), (struct span){name, name_size}))
            continue;
        bool again = query->seen & (1u << i);
        query->seen |= 1u << i;
        if (!again && parameters[i].take(query, (struct span){value, value ? value_size : 0}))
            return MHD_YES;
        query->error = error_set(query->detail, ERR_INVALID_QUERY, parameters[i].name,
                                 again ? "%s is given more than once" : "%s must be %s",
                                 parameters[i].name, parameters[i].wants);
        return MHD_NO;
    }
    query->error = error_set(query->detail, ERR_INVALID_QUERY, "",
                             "the query can have limit, cursor and status, nothing else");
    return MHD_NO;
}

/* A page of the list while it is written. */
struct page {
    struct buf body;
    unsigned count, most;
    int error; /* of a job that does not open */
};

static bool add_job(void *ctx, const struct job *job)
{
    struct page *page = ctx;
    struct job_view view;
    if (page->count >= page->most || page->body.size >= PAGE_BYTES)
        return false;
    int r = job_view(job, &view);
    if (!r) {
        buf_add_char(&page->body, page->count++ ? ',' : '[');
        view.sealed_answer = (struct span){0}; /* GET /jobs/{id} has it */
        job_json_write(&page->body, &view, NULL);
    }
    job_view_done(&view);
    page->error = page->error ? page->error : r;
    return r == 0;
}

static void write_link(char link[LINK_BYTES], const struct query *query, const struct job_id *next)
{
    const char *status = NULL;
    for (size_t i = 0; i < STATUS_FILTER_COUNT; i++)
        if (status_filters[i].statuses == query->statuses)
            status = status_filters[i].name;
    snprintf(link, LINK_BYTES, "</jobs?limit=%u&cursor=%s%s%s>; rel=\"next\"", query->limit,
             next->text, status ? "&status=" : "", status ? status : "");
}

void handle_jobs(struct exchange *exchange)
{
    struct error_detail detail = {0};
    struct query query = {.limit = PAGE_JOBS, .detail = &detail};
    libmicrohttpd.MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND,
                                              take_parameter, &query);
    if (query.error) {
        exchange_problem(exchange, &detail);
        return;
    }
    /* The last job of a page may be the largest there is. */
    struct page page = {.body = BUF_INIT(SIZE_MAX / 2), .most = query.limit};
    page.body.secret = true;
    struct job_filter filter = {
        .user = exchange->user,
        .before = query.has_cursor ? &query.cursor : NULL,
        .statuses = query.statuses,
    };
    struct job_id next;
    char link[LINK_BYTES];
    bool more = job_list(exchange->api->jobs, &filter, add_job, &page, &next);
    if (page.error) {
        buf_done(&page.body);
        error_set(&detail, page.error, "", "%s", error_text(page.error));
        exchange_problem(exchange, &detail);
        return;
    }
    buf_add_str(&page.body, page.count ? "]" : "[]");
    if (more)
        write_link(link, &query, &next);
    struct answer answer = {
        .status = 200,
        .type = "application/json",
        .body = page.body,
        .no_store = true,
        .wipe = true,
        .link = more ? link : NULL,
    };
    exchange_answer(exchange, &answer);
}

/* The job that the path names; NULL after a 404, the same whether it is nobody's or somebody's. */
static struct job *find(struct exchange *exchange)
{
    struct job_id id;
    struct job *job = NULL;
    if (job_id_parse(exchange->path_id, &id))
        job = job_find(exchange->api->jobs, exchange->user, &id);
    if (!job) {
        struct error_detail detail;
        error_set(&detail, ERR_NOT_FOUND, "", "you have no such job");
        exchange_problem(exchange, &detail);
    }
    return job;
}

void handle_job(struct exchange *exchange)
{
    struct job *job = find(exchange);
    if (job)
        exchange_answer_job(exchange, job);
}

/* --- the receipt --- */

/* The query of GET /jobs/{id}/receipt. */
struct form {
    bool single, wrong;
};

static enum MHD_Result take_form(void *ctx, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size)
{
    struct form *form = ctx;
    bool single = span_equal((struct span){name, name_size}, SPAN("form")) &&
                  span_equal((struct span){value, value ? value_size : 0}, SPAN("single"));
    form->wrong = form->wrong || form->single || !single;
    form->single = true;
    return MHD_YES;
}

/* Does the caller want the bundle? Only who says JSON, and does not say JWT. */
static bool wants_json(const struct exchange *exchange)
{
    const char *accept =
        libmicrohttpd.MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Accept");
    return accept && strcasestr(accept, "application/json") &&
           !strcasestr(accept, "application/jwt");
}

/* The receipt and all that is needed to verify it, offline. */
static int write_receipt_bundle(const struct job *job, bool single, struct buf *out)
{
    const struct keyring *keyring = job_receipt_keyring(job);
    struct span bundle = keyring_bundle(keyring);
    const uint8_t *salt = job_receipt_salt(job);
    const struct job_id id = job_id_of(job);
    buf_add_str(out, "{\"bundle\":");
    buf_add(out, bundle.data, bundle.size);
    json_next_key(out, "job_id");
    json_str(out, id.text);
    buf_add_str(out, ",\"keys\":[");
    jws_write_jwk(keyring_result_key(keyring), out);
    buf_add_char(out, ',');
    jws_write_jwk(keyring_identity(keyring), out);
    buf_add_str(out, "],\"receipt\":\"");
    int r = job_receipt_write(job, single, out);
    if (salt) {
        buf_add_str(out, "\",\"salt\":\"");
        base64url_encode(out, salt, RECEIPT_SALT_SIZE);
    }
    buf_add_str(out, "\"}");
    return r;
}

static void answer_receipt(struct exchange *exchange, const struct job *job, bool single)
{
    bool json = wants_json(exchange);
    struct answer answer = {
        .status = 200,
        .type = json ? "application/json" : "application/jwt",
        .body = BUF_INIT(RECEIPT_BUNDLE_BYTES + job_receipt_size(job)),
        .no_store = true,
    };
    int r = json ? write_receipt_bundle(job, single, &answer.body)
                 : job_receipt_write(job, single, &answer.body);
    if (r && !buf_failed(&answer.body)) {
        struct error_detail detail;
        buf_done(&answer.body);
        error_set(&detail, r, "", "the receipt cannot be written");
        exchange_problem(exchange, &detail);
        return;
    }
    exchange_answer(exchange, &answer);
}

void handle_job_receipt(struct exchange *exchange)
{
    struct error_detail detail = {0};
    struct form form = {0};
    struct job *job = find(exchange);
    if (!job)
        return;
    libmicrohttpd.MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND,
                                              take_form, &form);
    if (form.wrong)
        error_set(&detail, ERR_INVALID_QUERY, "form",
                  "the query can be form=single, once, and nothing else");
    else if (job_is_sealed(job))
        error_set(&detail, ERR_SEALED, "", "the receipt of a sealed job is in its sealed answer");
    else if (!job_status_final(job_status(job)))
        error_set(&detail, ERR_CONFLICT, "", "the job has not ended: it has no receipt yet");
    else if (!job_has_receipt(job))
        error_set(&detail, ERR_NOT_FOUND, "", "this job has no receipt");
    if (detail.code)
        exchange_problem(exchange, &detail);
    else
        answer_receipt(exchange, job, form.single);
}

void handle_job_cancel(struct exchange *exchange)
{
    struct job *job = find(exchange);
    if (!job)
        return;
    job_cancel(job);
    exchange_answer_job(exchange, job);
}

void handle_job_delete(struct exchange *exchange)
{
    struct job *job = find(exchange);
    if (!job)
        return;
    if (job_delete(job)) {
        struct error_detail detail;
        error_set(&detail, ERR_CONFLICT, "", "the job has not ended; cancel it first");
        exchange_problem(exchange, &detail);
        return;
    }
    struct answer answer = {.status = 204, .fixed = SPAN("")};
    exchange_answer(exchange, &answer);
}
