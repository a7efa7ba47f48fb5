/*
 * The secrets of one job as a set: its leak guards, made on the thread of the database and not on
 * the core's loop, and its end.
 */
#include "base/guard.h"
#include "base/limits.h"
#include "secret/service.h"
#include <stdlib.h>

/* A guard over the set's values; for the output without those that may be in it. */
static int make_guard(const struct secret_set *set, bool output, struct guard **ret)
{
    struct guard_secret list[SECRET_REFS_MOST];
    size_t count = 0;
    if (set->count > SECRET_REFS_MOST)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < set->count; i++) {
        const struct secret_value *value = &set->values[i];
        if (value->guard && !(output && value->allow_output))
            list[count++] =
                (struct guard_secret){value->name,
                                      {(const char *)value->bytes.data, value->size},
                                      /* else who asks picks the script, and so has the value */
                                      .in_pieces = value->pinned};
    }
    return count > 0 ? guard_new(list, count, ret) : 0;
}

static bool some_may_leave(const struct secret_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->values[i].guard && set->values[i].allow_output)
            return true;
    return false;
}

int secret_set_guard(struct secret_set *set, bool allow_output)
{
    int r = make_guard(set, false, &set->guard);
    if (r)
        return r;
    /* Two only where the output may hold what logs may not. */
    if (allow_output && some_may_leave(set))
        return make_guard(set, true, &set->output_guard);
    set->output_guard = set->guard;
    return 0;
}

void secret_set_free(struct secret_set *set)
{
    if (!set)
        return;
    if (set->output_guard != set->guard)
        guard_free(set->output_guard);
    guard_free(set->guard);
    for (size_t i = 0; i < set->count; i++)
        secret_bytes_done(&set->values[i].bytes);
    free(set);
}
