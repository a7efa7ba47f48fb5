/*
 * The check of a worker's output, logs and error text. The first byte says which; the rest is the
 * text, or for logs the count and the records. What passes as an output must satisfy another JSON
 * parser too, and nothing may pass that is a part of it or has something behind it.
 */
#include "exec/answer_check.h"
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define DEPTH      64
#define ENTRY_MOST 256

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_json(const uint8_t *text, size_t size)
{
    yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
    require(yajl_parse(parser, text, size) == yajl_status_ok);
    require(yajl_complete_parse(parser) == yajl_status_ok);
    yajl_free(parser);
}

static void fuzz_output(const uint8_t *data, size_t size)
{
    static struct answer_scratch scratch;
    if (!scratch.previous_key)
        require(answer_scratch_init(&scratch, DEPTH) == 0);
    if (answer_check_output(&scratch, (struct span){(const char *)data, size}))
        return;
    require(size >= 2 && data[0] == '{' && data[size - 1] == '}');
    require_json(data, size);
    require(answer_check_output(&scratch, (struct span){(const char *)data, size - 1}) != NULL);
    char *longer = malloc(2 * size);
    memcpy(longer, data, size);
    memcpy(longer + size, data, size);
    require(answer_check_output(&scratch, (struct span){longer, size + 1}) != NULL);
    require(answer_check_output(&scratch, (struct span){longer, 2 * size}) != NULL);
    free(longer);
}

static void fuzz_logs(const uint8_t *data, size_t size)
{
    uint32_t count;
    struct buf json = BUF_INIT(8 * size + 64);
    if (size < sizeof count)
        return;
    memcpy(&count, data, sizeof count);
    struct span records = {(const char *)data + sizeof count, size - sizeof count};
    const struct answer_log_rules rules = {.count = count, .entry_max = ENTRY_MOST};
    if (!answer_write_logs(records, &rules, &json)) {
        require(!buf_failed(&json));
        require_json((const uint8_t *)json.data, json.size);
    }
    buf_done(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 3) {
    case 0:
        fuzz_output(data + 1, size - 1);
        break;
    case 1:
        fuzz_logs(data + 1, size - 1);
        break;
    default:
        (void)answer_check_error((struct span){(const char *)data + 1, size - 1});
    }
    return 0;
}
