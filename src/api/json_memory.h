/*
 * Memory for yajl, which does not look whether its allocations succeed: where one fails, the parse
 * is left at once and all of its memory is given back.
 *
 *     struct json_memory memory;
 *     yajl_alloc_funcs functions = json_memory_init(&memory);
 *     if (setjmp(memory.failed))
 *         ... no memory: json_memory_done, ERR_NO_MEMORY
 *     yajl_alloc(&callbacks, &functions, ctx) ... yajl_parse ...
 *     json_memory_done(&memory);   instead of yajl_free
 *
 * Callbacks must hold nothing across a call back into yajl. Locals that change between setjmp and
 * the end of the parse are volatile or live elsewhere.
 */
#ifndef NEOCOMPUTE_API_JSON_MEMORY_H
#define NEOCOMPUTE_API_JSON_MEMORY_H

#include <setjmp.h>
#include <stdalign.h>
#include <stddef.h>
#include <yajl/yajl_common.h>

/* A parser and its buffer take 2.5 KiB: without this each request had six allocations more. */
#define JSON_MEMORY_FIRST 4096

struct json_block;

struct json_memory {
    jmp_buf failed;
    struct json_block *blocks; /* all that are in use, but for those of `first` */
    size_t first_used;
    alignas(max_align_t) char first[JSON_MEMORY_FIRST]; /* taken from while it lasts */
};

yajl_alloc_funcs json_memory_init(struct json_memory *memory);
void json_memory_done(struct json_memory *memory);

#endif
