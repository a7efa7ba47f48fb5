#include "base/json_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct scan {
    const uint8_t *at, *end;
    uint32_t depth;
    uint64_t objects[JSON_SCAN_DEPTH / 64]; /* a bit for each open level: is it an object? */
};

/* What a byte is inside a string: 0 plain, else to be looked at. */
static const uint8_t special[256] = {
    [0 ... 0x1f] = 1,
    ['"'] = 1,
    ['\\'] = 1,
};

static inline bool scan_is(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == (uint8_t)c;
}

static inline void scan_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r' || *scan->at == '\n'))
        scan->at++;
}

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool scan_digits(struct scan *scan)
{
    const uint8_t *from = scan->at;
    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
    return scan->at > from;
}

static const char *scan_number(struct scan *scan)
{
    if (scan_is(scan, '-'))
        scan->at++;
    if (scan_is(scan, '0'))
        scan->at++;
    else if (!scan_digits(scan))
        return "a value is missing or malformed";
    if (scan_is(scan, '.')) {
        scan->at++;
        if (!scan_digits(scan))
            return "a number has no digits after its point";
    }
    if (scan_is(scan, 'e') || scan_is(scan, 'E')) {
        scan->at++;
        if (scan_is(scan, '+') || scan_is(scan, '-'))
            scan->at++;
        if (!scan_digits(scan))
            return "a number has no digits in its exponent";
    }
    return NULL;
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* After the backslash. */
static const char *scan_escape(struct scan *scan)
{
    static const char fault[] = "a string has an escape that does not exist";
    if (scan->at == scan->end)
        return fault;
    uint8_t c = *scan->at;
    if (c != 'u') {
        if (c == 0 || !strchr("\"\\/bfnrt", c))
            return fault;
        scan->at++;
        return NULL;
    }
    size_t digits = 0;
    for (scan->at++; digits < 4 && scan->at < scan->end && is_hex(*scan->at); digits++)
        scan->at++;
    return digits == 4 ? NULL : fault;
}

/* At the opening quote; goes past the closing one. */
static const char *scan_string(struct scan *scan)
{
    for (scan->at++;;) {
        while (scan->at < scan->end && !special[*scan->at])
            scan->at++;
        if (scan->at == scan->end)
            return "a string is not closed";
        if (*scan->at < 0x20)
            return "a string has a bare control character";
        if (*scan->at++ == '"')
            return NULL;
        const char *fault = scan_escape(scan);
        if (fault)
            return fault;
    }
}

static const char *scan_word(struct scan *scan, const char *word, size_t size)
{
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
        return "a value is missing or malformed";
    scan->at += size;
    return NULL;
}

static const char *scan_scalar(struct scan *scan)
{
    switch (scan->at < scan->end ? *scan->at : 0) {
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true", 4);
    case 'f':
        return scan_word(scan, "false", 5);
    case 'n':
        return scan_word(scan, "null", 4);
    default:
        return scan_number(scan);
    }
}

static inline bool in_object(const struct scan *scan)
{
    uint32_t level = scan->depth - 1;
    return scan->objects[level / 64] >> (level % 64) & 1;
}

/* A key and its colon, and the space on both sides. */
static const char *scan_key(struct scan *scan)
{
    scan_space(scan);
    if (!scan_is(scan, '"'))
        return "an object has something else where a key belongs";
    const char *fault = scan_string(scan);
    if (fault)
        return fault;
    scan_space(scan);
    if (!scan_is(scan, ':'))
        return "a key has no value";
    scan->at++;
    return NULL;
}

/* Goes into a container, to its first value if it has one: `*ret_open` is false if it is empty. */
static const char *scan_open(struct scan *scan, bool *ret_open)
{
    bool object = *scan->at == '{';
    if (scan->depth == JSON_SCAN_DEPTH)
        return "it is nested too deep";
    uint64_t bit = 1ull << (scan->depth % 64), *word = &scan->objects[scan->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    scan->at++;
    scan_space(scan);
    *ret_open = !scan_is(scan, object ? '}' : ']');
    if (!*ret_open) {
        scan->at++;
        return NULL;
    }
    scan->depth++;
    return object ? scan_key(scan) : NULL;
}

/* After a value: out of the containers that end here, or on to the next value of this one. */
static const char *scan_next(struct scan *scan)
{
    while (scan->depth > 0) {
        bool object = in_object(scan);
        scan_space(scan);
        if (scan_is(scan, ',')) {
            scan->at++;
            return object ? scan_key(scan) : NULL;
        }
        if (!scan_is(scan, object ? '}' : ']'))
            return "an object or array is not closed, or lacks a comma";
        scan->at++;
        scan->depth--;
    }
    return NULL;
}

size_t json_scan_value(struct span text, struct json_fault *ret_fault)
{
    struct scan scan; /* not cleared: a bit is set before it is read */
    const uint8_t *start = (const uint8_t *)text.data;
    const char *fault;

    scan.at = start;
    scan.end = start + text.size;
    scan.depth = 0;
    do {
        bool open = false;
        bool container = scan_is(&scan, '{') || scan_is(&scan, '[');
        fault = container ? scan_open(&scan, &open) : scan_scalar(&scan);
        if (!fault && !open)
            fault = scan_next(&scan);
        if (scan.depth > 0)
            scan_space(&scan);
    } while (!fault && scan.depth > 0);
    if (!fault)
        return (size_t)(scan.at - start);
    *ret_fault = (struct json_fault){fault, (size_t)(scan.at - start)};
    return 0;
}

size_t json_scan_space(struct span text)
{
    size_t i = 0;

    while (i < text.size && memchr(" \t\r\n", text.data[i], 4))
        i++;
    return i;
}
