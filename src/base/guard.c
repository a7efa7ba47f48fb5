#include "base/guard.h"

#include "base/encode.h"
#include "base/error.h"
#include "base/random.h"
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Spellings. A spelling maps a byte of the value to characters of the text, so that a block can be
 * written out for the table, and a match can be extended byte by byte to either side.
 */
enum spelling {
    PLAIN,
    REVERSED,
    HEX_LOWER,
    HEX_UPPER,
    BASE64, /* offset of the block's first byte within its group of three: 0, 1, 2 */
    BASE64_1,
    BASE64_2,
    BASE64URL,
    BASE64URL_1,
    BASE64URL_2,
    PERCENT_LEAST, /* what encodeURIComponent does */
    PERCENT_ALL,
    PERCENT_LEAST_LOWER,
    PERCENT_ALL_LOWER,
    SPELLING_COUNT
};

/* Spellings that are extended alike: an entry with the key of another one of its kind adds nothing.
 */
static const enum spelling kinds[SPELLING_COUNT] = {
    [REVERSED] = REVERSED,
    [HEX_LOWER] = HEX_LOWER,
    [HEX_UPPER] = HEX_LOWER,
    [BASE64] = BASE64,
    [BASE64_1] = BASE64_1,
    [BASE64_2] = BASE64_2,
    [BASE64URL] = BASE64,
    [BASE64URL_1] = BASE64_1,
    [BASE64URL_2] = BASE64_2,
    [PERCENT_LEAST] = PERCENT_LEAST,
    [PERCENT_ALL] = PERCENT_LEAST,
    [PERCENT_LEAST_LOWER] = PERCENT_LEAST,
    [PERCENT_ALL_LOWER] = PERCENT_LEAST,
};

/*
 * Any GUARD_WINDOW bytes in a row contain a whole block of BLOCK bytes that starts at a multiple of
 * STRIDE: STRIDE + BLOCK - 1 <= GUARD_WINDOW. Shorter needles get blocks of their own. Eight
 * characters of base64 need up to seven bytes of the value, eight plain ones need eight.
 */
#define BLOCK  8
#define STRIDE 25
_Static_assert(STRIDE + BLOCK - 1 <= GUARD_WINDOW, "a window may contain no whole block");

/*
 * A guard of so many blocks makes its table when it first looks at text: that is work for some
 * microseconds, and most answers have no string or number as long as a needle. A larger one makes
 * it in guard_new, whose caller has the time.
 */
#define BLOCKS_LATER_MOST 64

#define KEY_CHARS 8
#define NO_ENTRY  UINT32_MAX

/* Bits of the bitmap for each entry, so that ordinary text rarely gets past it; and its bounds. */
#define BITMAP_BITS_PER_ENTRY 128
#define BITMAP_BITS_LEAST     (1u << 16)
#define BITMAP_BITS_MOST      (1u << 24)

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

struct entry {
    uint64_t key; /* KEY_CHARS characters of text */
    uint32_t next;
    uint32_t secret;
    uint32_t offset; /* of the block in the value */
    uint32_t needle; /* bytes of the needle that begins there; 0: only windows hold this block */
    enum spelling spelling;
    bool repeats; /* the key is its own first half again, or less of it */
};

struct guarded {
    struct span name;           /* a copy */
    const unsigned char *value; /* borrowed, without surrounding white space */
    size_t size;
    bool windows; /* longer than GUARD_WINDOW: any such run counts */
    bool in_pieces;
};

/* What is looked up. In one allocation, which is wiped when it is freed. */
struct table {
    void *memory;
    size_t memory_size;
    struct entry *entries;
    size_t entry_count;
    uint64_t multiplier; /* random and odd: nobody can choose values or text that collide */
    uint32_t *buckets;
    uint8_t *bitmap;
    unsigned bucket_shift, bitmap_shift; /* a mixed key's high bits choose bucket and bit */
    size_t steps_left;                   /* of STEPS_MOST, for all that is looked through */
};

