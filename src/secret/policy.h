/*
 * Who may read a secret: one pure function over what the owner wrote down and what is asked.
 *
 * A job may have a secret if the service is on the secret's list AND, where the secret pins
 * scripts, one entry that has not expired names this very script and entry point. Another user's
 * secret does not exist.
 */
#ifndef NEOCOMPUTE_SECRET_POLICY_H
#define NEOCOMPUTE_SECRET_POLICY_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECRET_SERVICE       "neocompute" /* our id on the list of services */
#define SECRET_NAME_MOST     128          /* bytes */
#define SECRET_SERVICES_MOST 16           /* services on one list */
#define SECRET_SCRIPTS_MOST  64           /* pinned scripts of one secret */
#define SECRET_HASH_SIZE     32           /* SHA-256 over the bytes of the decoded script */

/* One script that may have the secret. */
struct secret_script {
    uint8_t sha256[SECRET_HASH_SIZE];
    struct span entry_point; /* empty means main */
    int64_t expires_unix_ms; /* 0: never */
};

/* What the owner allows. Borrowed. */
struct secret_policy {
    const struct span *services;
    size_t service_count;
    bool pinned; /* scripts were pinned, even if none of the entries is left */
    const struct secret_script *scripts;
    size_t script_count;
    bool allow_output;
    bool guard;
};

/* Who asks. */
struct secret_request {
    uint8_t script_sha256[SECRET_HASH_SIZE];
    struct span entry_point;
    int64_t now_unix_ms;
    bool strict; /* strict mode: a secret without a list of services is refused */
};

enum secret_verdict {
    SECRET_ALLOWED,
    SECRET_ALLOWED_UNLISTED, /* no list of services, and not strict: allowed with a warning */
    SECRET_NO_LIST,          /* no list of services, and strict */
    SECRET_OTHER_SERVICE,    /* the list does not name us */
    SECRET_OTHER_SCRIPT,     /* scripts are pinned, and not this one */
    SECRET_OTHER_ENTRY,      /* this script, with another entry point */
    SECRET_EXPIRED,          /* this script and entry point, but its time is over */
    SECRET_VERDICT_COUNT
};

enum secret_verdict secret_decide(const struct secret_policy *policy,
                                  const struct secret_request *request);

static inline bool secret_is_allowed(enum secret_verdict verdict)
{
    return verdict <= SECRET_ALLOWED_UNLISTED;
}

/*
 * Do the rules `after` let anybody do what `before` did not: a service or script more or for
 * longer, any script at all, the value in outputs, or no guard? An empty list of services counts as
 * nobody.
 */
bool secret_policy_widens(const struct secret_policy *before, const struct secret_policy *after);

/* Why, and which rule would allow it: one sentence without a full stop. */
const char *secret_verdict_text(enum secret_verdict verdict);

/*
 * 1 to SECRET_NAME_MOST characters of A-Z a-z 0-9 _ . - that begin with a letter or a digit or _ :
 * so a name is never a path, an option or part of a prototype chain ("__proto__" is refused too).
 */
bool secret_name_valid(struct span name);

#endif
