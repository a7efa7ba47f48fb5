#include "base/json.h"

#include "base/encode.h"
#include "base/error.h"
#include <string.h>

static int json_escape(struct buf *buf, unsigned char c)
{
    static const char short_escapes[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789abcdef";

    if (c == '"' || c == '\\' || short_escapes[c & 0x1f]) {
        char named = c == '"' || c == '\\' ? (char)c : short_escapes[c];
        return buf_add(buf, (char[]){'\\', named}, 2);
    }
    /* By hand: logs of nothing else must not cost the loop a printf for each byte. */
    return buf_add(buf, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
}

static bool json_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

int json_string(struct buf *buf, struct span text)
{
    buf_add_char(buf, '"');
    while (text.size > 0) {
        size_t valid = utf8_valid_prefix(text), from = 0;

        for (size_t i = 0; i < valid; i++)
            if (!json_plain((unsigned char)text.data[i])) {
                buf_add(buf, text.data + from, i - from);
                json_escape(buf, (unsigned char)text.data[i]);
                from = i + 1;
            }
        buf_add(buf, text.data + from, valid - from);
        if (valid < text.size) {
            buf_add_str(buf, "\xef\xbf\xbd"); /* U+FFFD */
            valid++;
        }
        text.data += valid;
        text.size -= valid;
    }
    return buf_add_char(buf, '"');
}

int json_str(struct buf *buf, const char *text)
{
    return text ? json_string(buf, span_of(text)) : buf_add_str(buf, "null");
}

int json_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t i = sizeof(digits);

    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return buf_add(buf, digits + i, sizeof(digits) - i);
}

int json_bool(struct buf *buf, bool value)
{
    return buf_add_str(buf, value ? "true" : "false");
}

int json_key(struct buf *buf, const char *key)
{
    buf_add_char(buf, '"');
    buf_add_str(buf, key);
    return buf_add(buf, "\":", 2);
}

int json_next_key(struct buf *buf, const char *key)
{
    if (buf->size > 0 && buf->data[buf->size - 1] != '{' && buf->data[buf->size - 1] != '[')
        buf_add_char(buf, ',');
    return json_key(buf, key);
}

/* Length of the escape at `text` (a backslash), 0 if it is none. */
static size_t scan_escape(struct span text)
{
    if (text.size >= 2 && text.data[1] != '\0' && strchr("\"\\/bfnrt", text.data[1]))
        return 2;
    if (text.size < 6 || text.data[1] != 'u')
        return 0;
    for (int i = 2; i < 6; i++)
        if (text.data[i] == '\0' || !strchr("0123456789abcdefABCDEF", text.data[i]))
            return 0;
    return 6;
}

size_t json_scan_string(struct span text)
{
    size_t i = 1;

    if (text.size < 2 || text.data[0] != '"')
        return 0;
    while (i < text.size && text.data[i] != '"') {
        size_t length = 1;

        if (text.data[i] == '\\')
            length = scan_escape((struct span){text.data + i, text.size - i});
        else if ((unsigned char)text.data[i] < 0x20)
            length = 0;
        if (length == 0)
            return 0;
        i += length;
    }
    if (i >= text.size || !utf8_valid((struct span){text.data, i}))
        return 0;
    return i + 1;
}
