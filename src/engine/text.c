#include "engine/text.h"

#include "base/encode.h"
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

bool text_is_surrogate(struct span text)
{
    return text.size >= 3 && text.data[0] == '\xed' && (text.data[1] & 0xe0) == 0xa0 &&
           (text.data[2] & 0xc0) == 0x80;
}

static bool put(struct text_out *out, const char *data, size_t size)
{
    if (out->cut || size > out->max - out->size) {
        out->cut = true;
        return false;
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
    return true;
}

/* Length of the ASCII run at the start: most text is nothing else. */
static size_t ascii_run(struct span text)
{
    size_t n = 0;
    while (n < text.size && (unsigned char)text.data[n] < 0x80) {
        n++;
    }
    return n;
}

void text_add(struct text_out *out, struct span text)
{
    while (text.size > 0 && !out->cut) {
        size_t taken = ascii_run(text);
        if (taken > 0) {
            size_t room = out->max - out->size;
            if (taken > room) {
                put(out, text.data, room);
                out->cut = true;
                return;
            }
            put(out, text.data, taken);
        } else if ((taken = utf8_character(text)) > 0) {
            put(out, text.data, taken);
        } else {
            taken = text_is_surrogate(text) ? 3 : 1;
            put(out, REPLACEMENT, sizeof(REPLACEMENT) - 1);
        }
        text.data += taken;
        text.size -= taken;
    }
}
