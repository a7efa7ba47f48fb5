#include "exec/answer_check.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/json.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* In previous_key: an object without a key yet (offset 0 is its brace, never a key), or an array.
 */
#define NO_KEY   0
#define IN_ARRAY UINT32_MAX

#define NUMBER_DIGITS_MOST    17  /* significant digits of a double */
#define NUMBER_PLAIN_MOST     21  /* digits before the point before the exponent form begins */
#define NUMBER_ZEROS_MOST     5   /* zeros after "0." before the exponent form begins */
#define NUMBER_EXPONENT_MOST  308 /* of DBL_MAX */
#define NUMBER_EXPONENT_LEAST 324 /* of 5e-324, without its sign */
#define NUMBER_LARGEST        "17976931348623157"

struct scan {
    const uint8_t *start, *at, *end;
    uint32_t *previous_key;
    uint32_t depth, depth_max;
};

int answer_scratch_init(struct answer_scratch *scratch, uint32_t depth_max)
{
    uint32_t *previous_key = calloc(depth_max + 1ul, sizeof *previous_key);
    if (!previous_key)
        return ERR_NO_MEMORY;
    *scratch = (struct answer_scratch){.previous_key = previous_key, .depth_max = depth_max};
    return 0;
}

void answer_scratch_done(struct answer_scratch *scratch)
{
    free(scratch->previous_key);
    *scratch = (struct answer_scratch){0};
}

static inline bool scan_is(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == (uint8_t)c;
}

/* Digits from here on: how many, and past them. */
static size_t scan_digits(struct scan *scan)
{
    const uint8_t *from = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - from);
}

/*
 * Number::toString of ECMA-262: with the value 0.d1...dk * 10^n, digits without zeros at either
 * end, the form is digits and zeros (k <= n <= 21), point inside (0 < n <= 21), "0." zeros digits
 * (-6 < n <= 0), else d1.d2...dk e (n-1) with the sign always written.
 */
static bool number_is_plain_canonical(const uint8_t *whole, size_t whole_size,
                                      const uint8_t *fraction, size_t fraction_size)
{
    if (whole_size > NUMBER_PLAIN_MOST)
        return false;
    if (fraction_size == 0) {
        while (whole_size > 1 && whole[whole_size - 1] == '0')
            whole_size--;
        return whole_size <= NUMBER_DIGITS_MOST;
    }
    if (fraction[fraction_size - 1] == '0')
        return false;
    if (whole[0] != '0')
        return whole_size + fraction_size <= NUMBER_DIGITS_MOST;
    size_t zeros = 0;
    while (fraction[zeros] == '0')
        zeros++;
    return zeros <= NUMBER_ZEROS_MOST && fraction_size - zeros <= NUMBER_DIGITS_MOST;
}

static bool number_is_exponent_canonical(const uint8_t *whole, size_t whole_size,
                                         const uint8_t *fraction, size_t fraction_size,
                                         bool negative, unsigned exponent)
{
    if (whole_size != 1 || whole[0] == '0' || 1 + fraction_size > NUMBER_DIGITS_MOST ||
        (fraction_size > 0 && fraction[fraction_size - 1] == '0'))
        return false;
    if (negative)
        return exponent > NUMBER_ZEROS_MOST + 1 && exponent <= NUMBER_EXPONENT_LEAST;
    if (exponent < NUMBER_PLAIN_MOST || exponent > NUMBER_EXPONENT_MOST)
        return false;
    if (exponent < NUMBER_EXPONENT_MOST)
        return true;
    /* The digits, as text, against those of the largest double; fewer digits are padded by zeros.
     */
    char digits[NUMBER_DIGITS_MOST];
    memset(digits, '0', sizeof digits);
    digits[0] = (char)whole[0];
    memcpy(digits + 1, fraction, fraction_size);
    return memcmp(digits, NUMBER_LARGEST, sizeof digits) <= 0;
}

static const char *scan_number(struct scan *scan)
{
    static const char fault[] = "a number of the output is not in canonical form";
    bool minus = scan_is(scan, '-');
    if (minus)
        scan->at++;
    const uint8_t *whole = scan->at;
    size_t whole_size = scan_digits(scan);
    if (whole_size == 0 || (whole[0] == '0' && whole_size > 1))
        return fault;

    const uint8_t *fraction = scan->at;
    size_t fraction_size = 0;
    if (scan_is(scan, '.')) {
        fraction = ++scan->at;
        fraction_size = scan_digits(scan);
        if (fraction_size == 0)
            return fault;
    }
    if (!scan_is(scan, 'e')) {
        bool zero = whole[0] == '0' && fraction_size == 0;
        return !(zero && minus) &&
                       number_is_plain_canonical(whole, whole_size, fraction, fraction_size)
                   ? NULL
                   : fault;
    }

    scan->at++;
    bool negative = scan_is(scan, '-');
    if (!negative && !scan_is(scan, '+'))
        return fault;
    const uint8_t *digits = ++scan->at;
    size_t size = scan_digits(scan);
    if (size == 0 || size > 3 || digits[0] == '0')
        return fault;
    unsigned exponent = 0;
    for (size_t i = 0; i < size; i++)
        exponent = exponent * 10 + (digits[i] - '0');
    return number_is_exponent_canonical(whole, whole_size, fraction, fraction_size, negative,
                                        exponent)
               ? NULL
               : fault;
}

