/* Addresses, and who may be reached where. */
#include "api/server.h"
#include "job/fake_pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static void test_check(void **state)
{
    static const struct {
        const char *listen;
        int guarded, insecure;
        bool exposed;
    } cases[] = {
        {"127.0.0.1:8080", 0, 0, false},
        {"127.9.9.9:1", 0, 0, false},
        {"[::1]:8080", 0, 0, false},
        {":0", 0, 0, false},
        {"0.0.0.0:8080", ERR_USAGE, 0, true},
        {"[::]:8080", ERR_USAGE, 0, true},
        {"10.0.0.1:80", ERR_USAGE, 0, true},
        {"128.0.0.1:80", ERR_USAGE, 0, true},
        {"", ERR_USAGE, ERR_USAGE, false},
        {"8080", ERR_USAGE, ERR_USAGE, false},
        {"127.0.0.1", ERR_USAGE, ERR_USAGE, false},
        {"127.0.0.1:", ERR_USAGE, ERR_USAGE, false},
        {"127.0.0.1:x", ERR_USAGE, ERR_USAGE, false},
        {"127.0.0.1:99999", ERR_USAGE, ERR_USAGE, false},
        {"::1:8080", ERR_USAGE, ERR_USAGE, false},
        {"[::1]", ERR_USAGE, ERR_USAGE, false},
        {"no such host.invalid:80", ERR_USAGE, ERR_USAGE, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool exposed = false;
        struct error_detail detail = {0};
        assert_int_equal(api_check_listen(cases[i].listen, false, &exposed, &detail),
                         cases[i].guarded);
        assert_int_equal(detail.code, cases[i].guarded);
        assert_false(exposed);
        assert_int_equal(api_check_listen(cases[i].listen, true, &exposed, NULL),
                         cases[i].insecure);
        assert_int_equal(exposed, cases[i].exposed);
    }
}

static void test_any_port(void **state)
{
    int fd = -1, again = -1;
    uint16_t port = 0, other = 0;
    char url[64], expected[64];
    assert_int_equal(api_listen("127.0.0.1:0", 8, &fd, url, sizeof url, &port, NULL), 0);
    assert_true(port > 0);
    snprintf(expected, sizeof expected, "http://127.0.0.1:%u", port);
    assert_string_equal(url, expected);

    struct error_detail detail; /* the same port once more */
    assert_int_equal(api_listen(expected + 7, 8, &again, url, sizeof url, &other, &detail),
                     ERR_SYSTEM);
    assert_non_null(strstr(detail.message, expected + 7));
    assert_int_equal(again, -1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_any_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
