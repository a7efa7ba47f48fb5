#include "protect/x25519.h"

#include <string.h>

#ifdef __x86_64__

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512ifma"))), apply_to = function)

bool x25519_has_lanes(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma");
}

/* --- numbers modulo p = 2^255 - 19 --- */

/* 64 bits of each lane. */
typedef unsigned long long lanes __attribute__((vector_size(8 * X25519_LANES)));

#define LIMBS     5
#define LIMB_BITS 51
#define LIMB_MASK ((1ull << LIMB_BITS) - 1)

/*
 * The sum of limb[i] * 2^(51 i), not unique. Between functions a limb is less than 2^51 + 2^16. The
 * multiplier takes 52 bits of each factor, so a sum of two such numbers has to be carried first.
 */
struct number {
    lanes limb[LIMBS];
};

static inline lanes all(unsigned long long value)
{
    return (lanes)_mm512_set1_epi64((long long)value);
}

/* `sum` and bits 0 to 51 of a * b; bits 52 to 103. */
static inline lanes add_low(lanes sum, lanes a, lanes b)
{
    return (lanes)_mm512_madd52lo_epu64((__m512i)sum, (__m512i)a, (__m512i)b);
}

static inline lanes add_high(lanes sum, lanes a, lanes b)
{
    return (lanes)_mm512_madd52hi_epu64((__m512i)sum, (__m512i)a, (__m512i)b);
}

/* Of limbs less than 2^62, what is above 51 bits of one goes to the next; 2^255 = 19. */
static inline struct number carry(const lanes t[LIMBS])
{
    struct number r;
    r.limb[0] = add_low(t[0] & all(LIMB_MASK), t[LIMBS - 1] >> LIMB_BITS, all(19));
    for (int i = 1; i < LIMBS; i++)
        r.limb[i] = (t[i] & all(LIMB_MASK)) + (t[i - 1] >> LIMB_BITS);
    return r;
}

static inline struct number add(const struct number *a, const struct number *b)
{
    lanes t[LIMBS];
    for (int i = 0; i < LIMBS; i++)
        t[i] = a->limb[i] + b->limb[i];
    return carry(t);
}

/* 2p is added first, whose limbs are greater than those of b. */
static inline struct number subtract(const struct number *a, const struct number *b)
{
    lanes t[LIMBS];
    for (int i = 0; i < LIMBS; i++)
        t[i] = a->limb[i] + all(2 * (i ? LIMB_MASK : LIMB_MASK - 18)) - b->limb[i];
    return carry(t);
}

/*
 * The upper half of a product counts 19 times. A column is the sum of at most 5 low parts, each
 * less than 2^52, and twice as many high ones: less than 2^56, and 20 of them less than 2^61.
 */
static inline struct number fold(const lanes column[2 * LIMBS])
{
    lanes t[LIMBS];
    for (int i = 0; i < LIMBS; i++) {
        lanes high = column[i + LIMBS];
        t[i] = column[i] + high + (high << 1) + (high << 4);
    }
    return carry(t);
}

/* A high part begins at bit 52, and limbs have 51 bits: it counts twice in the next column. */
static inline struct number multiply(const struct number *a, const struct number *b)
{
    lanes column[2 * LIMBS] = {0};
    for (int i = 0; i < LIMBS; i++)
        for (int j = 0; j < LIMBS; j++)
            column[i + j + 1] = add_high(column[i + j + 1], a->limb[i], b->limb[j]);
    for (int k = 1; k < 2 * LIMBS; k++)
        column[k] += column[k];
    for (int i = 0; i < LIMBS; i++)
        for (int j = 0; j < LIMBS; j++)
            column[i + j] = add_low(column[i + j], a->limb[i], b->limb[j]);
    return fold(column);
}

