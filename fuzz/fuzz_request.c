/*
 * The body of POST /execute. Whatever is taken must lie where it may lie, be UTF-8, and be within
 * its bounds; whatever is refused must say why.
 */
#include "api/request.h"
#include "base/encode.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
    if (!right)
        abort();
}

static bool lies_in(struct span part, const char *data, size_t size)
{
    return part.size == 0 || (data && part.data >= data && part.data + part.size <= data + size);
}

static void check_string(struct span part, struct span body, const struct buf *text, size_t most)
{
    expect(part.size <= most && utf8_valid(part));
    expect(lies_in(part, body.data, body.size) || lies_in(part, text->data, text->size));
}

static void check_taken(const struct request *request, struct span body, const struct buf *text,
                        const struct limits *limits)
{
    expect(request->script.size > 0);
    check_string(request->script, body, text, limits->value[LIMIT_SCRIPT_BYTES]);
    check_string(request->app_id, body, text, JOB_NAME_MOST);
    check_string(request->script_name, body, text, JOB_NAME_MOST);
    expect(request->entry_point.size <= JOB_ENTRY_POINT_MOST && utf8_valid(request->entry_point));
    expect(request->secret_count <= limits->value[LIMIT_SECRET_REFS] + 1);
    for (size_t i = 0; i < request->secret_count; i++)
        check_string(request->secret_refs[i], body, text, JOB_NAME_MOST);
    expect(request->input.size > 0);
    expect(request->input.size <= limits->value[LIMIT_INPUT_BYTES]);
    expect(lies_in(request->input, body.data, body.size) || span_equal(request->input, SPAN("{}")));
    expect(request->timeout_ms >= 1000 && request->timeout_ms <= 120000);
    expect(request->memory_limit >= limit_table[LIMIT_MEMORY].least);
    expect(request->gas_limit <= limit_table[LIMIT_GAS].most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct limits limits;
    struct request request;
    struct error_detail detail = {0};
    if (limits.value[LIMIT_BODY_BYTES] == 0) {
        limits_init(&limits);
        limits.value[LIMIT_SCRIPT_BYTES] = 64; /* small enough to be reached */
        limits.value[LIMIT_INPUT_BYTES] = 256;
    }
    struct span body = {(const char *)data, size};
    struct buf text = BUF_INIT(limits.value[LIMIT_BODY_BYTES]);
    int r = request_parse(body, size % 2, &limits, &text, &request, &detail);
    if (r == 0) {
        check_taken(&request, body, &text, &limits);
    } else {
        expect(detail.code == r && detail.message[0] != '\0');
        expect(utf8_valid(span_of(detail.field)) && utf8_valid(span_of(detail.message)));
        expect(error_status(r) == 400);
    }
    buf_done(&text);
    return 0;
}
