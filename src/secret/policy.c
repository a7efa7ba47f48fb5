#include "secret/policy.h"

#include <string.h>

static bool has_service(const struct secret_policy *policy, struct span service)
{
    for (size_t i = 0; i < policy->service_count; i++)
        if (span_equal(policy->services[i], service))
            return true;
    return false;
}

static bool same_entry(struct span pinned, struct span asked)
{
    struct span standard = SPAN("main");
    return span_equal(pinned.size ? pinned : standard, asked.size ? asked : standard);
}

/* The entry that fits best decides what is said. */
static enum secret_verdict decide_script(const struct secret_policy *policy,
                                         const struct secret_request *request)
{
    enum secret_verdict best = SECRET_OTHER_SCRIPT;
    for (size_t i = 0; i < policy->script_count; i++) {
        const struct secret_script *s = &policy->scripts[i];
        if (memcmp(s->sha256, request->script_sha256, SECRET_HASH_SIZE) != 0)
            continue;
        if (!same_entry(s->entry_point, request->entry_point)) {
            if (best == SECRET_OTHER_SCRIPT)
                best = SECRET_OTHER_ENTRY;
        } else if (s->expires_unix_ms != 0 && s->expires_unix_ms <= request->now_unix_ms) {
            best = SECRET_EXPIRED;
        } else {
            return SECRET_ALLOWED;
        }
    }
    return best;
}

enum secret_verdict secret_decide(const struct secret_policy *policy,
                                  const struct secret_request *request)
{
    bool listed = policy->service_count > 0;
    if (listed && !has_service(policy, SPAN(SECRET_SERVICE)))
        return SECRET_OTHER_SERVICE;
    if (!listed && request->strict)
        return SECRET_NO_LIST;
    if (policy->pinned || policy->script_count > 0) {
        enum secret_verdict verdict = decide_script(policy, request);
        if (verdict != SECRET_ALLOWED)
            return verdict;
    }
    return listed ? SECRET_ALLOWED : SECRET_ALLOWED_UNLISTED;
}

/* For as long, at least. */
static bool has_script(const struct secret_policy *policy, const struct secret_script *script)
{
    for (size_t i = 0; i < policy->script_count; i++) {
        const struct secret_script *s = &policy->scripts[i];
        bool as_long = s->expires_unix_ms == 0 || (script->expires_unix_ms != 0 &&
                                                   script->expires_unix_ms <= s->expires_unix_ms);
        if (memcmp(s->sha256, script->sha256, SECRET_HASH_SIZE) == 0 && as_long &&
            same_entry(s->entry_point, script->entry_point))
            return true;
    }
    return false;
}

bool secret_policy_widens(const struct secret_policy *before, const struct secret_policy *after)
{
    bool was_pinned = before->pinned || before->script_count > 0;
    bool is_pinned = after->pinned || after->script_count > 0;
    if ((was_pinned && !is_pinned) || (after->allow_output && !before->allow_output) ||
        (before->guard && !after->guard))
        return true;
    for (size_t i = 0; i < after->service_count; i++)
        if (!has_service(before, after->services[i]))
            return true;
    for (size_t i = 0; was_pinned && i < after->script_count; i++)
        if (!has_script(before, &after->scripts[i]))
            return true;
    return false;
}

static const char *const texts[SECRET_VERDICT_COUNT] = {
    [SECRET_ALLOWED] = "allowed",
    [SECRET_ALLOWED_UNLISTED] = "allowed, because the secret has no list of services",
    [SECRET_NO_LIST] =
        "the secret has no list of services; its owner must put " SECRET_SERVICE " on one",
    [SECRET_OTHER_SERVICE] = "the secret's list of services does not name " SECRET_SERVICE,
    [SECRET_OTHER_SCRIPT] = "the secret is pinned to other scripts; its owner must allow this "
                            "script's SHA-256",
    [SECRET_OTHER_ENTRY] = "the secret is pinned to another entry point of this script",
    [SECRET_EXPIRED] = "the owner's permission for this script has expired",
};

const char *secret_verdict_text(enum secret_verdict verdict)
{
    return (unsigned)verdict < SECRET_VERDICT_COUNT ? texts[verdict] : "unknown";
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool secret_name_valid(struct span name)
{
    if (name.size < 1 || name.size > SECRET_NAME_MOST || span_equal(name, SPAN("__proto__")))
        return false;
    if (!is_alnum(name.data[0]) && name.data[0] != '_')
        return false;
    for (size_t i = 1; i < name.size; i++)
        if (!is_alnum(name.data[i]) && name.data[i] != '_' && name.data[i] != '.' &&
            name.data[i] != '-')
            return false;
    return true;
}
