#include "base/guard.h"

#include "base/encode.h"
#include "base/error.h"
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

/*
 * Any GUARD_WINDOW bytes in a row contain a whole block of BLOCK bytes that starts at a multiple of
 * STRIDE: STRIDE + BLOCK - 1 <= GUARD_WINDOW. Shorter needles get blocks of their own. Eight
 * characters of base64 need up to seven bytes of the value, eight plain ones need eight.
 */
#define BLOCK  8
#define STRIDE 25
_Static_assert(STRIDE + BLOCK - 1 <= GUARD_WINDOW, "a window may contain no whole block");

#define KEY_CHARS 8
#define NO_ENTRY  UINT32_MAX

/* Bits of the bitmap for each entry, so that ordinary text rarely gets past it; and its bounds. */
#define BITMAP_BITS_PER_ENTRY 128
#define BITMAP_BITS_LEAST     (1u << 16)
#define BITMAP_BITS_MOST      (1u << 24)

/*
 * Entries that one guard looks at, at most. A value can be made of blocks that are all alike; then
 * each position of a text of such blocks meets all of them, and the time grows with the product:
 * 10 KiB of text and one value of 64 KiB took the core more than 20 s. What secrets are made of
 * meets hardly any.
 */
#define STEPS_MOST     (1u << 17) /* some milliseconds */
#define NEEDLES_A_STEP 32         /* needles that are compared for the price of one entry */

struct entry {
    uint64_t key; /* KEY_CHARS characters of text */
    uint32_t next;
    uint32_t secret;
    uint32_t offset; /* of the block in the value */
    enum spelling spelling;
};

struct needle {
    size_t start, size; /* within the value; at most GUARD_WINDOW bytes */
};

struct guarded {
    char *name;
    size_t name_size;
    const unsigned char *value; /* borrowed, without surrounding white space */
    size_t size;
    struct needle *needles;
    size_t needle_count;
    bool windows; /* longer than GUARD_WINDOW: any such run counts */
};

