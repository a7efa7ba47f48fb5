/*
 * Writes a value of the script as canonical JSON (RFC 8785), straight into the caller's buffer.
 *
 * It is written here, from the value API, and not by the realm's JSON.stringify, so that nothing a
 * script replaced (JSON, Array.prototype, Object.prototype.toJSON, iterators, ...) has a say. What
 * is the script's own still works: getters, proxies and own toJSON methods run, metered.
 *
 *   an object                  its own enumerable string keys, sorted by UTF-16 code units
 *   an array (or a proxy of)   its elements; a hole is null
 *   a string                   escaped as RFC 8785 says; a lone surrogate is output_invalid
 *   a number                   as Number::toString; -0 is 0; NaN and the infinities are null
 *   undefined, function,       skipped in an object, null in an array
 *     symbol
 *   Boolean, Number, String    the primitive inside
 *     objects
 *   BigInt (also the object)   output_invalid
 *   Date                       what toISOString says, null if invalid
 *   JSON.rawJSON               the primitive it stands for
 *   Map, Set, RegExp, Error,   their own enumerable properties only, so usually {}
 *     typed array, ...           (a typed array: its elements by index)
 *   toJSON                     called if the value itself or a prototype of the script's has it,
 *                                not if it is found on a prototype that the realm was born with
 *   a cycle                    output_invalid
 *   a throwing getter or trap  script_error
 *
 * The top: an object (not an array) is the output; any other value v becomes {"result": v}, where
 * what has no JSON form (undefined, a function, a symbol) is null.
 */
#ifndef NEOCOMPUTE_ENGINE_CANONICAL_H
#define NEOCOMPUTE_ENGINE_CANONICAL_H

#include "engine/runtime.h"

#define CANONICAL_DEPTH_MOST 10000u /* what the limit `output_depth` can be set to */

/* ERR_NO_MEMORY. */
int canonical_init(struct engine *e);
void canonical_done(struct engine *e);

/*
 * Writes `value` (taken) to e->out->output and sets e->output_size. 0; ERR_OUTPUT_INVALID or
 * ERR_OUTPUT_TOO_LARGE with e->why set; ERR_SCRIPT_ERROR with the exception pending in the engine.
 */
int canonical_write(struct engine *e, js_value value);

#endif
