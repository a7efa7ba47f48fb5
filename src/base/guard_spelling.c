/*
 * The spellings that the leak guard knows: how a block of a value is written in each, and how far a
 * text goes on where such a block stands in it.
 */
#include "base/guard_internal.h"

#include "base/encode.h"

/* Spellings that are extended alike: an entry with the key of another one of its kind adds nothing.
 */
static const enum guard_spelling kinds[GUARD_SPELLING_COUNT] = {
    [GUARD_REVERSED] = GUARD_REVERSED,
    [GUARD_HEX_LOWER] = GUARD_HEX_LOWER,
    [GUARD_HEX_UPPER] = GUARD_HEX_LOWER,
    [GUARD_BASE64] = GUARD_BASE64,
    [GUARD_BASE64_1] = GUARD_BASE64_1,
    [GUARD_BASE64_2] = GUARD_BASE64_2,
    [GUARD_BASE64URL] = GUARD_BASE64,
    [GUARD_BASE64URL_1] = GUARD_BASE64_1,
    [GUARD_BASE64URL_2] = GUARD_BASE64_2,
    [GUARD_PERCENT_LEAST] = GUARD_PERCENT_LEAST,
    [GUARD_PERCENT_ALL] = GUARD_PERCENT_LEAST,
    [GUARD_PERCENT_LEAST_LOWER] = GUARD_PERCENT_LEAST,
    [GUARD_PERCENT_ALL_LOWER] = GUARD_PERCENT_LEAST,
};

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-_.!~*'()", c) != NULL);
}

/* --- writing a block --- */

/* The 6-bit digit at bit position `bit` (a multiple of 6 from the group's start), or -1 at the end
 * of the value. `phase` is the place of value[offset] within its group of three bytes. */
static int base64_digit(const struct guard_value *s, size_t offset, unsigned phase, long bit)
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

static bool write_base64(const struct guard_value *s, const struct guard_entry *e,
                         unsigned char out[GUARD_KEY_CHARS])
{
    bool url = e->spelling >= GUARD_BASE64URL;
    unsigned phase = e->spelling - (url ? GUARD_BASE64URL : GUARD_BASE64);
    long bit = base64_first_bit(phase);
    for (int i = 0; i < GUARD_KEY_CHARS; i++) {
        int digit = base64_digit(s, e->offset, phase, bit + 6 * i);
        if (digit < 0)
            return false;
        out[i] = (unsigned char)(url ? base64url_digits : base64_digits)[digit];
    }
    return true;
}

static bool write_percent(const struct guard_value *s, const struct guard_entry *e,
                          unsigned char out[GUARD_KEY_CHARS])
{
    bool lower = e->spelling == GUARD_PERCENT_LEAST_LOWER || e->spelling == GUARD_PERCENT_ALL_LOWER;
    bool least = e->spelling == GUARD_PERCENT_LEAST || e->spelling == GUARD_PERCENT_LEAST_LOWER;
    const char *digits = lower ? "0123456789abcdef" : "0123456789ABCDEF";
    int n = 0;
    for (size_t i = e->offset; n < GUARD_KEY_CHARS; i++) {
        if (i >= s->size)
            return false;
        unsigned char c = s->value[i];
        if (least && is_unreserved(c)) {
            out[n++] = c;
            continue;
        }
        const unsigned char triple[3] = {'%', (unsigned char)digits[c >> 4],
                                         (unsigned char)digits[c & 15]};
        for (int k = 0; k < 3 && n < GUARD_KEY_CHARS; k++)
            out[n++] = triple[k];
    }
    return true;
}

static bool write_hex(const struct guard_value *s, const struct guard_entry *e,
                      unsigned char out[GUARD_KEY_CHARS])
{
    const char *digits = e->spelling == GUARD_HEX_LOWER ? "0123456789abcdef" : "0123456789ABCDEF";
    if (e->offset + GUARD_KEY_CHARS / 2 > s->size)
        return false;
    for (size_t i = 0; i < GUARD_KEY_CHARS / 2; i++) {
        out[2 * i] = (unsigned char)digits[s->value[e->offset + i] >> 4];
        out[2 * i + 1] = (unsigned char)digits[s->value[e->offset + i] & 15];
    }
    return true;
}

/* The first GUARD_KEY_CHARS characters of the block in the entry's spelling; false if it is too
 * short. */
