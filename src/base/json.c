#include "base/json.h"

#include "base/encode.h"
#include "base/error.h"
#include <string.h>

#define BLOCK_BYTES 512 /* collected before they go to the buffer */

/* Writes the escape of `c` to `out`; its length. By hand, as this is for each byte of hostile logs.
 */
static size_t json_escape(unsigned char c, char out[static JSON_ESCAPE_MOST])
{
    static const char short_escapes[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789abcdef";

    out[0] = '\\';
    if (c == '"' || c == '\\' || short_escapes[c & 0x1f]) {
        out[1] = c == '"' || c == '\\' ? (char)c : short_escapes[c];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    return JSON_ESCAPE_MOST;
}

static bool json_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* The characters of a string; `text` is UTF-8. */
static void json_characters(struct buf *buf, struct span text)
{
    char block[BLOCK_BYTES];
    size_t used = 0, i = 0;

    while (i < text.size) {
        size_t from = i;

        while (i < text.size && json_plain((unsigned char)text.data[i]))
            i++;
        if (i - from + JSON_ESCAPE_MOST > sizeof(block) - used) {
            buf_add(buf, block, used);
            used = 0;
        }
        if (i - from + JSON_ESCAPE_MOST > sizeof(block)) {
            buf_add(buf, text.data + from, i - from);
        } else {
            memcpy(block + used, text.data + from, i - from);
            used += i - from;
        }
        if (i < text.size)
            used += json_escape((unsigned char)text.data[i++], block + used);
    }
    buf_add(buf, block, used);
    explicit_bzero(block, sizeof block); /* it may be part of a result */
}

int json_string(struct buf *buf, struct span text)
{
    buf_add_char(buf, '"');
    while (text.size > 0) {
        size_t valid = utf8_valid_prefix(text);

        json_characters(buf, (struct span){text.data, valid});
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