struct guard {
    struct guarded *secrets;
    size_t secret_count;
    size_t block_count;  /* of all secrets */
    struct table *table; /* without memory until there is something to look at */
};

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint64_t load_key(const unsigned char *at)
{
    uint64_t key;
    memcpy(&key, at, sizeof key);
    return key;
}

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-_.!~*'()", c) != NULL);
}

/* --- writing a block --- */

/* The 6-bit digit at bit position `bit` (a multiple of 6 from the group's start), or -1 at the end
 * of the value. `phase` is the place of value[offset] within its group of three bytes. */
static int base64_digit(const struct guarded *s, size_t offset, unsigned phase, long bit)
{
    long first = 8 * ((long)offset - (long)phase) + bit; /* bit position in the value */
    if (first < 0 || first + 6 > 8 * (long)s->size)
        return -1;
    const unsigned char *at = s->value + first / 8;
    unsigned skipped = first % 8;
    unsigned two = (unsigned)at[0] << 8 | (skipped > 2 ? at[1] : 0u);
    return two >> (10 - skipped) & 63;
}

static long base64_first_bit(unsigned phase)
{
    return phase == 0   ? 0
           : phase == 1 ? 12
                        : 18; /* of the first digit wholly in value[offset...] */
}

static bool write_base64(const struct guarded *s, const struct entry *e,
                         unsigned char out[KEY_CHARS])
{
    bool url = e->spelling >= BASE64URL;
    unsigned phase = e->spelling - (url ? BASE64URL : BASE64);
    long bit = base64_first_bit(phase);
    for (int i = 0; i < KEY_CHARS; i++) {
        int digit = base64_digit(s, e->offset, phase, bit + 6 * i);
        if (digit < 0)
            return false;
        out[i] = (unsigned char)(url ? base64url_digits : base64_digits)[digit];
    }
    return true;
}

static bool write_percent(const struct guarded *s, const struct entry *e,
                          unsigned char out[KEY_CHARS])
{
    bool lower = e->spelling == PERCENT_LEAST_LOWER || e->spelling == PERCENT_ALL_LOWER;
    bool least = e->spelling == PERCENT_LEAST || e->spelling == PERCENT_LEAST_LOWER;
    const char *digits = lower ? "0123456789abcdef" : "0123456789ABCDEF";
    int n = 0;
    for (size_t i = e->offset; n < KEY_CHARS; i++) {
        if (i >= s->size)
            return false;
        unsigned char c = s->value[i];
        if (least && is_unreserved(c)) {
            out[n++] = c;
            continue;
        }
        const unsigned char triple[3] = {'%', (unsigned char)digits[c >> 4],
                                         (unsigned char)digits[c & 15]};
        for (int k = 0; k < 3 && n < KEY_CHARS; k++)
            out[n++] = triple[k];
    }
    return true;
}

static bool write_hex(const struct guarded *s, const struct entry *e, unsigned char out[KEY_CHARS])
{
    const char *digits = e->spelling == HEX_LOWER ? "0123456789abcdef" : "0123456789ABCDEF";
    if (e->offset + KEY_CHARS / 2 > s->size)
        return false;
    for (size_t i = 0; i < KEY_CHARS / 2; i++) {
        out[2 * i] = (unsigned char)digits[s->value[e->offset + i] >> 4];
        out[2 * i + 1] = (unsigned char)digits[s->value[e->offset + i] & 15];
    }
    return true;
}