/* After a backslash: the one canonical escape of a character that must be escaped. */
static const char *scan_escape(struct scan *scan)
{
    static const char fault[] = "a string of the output has an escape that is not canonical";
    if (scan->at == scan->end)
        return fault;
    uint8_t c = *scan->at++;
    if (strchr("\"\\bfnrt", c) && c)
        return NULL;
    if (c != 'u' || scan->end - scan->at < 4)
        return fault;
    /* \u00 and then 00-07, 0b, 0e-1f in lower case: the rest has a short form or none at all. */
    const uint8_t *hex = scan->at;
    if (memcmp(hex, "00", 2) != 0 || (hex[2] != '0' && hex[2] != '1') || !hex[3] ||
        !strchr("0123456789abcdef", hex[3]) || (hex[2] == '0' && strchr("89acd", hex[3])))
        return fault;
    scan->at += 4;
    return NULL;
}

/* At the opening quote; goes past the closing one. UTF-8 has been checked for all of the output. */
static const char *scan_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->end;) {
        uint8_t c = *scan->at++;
        if (c == '"')
            return NULL;
        if (c < 0x20)
            return "a string of the output has a bare control character";
        if (c == '\\') {
            const char *fault = scan_escape(scan);
            if (fault)
                return fault;
        }
    }
    return "the output ends inside a string";
}

/*
 * The next code point of a checked string, as a number that sorts as its UTF-16 code units do:
 * surrogate pairs (U+10000 and up) come before U+E000..U+FFFF. -1 at the closing quote.
 */
static int32_t key_next(const uint8_t **at)
{
    const uint8_t *p = *at;
    int32_t c = *p++;

    if (c == '"')
        return -1;
    if (c == '\\') {
        c = *p++;
        const char *named = strchr("b\bf\fn\nr\rt\t", c);
        if (c == 'u') {
            c = (p[2] - '0') * 16 + (p[3] <= '9' ? p[3] - '0' : p[3] - 'a' + 10);
            p += 4;
        } else if (c != '"' && c != '\\') {
            c = named[1];
        }
    } else if (c >= 0xf0) {
        c = (c & 7) << 18 | (p[0] & 63) << 12 | (p[1] & 63) << 6 | (p[2] & 63);
        p += 3;
    } else if (c >= 0xe0) {
        c = (c & 15) << 12 | (p[0] & 63) << 6 | (p[1] & 63);
        p += 2;
    } else if (c >= 0xc0) {
        c = (c & 31) << 6 | (p[0] & 63);
        p += 1;
    }
    *at = p;
    return c >= 0xe000 && c <= 0xffff ? c + 0x110000 : c;
}

/* Is `left` strictly before `right`? Both begin after their opening quotes. */
static bool key_is_before(const uint8_t *left, const uint8_t *right)
{
    int32_t l, r;
    while (*left == *right && *left < 0x80 && *left != '"' && *left != '\\') {
        left++; /* what they begin with alike */
        right++;
    }
    do {
        l = key_next(&left);
        r = key_next(&right);
    } while (l == r && l >= 0);
    return l < r;
}

/* A key and its colon, at the opening quote. */
static const char *scan_key(struct scan *scan)
{
    uint32_t *previous = &scan->previous_key[scan->depth];
    const uint8_t *key = scan->at + 1;
    if (!scan_is(scan, '"'))
        return "an object of the output has something else where a key belongs";
    const char *fault = scan_string(scan);
    if (fault)
        return fault;
    if (*previous != NO_KEY && !key_is_before(scan->start + *previous, key))
        return "keys of the output are not in order";
    *previous = (uint32_t)(key - scan->start);
    if (!scan_is(scan, ':'))
        return "a key of the output has no value";
    scan->at++;
    return NULL;
}

static const char *scan_literal(struct scan *scan, const char *word, size_t size)
{
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
        return "the output has an unknown word";
    scan->at += size;
    return NULL;
}

