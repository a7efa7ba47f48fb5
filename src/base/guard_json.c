/* The leak guard over one JSON text: decoded strings and keys, and where in the text they are. */
#include "base/encode.h"
#include "base/error.h"
#include "base/guard.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static unsigned hex4(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (unsigned)hex_digit_value(at[i]);
    return value;
}

static bool is_low_surrogate(const char *at, const char *end)
{
    return end - at >= 6 && at[0] == '\\' && at[1] == 'u' && hex4(at + 2) >> 10 == 0xdc00 >> 10;
}

/*
 * Decodes the inside of a valid JSON string; the result is never longer than the source. Two
 * escapes are one character only as a high and a low surrogate; half a pair stays a character of
 * its own, so that what is behind it is seen.
 */
static size_t decode_string(const char *from, size_t size, char *to)
{
    char *start = to;
    for (const char *end = from + size; from < end;) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        static const char escapes[] = "bfnrt", meanings[] = "\b\f\n\r\t";
        const char *known = strchr(escapes, from[1]);
        if (from[1] != 'u') {
            *to++ = known ? meanings[known - escapes] : from[1];
            from += 2;
            continue;
        }
        unsigned c = hex4(from + 2);
        from += 6;
        if (c >> 10 == 0xd800 >> 10 && is_low_surrogate(from, end)) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (hex4(from + 2) & 0x3ff));
            from += 6;
        }
        to += utf8_encode(to, c); /* never longer than the escape */
    }
    return (size_t)(to - start);
}

/* The end of the string whose first quote is at `at`: the place of its last quote. */
static size_t string_end(struct span json, size_t at, bool *escaped)
{
    const char *from = json.data + at + 1;
    size_t rest = json.size - at - 1;
    const char *quote = memchr(from, '"', rest);
    *escaped = false;
    if (quote && !memchr(from, '\\', (size_t)(quote - from)))
        return (size_t)(quote - json.data);
    for (at++; at < json.size && json.data[at] != '"'; at++) {
        if (json.data[at] == '\\') {
            *escaped = true;
            at++;
        }
    }
    return at < json.size ? at : json.size;
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* --- the path to an offset --- */

struct level {
    bool array;
    size_t index;            /* arrays: of the element we are in */
    size_t key_at, key_size; /* objects: the raw key we are in */
};

static void add_pointer_token(const struct guard *g, struct span json, const struct level *l,
                              struct buf *path)
{
    if (l->array) {
        buf_addf(path, "/%zu", l->index);
        return;
    }
    char *key = malloc(l->key_size + 1);
    struct buf shown = BUF_INIT(2 * l->key_size + 1024);
    if (key) {
        size_t size = decode_string(json.data + l->key_at, l->key_size, key);
        guard_redact(g, (struct span){key, size}, &shown);
    }
    buf_add_char(path, '/');
    for (size_t i = 0; i < shown.size; i++) {
        if (shown.data[i] == '~' || shown.data[i] == '/')
            buf_add_str(path, shown.data[i] == '~' ? "~0" : "~1");
        else
            buf_add_char(path, shown.data[i]);
    }
    free(key);
    buf_wipe(&shown);
}

/* Walks to `offset` and writes the JSON Pointer of the value there, or of the object if it is a
 * key. */
static void write_path(const struct guard *g, struct span json, size_t offset, char *path,
                       size_t size)
{
    size_t depth = 0, capacity = 0;
    struct level *levels = NULL;
    bool expect_key = false, in_key = false, escaped;
    for (size_t at = 0; at < offset && at < json.size; at++) {
        char c = json.data[at];
        if (c == '{' || c == '[') {
            if (depth == capacity) {
                capacity = capacity ? 2 * capacity : 16;
                struct level *grown = realloc(levels, capacity * sizeof *grown);
                if (!grown)
                    break;
                levels = grown;
            }
            levels[depth++] = (struct level){.array = c == '['};
            expect_key = c == '{';
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ',' && depth > 0) {
            levels[depth - 1].index++;
            expect_key = !levels[depth - 1].array;
        } else if (c == '"') {
            size_t end = string_end(json, at, &escaped);
            if (expect_key && depth > 0) {
                levels[depth - 1].key_at = at + 1;
                levels[depth - 1].key_size = end - at - 1;
            }
            in_key = expect_key && end >= offset;
            expect_key = false;
            at = end;
        }
    }
    struct buf text = BUF_INIT(size - 1);
    for (size_t i = 0; i + in_key < depth && !buf_failed(&text); i++)
        add_pointer_token(g, json, &levels[i], &text);
    if (text.size)
        memcpy(path, text.data, text.size);
    path[text.size] = 0;
    buf_done(&text);
    free(levels);
}

/* --- the search --- */

static bool leaks(const struct guard *g, struct span json, size_t at, size_t size, bool escaped,
                  char *scratch, size_t *ret)
{
    struct span text = {json.data + at, size};
    if (size < GUARD_VALUE_LEAST)
        return false; /* shorter than every needle, in every spelling */
    if (escaped)
        text = (struct span){scratch, decode_string(json.data + at, size, scratch)};
    struct guard_match m;
    if (!guard_find(g, text, 0, &m))
        return false;
    *ret = m.secret;
    return true;
}

bool guard_check_json(const struct guard *g, struct span json, size_t *ret, char *path, size_t size)
{
    char *scratch = NULL;
    bool found = false;
    size_t place = 0;
    for (size_t at = 0; at < json.size && !found; at++) {
        bool escaped = false;
        size_t start = at, end = at, last = at;
        if (json.data[at] == '"') {
            start++;
            end = last = string_end(json, at, &escaped);
        } else if (is_number_char(json.data[at])) {
            while (end < json.size && is_number_char(json.data[end]))
                last = end++;
        } else {
            continue;
        }
        if (escaped && !scratch)
            scratch = malloc(json.size);
        /* Without memory to decode, refuse: a guard that cannot look must not say "clean". */
        found = (escaped && !scratch && (*ret = 0, true)) ||
                leaks(g, json, start, end - start, escaped, scratch, ret);
        place = start;
        at = last;
    }
    if (found)
        write_path(g, json, place, path, size);
    if (scratch) {
        OPENSSL_cleanse(scratch, json.size);
        free(scratch);
    }
    return found;
}