/* As multiply, but products of different limbs, which come twice, are made once. */
static inline struct number square(const struct number *a)
{
    lanes column[2 * LIMBS] = {0};
    for (int i = 0; i < LIMBS; i++)
        for (int j = i + 1; j < LIMBS; j++)
            column[i + j + 1] = add_high(column[i + j + 1], a->limb[i], a->limb[j]);
    for (int k = 2; k < 2 * LIMBS; k++)
        column[k] += column[k];
    for (int i = 0; i < LIMBS; i++) {
        column[2 * i + 1] = add_high(column[2 * i + 1], a->limb[i], a->limb[i]);
        for (int j = i + 1; j < LIMBS; j++)
            column[i + j] = add_low(column[i + j], a->limb[i], a->limb[j]);
    }
    for (int k = 1; k < 2 * LIMBS; k++)
        column[k] += column[k];
    for (int i = 0; i < LIMBS; i++)
        column[2 * i] = add_low(column[2 * i], a->limb[i], a->limb[i]);
    return fold(column);
}

/* a + 121665 b: (A - 2) / 4 of the curve. */
static inline struct number add_a24(const struct number *a, const struct number *b)
{
    lanes t[LIMBS], high[LIMBS], a24 = all(121665), none = {0};
    for (int i = 0; i < LIMBS; i++)
        high[i] = add_high(none, b->limb[i], a24); /* less than 2^17 */
    t[0] = add_low(add_low(a->limb[0], b->limb[0], a24), high[LIMBS - 1], all(2 * 19));
    for (int i = 1; i < LIMBS; i++)
        t[i] = add_low(a->limb[i], b->limb[i], a24) + high[i - 1] + high[i - 1];
    return carry(t);
}

static struct number square_times(struct number a, int times)
{
    while (times-- > 0)
        a = square(&a);
    return a;
}

/* a^(2^m + m ones of binary) from the same of n and m: the exponents 2^n - 1 of the chain below. */
static struct number ones(const struct number *of_n, const struct number *of_m, int m)
{
    struct number r = square_times(*of_n, m);
    return multiply(&r, of_m);
}

/* a^(p - 2), by Fermat 1 / a, or 0 of 0. p - 2 is 250 ones and 01011 in binary. */
static struct number invert(const struct number *a)
{
    struct number a2 = square(a), a8 = square_times(a2, 2), a9 = multiply(a, &a8);
    struct number a11 = multiply(&a2, &a9), a22 = square(&a11);
    struct number n5 = multiply(&a22, &a9), n10 = ones(&n5, &n5, 5), n20 = ones(&n10, &n10, 10);
    struct number n40 = ones(&n20, &n20, 20), n50 = ones(&n40, &n10, 10);
    struct number n100 = ones(&n50, &n50, 50), n200 = ones(&n100, &n100, 100);
    struct number n250 = ones(&n200, &n50, 50);
    return ones(&n250, &a11, 5);
}

/* --- bytes, little-endian --- */

#define WORDS (X25519_SIZE / 8)

static void load_words(const uint8_t *const bytes[], size_t count, lanes ret[WORDS])
{
    uint64_t words[WORDS][X25519_LANES] = {{0}};
    for (size_t lane = 0; lane < count; lane++)
        for (int i = 0; i < WORDS; i++)
            memcpy(&words[i][lane], bytes[lane] + (size_t)8 * (size_t)i, 8);
    memcpy(ret, words, sizeof words);
}

static void store_words(const lanes from[WORDS], size_t count, uint8_t (*ret)[X25519_SIZE])
{
    uint64_t words[WORDS][X25519_LANES];
    memcpy(words, from, sizeof words);
    for (size_t lane = 0; lane < count; lane++)
        for (int i = 0; i < WORDS; i++)
            memcpy(ret[lane] + (size_t)8 * (size_t)i, &words[i][lane], 8);
}

/* The top bit does not count (RFC 7748, section 5); a number from p to 2^255 - 1 is taken as it is.
 */
static struct number from_words(const lanes w[WORDS])
{
    lanes mask = all(LIMB_MASK);
    return (struct number){{w[0] & mask, (w[0] >> 51 | w[1] << 13) & mask,
                            (w[1] >> 38 | w[2] << 26) & mask, (w[2] >> 25 | w[3] << 39) & mask,
                            w[3] >> 12 & mask}};
}