static bool write_key(const struct guard_value *s, struct guard_entry *e)
{
    unsigned char out[GUARD_KEY_CHARS];
    bool whole = e->offset + GUARD_BLOCK <= s->size;
    switch (e->spelling) {
    case GUARD_PLAIN:
        if (!whole)
            return false;
        memcpy(out, s->value + e->offset, GUARD_BLOCK);
        break;
    case GUARD_REVERSED:
        if (!whole)
            return false;
        for (int i = 0; i < GUARD_BLOCK; i++)
            out[i] = s->value[e->offset + GUARD_BLOCK - 1 - (size_t)i];
        break;
    case GUARD_HEX_LOWER:
    case GUARD_HEX_UPPER:
        if (!write_hex(s, e, out))
            return false;
        break;
    case GUARD_PERCENT_LEAST:
    case GUARD_PERCENT_ALL:
    case GUARD_PERCENT_LEAST_LOWER:
    case GUARD_PERCENT_ALL_LOWER:
        if (!write_percent(s, e, out))
            return false;
        break;
    default:
        if (!write_base64(s, e, out))
            return false;
    }
    e->key = guard_load_key(out);
    return true;
}

static bool key_repeats(uint64_t key)
{
    for (unsigned bits = 8; bits <= 8 * GUARD_KEY_CHARS / 2; bits += 8)
        if (key >> bits == key << bits >> bits)
            return true;
    return false;
}

/* Is there an entry that finds what this one would, being extended alike? */
static bool has_alike(const struct guard_entry *entries, size_t count, const struct guard_entry *e)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].key == e->key && kinds[entries[i].spelling] == kinds[e->spelling])
            return true;
    return false;
}

size_t guard_spell_block(const struct guard_value *s, const struct guard_entry *block,
                         struct guard_entry entries[GUARD_SPELLING_COUNT])
{
    size_t count = 0;
    for (int spelling = 0; spelling < GUARD_SPELLING_COUNT; spelling++) {
        struct guard_entry *e = &entries[count];
        *e = *block;
        e->spelling = (enum guard_spelling)spelling;
        if (!write_key(s, e) || has_alike(entries, count, e))
            continue;
        e->repeats = key_repeats(e->key);
        count++;
    }
    return count;
}

/* --- extending a hit --- */

static unsigned char char_at(struct span text, size_t i)
{
    return (unsigned char)text.data[i];
}

/* Extends both ways where each byte of the value is one character: forwards or backwards. */
static void extend_plain(const struct guard_value *s, struct span t, size_t at, long offset,
                         long reach, struct guard_stretch *m)
{
    *m = (struct guard_stretch){offset, offset, at, at};
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

static void extend_reversed(const struct guard_value *s, struct span t, size_t at, long offset,
                            long reach, struct guard_stretch *m)
{
    *m = (struct guard_stretch){offset, offset, at + GUARD_BLOCK, at + GUARD_BLOCK};
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

static void extend_hex(const struct guard_value *s, struct span t, size_t at, long offset,
                       long reach, struct guard_stretch *m)
{
    *m = (struct guard_stretch){offset, offset, at, at};
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

static void extend_percent(const struct guard_value *s, struct span t, size_t at, long offset,
                           long reach, struct guard_stretch *m)
{
    *m = (struct guard_stretch){offset, offset, at, at};
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
static void extend_base64(const struct guard_value *s, struct span t, size_t at,
                          const struct guard_entry *e, long reach, struct guard_stretch *m)
{
    unsigned phase = kinds[e->spelling] - GUARD_BASE64;
    long bit = base64_first_bit(phase), from = bit, to = bit, most = 8 * reach;
    *m = (struct guard_stretch){.start = at, .end = at};
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

void guard_extend(const struct guard_value *s, const struct guard_entry *e, struct span t,
                  size_t at, long reach, struct guard_stretch *m)
{
    switch (e->spelling) {
    case GUARD_PLAIN:
        extend_plain(s, t, at, e->offset, reach, m);
        break;
    case GUARD_REVERSED:
        extend_reversed(s, t, at, e->offset, reach, m);
        break;
    case GUARD_HEX_LOWER:
    case GUARD_HEX_UPPER:
        extend_hex(s, t, at, e->offset, reach, m);
        break;
    case GUARD_PERCENT_LEAST:
    case GUARD_PERCENT_ALL:
    case GUARD_PERCENT_LEAST_LOWER:
    case GUARD_PERCENT_ALL_LOWER:
        extend_percent(s, t, at, e->offset, reach, m);
        break;
    default:
        extend_base64(s, t, at, e, reach, m);
    }
}
