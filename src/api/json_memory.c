#include "api/json_memory.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

struct json_block {
    struct json_block *next, *prev;
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

static void *take(void *ctx, size_t size)
{
    struct json_memory *memory = ctx;
    struct json_block *block = malloc(sizeof *block + size);
    if (!block)
        longjmp(memory->failed, 1);
    link_block(memory, block);
    return block->data;
}

static void give_back(void *ctx, void *data)
{
    if (!data)
        return;
    unlink_block(ctx, block_of(data));
    free(block_of(data));
}

static void *resize(void *ctx, void *data, size_t size)
{
    struct json_memory *memory = ctx;
    if (!data)
        return take(ctx, size);
    struct json_block *block = block_of(data);
    unlink_block(memory, block);
    struct json_block *grown = realloc(block, sizeof *block + size);
    link_block(memory, grown ? grown : block);
    if (!grown)
        longjmp(memory->failed, 1);
    return grown->data;
}

yajl_alloc_funcs json_memory_init(struct json_memory *memory)
{
    memory->blocks = NULL;
    return (yajl_alloc_funcs){.malloc = take, .realloc = resize, .free = give_back, .ctx = memory};
}

void json_memory_done(struct json_memory *memory)
{
    for (struct json_block *block = memory->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    memory->blocks = NULL;
}
