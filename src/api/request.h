/*
 * The body of POST /execute: one JSON object, checked to the last byte, nothing of it rounded,
 * dropped or read twice.
 *
 * Strings that hold no escapes are used where they lie in the body; decoded ones are put into
 * `text`. `input` is not looked into: the caller's own bytes go to the engine.
 */
#ifndef NEOCOMPUTE_API_REQUEST_H
#define NEOCOMPUTE_API_REQUEST_H

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "job/job.h"

/* One more than the limit can be: the job says too_many. */
#define REQUEST_SECRETS_MOST (SECRET_REFS_MOST + 1)

struct request {
    struct span script, entry_point, input, app_id, script_name, nonce;
    struct span encrypt_to;  /* as it was sent: recipient.h reads it. Empty: not there */
    struct span expect_user; /* of a sealed request only */
    struct span secret_refs[REQUEST_SECRETS_MOST];
    size_t secret_count;
    bool allow_secret_output;
    uint64_t timeout_ms, gas_limit, memory_limit; /* clamped */
};

/*
 * Parses `body`; only a `sealed` one can have expect_user. Spans of `ret` lie in `body`, in `text`
 * (initialised by the caller, empty), or in the program. ERR_INVALID_JSON, ERR_INVALID_FIELD,
 * ERR_UNKNOWN_FIELD, ERR_DUPLICATE_FIELD, ERR_SCRIPT_MISSING, ERR_SCRIPT_TOO_LARGE,
 * ERR_INPUT_TOO_LARGE, ERR_NO_MEMORY; `detail` names the field or the byte.
 */
int request_parse(struct span body, bool sealed, const struct limits *limits, struct buf *text,
                  struct request *ret, struct error_detail *detail);

#endif
