/*
 * Writing JSON into a struct buf, and checking JSON strings that others wrote.
 *
 * The writer keeps no state: the caller writes braces and commas, `json_key` writes "name":.
 * Like all buf_add functions these may be called without looking and checked once at the end with
 * buf_failed.
 */
#ifndef NEOCOMPUTE_BASE_JSON_H
#define NEOCOMPUTE_BASE_JSON_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_ESCAPE_MOST 6 /* characters that a byte of a string may become: \u00xx */

/*
 * A string with its quotes, escaped as RFC 8785 asks: the short escapes, \u00xx in lower case for
 * other control characters, all else as it is. Bytes that are not UTF-8 become U+FFFD.
 */
int json_string(struct buf *buf, struct span text);
int json_str(struct buf *buf, const char *text); /* NULL is written as null */

/* Digits. Readers in JavaScript are exact to 2^53. */
int json_u64(struct buf *buf, uint64_t value);
int json_bool(struct buf *buf, bool value);

/* "key": with `key` taken as it is (of the program, without characters that need an escape). */
int json_key(struct buf *buf, const char *key);

/* ,"key": or, straight after an opening brace or bracket, "key": */
int json_next_key(struct buf *buf, const char *key);

/*
 * Checks the string literal at the start of `text`: quotes, escapes (a lone surrogate escape is
 * allowed by RFC 8259 and so here), no control characters, UTF-8. Its length with both quotes, or 0
 * if there is none.
 */
size_t json_scan_string(struct span text);

#endif
