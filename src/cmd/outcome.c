#include "cmd/outcome.h"

#include "base/error.h"
#include "base/json_read.h"
#include "cmd/cmd.h"
#include <unistd.h>

static bool is_control(const unsigned char *bytes, size_t size)
{
    if (bytes[0] < 0x20)
        return bytes[0] != '\n' && bytes[0] != '\t';
    /* DEL, and U+0080 to U+009F, which some terminals obey too */
    return bytes[0] == 0x7f || (bytes[0] == 0xc2 && size > 1 && bytes[1] < 0xa0);
}

void outcome_text(FILE *out, struct span text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t from = 0, i;

    if (!isatty(fileno(out))) {
        fwrite(text.data, 1, text.size, out);
        return;
    }
    for (i = 0; i < text.size; i++) {
        if (!is_control(bytes + i, text.size - i))
            continue;
        fwrite(bytes + from, 1, i - from, out);
        fputs("\xef\xbf\xbd", out); /* U+FFFD */
        i += bytes[i] == 0xc2;
        from = i + 1;
    }
    fwrite(bytes + from, 1, i - from, out);
}

static void print_logs(struct span logs)
{
    struct buf line = BUF_INIT(logs.size + 1);
    struct span rest, entry;

    if (!json_array(logs, &rest))
        return;
    while (json_element(&rest, &entry)) {
        buf_reset(&line);
        if (json_unquote(entry, &line) == 0)
            outcome_text(stderr, (struct span){line.data, line.size});
        fputc('\n', stderr);
    }
    buf_done(&line);
}

int outcome_exit(int code)
{
    static const struct {
        int code, status;
    } statuses[] = {
        {0, CMD_EXIT_DONE},
        {ERR_TIMEOUT, CMD_EXIT_LIMIT},
        {ERR_GAS_EXHAUSTED, CMD_EXIT_LIMIT},
        {ERR_MEMORY_EXCEEDED, CMD_EXIT_LIMIT},
        {ERR_STACK_OVERFLOW, CMD_EXIT_LIMIT},
        {ERR_OUTPUT_TOO_LARGE, CMD_EXIT_LIMIT},
        {ERR_RESOURCE_EXHAUSTED, CMD_EXIT_LIMIT},
        {ERR_USAGE, CMD_EXIT_USAGE},
        {ERR_INPUT_INVALID, CMD_EXIT_USAGE},
        {ERR_WORKER_LOST, CMD_EXIT_SERVICE},
    };

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].code == code)
            return statuses[i].status;
    /* What a job ends with has status 200; the rest are faults around it. */
    return error_status(code) == 200 ? CMD_EXIT_SCRIPT_FAILED : CMD_EXIT_SERVICE;
}

int outcome_print(const struct outcome *outcome)
{
    print_logs(outcome->logs);
    if (outcome->code == 0) {
        outcome_text(stdout, outcome->output);
        fputc('\n', stdout);
    } else {
        fprintf(stderr, "neocompute: %s: ", error_name(outcome->code));
        outcome_text(stderr,
                     outcome->error.size > 0 ? outcome->error : span_of(error_text(outcome->code)));
        fputc('\n', stderr);
    }
    if (fflush(stdout) != 0)
        return CMD_EXIT_SERVICE;
    return outcome_exit(outcome->code);
}

void outcome_member(FILE *file, struct span object, const char *key, size_t width)
{
    struct buf text = BUF_INIT(object.size + 1);
    struct span value;
    if (json_member(object, key, &value) && json_unquote(value, &text))
        buf_add(&text, value.data, value.size);
    size_t shown = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        int size = c < ' ' || c > '~' ? fprintf(file, "\\x%02x", c)
                                      : fprintf(file, c == '\\' ? "\\%c" : "%c", c);
        shown += size > 0 ? (size_t)size : 0;
    }
    for (; shown < width; shown++)
        fputc(' ', file);
    buf_done(&text);
}
