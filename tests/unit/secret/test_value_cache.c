#include "secret/value_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LIFE 1000

static const struct value_cache_limits standard = {.life_ns = LIFE, .count = 3, .bytes = 100};
static const struct span alice = {"alice", 5};

static struct store_secret row_of(const char *name, uint64_t version, const char *sealed)
{
    return (struct store_secret){
        .name = span_of(name), .version = version, .sealed = span_of(sealed)};
}

static void put(struct value_cache *cache, const struct store_secret *row, uint64_t now,
                const char *text)
{
    struct secret_bytes value;
    assert_int_equal(secret_bytes_init(&value, strlen(text)), 0);
    memcpy(value.data, text, strlen(text));
    value_cache_put(cache, alice, row, now, &value, strlen(text));
    secret_bytes_done(&value);
}

/* Is it there, and is it `text`? */
static bool has(struct value_cache *cache, struct span user, const struct store_secret *row,
                uint64_t now, const char *text)
{
    struct secret_bytes value;
    size_t size;
    if (!value_cache_get(cache, user, row, now, &value, &size))
        return false;
    assert_int_equal(size, strlen(text));
    assert_memory_equal(value.data, text, size);
    secret_bytes_done(&value);
    return true;
}

static void without_a_life_there_is_no_cache(void **state)
{
    struct value_cache_limits none = {.count = 3, .bytes = 100};
    struct store_secret row = row_of("K", 1, "s");
    assert_null(value_cache_new(&none));
    put(NULL, &row, 1, "value");
    assert_false(has(NULL, alice, &row, 1, "value"));
    assert_false(value_cache_expire(NULL, 1));
    value_cache_free(NULL);
}

static void a_value_is_of_its_very_row(void **state)
{
    const struct store_secret row = row_of("K", 1, "sealed"),
                              others[] = {row_of("L", 1, "sealed"), row_of("K", 2, "sealed"),
                                          row_of("K", 1, "Sealed"), row_of("K", 1, "sealed+")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct value_cache *cache = value_cache_new(&standard);
        put(cache, &row, 1, "value");
        assert_true(has(cache, alice, &row, 2, "value"));
        assert_false(has(cache, SPAN("bob"), &row, 2, "value"));
        assert_false(has(cache, alice, &others[i], 2, "value"));
        /* Another row of the same name says that this one is no more: it is not kept either. */
        assert_int_equal(has(cache, alice, &row, 2, "value"), i == 0);
        value_cache_free(cache);
    }
}

static void its_life_is_not_made_longer_by_use(void **state)
{
    const struct store_secret row = row_of("K", 1, "sealed");
    struct value_cache *cache = value_cache_new(&standard);
    put(cache, &row, 10, "value");
    assert_true(has(cache, alice, &row, LIFE + 9, "value"));
    assert_true(value_cache_expire(cache, LIFE + 9));
    assert_false(has(cache, alice, &row, LIFE + 10, "value"));
    put(cache, &row, 10, "value");
    assert_false(value_cache_expire(cache, LIFE + 10));
    assert_false(has(cache, alice, &row, 11, "value"));
    value_cache_free(cache);
}

static void the_oldest_make_room(void **state)
{
    struct store_secret rows[4];
    static const char *const names[] = {"A", "B", "C", "D"};
    struct value_cache *cache = value_cache_new(&standard);
    for (int i = 0; i < 4; i++) {
        rows[i] = row_of(names[i], 1, "sealed");
        put(cache, &rows[i], 1, names[i]);
    }
    assert_false(has(cache, alice, &rows[0], 2, "A"));
    for (int i = 1; i < 4; i++)
        assert_true(has(cache, alice, &rows[i], 2, names[i]));
    char large[102];
    memset(large, 'x', sizeof large);
    large[99] = 0;
    put(cache, &rows[0], 1, large); /* 99 of 100 bytes: one of the others stays */
    assert_true(has(cache, alice, &rows[0], 2, large));
    assert_true(has(cache, alice, &rows[3], 2, "D"));
    assert_false(has(cache, alice, &rows[2], 2, "C"));
    large[99] = 'x';
    large[101] = 0;
    put(cache, &rows[1], 1, large); /* more than all together may have */
    assert_false(has(cache, alice, &rows[1], 2, large));
    value_cache_free(cache);
}

static void what_is_dropped_is_gone(void **state)
{
    const struct store_secret k = row_of("K", 1, "sealed"), l = row_of("L", 1, "sealed");
    struct value_cache *cache = value_cache_new(&standard);
    put(cache, &k, 1, "value");
    put(cache, &l, 1, "other");
    value_cache_drop(cache, SPAN("bob"), SPAN("K"));
    value_cache_drop(cache, alice, SPAN("K"));
    assert_false(has(cache, alice, &k, 2, "value"));
    assert_true(has(cache, alice, &l, 2, "other"));
    value_cache_clear(cache);
    assert_false(has(cache, alice, &l, 2, "other"));
    value_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_life_there_is_no_cache),
        cmocka_unit_test(a_value_is_of_its_very_row),
        cmocka_unit_test(its_life_is_not_made_longer_by_use),
        cmocka_unit_test(the_oldest_make_room),
        cmocka_unit_test(what_is_dropped_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
