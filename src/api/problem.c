/*
 * Problem documents, RFC 9457. `code`, `message` and `trace_id` are what callers of the service
 * that this one replaces read.
 */
#include "api/server.h"
#include "base/json.h"

static const struct {
    int status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},         {401, "Unauthorized"},          {403, "Forbidden"},
    {404, "Not Found"},           {405, "Method Not Allowed"},    {409, "Conflict"},
    {412, "Precondition Failed"}, {413, "Content Too Large"},     {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},   {500, "Internal Server Error"}, {503, "Service Unavailable"},
};

const char *problem_title(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void job_problem(const struct job_view *view, struct error_detail *ret)
{
    /* What a store that is down leaves behind names the secret: more than the code's text does. */
    struct span why = view->code == ERR_STORE_DOWN && view->error.size
                          ? view->error
                          : span_of(error_text(view->code));
    error_set(ret, view->code, "", "job %s: %.*s", view->id.text, (int)why.size, why.data);
}

int problem_write(struct buf *buf, const struct error_detail *problem, int status,
                  const char *trace)
{
    const char *message = problem->message[0] ? problem->message : error_text(problem->code);
    buf_addf(buf, "{\"type\":\"urn:neocompute:problem:%s\",", error_name(problem->code));
    buf_addf(buf, "\"title\":\"%s\",\"status\":%d,\"detail\":", problem_title(status), status);
    json_str(buf, message);
    buf_addf(buf, ",\"code\":\"HTTP_%d\",\"error_code\":\"%s\",\"message\":", status,
             error_name(problem->code));
    json_str(buf, message);
    if (problem->field[0]) {
        buf_add_str(buf, ",\"field\":");
        json_str(buf, problem->field);
    }
    if (problem->code == ERR_SEALED_KEY_UNKNOWN) /* a hint to verify them, not a key to use */
        buf_add_str(buf, ",\"keys\":\"/.well-known/hpke-keys\"");
    buf_add_str(buf, ",\"trace_id\":");
    json_str(buf, trace);
    buf_add_char(buf, '}');
    return buf_failed(buf) ? ERR_NO_MEMORY : 0;
}
