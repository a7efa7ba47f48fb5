#include "engine/text.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

static bool in_range(char c, unsigned least, unsigned most)
{
    return (unsigned char)c >= least && (unsigned char)c <= most;
}

/* What may follow a lead byte: the length of the character and the range of its second byte. */
struct lead {
    unsigned char size, least, most;
};

static struct lead lead_of(unsigned char c)
{
    if (c < 0x80) {
        return (struct lead){1, 0, 0};
    }
    if (c < 0xc2 || c > 0xf4) {
        return (struct lead){0, 0, 0};
    }
    if (c < 0xe0) {
        return (struct lead){2, 0x80, 0xbf};
    }
    if (c < 0xf0) {
        return (struct lead){3, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf};
    }
    return (struct lead){4, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf};
}

/* How many bytes at the start of `text` fit the form of its lead byte. */
static size_t well_formed_bytes(struct span text, struct lead lead)
{
    size_t n = 1;
    if (lead.size > 1 && text.size > 1 && in_range(text.data[1], lead.least, lead.most)) {
        for (n = 2; n < lead.size && n < text.size && in_range(text.data[n], 0x80, 0xbf); n++) {
        }
    }
    return n;
}

size_t text_character(struct span text)
{
    struct lead lead = lead_of((unsigned char)text.data[0]);
    return lead.size > 0 && well_formed_bytes(text, lead) == lead.size ? lead.size : 0;
}

size_t text_broken(struct span text)
{
    struct lead lead = lead_of((unsigned char)text.data[0]);
    return lead.size > 0 ? well_formed_bytes(text, lead) : 1;
}

bool text_is_surrogate(struct span text)
{
    return text.size >= 3 && text.data[0] == '\xed' && in_range(text.data[1], 0xa0, 0xbf) &&
           in_range(text.data[2], 0x80, 0xbf);
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
        } else if ((taken = text_character(text)) > 0) {
            put(out, text.data, taken);
        } else {
            taken = text_is_surrogate(text) ? 3 : 1;
            put(out, REPLACEMENT, sizeof(REPLACEMENT) - 1);
        }
        text.data += taken;
        text.size -= taken;
    }
}
