#include "base/json_read.h"

#include "base/encode.h"
#include "base/error.h"
#include "base/json.h"
#include <string.h>

static struct span skip(struct span text, size_t size)
{
    return (struct span){text.data + size, text.size - size};
}

static struct span skip_space(struct span text)
{
    size_t i = 0;

    while (i < text.size && memchr(" \t\r\n", text.data[i], 4))
        i++;
    return skip(text, i);
}

/* Length of the value at the start of `text`; 0 if there is none. */
static size_t value_size(struct span text)
{
    size_t depth = 0, i = 0;

    if (text.size > 0 && text.data[0] == '"')
        return json_scan_string(text);
    while (i < text.size) {
        char c = text.data[i];

        if (c == '"') {
            size_t string = json_scan_string(skip(text, i));

            if (string == 0)
                return 0;
            i += string;
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return i; /* of what surrounds the value */
            if (--depth == 0)
                return i + 1;
        } else if (depth == 0 && memchr(", \t\r\n", c, 5)) {
            return i;
        }
        i++;
    }
    return depth == 0 ? i : 0;
}

/* Takes the value at the start of *rest, and white space and a comma behind it. */
static bool take_value(struct span *rest, struct span *ret)
{
    struct span text = skip_space(*rest);
    size_t size = value_size(text);

    if (size == 0)
        return false;
    *ret = (struct span){text.data, size};
    text = skip_space(skip(text, size));
    *rest = text.size > 0 && text.data[0] == ',' ? skip(text, 1) : text;
    return true;
}

bool json_object(struct span object, struct span *ret_rest)
{
    struct span text = skip_space(object);

    if (text.size == 0 || text.data[0] != '{')
        return false;
    *ret_rest = skip(text, 1);
    return true;
}

bool json_pair(struct span *rest, struct span *ret_key, struct span *ret_value)
{
    struct span text = skip_space(*rest);
    size_t size = json_scan_string(text);

    if (size == 0)
        return false;
    struct span key = {text.data, size};
    text = skip_space(skip(text, size));
    if (text.size == 0 || text.data[0] != ':')
        return false;
    text = skip(text, 1);
    if (!take_value(&text, ret_value))
        return false;
    *ret_key = key;
    *rest = text;
    return true;
}

bool json_member(struct span object, const char *key, struct span *ret)
{
    struct span rest, wanted = span_of(key), name, value;

    if (!json_object(object, &rest))
        return false;
    while (json_pair(&rest, &name, &value)) {
        if (!span_equal((struct span){name.data + 1, name.size - 2}, wanted))
            continue;
        *ret = value;
        return true;
    }
    return false;
}

bool json_array(struct span array, struct span *ret_rest)
{
    struct span text = skip_space(array);

    if (text.size == 0 || text.data[0] != '[')
        return false;
    *ret_rest = skip(text, 1);
    return true;
}

bool json_element(struct span *rest, struct span *ret)
{
    return take_value(rest, ret);
}

static int add_character(struct buf *buf, uint32_t c)
{
    char bytes[UTF8_MOST];
    return buf_add(buf, bytes, utf8_encode(bytes, c));
}

/* The four digits behind \u at the start of `text`; json_scan_string has seen that they are some.
 */
static uint32_t escaped_unit(const char *text)
{
    uint32_t unit = 0;

    for (int i = 2; i < 6; i++)
        unit = unit << 4 | (uint32_t)hex_digit_value(text[i]);
    return unit;
}

/* Appends the escape at the start of `text`; its length. */
static size_t unescape(struct span text, struct buf *buf)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;

    if (text.data[1] != 'u') {
        buf_add_char(buf, meanings[strchr(names, text.data[1]) - names]);
        return 2;
    }
    c = escaped_unit(text.data);
    if (c >= 0xd800 && c <= 0xdbff && text.size >= 12 && text.data[6] == '\\' &&
        text.data[7] == 'u') {
        low = escaped_unit(text.data + 6);
        if (low >= 0xdc00 && low <= 0xdfff) {
            add_character(buf, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            return 12;
        }
    }
    add_character(buf, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c);
    return 6;
}

int json_unquote(struct span literal, struct buf *buf)
{
    struct span text;

    if (json_scan_string(literal) != literal.size || literal.size == 0)
        return ERR_INVALID_JSON;
    text = (struct span){literal.data + 1, literal.size - 2};
    while (text.size > 0) {
        const char *escape = memchr(text.data, '\\', text.size);
        size_t plain = escape ? (size_t)(escape - text.data) : text.size;

        buf_add(buf, text.data, plain);
        text = skip(text, plain);
        if (escape)
            text = skip(text, unescape(text, buf));
    }
    return buf_failed(buf) ? ERR_NO_MEMORY : 0;
}

bool json_is_paired(struct span literal)
{
    bool half = false; /* the first half of a pair ends right before `i` */

    for (size_t i = 0; i < literal.size;) {
        uint32_t unit = 0;
        bool escape = literal.data[i] == '\\', wide = false;

        if (escape && i + 6 <= literal.size && literal.data[i + 1] == 'u') {
            unit = escaped_unit(literal.data + i);
            wide = true;
        }
        if (half != (unit >= 0xdc00 && unit <= 0xdfff))
            return false;
        half = unit >= 0xd800 && unit <= 0xdbff;
        i += wide ? 6 : escape ? 2 : 1;
    }
    return !half;
}

bool json_read_u64(struct span literal, uint64_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < literal.size; i++)
        if (literal.data[i] < '0' || literal.data[i] > '9' ||
            __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(literal.data[i] - '0'), &value))
            return false;
    if (literal.size == 0)
        return false;
    *ret = value;
    return true;
}
