/*
 * The JSON object that is a request's body, before its members are looked at: is it whole, and
 * where is its input?
 */
#ifndef NEOCOMPUTE_API_ENVELOPE_H
#define NEOCOMPUTE_API_ENVELOPE_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Checks that `body` is UTF-8 and one JSON object (RFC 8259), to its last byte. *ret_input is the
 * value of its first member "input", as it stands there; empty if it has none. ERR_INVALID_JSON,
 * and `detail` names the byte; ERR_NO_MEMORY.
 */
int envelope_scan(struct span body, struct span *ret_input, struct error_detail *detail);

#endif
