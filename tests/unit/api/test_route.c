/* Who answers which method and path. */
#include "api/route.h"
#include "job/fake_pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ID "0195d3a0-0000-7000-8000-000000000000"

static void test_found(void **state)
{
    static const struct {
        const char *method, *path;
        void (*handle)(struct exchange *exchange);
        const char *id;
    } cases[] = {
        {"GET", "/health", handle_health, NULL},
        {"HEAD", "/health", handle_health, NULL},
        {"GET", "/ready", handle_ready, NULL},
        {"GET", "/info", handle_info, NULL},
        {"GET", "/metrics", handle_metrics, NULL},
        {"GET", "/openapi.json", handle_openapi, NULL},
        {"GET", "/.well-known/jwks.json", handle_jwks, NULL},
        {"GET", "/.well-known/hpke-keys", handle_hpke_keys, NULL},
        {"GET", "/attestation", handle_attestation, NULL},
        {"HEAD", "/attestation/abc", handle_attestation_of, "abc"},
        {"POST", "/execute", handle_execute, NULL},
        {"GET", "/jobs/" ID "/receipt", handle_job_receipt, ID},
        {"GET", "/jobs", handle_jobs, NULL},
        {"GET", "/jobs/" ID, handle_job, ID},
        {"HEAD", "/jobs/x", handle_job, "x"},
        {"DELETE", "/jobs/" ID, handle_job_delete, ID},
        {"POST", "/jobs/" ID "/cancel", handle_job_cancel, ID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span id = {0};
        int code = 1;
        const struct route *route = route_find(cases[i].method, cases[i].path, &id, &code);
        assert_non_null(route);
        assert_int_equal(code, 0);
        assert_ptr_equal(route->handle, cases[i].handle);
        if (cases[i].id)
            assert_true(span_equal(id, span_of(cases[i].id)));
    }
}

static void test_not_found(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "/execute/",
        "//execute",
        "/Execute",
        "/jobs/",
        "/job",
        "/jobsx",
        "/jobs/" ID "/",
        "/jobs/" ID "/x",
        "/jobs//cancel",
        "/jobs/" ID "/cancel/",
        "/jobs/" ID "/cancelx",
        "/healthz",
        "/jobs/a/b/cancel",
        "*",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct span id;
        int code = 0;
        assert_null(route_find("GET", paths[i], &id, &code));
        assert_int_equal(code, ERR_NOT_FOUND);
    }
}

static void test_method_not_allowed(void **state)
{
    static const struct {
        const char *method, *path, *allow;
    } cases[] = {
        {"GET", "/execute", "POST"},
        {"HEAD", "/execute", "POST"},
        {"POST", "/health", "GET, HEAD"},
        {"get", "/health", "GET, HEAD"},
        {"PUT", "/jobs/x", "GET, HEAD, DELETE"},
        {"GET", "/jobs/x/cancel", "POST"},
        {"OPTIONS", "/jobs", "GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span id;
        char allow[ALLOW_BYTES];
        int code = 0;
        assert_null(route_find(cases[i].method, cases[i].path, &id, &code));
        assert_int_equal(code, ERR_METHOD_NOT_ALLOWED);
        route_allow(cases[i].path, allow, sizeof allow);
        assert_string_equal(allow, cases[i].allow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_method_not_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
