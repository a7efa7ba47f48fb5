/*
 * The bodies of the /secrets routes: small JSON objects, checked to the last byte.
 */
#ifndef NEOCOMPUTE_API_SECRET_BODY_H
#define NEOCOMPUTE_API_SECRET_BODY_H

#include "base/arena.h"
#include "base/error.h"
#include "secret/policy.h"

/*
 * {"value": "..."}: what the string says, as UTF-8, appended to `value` (wipe it). `expect_user` is
 * NULL unless the request was sealed: only then the body can have that member.
 * ERR_INVALID_JSON, ERR_INVALID_FIELD, ERR_UNKNOWN_FIELD, ERR_DUPLICATE_FIELD, ERR_NO_MEMORY.
 */
int secret_body_value(struct span body, struct buf *value, struct buf *expect_user,
                      struct error_detail *detail);

/*
 * {"services":[...],"scripts":[{"sha256","entry_point","expires_at"}],"allow_output","guard"}, each
 * member optional; "scripts" given, even empty, pins the secret. The rules live in `arena`. Errors
 * as above.
 */
int secret_body_policy(struct span body, struct arena *arena, struct secret_policy *ret,
                       struct error_detail *detail);

#endif
