/* Problem documents, one for each error, and jobs as JSON. */
#include "api/server.h"
#include "job/fake_pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <yajl/yajl_tree.h>

#include <cmocka.h>

static yajl_val parse(struct buf *buf)
{
    char message[200];
    assert_int_equal(buf_terminate(buf), 0);
    yajl_val tree = yajl_tree_parse(buf->data, message, sizeof message);
    if (!tree)
        fail_msg("%s: %s", message, buf->data);
    return tree;
}

static const char *text_of(yajl_val tree, const char *key)
{
    const char *path[] = {key, NULL};
    return YAJL_GET_STRING(yajl_tree_get(tree, path, yajl_t_string));
}

static long long number_of(yajl_val tree, const char *key)
{
    const char *path[] = {key, NULL};
    return YAJL_GET_INTEGER(yajl_tree_get(tree, path, yajl_t_number));
}

static void test_every_error(void **state)
{
    for (int index = 0; index < ERROR_COUNT; index++) {
        int code = -1 - index, status = error_status(code);
        if (status == 200)
            continue; /* the failure of a job is no problem document */
        struct error_detail problem = {.code = code, .field = "the \"field\""};
        struct buf buf = BUF_INIT(16384);
        char type[100], http[20];
        assert_int_equal(problem_write(&buf, &problem, status, "trace"), 0);
        yajl_val tree = parse(&buf);
        snprintf(type, sizeof type, "urn:neocompute:problem:%s", error_name(code));
        snprintf(http, sizeof http, "HTTP_%d", status);
        assert_string_equal(text_of(tree, "type"), type);
        assert_string_equal(text_of(tree, "code"), http);
        assert_string_equal(text_of(tree, "error_code"), error_name(code));
        assert_string_equal(text_of(tree, "message"), error_text(code));
        assert_string_equal(text_of(tree, "detail"), error_text(code));
        assert_string_equal(text_of(tree, "field"), "the \"field\"");
        assert_string_equal(text_of(tree, "trace_id"), "trace");
        assert_int_equal(number_of(tree, "status"), status);
        assert_string_not_equal(text_of(tree, "title"), "Error"); /* each status has its own */
        yajl_tree_free(tree);
        buf_done(&buf);
    }
}

static void test_longest_problem_fits(void **state)
{
    struct error_detail problem = {.code = ERR_INVALID_FIELD};
    char trace[TRACE_MOST + 1];
    struct buf buf = BUF_INIT(16384);
    memset(problem.field, '\x01', sizeof problem.field - 1); /* six bytes each */
    memset(problem.message, '\x01', sizeof problem.message - 1);
    memset(trace, 'x', TRACE_MOST);
    trace[TRACE_MOST] = '\0';
    assert_int_equal(problem_write(&buf, &problem, 400, trace), 0);
    yajl_tree_free(parse(&buf));
    buf_done(&buf);
}

static struct job_view a_view(enum job_status status)
{
    struct job_view view = {
        .id = {"0195d3a0-0000-7000-8000-000000000000"},
        .status = status,
        .code = status == JOB_FAILED ? ERR_SCRIPT_ERROR : 0,
        .output = SPAN("{\"result\":42}"),
        .logs = SPAN("[\"a\",\"b\"]"),
        .started_unix_ms = 1763856000000,
        .duration_ns = 12000000,
        .gas_used = 1234,
        .memory_used = 5678,
        .nondeterminism = 5,
        .timeout_ms = 1500,
        .gas_limit = 1000,
        .memory_limit = 4096,
    };
    if (status == JOB_FAILED)
        view.error = SPAN("Error: \"no\"\n    at main");
    return view;
}

static yajl_val write_job(const struct job_view *view, struct buf *buf)
{
    buf_init(buf, job_json_size(view)); /* so it is enough */
    assert_int_equal(job_json_write(buf, view, NULL), 0);
    return parse(buf);
}

static void test_jobs(void **state)
{
    static const struct {
        enum job_status status;
        const char *name;
        bool output, error, ended, queued;
    } cases[] = {
        {JOB_QUEUED, "running", false, false, false, true},
        {JOB_RUNNING, "running", false, false, false, false},
        {JOB_COMPLETED, "completed", true, false, true, false},
        {JOB_FAILED, "failed", false, true, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf buf;
        struct job_view view = a_view(cases[i].status);
        yajl_val tree = write_job(&view, &buf);
        const char *queued[] = {"queued", NULL}, *output[] = {"output", NULL};
        assert_string_equal(text_of(tree, "status"), cases[i].name);
        assert_int_equal(yajl_tree_get(tree, output, yajl_t_object) != NULL, cases[i].output);
        assert_int_equal(text_of(tree, "output_hash") != NULL, cases[i].output);
        assert_int_equal(text_of(tree, "signature") != NULL, cases[i].output);
        assert_int_equal(text_of(tree, "error") != NULL, cases[i].error);
        assert_int_equal(text_of(tree, "error_code") != NULL, cases[i].error);
        assert_int_equal(text_of(tree, "duration") != NULL, cases[i].ended);
        assert_int_equal(yajl_tree_get(tree, queued, yajl_t_any) != NULL, cases[i].queued);
        assert_null(text_of(tree, "app_id"));
        yajl_tree_free(tree);
        buf_done(&buf);
    }
}

static void test_one_job_to_the_byte(void **state)
{
    struct buf buf;
    struct job_view view = a_view(JOB_COMPLETED);
    view.app_id = SPAN("a\"pp");
    yajl_tree_free(write_job(&view, &buf));
    assert_string_equal(
        buf.data,
        "{\"job_id\":\"0195d3a0-0000-7000-8000-000000000000\",\"status\":\"completed\","
        "\"started_at\":\"2025-11-23T00:00:00.000Z\",\"output\":{\"result\":42},"
        "\"logs\":[\"a\",\"b\"],\"gas_used\":1234,\"memory_used\":5678,\"duration\":\"12ms\","
        "\"output_hash\":\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"signature\":\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"nondeterminism\":[\"clock\",\"timer\"],"
        "\"limits\":{\"timeout\":1.5,\"gas_limit\":1000,\"memory_limit\":4096},"
        "\"app_id\":\"a\\\"pp\"}");
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error),
        cmocka_unit_test(test_longest_problem_fits),
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_one_job_to_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
