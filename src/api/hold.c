/*
 * What the core holds for its connections: bodies that are arriving and answers that are not yet
 * sent. Whoever sends or reads slowly makes it hold more, so the sum has a limit, and a user a
 * quarter of it.
 */
#include "api/server.h"
#include <inttypes.h>

#define USER_PART 4 /* of transfer_bytes a user may have one in this many */

/* Of this user's exchanges; there are at most `connections`. */
static uint64_t held_by(const struct api *api, struct span user)
{
    uint64_t held = 0;
    for (const struct exchange *other = api->exchanges; other; other = other->next)
        if (span_equal(other->user, user))
            held += other->held;
    return held;
}

int hold_take(struct exchange *exchange, uint64_t bytes, struct error_detail *detail)
{
    struct api *api = exchange->api;
    uint64_t most = api->limits->value[LIMIT_TRANSFER_BYTES], part = most / USER_PART;
    if (api->held + bytes > most)
        return limit_exceeded(detail, ERR_TRANSFER_FULL, LIMIT_TRANSFER_BYTES, api->held + bytes,
                              most);
    /* As long as all of them together have less, nobody can have more. */
    uint64_t mine = api->held + bytes > part ? held_by(api, exchange->user) + bytes : 0;
    if (mine > part)
        return error_set(detail, ERR_TRANSFER_FULL, "transfer_bytes",
                         "transfer_bytes: %" PRIu64 " of the %" PRIu64
                         " bytes that one user may have; read your answers first",
                         mine, part);
    api->held += bytes;
    exchange->held += bytes;
    return 0;
}

void hold_release(struct exchange *exchange)
{
    exchange->api->held -= exchange->held;
    exchange->held = 0;
}
