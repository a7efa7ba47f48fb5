#include "base/guard.h"

#include "base/error.h"
#include "base/guard_internal.h"
#include <openssl/crypto.h>
#include <stdlib.h>

/*
 * A guard of so many blocks makes its table when it first looks at text: that is work for some
 * microseconds, and most answers have no string or number as long as a needle. A larger one makes
 * it in guard_new, whose caller has the time.
 */
#define BLOCKS_LATER_MOST 64

/*
 * Entries with the characters of the text that one guard looks at, at most. A value can be made of
 * blocks that are all alike; then each position of a text of such blocks meets all of them, and the
 * time grows with the product: 10 KiB of text and one value of 64 KiB took the core more than 20 s.
 * What secrets are made of meets hardly any.
 */
#define STEPS_MOST (1u << 17) /* some milliseconds */

/*
 * Of a value in pieces so many at each position cost no step. Whoever chooses the text could use up
 * the steps with what he takes for the first characters of a block, and would be told whether they
 * are: %41%42%4 are two bytes and a half. Ordinary values have no more blocks that begin alike.
 * What repeats itself costs all the same, because a text can meet it everywhere: it says little.
 */
#define FREE_AT_POSITION 2

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* --- making a guard --- */

static struct span without_spaces(struct span value)
{
    while (value.size > 0 && is_space((unsigned char)value.data[value.size - 1]))
        value.size--;
    while (value.size > 0 && is_space((unsigned char)*value.data)) {
        value.data++;
        value.size--;
    }
    return value;
}

static void take_secret(struct guard *g, size_t index, const struct guard_secret *given, char *name)
{
    struct guard_value *s = &g->secrets[index];
    struct span value = without_spaces(given->value);
    if (given->name.size)
        memcpy(name, given->name.data, given->name.size);
    *s = (struct guard_value){.name = {name, given->name.size},
                              .value = (const unsigned char *)value.data,
                              .size = value.size,
                              .in_pieces = given->in_pieces};
    guard_count_blocks(g, s);
}

int guard_new(const struct guard_secret *secrets, size_t count, struct guard **ret)
{
    size_t size =
        sizeof(struct guard) + sizeof(struct guard_table) + count * sizeof(struct guard_value);
    for (size_t i = 0; i < count; i++)
        size += secrets[i].name.size;
    struct guard *g = malloc(size);
    if (!g)
        return ERR_NO_MEMORY;
    struct guard_table *table = (struct guard_table *)(g + 1);
    *table = (struct guard_table){.steps_left = STEPS_MOST};
    *g = (struct guard){
        .secrets = (struct guard_value *)(table + 1), .secret_count = count, .table = table};
    char *name = (char *)(g->secrets + count);
    for (size_t i = 0; i < count; i++) {
        take_secret(g, i, &secrets[i], name);
        name += secrets[i].name.size;
    }
    if (g->block_count > BLOCKS_LATER_MOST && guard_table_make(g)) {
        guard_free(g);
        return ERR_NO_MEMORY;
    }
    *ret = g;
    return 0;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    if (g->table->memory)
        OPENSSL_cleanse(g->table->memory, g->table->memory_size);
    free(g->table->memory);
    free(g);
}

struct span guard_secret_name(const struct guard *g, size_t secret)
{
    return g->secrets[secret].name;
}

/* --- looking --- */

_Static_assert(2 * GUARD_PIECE - 1 <= GUARD_WINDOW, "a window may contain no whole piece");

/* Of a value in pieces: the one whose block was met, so that nothing beside it matters. */
static bool covers_window(const struct guard_value *s, const struct guard_entry *e,
                          const struct guard_stretch *m)
{
    if (!s->in_pieces)
        return m->last - m->first >= GUARD_WINDOW;
    return e->offset % GUARD_PIECE == 0 && m->first <= (long)e->offset &&
           m->last >= (long)e->offset + GUARD_PIECE;
}

/* Each needle has a block of its own in each spelling: an entry need not look for others'. */
static bool covers_needle(const struct guard_value *s, const struct guard_entry *e,
                          const struct guard_stretch *m)
{
    bool own = e->needle && m->first <= (long)e->offset && m->last >= (long)(e->offset + e->needle);
    return own || (s->windows && covers_window(s, e, m));
}

