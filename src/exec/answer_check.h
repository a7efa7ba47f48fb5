/*
 * The check of what a worker wrote, before anything of it is hashed, signed or shown.
 *
 * A worker that was broken into can write any bytes. What it calls its output becomes part of a
 * JSON answer and is signed as canonical, so it must be exactly one JSON object in the form of
 * RFC 8785, or else `{}, "status": "completed"` would write fields of ours, and one output could
 * have two hashes. The check works on a private copy, reads it once from front to back, does not
 * recurse, allocates nothing and takes time linear in the size.
 *
 * What is proven of an output: UTF-8 without surrogates; one object, nothing before or after it, no
 * white space; nesting within bounds; keys in strictly ascending order of their UTF-16 code units,
 * so none twice; only the escapes that must be, in their one form; numbers in the shape that
 * ECMAScript's Number::toString gives (no -0, no trailing zeros, plain or exponent form where each
 * belongs, at most 17 digits, finite). For numbers of up to 15 digits in plain form that shape is
 * the canonical form. Of 16 and 17 digits it is not proven that no shorter or nearer text stands
 * for the same double: that would cost the core's thread a correctly rounded conversion a number
 * (some 60 ms for an output of 1 MiB). Only a broken engine writes such a number, and all it gains
 * is a signed output whose recomputed hash is refused.
 *
 * The functions return NULL, or what is wrong as one plain sentence for the log.
 */
#ifndef NEOCOMPUTE_EXEC_ANSWER_CHECK_H
#define NEOCOMPUTE_EXEC_ANSWER_CHECK_H

#include "base/buf.h"
#include "base/guard.h"
#include <stdint.h>

/* Memory that answer_check_output needs; made once, used for any number of checks. */
struct answer_scratch {
    uint32_t *previous_key; /* for each open container; owned */
    uint32_t depth_max;
};

/* For outputs nested at most `depth_max` deep. ERR_NO_MEMORY. */
int answer_scratch_init(struct answer_scratch *scratch, uint32_t depth_max);
void answer_scratch_done(struct answer_scratch *scratch);

/* Is this exactly one canonical JSON object? At most 4 GiB. */
const char *answer_check_output(struct answer_scratch *scratch, struct span output);

/* What log entries may be, and what becomes of them. */
struct answer_log_rules {
    uint32_t count;            /* of records: exactly so many */
    uint32_t entry_max;        /* bytes of one record at most */
    const struct guard *guard; /* NULL, or: secrets are redacted, then entries are cut ... */
    uint32_t shown_max;        /* ... to this many bytes */
};

/*
 * Turns log records (u32 size in native order, then that many bytes of UTF-8, one after another)
 * into a JSON array of strings at the end of `json`. Check buf_failed(json) too: then memory was
 * short.
 */
const char *answer_write_logs(struct span records, const struct answer_log_rules *rules,
                              struct buf *json);

/*
 * Appends `text` with secrets redacted and cut to `max` bytes, at the end of a character and with
 * "...(truncated)" where something was cut. ERR_NO_MEMORY.
 */
int answer_redact(const struct guard *guard, struct span text, size_t max, struct buf *out);

/* Is an error text UTF-8? */
const char *answer_check_error(struct span error);

#endif