/* The first KEY_CHARS characters of the block in the entry's spelling; false if it is too short. */
static bool write_key(const struct guarded *s, struct entry *e)
{
    unsigned char out[KEY_CHARS];
    bool whole = e->offset + BLOCK <= s->size;
    switch (e->spelling) {
    case PLAIN:
        if (!whole)
            return false;
        memcpy(out, s->value + e->offset, BLOCK);
        break;
    case REVERSED:
        if (!whole)
            return false;
        for (int i = 0; i < BLOCK; i++)
            out[i] = s->value[e->offset + BLOCK - 1 - (size_t)i];
        break;
    case HEX_LOWER:
    case HEX_UPPER:
        if (!write_hex(s, e, out))
            return false;
        break;
    case PERCENT_LEAST:
    case PERCENT_ALL:
    case PERCENT_LEAST_LOWER:
    case PERCENT_ALL_LOWER:
        if (!write_percent(s, e, out))
            return false;
        break;
    default:
        if (!write_base64(s, e, out))
            return false;
    }
    e->key = load_key(out);
    return true;
}

static bool key_repeats(uint64_t key)
{
    for (unsigned bits = 8; bits <= 8 * KEY_CHARS / 2; bits += 8)
        if (key >> bits == key << bits >> bits)
            return true;
    return false;
}

static bool has_alike(const struct table *table, size_t from, const struct entry *e)
{
    for (size_t i = from; i < table->entry_count; i++)
        if (table->entries[i].key == e->key &&
            kinds[table->entries[i].spelling] == kinds[e->spelling])
            return true;
    return false;
}

static void add_block(const struct guard *g, size_t secret, size_t offset, size_t needle)
{
    struct table *table = g->table;
    size_t first = table->entry_count;
    for (int spelling = 0; spelling < SPELLING_COUNT; spelling++) {
        struct entry *e = &table->entries[table->entry_count];
        *e = (struct entry){.secret = (uint32_t)secret,
                            .offset = (uint32_t)offset,
                            .needle = (uint32_t)needle,
                            .spelling = (enum spelling)spelling};
        if (!write_key(&g->secrets[secret], e) || has_alike(table, first, e))
            continue;
        e->repeats = key_repeats(e->key);
        table->entry_count++;
    }
}

/* --- making a table --- */

/* A part of the value that has a block of its own; at most GUARD_WINDOW bytes. */
struct needle {
    size_t start, size;
};

/* The next line from *at on that is too short to hold a window. */
static bool next_line(const struct guarded *s, size_t *at, struct needle *ret)
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
static size_t stride_of(const struct guarded *s)
{
    return s->in_pieces ? GUARD_PIECE : STRIDE;
}

static void count_blocks(struct guard *g, struct guarded *s)
{
    struct needle line;
    size_t at = 0;
    if (s->size < GUARD_VALUE_LEAST)
        return;
    s->windows = s->size > GUARD_WINDOW;
    g->block_count += s->windows ? (s->size - BLOCK) / stride_of(s) + 1 : 1;
    while (next_line(s, &at, &line))
        g->block_count++;
}

static void add_secret(const struct guard *g, size_t index)
{
    struct guarded *s = &g->secrets[index];
    struct needle line;
    size_t at = 0;
    if (s->size < GUARD_VALUE_LEAST)
        return;
    for (size_t offset = 0; s->windows && offset + BLOCK <= s->size; offset += stride_of(s))
        add_block(g, index, offset, 0);
    if (!s->windows)
        add_block(g, index, 0, s->size);
    while (next_line(s, &at, &line))
        add_block(g, index, line.start, line.size);
}

static uint64_t mix(const struct table *table, uint64_t key)
{
    return key * table->multiplier;
}

/* The bit of the characters of a key but its first or its last; see guard_find. */
static uint64_t bit_of(const struct table *table, uint64_t seven)
{
    return mix(table, seven) >> table->bitmap_shift;
}

/* The first seven characters of eight, as load_key reads them; the last seven; both alike. */
static uint64_t first_seven(uint64_t key)
{
    return key << 8;
}

static uint64_t last_seven(uint64_t key)
{
    return key >> 8 << 8;
}

