/*
 * Keys in the order of RFC 8785. The texts of all keys of one object are kept in a table inside
 * linear memory, so that they count against the job's memory; it goes when the order is known.
 */
#include "engine/canonical_writer.h"

struct key {
    uint32_t atom, text, size;
};

/*
 * UTF-16 order of two keys. UTF-8 sorts the same way, except that a character past U+FFFF (lead
 * byte F0..F4) comes before U+E000..U+FFFF (lead bytes EE, EF), as its first unit is a surrogate.
 */
static int compare_keys(struct engine *e, const struct key *a, const struct key *b)
{
    const uint8_t *x = engine_look(e, a->text, a->size);
    const uint8_t *y = engine_look(e, b->text, b->size);
    uint32_t n = a->size < b->size ? a->size : b->size;
    uint32_t i = 0;
    while (i < n && x[i] == y[i]) {
        i++;
    }
    engine_charge(e, 1 + i / CANONICAL_GAS_BYTES);
    if (i == n) {
        return a->size < b->size ? -1 : a->size > b->size;
    }
    bool x_high = x[i] >= 0xf0, y_high = y[i] >= 0xf0;
    if (x_high != y_high && (x_high ? y[i] : x[i]) >= 0xee) {
        return x_high ? -1 : 1;
    }
    return x[i] < y[i] ? -1 : 1;
}

static void sift_down_keys(struct engine *e, struct key *keys, uint32_t start, uint32_t count)
{
    for (uint32_t root = start, child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare_keys(e, &keys[child], &keys[child + 1]) < 0) {
            child++;
        }
        if (compare_keys(e, &keys[root], &keys[child]) >= 0) {
            return;
        }
        struct key t = keys[root];
        keys[root] = keys[child];
        keys[child] = t;
    }
}

#define INSERTION_KEYS_MOST 12u

static void insertion_sort_keys(struct engine *e, struct key *keys, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct key key = keys[i];
        uint32_t j = i;
        for (; j > 0 && compare_keys(e, &key, &keys[j - 1]) < 0; j--) {
            keys[j] = keys[j - 1];
        }
        keys[j] = key;
    }
}

static void sort_keys(struct engine *e, struct key *keys, uint32_t count)
{
    if (count <= INSERTION_KEYS_MOST) {
        insertion_sort_keys(e, keys, count);
        return;
    }
    for (uint32_t i = count / 2; i-- > 0;) {
        sift_down_keys(e, keys, i, count);
    }
    for (uint32_t end = count - 1; end > 0; end--) {
        struct key t = keys[0];
        keys[0] = keys[end];
        keys[end] = t;
        sift_down_keys(e, keys, 0, end);
    }
}

/* Sorts a JSPropertyEnum table in place. False if there was no memory for it. */
bool canonical_sort(struct engine *e, uint32_t table, uint32_t count)
{
    if (count > UINT32_MAX / sizeof(struct key)) {
        return false;
    }
    uint32_t bytes = count * (uint32_t)sizeof(struct key);
    uint32_t address = JS_CTX(e, js_malloc, bytes);
    if (address == 0) {
        return false;
    }
    struct key *keys = (struct key *)engine_bytes(e, address, bytes);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t atom = engine_read_u32(e, table + 8 * i + JS_PROPERTY_ENUM_ATOM);
        struct js_text text = js_atom_text(e, atom);
        if (text.span.data == NULL) {
            return false;
        }
        keys[i] = (struct key){atom, text.address, (uint32_t)text.span.size};
    }
    sort_keys(e, keys, count);
    for (uint32_t i = 0; i < count; i++) {
        engine_write_u32(e, table + 8 * i + JS_PROPERTY_ENUM_ATOM, keys[i].atom);
        JS_CTX(e, JS_FreeCString, keys[i].text);
    }
    JS_CTX(e, js_free, address);
    return true;
}
