/* Primitives as RFC 8785 writes them. */
#include "engine/canonical_writer.h"

#include "engine/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The two-character escapes of JSON, by character; 0 for none. */
static const char short_escape[128] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't',
                                       ['\n'] = 'n', ['\f'] = 'f',  ['\r'] = 'r'};

static void put_escape(struct canonical_writer *w, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    if (short_escape[c] != 0) {
        canonical_put(w, (char[]){'\\', short_escape[c]}, 2);
    } else {
        canonical_put(w, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
    }
}

void canonical_put_text(struct canonical_writer *w, struct span text)
{
    engine_charge(w->e, text.size / CANONICAL_GAS_BYTES);
    canonical_put_char(w, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == 0xed && text_is_surrogate((struct span){text.data + i, text.size - i})) {
            canonical_fail_invalid(w, "a lone surrogate has no JSON form");
            return;
        }
        if (c < 0x20 || c == '"' || c == '\\') {
            canonical_put(w, text.data + start, i - start);
            put_escape(w, c);
            start = i + 1;
        }
    }
    canonical_put(w, text.data + start, text.size - start);
    canonical_put_char(w, '"');
}

static void put_string(struct canonical_writer *w, js_value value)
{
    struct js_text text = js_text(w->e, value);
    if (text.span.data == NULL) {
        canonical_fail_script(w);
        return;
    }
    canonical_put_text(w, text.span);
    js_text_free(w->e, &text);
}

static void put_integer(struct canonical_writer *w, int64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)number);
    canonical_put(w, text, (size_t)n);
}

#define NUMBER_TEXT_MOST 32 /* characters; QuickJS writes at most 26 */
#define DIGITS_MOST      17 /* that a double needs */

static bool is_power_of_two(double number)
{
    int exponent;
    return fabs(frexp(number, &exponent)) == 0.5;
}

/* Adds one to the decimal that ends before `at`; false if it is all nines. */
static bool add_one(char *text, char *at)
{
    while (at-- > text) {
        if (*at >= '0' && *at < '9') {
            *at += 1;
            return true;
        }
        if (*at == '9') {
            *at = '0';
        }
    }
    return false;
}

static unsigned significant_digits(const char *text)
{
    unsigned count = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        count += *text >= (count > 0 ? '0' : '1') && *text <= '9';
    }
    return count;
}

/*
 * ECMAScript wants the fewest digits that read back as the same number. Below a power of two the
 * doubles are closer than above it, and there QuickJS misses a decimal that is rounded up:
 * 5.9604644775390625e-8 for 5.960464477539063e-8. Anyone who writes the parsed output again would
 * get other bytes and another hash. `text` is a string; made shorter in place where it can be.
 */
static void shorten_power_of_two(char text[NUMBER_TEXT_MOST], double number)
{
    char shorter[NUMBER_TEXT_MOST] = "";
    size_t end = strcspn(text, "e"); /* of the digits */
    if (memchr(text, '.', end) == NULL || significant_digits(text) != DIGITS_MOST) {
        return;
    }
    memcpy(shorter, text, end - 1);
    if (!add_one(shorter, shorter + end - 1)) {
        return;
    }
    size_t size = end - 1;
    while (shorter[size - 1] == '0') { /* there is a digit that is none: the one that grew */
        size--;
    }
    size -= shorter[size - 1] == '.';
    memcpy(shorter + size, text + end, strlen(text + end) + 1);
    if (strtod(shorter, NULL) == number) {
        memcpy(text, shorter, sizeof(shorter));
    }
}

static void put_power_of_two(struct canonical_writer *w, struct span digits, double number)
{
    char text[NUMBER_TEXT_MOST] = "";
    if (digits.size < sizeof(text)) {
        memcpy(text, digits.data, digits.size);
    }
    shorten_power_of_two(text, number);
    canonical_put(w, text, strlen(text));
}

#define EXACT_INTEGER_MOST 9007199254740991.0

static void put_number(struct canonical_writer *w, js_value value)
{
    if (js_tag(value) == JS_TAG_INT) {
        put_integer(w, (int32_t)value);
        return;
    }
    double number = js_float(value);
    if (!isfinite(number)) {
        canonical_put(w, "null", 4);
    } else if (fabs(number) <= EXACT_INTEGER_MOST && number == trunc(number)) {
        put_integer(w, (int64_t)number);
    } else {
        struct js_text text = js_text(w->e, value); /* of a primitive: no code is run */
        if (is_power_of_two(number)) {
            put_power_of_two(w, text.span, number);
        } else {
            canonical_put(w, text.span.data, text.span.size);
        }
        js_text_free(w->e, &text);
    }
}

void canonical_put_primitive(struct canonical_writer *w, js_value value)
{
    switch (js_tag(value)) {
    case JS_TAG_STRING:
    case JS_TAG_STRING_ROPE:
        put_string(w, value);
        break;
    case JS_TAG_INT:
    case JS_TAG_FLOAT64:
        put_number(w, value);
        break;
    case JS_TAG_BOOL:
        canonical_put(w, value == JS_TRUE ? "true" : "false", value == JS_TRUE ? 4 : 5);
        break;
    default:
        canonical_put(w, "null", 4);
    }
}
