/*
 * An arena: many small allocations with one life. Used where a call fills rows for its caller.
 *
 * Life cycle: arena_init -> arena_alloc, arena_copy -> arena_done (wipes and frees everything) or
 * arena_reset, and on from there.
 */
#ifndef NEOCOMPUTE_BASE_ARENA_H
#define NEOCOMPUTE_BASE_ARENA_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>

struct arena {
    struct arena_block *blocks;
    size_t size, max; /* bytes handed out, most ever */
};

void arena_init(struct arena *arena, size_t max);
void arena_done(struct arena *arena);

/* Wipes everything and gives it back, but keeps one block for what comes next. */
void arena_reset(struct arena *arena);

/* `size` zero bytes, aligned for any type; NULL past the maximum or without memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy with a NUL behind it; false as above. `from` may be empty. */
bool arena_copy(struct arena *arena, struct span from, struct span *ret);

#endif
