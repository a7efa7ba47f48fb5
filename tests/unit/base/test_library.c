#include "base/library.h"
#include "unit.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#define MATHEMATICS(X) X(floor) X(pow)
LIBRARY_DECLARE(mathematics, MATHEMATICS);
LIBRARY_DEFINE(mathematics, MATHEMATICS, "libm.so.6", "libc6")

/* The last of them is in no library. */
double no_such_function(double);
#define OTHERS(X) X(floor) X(no_such_function)
LIBRARY_DECLARE(newer, OTHERS);
LIBRARY_DEFINE(newer, OTHERS, "libm.so.6", "libc6")

LIBRARY_DECLARE(absent, MATHEMATICS);
LIBRARY_DEFINE(absent, MATHEMATICS, "libneocompute-none.so.9", "libneocompute-none9")

static void functions_are_called_by_their_names(void **state)
{
    assert_null(mathematics.pow);
    assert_int_equal(mathematics_load(NULL), 0);
    assert_true(mathematics.floor(2.5) == 2);
    assert_true(mathematics.pow(2, 10) == 1024);
    assert_int_equal(mathematics_load(NULL), 0); /* again: nothing happens */
    assert_true(mathematics.pow(2, 10) == 1024);
}

/* Whoever can write to the core's memory must not find an address to jump to here. */
static void a_filled_table_cannot_be_written(void **state)
{
    int status;
    assert_int_equal(mathematics_load(NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(void *volatile *)&mathematics = NULL;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void what_is_missing_is_named_with_its_package(void **state)
{
    struct error_detail detail = {0};
    assert_int_equal(absent_load(&detail), ERR_SYSTEM);
    assert_string_equal(detail.field, "libneocompute-none.so.9");
    assert_non_null(strstr(detail.message, "package libneocompute-none9"));
    assert_null(absent.floor);
}

static void one_that_lacks_a_function_is_not_used(void **state)
{
    struct error_detail detail = {0};
    assert_int_equal(newer_load(&detail), ERR_SYSTEM);
    assert_non_null(strstr(detail.message, "no_such_function"));
    assert_null(newer.floor);
    assert_int_equal(newer_load(&detail), ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_called_by_their_names),
        cmocka_unit_test(a_filled_table_cannot_be_written),
        cmocka_unit_test(what_is_missing_is_named_with_its_package),
        cmocka_unit_test(one_that_lacks_a_function_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