/* Looks as far to each side as it may matter; only a real match is followed to its ends. */
static bool try_entry(const struct guard *g, const struct guard_entry *e, struct span t, size_t at,
                      struct guard_match *ret)
{
    const struct guard_value *s = &g->secrets[e->secret];
    struct guard_stretch m;
    long reach = !s->in_pieces ? GUARD_WINDOW : e->needle ? (long)e->needle : GUARD_PIECE;
    guard_extend(s, e, t, at, reach, &m);
    if (!covers_needle(s, e, &m))
        return false;
    guard_extend(s, e, t, at, (long)s->size, &m);
    *ret = (struct guard_match){e->secret, m.start, m.end - m.start};
    return true;
}

/* False once the guard has used up its steps. `met`: entries in pieces at this position before. */
static bool take_step(const struct guard *g, const struct guard_entry *e, unsigned *met)
{
    struct guard_table *table = g->table;
    if (g->secrets[e->secret].in_pieces && !e->repeats && (*met)++ < FREE_AT_POSITION)
        return true;
    table->steps_left -= table->steps_left > 0;
    return table->steps_left > 0;
}

/* An entry at this position that makes a match. */
static bool try_position(const struct guard *g, struct span text, size_t at,
                         struct guard_match *ret)
{
    const struct guard_table *table = g->table;
    unsigned met = 0;
    uint64_t key = guard_load_key((const unsigned char *)text.data + at);
    uint32_t i = table->buckets[guard_mix(table, key) >> table->bucket_shift];
    for (; i != GUARD_NO_ENTRY; i = table->entries[i].next) {
        const struct guard_entry *e = &table->entries[i];
        if (e->key != key)
            continue;
        if (!take_step(g, e, &met)) {
            /* A guard that cannot look must not say "clean". */
            *ret = (struct guard_match){e->secret, at, text.size - at};
            return true;
        }
        if (try_entry(g, e, text, at, ret))
            return true;
    }
    return false;
}

/*
 * Of a key, at any place, either the first seven characters or the last seven stand at a place of
 * even distance from the start: so every other place is looked at, and where its seven characters
 * are known, the key may begin there or one before.
 */
static bool find(const struct guard *g, struct span text, size_t from, struct guard_match *ret)
{
    const struct guard_table *table = g->table;
    const unsigned char *bytes = (const unsigned char *)text.data, *bitmap = table->bitmap;
    size_t last = text.size - GUARD_KEY_CHARS;
    uint64_t bit;
    for (size_t at = from; at <= last; at += 2) {
        bit = guard_bit_of(table, guard_first_seven(guard_load_key(bytes + at)));
        if (__builtin_expect(!(bitmap[bit / 8] >> bit % 8 & 1), 1))
            continue;
        if ((at > from && try_position(g, text, at - 1, ret)) || try_position(g, text, at, ret))
            return true;
    }
    /* One that begins at the last place may have its even place behind it. */
    bit = guard_bit_of(table, guard_last_seven(guard_load_key(bytes + last)));
    return (bitmap[bit / 8] >> bit % 8 & 1) && try_position(g, text, last, ret);
}

bool guard_find(const struct guard *g, struct span text, size_t from, struct guard_match *ret)
{
    if (g->block_count == 0 || text.size < GUARD_KEY_CHARS || from > text.size - GUARD_KEY_CHARS)
        return false;
    if (!g->table->memory && guard_table_make(g)) {
        *ret = (struct guard_match){0, from, text.size - from}; /* as in try_position */
        return true;
    }
    return find(g, text, from, ret);
}

static void add_mark(const struct guard_value *s, struct buf *out)
{
    buf_add_str(out, "[secret ");
    buf_add(out, s->name.data, s->name.size);
    buf_add_char(out, ']');
}

int guard_redact(const struct guard *g, struct span text, struct buf *out)
{
    size_t done = 0, from = 0, before = out->size;
    struct guard_match m;
    while (guard_find(g, text, from, &m)) {
        const struct guard_value *s = &g->secrets[m.secret];
        if (s->in_pieces) { /* where a match ends tells as much as that there is one */
            out->size = before;
            add_mark(s, out);
            return buf_failed(out) ? ERR_NO_MEMORY : 0;
        }
        size_t start = m.start > done ? m.start : done;
        buf_add(out, text.data + done, start - done);
        add_mark(s, out);
        done = from = m.start + m.size;
    }
    if (text.size > done)
        buf_add(out, text.data + done, text.size - done);
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}
