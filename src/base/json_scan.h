/*
 * Is this JSON? A scan that keeps nothing: for values that are passed on as they are, such as a
 * job's input, of which a parser with a callback for each token would make half a million calls a
 * megabyte.
 */
#ifndef NEOCOMPUTE_BASE_JSON_SCAN_H
#define NEOCOMPUTE_BASE_JSON_SCAN_H

#include "base/buf.h"
#include <stddef.h>

#define JSON_SCAN_DEPTH 131072u /* levels of objects and arrays, a bit for each */

struct json_fault {
    const char *why; /* plain words, of the program */
    size_t at;       /* offset of the byte that is wrong; the size of the text if it is cut off */
};

/*
 * Length of the JSON value (RFC 8259) at the very start of `text`, which must be UTF-8; 0 and
 * *ret_fault if there is none. What follows the value is not looked at. Does not recurse.
 */
size_t json_scan_value(struct span text, struct json_fault *ret_fault);

/* Length of the white space at the start of `text`. */
size_t json_scan_space(struct span text);

#endif
