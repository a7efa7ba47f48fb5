/* The table of the leak guard: the blocks of all values, in all spellings. */
#include "base/guard_internal.h"

#include "base/error.h"
#include "base/random.h"
#include <stdlib.h>

/*
 * Any GUARD_WINDOW bytes in a row contain a whole block of GUARD_BLOCK bytes that starts at a
 * multiple of STRIDE: STRIDE + GUARD_BLOCK - 1 <= GUARD_WINDOW. Shorter needles get blocks of their
 * own. Eight characters of base64 need up to seven bytes of the value, eight plain ones need eight.
 */
#define STRIDE 25
_Static_assert(STRIDE + GUARD_BLOCK - 1 <= GUARD_WINDOW, "a window may contain no whole block");

/* Bits of the bitmap for each entry, so that ordinary text rarely gets past it; and its bounds. */
#define BITMAP_BITS_PER_ENTRY 128
#define BITMAP_BITS_LEAST     (1u << 16)
#define BITMAP_BITS_MOST      (1u << 24)

/* --- blocks of a value --- */

/* A part of the value that has a block of its own; at most GUARD_WINDOW bytes. */
struct needle {
    size_t start, size;
};

/* The next line from *at on that is too short to hold a window. */
static bool next_line(const struct guard_value *s, size_t *at, struct needle *ret)
{
    while (*at < s->size) {
        size_t start = *at, end = start;
        while (end < s->size && s->value[end] != '\n' && s->value[end] != '\r')
            end++;
        *at = end + 1;
        if (end - start >= GUARD_LINE_LEAST && end - start < GUARD_WINDOW &&
            end - start < s->size) {
            *ret = (struct needle){start, end - start};
            return true;
        }
    }
    return false;
}

/* Each piece has its own block: it is found by itself, whatever is known around it. */
static size_t stride_of(const struct guard_value *s)
{
    return s->in_pieces ? GUARD_PIECE : STRIDE;
}

void guard_count_blocks(struct guard *g, struct guard_value *s)
{
    struct needle line;
    size_t at = 0;
    if (s->size < GUARD_VALUE_LEAST)
        return;
    s->windows = s->size > GUARD_WINDOW;
    g->block_count += s->windows ? (s->size - GUARD_BLOCK) / stride_of(s) + 1 : 1;
    while (next_line(s, &at, &line))
        g->block_count++;
}

static void add_block(const struct guard *g, size_t secret, size_t offset, size_t needle)
{
    struct guard_table *table = g->table;
    const struct guard_entry block = {
        .secret = (uint32_t)secret, .offset = (uint32_t)offset, .needle = (uint32_t)needle};
    table->entry_count +=
        guard_spell_block(&g->secrets[secret], &block, table->entries + table->entry_count);
}

static void add_secret(const struct guard *g, size_t index)
{
    struct guard_value *s = &g->secrets[index];
    struct needle line;
    size_t at = 0;
    if (s->size < GUARD_VALUE_LEAST)
        return;
    for (size_t offset = 0; s->windows && offset + GUARD_BLOCK <= s->size; offset += stride_of(s))
        add_block(g, index, offset, 0);
    if (!s->windows)
        add_block(g, index, 0, s->size);
    while (next_line(s, &at, &line))
        add_block(g, index, line.start, line.size);
}

/* --- all of it --- */

static void set_bit(struct guard_table *table, uint64_t seven)
{
    uint64_t bit = guard_bit_of(table, seven);
    table->bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static void fill_buckets(struct guard_table *table)
{
    for (uint32_t i = 0; i < table->entry_count; i++) {
        struct guard_entry *e = &table->entries[i];
        uint32_t *bucket = &table->buckets[guard_mix(table, e->key) >> table->bucket_shift];
        e->next = *bucket;
        *bucket = i;
        set_bit(table, guard_first_seven(e->key));
        set_bit(table, guard_last_seven(e->key));
    }
}

/* Room for all of it; what wants the widest alignment first. */
static int allocate(const struct guard *g)
{
    struct guard_table *table = g->table;
    size_t entries = g->block_count * GUARD_SPELLING_COUNT, buckets = 64, bits = BITMAP_BITS_LEAST;
    while (buckets < 2 * entries)
        buckets *= 2;
    while (bits < BITMAP_BITS_MOST && bits < BITMAP_BITS_PER_ENTRY * entries)
        bits *= 2;
    size_t size = entries * sizeof *table->entries + buckets * sizeof *table->buckets + bits / 8;
    table->memory = malloc(size);
    if (!table->memory)
        return ERR_NO_MEMORY;
    table->memory_size = size;
    table->entries = table->memory;
    table->buckets = (uint32_t *)(table->entries + entries);
    table->bucket_shift = 64 - (unsigned)__builtin_ctzll(buckets);
    table->bitmap = (uint8_t *)(table->buckets + buckets);
    table->bitmap_shift = 64 - (unsigned)__builtin_ctzll(bits);
    memset(table->buckets, 0xff, buckets * sizeof *table->buckets);
    memset(table->bitmap, 0, bits / 8);
    return 0;
}

int guard_table_make(const struct guard *g)
{
    if (random_take((uint8_t *)&g->table->multiplier, sizeof g->table->multiplier) || allocate(g))
        return ERR_NO_MEMORY;
    g->table->multiplier |= 1;
    for (size_t i = 0; i < g->secret_count; i++)
        add_secret(g, i);
    fill_buckets(g->table);
    return 0;
}
