#include "base/log.h"
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

static int ends[2];
static char text[4 * LOG_LINE_BYTES];

static int open_pipe(void **state)
{
    return pipe2(ends, O_NONBLOCK);
}

static int close_pipe(void **state)
{
    log_init(STDERR_FILENO, LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* What came out of the log since the last look. */
static const char *logged(void)
{
    ssize_t size = read(ends[0], text, sizeof(text) - 1);

    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static void json_lines(void **state)
{
    log_init(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
    log_info("it \"runs\"", log_str("where", "a\nb\x1b\xff"), log_u64("count", 7),
             log_bool("yes", true), log_str("none", NULL));
    const char *line = logged();
    assert_memory_equal(line, "{\"time\":\"20", 11);
    assert_string_equal(line + strlen("{\"time\":\"2026-11-23T02:09:48.007Z\""),
                        ",\"level\":\"info\",\"message\":\"it \\\"runs\\\"\","
                        "\"where\":\"a\\nb\\u001b\xef\xbf\xbd\",\"count\":7,\"yes\":true,"
                        "\"none\":\"\"}\n");
}

static void text_lines(void **state)
{
    log_init(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_warn("careful", log_str("where", "a\nb"), log_u64("count", 7));
    log_error("bare");
    const char *line = logged();
    assert_string_equal(strstr(line, " warn"),
                        strstr(line, " warn  careful  where=\"a\\nb\" count=7\n"));
    assert_non_null(strstr(line, " error bare\n"));
}

static void levels(void **state)
{
    log_init(ends[1], LOG_LEVEL_WARN, LOG_FORMAT_JSON);
    assert_false(log_enabled(LOG_LEVEL_INFO));
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    log_debug("no");
    log_info("no");
    assert_string_equal(logged(), "");
    log_warn("yes");
    assert_non_null(strstr(logged(), "\"warn\""));
}

static void a_stalled_reader_never_blocks_and_losses_are_told(void **state)
{
    size_t lines = 0;
    const char *last;

    log_init(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    fcntl(ends[1], F_SETFL, 0); /* a write would wait now */
    for (int i = 0; i < 3000; i++)
        log_info("a line of some length, so that a pipe of 64 KiB is soon full");
    while (*logged())
        for (const char *c = text; (c = strchr(c, '\n')); c++)
            lines++;
    assert_true(lines > 100 && lines < 3000);
    log_info("again");
    last = logged();
    assert_non_null(strstr(last, ",\"lines_dropped\":"));
    assert_int_equal(strtoull(strstr(last, "dropped\":") + 9, NULL, 10), 3000 - lines);
    log_info("all told");
    assert_null(strstr(logged(), "lines_dropped"));
}

static void a_closed_reader_does_not_kill(void **state)
{
    log_init(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    close(ends[0]);
    log_info("to nobody");
    ends[0] = open("/dev/null", O_RDONLY);
}

static void a_full_disk_does_not_kill(void **state)
{
    int full = open("/dev/full", O_WRONLY);

    log_init(full, LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_info("to a full disk");
    log_init(-1, LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_info("to no descriptor");
    close(full);
}

static void a_long_line_is_cut_and_still_json(void **state)
{
    char *large = malloc(100001);

    memset(large, '\x01', 100000);
    large[100000] = '\0';
    log_init(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    for (size_t size = 100000; size > 600; size /= 2) {
        large[size] = '\0';
        log_info("large", log_str("field", large));
        const char *line = logged();
        assert_true(strlen(line) <= LOG_LINE_BYTES);
        if (size > LOG_LINE_BYTES)
            assert_string_equal(strstr(line, ",\"message\""),
                                ",\"message\":\"large\",\"cut\":true}\n");
    }
    free(large);
}

int main(void)
{
#define PIPED(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)
    const struct CMUnitTest tests[] = {
        PIPED(json_lines),
        PIPED(text_lines),
        PIPED(levels),
        PIPED(a_stalled_reader_never_blocks_and_losses_are_told),
        PIPED(a_closed_reader_does_not_kill),
        PIPED(a_full_disk_does_not_kill),
        PIPED(a_long_line_is_cut_and_still_json),
    };
    return RUN_TESTS(tests);
}
