/*
 * Taking JSON text apart where it lies: members of objects, elements of arrays, strings.
 *
 * For text that others have checked already (answers of our own service, results of the pool): it
 * is walked, not judged. Malformed text gives "not there", never a read past its end, and there is
 * no recursion. Values are spans of the text itself, so numbers and output keep their bytes.
 */
#ifndef NEOCOMPUTE_BASE_JSON_READ_H
#define NEOCOMPUTE_BASE_JSON_READ_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

/* The value of the first member `key` (without characters that need an escape) of an object. */
bool json_member(struct span object, const char *key, struct span *ret);

/*
 * Walks an object: json_object gives the start of its members (false if it is none), and each
 * json_pair moves *rest behind the member that it gives: its key as a string literal, and its
 * value.
 */
bool json_object(struct span object, struct span *ret_rest);
bool json_pair(struct span *rest, struct span *ret_key, struct span *ret_value);

/*
 * Walks an array: json_array gives the start of its elements (false if it is no array), and each
 * json_element moves *rest behind the element that it gives (false at the end).
 */
bool json_array(struct span array, struct span *ret_rest);
bool json_element(struct span *rest, struct span *ret);

/* Appends what a string literal says, as UTF-8; lone surrogates become U+FFFD. ERR_INVALID_JSON if
 * it is no string literal, ERR_NO_MEMORY. */
int json_unquote(struct span literal, struct buf *buf);

/* Does every surrogate in a string literal have its other half? */
bool json_is_paired(struct span literal);

/* A number of digits only; false for everything else and past 2^64 - 1. */
bool json_read_u64(struct span literal, uint64_t *ret);

#endif
