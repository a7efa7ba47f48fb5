#include "base/arena.h"

#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4096u

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t max)
{
    *arena = (struct arena){.max = max};
}

void arena_done(struct arena *arena)
{
    for (struct arena_block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        OPENSSL_cleanse(b->data, b->used);
        free(b);
    }
    *arena = (struct arena){.max = arena->max};
}

void arena_reset(struct arena *arena)
{
    struct arena_block **at = &arena->blocks, *kept = NULL, *b;
    while (!kept && (b = *at)) {
        if (b->size == BLOCK_SIZE)
            kept = b;
        else
            at = &b->next;
    }
    if (kept)
        *at = kept->next;
    arena_done(arena);
    if (!kept)
        return;
    OPENSSL_cleanse(kept->data, kept->used);
    kept->used = 0;
    kept->next = NULL;
    arena->blocks = kept;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > arena->max - arena->size)
        return NULL;
    size = (size + align - 1) & ~(align - 1);
    if (size > arena->max - arena->size)
        return NULL;
    struct arena_block *b = arena->blocks;
    if (!b || b->size - b->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        b = calloc(1, sizeof *b + room);
        if (!b)
            return NULL;
        b->size = room;
        b->next = arena->blocks;
        arena->blocks = b;
    }
    void *ret = b->data + b->used;
    b->used += size;
    arena->size += size;
    return ret;
}

bool arena_copy(struct arena *arena, struct span from, struct span *ret)
{
    char *copy = arena_alloc(arena, from.size + 1);
    if (!copy)
        return false;
    if (from.size)
        memcpy(copy, from.data, from.size);
    *ret = (struct span){copy, from.size};
    return true;
}