/* Carries one limb after the other. Returns what is above 2^255. */
static lanes carry_through(struct number *a)
{
    lanes above = {0};
    for (int i = 0; i < LIMBS; i++) {
        a->limb[i] += above;
        above = a->limb[i] >> LIMB_BITS;
        a->limb[i] &= all(LIMB_MASK);
    }
    return above;
}

/* The one number less than p. */
static void to_words(struct number a, lanes ret[WORDS])
{
    a.limb[0] += carry_through(&a) * 19;
    a.limb[0] += carry_through(&a) * 19; /* now less than 2^255 + 19 */
    /* It is p or more if with 19 added it reaches 2^255: then that, without the 2^255, is a - p. */
    struct number plus = a;
    plus.limb[0] += all(19);
    a.limb[0] += carry_through(&plus) * 19;
    carry_through(&a);
    for (int i = 0; i < WORDS; i++) /* limb i ends at bit 51 (i + 1) */
        ret[i] = a.limb[i] >> 13 * i | a.limb[i + 1] << (51 - 13 * i);
}

/* --- the ladder, RFC 7748 section 5 --- */

struct ladder {
    struct number x2, z2, x3, z3;
};

/* In the lanes where `bit` is 1. */
static inline void swap_if(lanes bit, struct number *a, struct number *b)
{
    lanes mask = all(0) - bit;
    for (int i = 0; i < LIMBS; i++) {
        lanes change = (a->limb[i] ^ b->limb[i]) & mask;
        a->limb[i] ^= change;
        b->limb[i] ^= change;
    }
}

static inline void step(struct ladder *l, const struct number *x1)
{
    struct number a = add(&l->x2, &l->z2), b = subtract(&l->x2, &l->z2);
    struct number c = add(&l->x3, &l->z3), d = subtract(&l->x3, &l->z3);
    struct number aa = square(&a), bb = square(&b), e = subtract(&aa, &bb);
    struct number da = multiply(&d, &a), cb = multiply(&c, &b);
    struct number sum = add(&da, &cb), difference = subtract(&da, &cb);
    l->x3 = square(&sum);
    difference = square(&difference);
    l->z3 = multiply(x1, &difference);
    l->x2 = multiply(&aa, &bb);
    aa = add_a24(&aa, &e);
    l->z2 = multiply(&e, &aa);
}

void x25519_lanes(const uint8_t *const scalars[], const uint8_t *const points[], size_t count,
                  uint8_t (*results)[X25519_SIZE])
{
    lanes k[WORDS], words[WORDS], bit, before = {0}, one = all(1);
    load_words(scalars, count, k);
    k[0] &= all(~7ull);
    k[3] = (k[3] & all(~0ull >> 1)) | all(1ull << 62);
    load_words(points, count, words);
    const struct number x1 = from_words(words);
    struct ladder l = {.x2 = {{one}}, .x3 = x1, .z3 = {{one}}};
    for (int t = 254; t >= 0; t--) {
        bit = k[t / 64] >> (t % 64) & one;
        swap_if(bit ^ before, &l.x2, &l.x3);
        swap_if(bit ^ before, &l.z2, &l.z3);
        before = bit;
        step(&l, &x1);
    }
    /* The lowest bit is 0: nothing is swapped any more. */
    l.z2 = invert(&l.z2);
    l.x2 = multiply(&l.x2, &l.z2);
    to_words(l.x2, words);
    store_words(words, count, results);
}

#pragma clang attribute pop

#else

bool x25519_has_lanes(void)
{
    return false;
}

void x25519_lanes(const uint8_t *const scalars[], const uint8_t *const points[], size_t count,
                  uint8_t (*results)[X25519_SIZE])
{
    memset(results, 0, count * X25519_SIZE); /* which are refused */
}

#endif
