/*
 * The jobs of a user: list, one, cancel, forget.
 */
#include "api/route.h"
#include "api/server.h"
#include <stdio.h>
#include <string.h>

#define PAGE_JOBS     50  /* of a page, unless `limit` says otherwise */
#define PAGE_JOBS_MAX 200 /* most that `limit` can ask for */
/* A page ends when it has this many bytes, however few jobs that are: their outputs are in it. */
#define PAGE_BYTES    (4 * MIB)
#define LINK_BYTES    256

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
    query->limit = number < PAGE_JOBS_MAX ? number : PAGE_JOBS_MAX;
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
        job_json_write(&page->body, &view);
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
    MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND, take_parameter,
                                &query);
    if (query.error) {
        exchange_problem(exchange, &detail);
        return;
    }
    /* The last job of a page may be the largest there is. */
    struct page page = {.body = BUF_INIT(SIZE_MAX / 2), .most = query.limit};
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
