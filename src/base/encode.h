/*
 * Hexadecimal, base64 and base64url (RFC 4648), and UTF-8 (RFC 3629); numbers and fields of what is
 * hashed.
 *
 * Decoders are strict: what an encoder here would not have written is ERR_INVALID_FIELD.
 */
#ifndef NEOCOMPUTE_BASE_ENCODE_H
#define NEOCOMPUTE_BASE_ENCODE_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 to 15 of a digit of either case; -1 of any other character. */
int hex_digit_value(char c);

/* Writes 2 * size lower-case digits and a NUL into `text`. */
void hex_encode(char *text, const void *data, size_t size);

/*
 * Decodes exactly `size` bytes from 2 * size digits, of either case. ERR_INVALID_FIELD for another
 * number of digits or any other character; `data` is then untouched.
 */
int hex_decode(void *data, size_t size, struct span text);

/*
 * Append to `buf` a number as eight bytes, big-endian; a field as its size and its bytes, so that
 * different lists of fields have different bytes. ERR_NO_MEMORY as buf_add.
 */
int number_encode(struct buf *buf, uint64_t value);
int field_encode(struct buf *buf, struct span field);

/* Append to `buf`; ERR_NO_MEMORY as buf_add. */
int base64_encode(struct buf *buf, const void *data, size_t size);    /* with padding */
int base64url_encode(struct buf *buf, const void *data, size_t size); /* without */

/* As above, the other way; ERR_INVALID_FIELD also where the unused last bits are not zero. */
int base64_decode(struct buf *buf, struct span text);
int base64url_decode(struct buf *buf, struct span text);

#define UTF8_MOST 4 /* bytes of a character */

/* Writes the character `c` (a surrogate as three bytes, which is no UTF-8); its bytes. */
size_t utf8_encode(char *text, uint32_t c);

/* Bytes of the character at the start of `text` (not empty) if it is well-formed UTF-8; else 0. */
size_t utf8_character(struct span text);

/*
 * Bytes of the longest start of a character that `text` (not empty, starts with no whole character)
 * begins with; at least 1. This is what one U+FFFD stands for (Encoding Standard, UTF-8 decoder).
 */
size_t utf8_broken(struct span text);

/* Length of the longest prefix that is UTF-8: no overlong forms, no surrogates, <= U+10FFFF. */
size_t utf8_valid_prefix(struct span text);

static inline bool utf8_valid(struct span text)
{
    return utf8_valid_prefix(text) == text.size;
}

#endif
