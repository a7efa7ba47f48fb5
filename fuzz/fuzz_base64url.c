/*
 * base64url. What is taken encodes to the very text it was decoded from: one text for one value.
 */
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

static void both_ways(struct span text, int (*decode)(struct buf *buf, struct span text),
                      int (*encode)(struct buf *buf, const void *data, size_t size))
{
    struct buf bytes = BUF_INIT(1u << 20), again = BUF_INIT(1u << 20);
    if (decode(&bytes, text) == 0) {
        expect(encode(&again, bytes.data, bytes.size) == 0);
        expect(span_equal((struct span){again.data, again.size}, text));
    } else {
        expect(bytes.size == 0);
    }
    buf_reset(&bytes);
    buf_reset(&again);
    expect(encode(&bytes, text.data, text.size) == 0);
    expect(decode(&again, (struct span){bytes.data, bytes.size}) == 0);
    expect(span_equal((struct span){again.data, again.size}, text));
    buf_done(&bytes);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    if (size > 1u << 16)
        return 0;
    both_ways(text, base64url_decode, base64url_encode);
    both_ways(text, base64_decode, base64_encode);
    return 0;
}
