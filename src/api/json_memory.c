#include "api/json_memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct json_block {
    struct json_block *next, *prev;
    size_t size; /* of `data` */
    alignas(max_align_t) char data[];
};

static struct json_block *block_of(void *data)
{
    return (struct json_block *)((char *)data - offsetof(struct json_block, data));
}

static void link_block(struct json_memory *memory, struct json_block *block)
{
    block->prev = NULL;
    block->next = memory->blocks;
    if (block->next)
        block->next->prev = block;
    memory->blocks = block;
}

static void unlink_block(struct json_memory *memory, struct json_block *block)
{
    *(block->prev ? &block->prev->next : &memory->blocks) = block->next;
    if (block->next)
        block->next->prev = block->prev;
}

/* yajl decodes strings here, of requests that were sealed. */
static void drop(struct json_block *block)
{
    explicit_bzero(block->data, block->size);
    free(block);
}

/* Part of `first`, or NULL when it has no room. */
static void *take_first(struct json_memory *memory, size_t size)
{
    if (size > JSON_MEMORY_FIRST - memory->first_used)
        return NULL;
    char *data = memory->first + memory->first_used;
    memory->first_used += (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    return data;
}

static bool is_first(const struct json_memory *memory, const void *data)
{
    return (uintptr_t)data - (uintptr_t)memory->first < JSON_MEMORY_FIRST;
}

static void *take(void *ctx, size_t size)
{
    struct json_memory *memory = ctx;
    void *data = take_first(memory, size);
    if (data)
        return data;
    struct json_block *block = malloc(sizeof *block + size);
    if (!block)
        longjmp(memory->failed, 1);
    block->size = size;
    link_block(memory, block);
    return block->data;
}

static void give_back(void *ctx, void *data)
{
    if (!data || is_first(ctx, data))
        return;
    unlink_block(ctx, block_of(data));
    drop(block_of(data));
}

static void *resize(void *ctx, void *data, size_t size)
{
    struct json_memory *memory = ctx;
    if (!data)
        return take(ctx, size);
    if (is_first(memory, data)) {
        /* How much of it was this block's is not known, but where it ends at most. */
        size_t most = (size_t)(memory->first + JSON_MEMORY_FIRST - (char *)data);
        return memmove(take(ctx, size), data, size < most ? size : most);
    }
    struct json_block *block = block_of(data);
    unlink_block(memory, block);
    struct json_block *grown = malloc(sizeof *grown + size); /* not realloc: that wipes nothing */
    if (!grown) {
        link_block(memory, block);
        longjmp(memory->failed, 1);
    }
    grown->size = size;
    memcpy(grown->data, block->data, size < block->size ? size : block->size);
    drop(block);
    link_block(memory, grown);
    return grown->data;
}

yajl_alloc_funcs json_memory_init(struct json_memory *memory)
{
    memory->blocks = NULL;
    memory->first_used = 0;
    return (yajl_alloc_funcs){.malloc = take, .realloc = resize, .free = give_back, .ctx = memory};
}

void json_memory_done(struct json_memory *memory)
{
    for (struct json_block *block = memory->blocks, *next; block; block = next) {
        next = block->next;
        drop(block);
    }
    memory->blocks = NULL;
    explicit_bzero(memory->first, memory->first_used);
    memory->first_used = 0;
}