static void set_bit(struct table *table, uint64_t seven)
{
    uint64_t bit = bit_of(table, seven);
    table->bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static void fill_buckets(struct table *table)
{
    for (uint32_t i = 0; i < table->entry_count; i++) {
        struct entry *e = &table->entries[i];
        uint32_t *bucket = &table->buckets[mix(table, e->key) >> table->bucket_shift];
        e->next = *bucket;
        *bucket = i;
        set_bit(table, first_seven(e->key));
        set_bit(table, last_seven(e->key));
    }
}

/* Room for all of it; what wants the widest alignment first. */
static int allocate(const struct guard *g)
{
    struct table *table = g->table;
    size_t entries = g->block_count * SPELLING_COUNT, buckets = 64, bits = BITMAP_BITS_LEAST;
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

static int make_table(const struct guard *g)
{
    if (random_take((uint8_t *)&g->table->multiplier, sizeof g->table->multiplier) || allocate(g))
        return ERR_NO_MEMORY;
    g->table->multiplier |= 1;
    for (size_t i = 0; i < g->secret_count; i++)
        add_secret(g, i);
    fill_buckets(g->table);
    return 0;
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
    struct guarded *s = &g->secrets[index];
    struct span value = without_spaces(given->value);
    if (given->name.size)
        memcpy(name, given->name.data, given->name.size);
    *s = (struct guarded){.name = {name, given->name.size},
                          .value = (const unsigned char *)value.data,
                          .size = value.size,
                          .in_pieces = given->in_pieces};
    count_blocks(g, s);
}

int guard_new(const struct guard_secret *secrets, size_t count, struct guard **ret)
{
    size_t size = sizeof(struct guard) + sizeof(struct table) + count * sizeof(struct guarded);
    for (size_t i = 0; i < count; i++)
        size += secrets[i].name.size;
    struct guard *g = malloc(size);
    if (!g)
        return ERR_NO_MEMORY;
    struct table *table = (struct table *)(g + 1);
    *table = (struct table){.steps_left = STEPS_MOST};
    *g = (struct guard){
        .secrets = (struct guarded *)(table + 1), .secret_count = count, .table = table};
    char *name = (char *)(g->secrets + count);
    for (size_t i = 0; i < count; i++) {
        take_secret(g, i, &secrets[i], name);
        name += secrets[i].name.size;
    }
    if (g->block_count > BLOCKS_LATER_MOST && make_table(g)) {
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

/* --- extending a hit --- */

/* A stretch of the value, [first, last), spelled by a stretch of the text, [start, end). */
struct stretch {
    long first, last;
    size_t start, end;
};

static unsigned char char_at(struct span text, size_t i)
{
    return (unsigned char)text.data[i];
}

/* Extends both ways where each byte of the value is one character: forwards or backwards. */
static void extend_plain(const struct guarded *s, struct span t, size_t at, long offset, long reach,
                         struct stretch *m)
{
    *m = (struct stretch){offset, offset, at, at};
    while (m->last < (long)s->size && m->last - offset < reach && m->end < t.size &&
           char_at(t, m->end) == s->value[m->last]) {
        m->last++;
        m->end++;
    }
    while (m->first > 0 && offset - m->first < reach && m->start > 0 &&
           char_at(t, m->start - 1) == s->value[m->first - 1]) {
        m->first--;
        m->start--;
    }
}

static void extend_reversed(const struct guarded *s, struct span t, size_t at, long offset,
                            long reach, struct stretch *m)
{
    *m = (struct stretch){offset, offset, at + BLOCK, at + BLOCK};
    while (m->last < (long)s->size && m->last - offset < reach && m->start > 0 &&
           char_at(t, m->start - 1) == s->value[m->last]) {
        m->last++;
        m->start--;
    }
    while (m->first > 0 && offset - m->first < reach && m->end < t.size &&
           char_at(t, m->end) == s->value[m->first - 1]) {
        m->first--;
        m->end++;
    }
}

static bool hex_is(struct span t, size_t at, unsigned char byte)
{
    return hex_digit_value(t.data[at]) == byte >> 4 &&
           hex_digit_value(t.data[at + 1]) == (byte & 15);
}

static void extend_hex(const struct guarded *s, struct span t, size_t at, long offset, long reach,
                       struct stretch *m)
{
    *m = (struct stretch){offset, offset, at, at};
    while (m->last < (long)s->size && m->last - offset < reach && m->end + 2 <= t.size &&
           hex_is(t, m->end, s->value[m->last])) {
        m->last++;
        m->end += 2;
    }
    while (m->first > 0 && offset - m->first < reach && m->start >= 2 &&
           hex_is(t, m->start - 2, s->value[m->first - 1])) {
        m->first--;
        m->start -= 2;
    }
}

/* How many characters at `at` spell this byte: 1, 3, or 0 for none. */
static size_t percent_is(struct span t, size_t at, unsigned char byte)
{
    if (at < t.size && char_at(t, at) == '%' && at + 3 <= t.size && hex_is(t, at + 1, byte))
        return 3;
    if (at < t.size && byte != '%' && char_at(t, at) == byte)
        return 1;
    return at < t.size && byte == ' ' && char_at(t, at) == '+';
}

static void extend_percent(const struct guarded *s, struct span t, size_t at, long offset,
                           long reach, struct stretch *m)
{
    *m = (struct stretch){offset, offset, at, at};
    size_t n;
    while (m->last < (long)s->size && m->last - offset < reach &&
           (n = percent_is(t, m->end, s->value[m->last])) != 0) {
        m->last++;
        m->end += n;
    }
    while (m->first > 0 && offset - m->first < reach) {
        unsigned char byte = s->value[m->first - 1];
        if (m->start >= 3 && percent_is(t, m->start - 3, byte) == 3)
            n = 3;
        else if (m->start >= 1 && percent_is(t, m->start - 1, byte) == 1)
            n = 1;
        else
            break;
        m->first--;
        m->start -= n;
    }
}

static bool base64_is(struct span t, size_t at, int digit)
{
    return t.data[at] == base64_digits[digit] || t.data[at] == base64url_digits[digit];
}

/*
 * base64: the key's first character holds the bits from `bit` on, counted from the start of the
 * group of value[offset]. Digits that lie wholly inside the value are compared.
 */
static void extend_base64(const struct guarded *s, struct span t, size_t at, const struct entry *e,
                          long reach, struct stretch *m)
{
    unsigned phase = kinds[e->spelling] - BASE64;
    long bit = base64_first_bit(phase), from = bit, to = bit, most = 8 * reach;
    *m = (struct stretch){.start = at, .end = at};
    for (; to - bit < most && m->end < t.size; to += 6, m->end++) {
        int digit = base64_digit(s, e->offset, phase, to);
        if (digit < 0 || !base64_is(t, m->end, digit))
            break;
    }
    for (; bit - from < most && m->start > 0; from -= 6, m->start--) {
        int digit = base64_digit(s, e->offset, phase, from - 6);
        if (digit < 0 || !base64_is(t, m->start - 1, digit))
            break;
    }
    long base = (long)e->offset - (long)phase; /* the value's byte at bit 0 */
    m->first = base + (from >= 0 ? (from + 7) / 8 : -(-from / 8));
    m->last = base + (to >= 0 ? to / 8 : -((7 - to) / 8));
    /* The bytes at both ends share a digit with what lies around them: count them as seen. */
    m->first -= m->first > 0;
    m->last += m->last < (long)s->size;
}

_Static_assert(2 * GUARD_PIECE - 1 <= GUARD_WINDOW, "a window may contain no whole piece");

/* Of a value in pieces: the one whose block was met, so that nothing beside it matters. */
static bool covers_window(const struct guarded *s, const struct entry *e, const struct stretch *m)
{
    if (!s->in_pieces)
        return m->last - m->first >= GUARD_WINDOW;
    return e->offset % GUARD_PIECE == 0 && m->first <= (long)e->offset &&
           m->last >= (long)e->offset + GUARD_PIECE;
}

/* Each needle has a block of its own in each spelling: an entry need not look for others'. */
static bool covers_needle(const struct guarded *s, const struct entry *e, const struct stretch *m)
{
    bool own = e->needle && m->first <= (long)e->offset && m->last >= (long)(e->offset + e->needle);
    return own || (s->windows && covers_window(s, e, m));
}

static void extend(const struct guarded *s, const struct entry *e, struct span t, size_t at,
                   long reach, struct stretch *m)
{
    switch (e->spelling) {
    case PLAIN:
        extend_plain(s, t, at, e->offset, reach, m);
        break;
    case REVERSED:
        extend_reversed(s, t, at, e->offset, reach, m);
        break;
    case HEX_LOWER:
    case HEX_UPPER:
        extend_hex(s, t, at, e->offset, reach, m);
        break;
    case PERCENT_LEAST:
    case PERCENT_ALL:
    case PERCENT_LEAST_LOWER:
    case PERCENT_ALL_LOWER:
        extend_percent(s, t, at, e->offset, reach, m);
        break;
    default:
        extend_base64(s, t, at, e, reach, m);
    }
}

/* Looks as far to each side as it may matter; only a real match is followed to its ends. */
static bool try_entry(const struct guard *g, const struct entry *e, struct span t, size_t at,
                      struct guard_match *ret)
{
    const struct guarded *s = &g->secrets[e->secret];
    struct stretch m;
    long reach = !s->in_pieces ? GUARD_WINDOW : e->needle ? (long)e->needle : GUARD_PIECE;
    extend(s, e, t, at, reach, &m);
    if (!covers_needle(s, e, &m))
        return false;
    extend(s, e, t, at, (long)s->size, &m);
    *ret = (struct guard_match){e->secret, m.start, m.end - m.start};
    return true;
}

/* False once the guard has used up its steps. `met`: entries in pieces at this position before. */
static bool take_step(const struct guard *g, const struct entry *e, unsigned *met)
{
    struct table *table = g->table;
    if (g->secrets[e->secret].in_pieces && !e->repeats && (*met)++ < FREE_AT_POSITION)
        return true;
    table->steps_left -= table->steps_left > 0;
    return table->steps_left > 0;
}

/* An entry at this position that makes a match. */
static bool try_position(const struct guard *g, struct span text, size_t at,
                         struct guard_match *ret)
{
    const struct table *table = g->table;
    unsigned met = 0;
    uint64_t key = load_key((const unsigned char *)text.data + at);
    uint32_t i = table->buckets[mix(table, key) >> table->bucket_shift];
    for (; i != NO_ENTRY; i = table->entries[i].next) {
        const struct entry *e = &table->entries[i];
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
    const struct table *table = g->table;
    const unsigned char *bytes = (const unsigned char *)text.data, *bitmap = table->bitmap;
    size_t last = text.size - KEY_CHARS;
    uint64_t bit;
    for (size_t at = from; at <= last; at += 2) {
        bit = bit_of(table, first_seven(load_key(bytes + at)));
        if (__builtin_expect(!(bitmap[bit / 8] >> bit % 8 & 1), 1))
            continue;
        if ((at > from && try_position(g, text, at - 1, ret)) || try_position(g, text, at, ret))
            return true;
    }
    /* One that begins at the last place may have its even place behind it. */
    bit = bit_of(table, last_seven(load_key(bytes + last)));
    return (bitmap[bit / 8] >> bit % 8 & 1) && try_position(g, text, last, ret);
}

bool guard_find(const struct guard *g, struct span text, size_t from, struct guard_match *ret)
{
    if (g->block_count == 0 || text.size < KEY_CHARS || from > text.size - KEY_CHARS)
        return false;
    if (!g->table->memory && make_table(g)) {
        *ret = (struct guard_match){0, from, text.size - from}; /* as in try_position */
        return true;
    }
    return find(g, text, from, ret);
}

static void add_mark(const struct guarded *s, struct buf *out)
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
        const struct guarded *s = &g->secrets[m.secret];
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