static const char *scan_scalar(struct scan *scan)
{
    switch (scan->at < scan->end ? *scan->at : 0) {
    case '"':
        return scan_string(scan);
    case 't':
        return scan_literal(scan, "true", 4);
    case 'f':
        return scan_literal(scan, "false", 5);
    case 'n':
        return scan_literal(scan, "null", 4);
    default:
        return scan_number(scan);
    }
}

/* Goes into a container, to its first value if it has one: `*ret_open` is false if it is empty. */
static const char *scan_open(struct scan *scan, bool *ret_open)
{
    bool array = *scan->at++ == '[';
    if (scan_is(scan, array ? ']' : '}')) {
        /* An empty one counts as a level too, as it does for whoever reads it. */
        scan->at++;
        *ret_open = false;
        return scan->depth < scan->depth_max ? NULL : "the output is nested too deep";
    }
    if (scan->depth == scan->depth_max)
        return "the output is nested too deep";
    scan->previous_key[++scan->depth] = array ? IN_ARRAY : NO_KEY;
    *ret_open = true;
    return array ? NULL : scan_key(scan);
}

/* After a value: out of the containers that end here, or on to the next value of this one. */
static const char *scan_next(struct scan *scan)
{
    while (scan->depth > 0) {
        bool array = scan->previous_key[scan->depth] == IN_ARRAY;
        if (scan_is(scan, ',')) {
            scan->at++;
            return array ? NULL : scan_key(scan);
        }
        if (!scan_is(scan, array ? ']' : '}'))
            return "a container of the output is not closed";
        scan->at++;
        scan->depth--;
    }
    return NULL;
}

const char *answer_check_output(struct answer_scratch *scratch, struct span output)
{
    if (output.size == 0 || output.data[0] != '{')
        return "the output is not an object";
    if (output.size >= IN_ARRAY)
        return "the output is too large";
    if (!utf8_valid(output))
        return "the output is not UTF-8";
    struct scan scan = {
        .start = (const uint8_t *)output.data,
        .at = (const uint8_t *)output.data,
        .end = (const uint8_t *)output.data + output.size,
        .previous_key = scratch->previous_key,
        .depth_max = scratch->depth_max,
    };
    do {
        bool open = false;
        bool container = scan_is(&scan, '{') || scan_is(&scan, '[');
        const char *fault = container ? scan_open(&scan, &open) : scan_scalar(&scan);
        if (!fault && !open)
            fault = scan_next(&scan);
        if (fault)
            return fault;
    } while (scan.depth > 0);
    return scan.at == scan.end ? NULL : "something follows the output";
}

#define TRUNCATED "...(truncated)"

int answer_redact(const struct guard *guard, struct span text, size_t max, struct buf *out)
{
    const size_t mark = sizeof TRUNCATED - 1;
    struct buf clean;
    buf_init(&clean, SIZE_MAX / 2);
    int r = guard_redact(guard, text, &clean);
    if (!r && clean.size > max) {
        size_t kept = max > mark ? max - mark : 0;
        kept = utf8_valid_prefix((struct span){clean.data, kept});
        buf_add(out, clean.data, kept);
        buf_add_str(out, TRUNCATED);
    } else if (!r) {
        buf_add(out, clean.data, clean.size);
    }
    buf_wipe(&clean);
    return r || buf_failed(out) ? ERR_NO_MEMORY : 0;
}

static void write_entry(struct span entry, const struct answer_log_rules *rules, struct buf *json)
{
    if (!rules->guard) {
        json_string(json, entry);
        return;
    }
    struct buf shown;
    buf_init(&shown, (size_t)rules->shown_max + sizeof TRUNCATED);
    if (answer_redact(rules->guard, entry, rules->shown_max, &shown))
        json->failed = true;
    json_string(json, (struct span){shown.data, shown.size});
    buf_wipe(&shown);
}

const char *answer_write_logs(struct span records, const struct answer_log_rules *rules,
                              struct buf *json)
{
    buf_add_char(json, '[');
    for (uint32_t i = 0; i < rules->count; i++) {
        uint32_t size;
        if (records.size < sizeof size)
            return "there are fewer log entries than the worker says";
        memcpy(&size, records.data, sizeof size);
        records = (struct span){records.data + sizeof size, records.size - sizeof size};
        if (size > records.size || size > rules->entry_max)
            return "a log entry is longer than allowed";
        struct span entry = {records.data, size};
        if (!utf8_valid(entry))
            return "a log entry is not UTF-8";
        if (i > 0)
            buf_add_char(json, ',');
        write_entry(entry, rules, json);
        records = (struct span){records.data + size, records.size - size};
    }
    buf_add_char(json, ']');
    return records.size == 0 ? NULL : "there are more log entries than the worker says";
}

const char *answer_check_error(struct span error)
{
    return utf8_valid(error) ? NULL : "the error text is not UTF-8";
}
