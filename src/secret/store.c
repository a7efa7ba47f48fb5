#include "secret/store.h"

/*
 * How a pinned secret stands in secret_policies: other readers of that table know nothing of pinned
 * scripts, so they must find a list that does not name this service, and refuse.
 */
#define PINNED_SERVICE SECRET_SERVICE ":pinned"

static const char *const action_names[STORE_ACTION_COUNT] = {
    [STORE_CREATE] = "create", [STORE_READ] = "read",   [STORE_UPDATE] = "update",
    [STORE_DELETE] = "delete", [STORE_GRANT] = "grant", [STORE_REVOKE] = "revoke",
};

const char *store_action_name(enum store_action action)
{
    return (unsigned)action < STORE_ACTION_COUNT ? action_names[action] : "unknown";
}

enum store_action store_action_of(struct span name)
{
    int action = 0;
    while (action < STORE_ACTION_COUNT && !span_equal(name, span_of(action_names[action])))
        action++;
    return (enum store_action)action;
}

struct span store_service_written(struct span service, bool pinned)
{
    return pinned && span_equal(service, SPAN(SECRET_SERVICE)) ? SPAN(PINNED_SERVICE) : service;
}

struct span store_service_read(struct span row, bool *pinned)
{
    if (!span_equal(row, SPAN(PINNED_SERVICE)))
        return row;
    *pinned = true;
    return SPAN(SECRET_SERVICE);
}

bool store_policy_room(struct secret_policy *policy, struct arena *arena)
{
    if (!policy->scripts)
        policy->scripts = arena_alloc(arena, SECRET_SCRIPTS_MOST * sizeof *policy->scripts);
    return policy->scripts && policy->script_count < SECRET_SCRIPTS_MOST;
}
