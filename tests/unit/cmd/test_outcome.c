#include "base/error.h"
#include "cmd/cmd.h"
#include "cmd/outcome.h"
#include "unit.h"

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

static void exit_statuses(void **state)
{
    static const struct {
        int code, status;
    } cases[] = {
        {0, 0},
        {ERR_SCRIPT_ERROR, 1},
        {ERR_ENTRY_POINT_MISSING, 1},
        {ERR_NEVER_SETTLED, 1},
        {ERR_OUTPUT_INVALID, 1},
        {ERR_CANCELLED, 1},
        {ERR_SECRET_UNAVAILABLE, 1},
        {ERR_INPUT_INVALID, 2},
        {ERR_TIMEOUT, 3},
        {ERR_GAS_EXHAUSTED, 3},
        {ERR_MEMORY_EXCEEDED, 3},
        {ERR_STACK_OVERFLOW, 3},
        {ERR_OUTPUT_TOO_LARGE, 3},
        {ERR_WORKER_LOST, 4},
        {ERR_INTERNAL, 4},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(outcome_exit(cases[i].code), cases[i].status);
}

/* What outcome_text writes to `fd`, read back from `from`. */
static const char *written(int fd, int from, struct span text)
{
    static char seen[256];
    FILE *out = fdopen(dup(fd), "w");

    assert_non_null(out);
    outcome_text(out, text);
    fclose(out);
    ssize_t size = read(from, seen, sizeof(seen) - 1);
    seen[size < 0 ? 0 : size] = '\0';
    return seen;
}

static const struct span hostile = {"a\x1b[2J\x7f\xc2\x9b"
                                    "b\té\xe2\x82\xac",
                                    15};

static void a_file_gets_the_bytes_as_they_are(void **state)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_string_equal(written(ends[1], ends[0], hostile), "a\x1b[2J\x7f\xc2\x9b"
                                                            "b\té\xe2\x82\xac");
    close(ends[0]);
    close(ends[1]);
}

static void a_terminal_gets_no_control_characters(void **state)
{
    int terminal, side;

    if (openpty(&terminal, &side, NULL, NULL, NULL) != 0)
        skip(); /* no pseudo-terminals here */
    assert_string_equal(written(side, terminal, hostile), "a\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd"
                                                          "b\té\xe2\x82\xac");
    close(side);
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_statuses),
        cmocka_unit_test(a_file_gets_the_bytes_as_they_are),
        cmocka_unit_test(a_terminal_gets_no_control_characters),
    };
    return RUN_TESTS(tests);
}