struct guard {
    struct guarded *secrets;
    size_t secret_count;
    struct entry *entries;
    size_t entry_count, entry_capacity;
    uint32_t *buckets;
    size_t bucket_mask;
    uint8_t *bitmap;
    unsigned bitmap_shift; /* a mixed key's high bits choose the bit */
    size_t *steps_left;    /* of STEPS_MOST, for all that is looked through */
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

static uint64_t mix(uint64_t key)
{
    return key * 0x9E3779B97F4A7C15u;
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

static int add_entry(struct guard *g, const struct entry *e)
{
    if (g->entry_count == g->entry_capacity) {
        /* By hand: realloc would leave keys, which are pieces of values, behind. */
        size_t capacity = g->entry_capacity ? 2 * g->entry_capacity : 128;
        struct entry *grown = malloc(capacity * sizeof *grown);
        if (!grown)
            return ERR_NO_MEMORY;
        if (g->entries) {
            memcpy(grown, g->entries, g->entry_count * sizeof *grown);
            OPENSSL_cleanse(g->entries, g->entry_count * sizeof *grown);
            free(g->entries);
        }
        g->entries = grown;
        g->entry_capacity = capacity;
    }
    g->entries[g->entry_count++] = *e;
    return 0;
}

static int add_block(struct guard *g, size_t secret, size_t offset)
{
    const struct guarded *s = &g->secrets[secret];
    for (int spelling = 0; spelling < SPELLING_COUNT; spelling++) {
        struct entry e = {.secret = (uint32_t)secret,
                          .offset = (uint32_t)offset,
                          .spelling = (enum spelling)spelling};
        if (!write_key(s, &e))
            continue;
        int r = add_entry(g, &e);
        if (r)
            return r;
    }
    return 0;
}

/* --- making a guard --- */

static int add_needle(struct guarded *s, size_t start, size_t size)
{
    struct needle *grown = realloc(s->needles, (s->needle_count + 1) * sizeof *grown);
    if (!grown)
        return ERR_NO_MEMORY;
    s->needles = grown;
    s->needles[s->needle_count++] = (struct needle){start, size};
    return 0;
}

/* Lines too short to hold a window need a needle and a block of their own. */
static int add_lines(struct guard *g, size_t secret)
{
    struct guarded *s = &g->secrets[secret];
    size_t start = 0;
    for (size_t i = 0; i <= s->size; i++) {
        if (i < s->size && s->value[i] != '\n' && s->value[i] != '\r')
            continue;
        size_t size = i - start;
        if (size >= GUARD_LINE_LEAST && size < GUARD_WINDOW && size < s->size) {
            int r = add_needle(s, start, size);
            if (!r)
                r = add_block(g, secret, start);
            if (r)
                return r;
        }
        start = i + 1;
    }
    return 0;
}

static int add_secret(struct guard *g, size_t index, const struct guard_secret *given)
{
    struct guarded *s = &g->secrets[index];
    const char *value = given->value.data;
    size_t size = given->value.size;
    while (size > 0 && is_space((unsigned char)value[size - 1]))
        size--;
    while (size > 0 && is_space((unsigned char)*value)) {
        value++;
        size--;
    }
    s->name = malloc(given->name.size + 1);
    if (!s->name)
        return ERR_NO_MEMORY;
    if (given->name.size)
        memcpy(s->name, given->name.data, given->name.size);
    s->name_size = given->name.size;
    s->value = (const unsigned char *)value;
    s->size = size;
    if (size < GUARD_VALUE_LEAST)
        return 0;
    int r = 0;
    if (size > GUARD_WINDOW) {
        s->windows = true;
        for (size_t offset = 0; !r && offset + BLOCK <= size; offset += STRIDE)
            r = add_block(g, index, offset);
    } else {
        r = add_needle(s, 0, size);
        if (!r)
            r = add_block(g, index, 0);
    }
    return r ? r : add_lines(g, index);
}

/* The bit of the characters of a key but its first or its last; see guard_find. */
static uint64_t bit_of(const struct guard *g, uint64_t seven)
{
    return mix(seven) >> g->bitmap_shift;
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

static void set_bit(struct guard *g, uint64_t seven)
{
    uint64_t bit = bit_of(g, seven);
    g->bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static int build_table(struct guard *g)
{
    size_t buckets = 64;
    while (buckets < 2 * g->entry_count)
        buckets *= 2;
    g->buckets = malloc(buckets * sizeof *g->buckets);
    if (!g->buckets)
        return ERR_NO_MEMORY;
    memset(g->buckets, 0xff, buckets * sizeof *g->buckets);
    g->bucket_mask = buckets - 1;
    size_t bits = BITMAP_BITS_LEAST;
    while (bits < BITMAP_BITS_MOST && bits < BITMAP_BITS_PER_ENTRY * g->entry_count)
        bits *= 2;
    g->bitmap = calloc(1, bits / 8);
    if (!g->bitmap)
        return ERR_NO_MEMORY;
    g->bitmap_shift = 64 - (unsigned)__builtin_ctzll(bits);
    for (uint32_t i = 0; i < g->entry_count; i++) {
        struct entry *e = &g->entries[i];
        uint64_t mixed = mix(e->key);
        uint32_t *bucket = &g->buckets[(mixed >> 20) & g->bucket_mask];
        e->next = *bucket;
        *bucket = i;
        set_bit(g, first_seven(e->key));
        set_bit(g, last_seven(e->key));
    }
    return 0;
}

int guard_new(const struct guard_secret *secrets, size_t count, struct guard **ret)
{
    struct guard *g = calloc(1, sizeof *g);
    if (!g)
        return ERR_NO_MEMORY;
    int r = ERR_NO_MEMORY;
    g->secrets = calloc(count ? count : 1, sizeof *g->secrets);
    g->steps_left = malloc(sizeof *g->steps_left);
    if (!g->secrets || !g->steps_left)
        goto out;
    *g->steps_left = STEPS_MOST;
    g->secret_count = count;
    for (size_t i = 0; i < count; i++) {
        r = add_secret(g, i, &secrets[i]);
        if (r)
            goto out;
    }
    r = build_table(g);
out:
    if (r)
        guard_free(g);
    else
        *ret = g;
    return r;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    for (size_t i = 0; g->secrets && i < g->secret_count; i++) {
        struct guarded *s = &g->secrets[i];
        free(s->name);
        free(s->needles);
    }
    if (g->entries)
        OPENSSL_cleanse(g->entries, g->entry_capacity * sizeof *g->entries);
    free(g->entries);
    free(g->buckets);
    free(g->bitmap);
    free(g->secrets);
    free(g->steps_left);
    free(g);
}

struct span guard_secret_name(const struct guard *g, size_t secret)
{
    return (struct span){g->secrets[secret].name, g->secrets[secret].name_size};
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

/*
 * base64: the key's first character holds the bits from `bit` on, counted from the start of the
 * group of value[offset]. Digits that lie wholly inside the value are compared.
 */
static void extend_base64(const struct guarded *s, struct span t, size_t at, const struct entry *e,
                          long reach, struct stretch *m)
{
    bool url = e->spelling >= BASE64URL;
    const char *digits = url ? base64url_digits : base64_digits;
    unsigned phase = e->spelling - (url ? BASE64URL : BASE64);
    long bit = base64_first_bit(phase), from = bit, to = bit, most = 8 * reach;
    *m = (struct stretch){.start = at, .end = at};
    for (; to - bit < most && m->end < t.size; to += 6, m->end++) {
        int digit = base64_digit(s, e->offset, phase, to);
        if (digit < 0 || digits[digit] != t.data[m->end])
            break;
    }
    for (; bit - from < most && m->start > 0; from -= 6, m->start--) {
        int digit = base64_digit(s, e->offset, phase, from - 6);
        if (digit < 0 || digits[digit] != t.data[m->start - 1])
            break;
    }
    long base = (long)e->offset - (long)phase; /* the value's byte at bit 0 */
    m->first = base + (from >= 0 ? (from + 7) / 8 : -(-from / 8));
    m->last = base + (to >= 0 ? to / 8 : -((7 - to) / 8));
    /* The bytes at both ends share a digit with what lies around them: count them as seen. */
    m->first -= m->first > 0;
    m->last += m->last < (long)s->size;
}

static bool covers_needle(const struct guarded *s, const struct stretch *m)
{
    if (s->windows && m->last - m->first >= GUARD_WINDOW)
        return true;
    for (size_t i = 0; i < s->needle_count; i++) {
        const struct needle *n = &s->needles[i];
        if (m->first <= (long)n->start && m->last >= (long)(n->start + n->size))
            return true;
    }
    return false;
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

/* Looks GUARD_WINDOW bytes to each side; only a real match is followed to its ends. */
static bool try_entry(const struct guard *g, const struct entry *e, struct span t, size_t at,
                      struct guard_match *ret)
{
    const struct guarded *s = &g->secrets[e->secret];
    struct stretch m;
    extend(s, e, t, at, GUARD_WINDOW, &m);
    if (!covers_needle(s, &m))
        return false;
    extend(s, e, t, at, (long)s->size, &m);
    *ret = (struct guard_match){e->secret, m.start, m.end - m.start};
    return true;
}

/* False once the guard has used up its steps. */
static bool take_steps(const struct guard *g, const struct entry *e)
{
    size_t steps = 1 + g->secrets[e->secret].needle_count / NEEDLES_A_STEP;
    *g->steps_left = *g->steps_left > steps ? *g->steps_left - steps : 0;
    return *g->steps_left > 0;
}

/* An entry at this position that makes a match. */
static bool try_position(const struct guard *g, struct span text, size_t at,
                         struct guard_match *ret)
{
    uint64_t key = load_key((const unsigned char *)text.data + at);
    uint32_t i = g->buckets[(mix(key) >> 20) & g->bucket_mask];
    for (; i != NO_ENTRY; i = g->entries[i].next) {
        const struct entry *e = &g->entries[i];
        if (!take_steps(g, e)) {
            /* A guard that cannot look must not say "clean". */
            *ret = (struct guard_match){e->secret, at, text.size - at};
            return true;
        }
        if (e->key == key && try_entry(g, e, text, at, ret))
            return true;
    }
    return false;
}

/*
 * Of a key, at any place, either the first seven characters or the last seven stand at a place of
 * even distance from the start: so every other place is looked at, and where its seven characters
 * are known, the key may begin there or one before.
 */
bool guard_find(const struct guard *g, struct span text, size_t from, struct guard_match *ret)
{
    if (g->entry_count == 0 || text.size < KEY_CHARS || from > text.size - KEY_CHARS)
        return false;
    const unsigned char *bytes = (const unsigned char *)text.data, *bitmap = g->bitmap;
    size_t last = text.size - KEY_CHARS;
    uint64_t bit;
    for (size_t at = from; at <= last; at += 2) {
        bit = bit_of(g, first_seven(load_key(bytes + at)));
        if (__builtin_expect(!(bitmap[bit / 8] >> bit % 8 & 1), 1))
            continue;
        if ((at > from && try_position(g, text, at - 1, ret)) || try_position(g, text, at, ret))
            return true;
    }
    /* One that begins at the last place may have its even place behind it. */
    bit = bit_of(g, last_seven(load_key(bytes + last)));
    return (bitmap[bit / 8] >> bit % 8 & 1) && try_position(g, text, last, ret);
}

int guard_redact(const struct guard *g, struct span text, struct buf *out)
{
    size_t done = 0, from = 0;
    struct guard_match m;
    while (guard_find(g, text, from, &m)) {
        size_t start = m.start > done ? m.start : done;
        buf_add(out, text.data + done, start - done);
        buf_add_str(out, "[secret ");
        buf_add(out, g->secrets[m.secret].name, g->secrets[m.secret].name_size);
        buf_add_char(out, ']');
        done = from = m.start + m.size;
    }
    if (text.size > done)
        buf_add(out, text.data + done, text.size - done);
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}
