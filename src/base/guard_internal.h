/*
 * Inside the leak guard (guard.h): its values, their blocks in all spellings, and the table in
 * which these are looked up. guard.c looks through text, guard_table.c makes the table,
 * guard_spelling.c knows the spellings.
 */
#ifndef NEOCOMPUTE_BASE_GUARD_INTERNAL_H
#define NEOCOMPUTE_BASE_GUARD_INTERNAL_H

#include "base/guard.h"
#include <stdint.h>
#include <string.h>

/*
 * Spellings. A spelling maps a byte of the value to characters of the text, so that a block can be
 * written out for the table, and a match can be extended byte by byte to either side.
 */
enum guard_spelling {
    GUARD_PLAIN,
    GUARD_REVERSED,
    GUARD_HEX_LOWER,
    GUARD_HEX_UPPER,
    GUARD_BASE64, /* offset of the block's first byte within its group of three: 0, 1, 2 */
    GUARD_BASE64_1,
    GUARD_BASE64_2,
    GUARD_BASE64URL,
    GUARD_BASE64URL_1,
    GUARD_BASE64URL_2,
    GUARD_PERCENT_LEAST, /* what encodeURIComponent does */
    GUARD_PERCENT_ALL,
    GUARD_PERCENT_LEAST_LOWER,
    GUARD_PERCENT_ALL_LOWER,
    GUARD_SPELLING_COUNT
};

#define GUARD_BLOCK     8 /* bytes of a value that have entries in the table; see guard_table.c */
#define GUARD_KEY_CHARS 8 /* characters of a spelled block that are looked up */
#define GUARD_NO_ENTRY  UINT32_MAX

struct guard_entry {
    uint64_t key; /* GUARD_KEY_CHARS characters of text */
    uint32_t next;
    uint32_t secret;
    uint32_t offset; /* of the block in the value */
    uint32_t needle; /* bytes of the needle that begins there; 0: only windows hold this block */
    enum guard_spelling spelling;
    bool repeats; /* the key is its own first half again, or less of it */
};

struct guard_value {
    struct span name;           /* a copy */
    const unsigned char *value; /* borrowed, without surrounding white space */
    size_t size;
    bool windows; /* longer than GUARD_WINDOW: any such run counts */
    bool in_pieces;
};

/* What is looked up. In one allocation, which is wiped when it is freed. */
struct guard_table {
    void *memory;
    size_t memory_size;
    struct guard_entry *entries;
    size_t entry_count;
    uint64_t multiplier; /* random and odd: nobody can choose values or text that collide */
    uint32_t *buckets;
    uint8_t *bitmap;
    unsigned bucket_shift, bitmap_shift; /* a mixed key's high bits choose bucket and bit */
    size_t steps_left;                   /* what guard.c may still look at, see STEPS_MOST */
};

struct guard {
    struct guard_value *secrets;
    size_t secret_count;
    size_t block_count;        /* of all secrets */
    struct guard_table *table; /* without memory until there is something to look at */
};

/* A stretch of the value, [first, last), spelled by a stretch of the text, [start, end). */
struct guard_stretch {
    long first, last;
    size_t start, end;
};

/* --- guard_spelling.c --- */

/*
 * Writes the entries of a block, of which offset, needle and secret are given: one for each
 * spelling in which it is long enough and that finds what those before it do not. Returns how many.
 */
size_t guard_spell_block(const struct guard_value *value, const struct guard_entry *block,
                         struct guard_entry entries[GUARD_SPELLING_COUNT]);

/*
 * The characters at `at` are the entry's key: how far does the text go on spelling the value, for
 * at most `reach` bytes to each side?
 */
void guard_extend(const struct guard_value *value, const struct guard_entry *entry,
                  struct span text, size_t at, long reach, struct guard_stretch *ret);

/* --- guard_table.c --- */

/* Takes note of a new value, whose blocks will need room. */
void guard_count_blocks(struct guard *guard, struct guard_value *value);

/* ERR_NO_MEMORY */
int guard_table_make(const struct guard *guard);

/* --- what is done at each character of a text --- */

static inline uint64_t guard_load_key(const unsigned char *at)
{
    uint64_t key;
    memcpy(&key, at, sizeof key);
    return key;
}

static inline uint64_t guard_mix(const struct guard_table *table, uint64_t key)
{
    return key * table->multiplier;
}

/* The bit of the characters of a key but its first or its last; see find in guard.c. */
static inline uint64_t guard_bit_of(const struct guard_table *table, uint64_t seven)
{
    return guard_mix(table, seven) >> table->bitmap_shift;
}

/* The first seven characters of eight, as load_key reads them; the last seven; both alike. */
static inline uint64_t guard_first_seven(uint64_t key)
{
    return key << 8;
}

static inline uint64_t guard_last_seven(uint64_t key)
{
    return key >> 8 << 8;
}

#endif
