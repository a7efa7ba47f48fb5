/*
 * Lists of entity tags. A tag that a valid list has can be put into a list by itself; the weak
 * comparison finds whatever the strong one does, and both find it however often it is there.
 */
#include "base/etag.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
    if (!right)
        abort();
}

/* The list and, behind a newline, the tag that is looked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    if (!line || size > 1u << 16)
        return 0;
    struct span list = {(const char *)data, (size_t)(line - data)};
    struct span tag = {(const char *)line + 1, size - list.size - 1};
    if (tag.size && memchr(tag.data, '"', tag.size)) {
        expect(!etag_list_has(list, tag, ETAG_WEAK) || span_equal(list, SPAN("*")));
        return 0;
    }
    bool strong = etag_list_has(list, tag, ETAG_STRONG), weak = etag_list_has(list, tag, ETAG_WEAK);
    bool any = span_equal(list, SPAN("*"));
    expect(weak || !strong);
    struct buf alone = BUF_INIT(1u << 20);
    buf_add_char(&alone, '"');
    buf_add(&alone, tag.data, tag.size);
    buf_add_char(&alone, '"');
    struct span one = {alone.data, alone.size};
    if (weak && !any)
        expect(etag_list_valid(one) && etag_list_has(one, tag, ETAG_STRONG));
    if (etag_list_valid(list) && etag_list_valid(one) && !any) {
        buf_add_str(&alone, " ,");
        buf_add(&alone, list.data, list.size);
        struct span both = {alone.data, alone.size};
        expect(etag_list_valid(both) && etag_list_has(both, tag, ETAG_STRONG));
    }
    buf_done(&alone);
    return 0;
}
