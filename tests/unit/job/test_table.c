/* The table finds everything it holds while it grows and shrinks, also when hashes collide. */
#include "job/table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct item {
    struct table_link link;
    int present;
};

static int is_found(const struct table *table, const struct item *item, uint64_t hash)
{
    struct table_link *link = table_find(table, hash);
    while (link && link != &item->link)
        link = table_next(link);
    return link != NULL;
}

static void test_random_operations(void **state)
{
    enum { COUNT = 5000, ROUNDS = 50000 };
    struct item *items = calloc(COUNT, sizeof *items);
    struct table table;
    size_t present = 0;
    assert_int_equal(table_init(&table), 0);
    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        int i = rand() % COUNT;
        uint64_t hash = (uint64_t)(i % 1000) * 0x9e3779b97f4a7c15ull; /* five to a hash */
        if (items[i].present)
            table_remove(&table, &items[i].link);
        else
            table_insert(&table, &items[i].link, hash);
        items[i].present ^= 1;
        present += items[i].present ? 1 : -1;
        assert_int_equal(table.count, present);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(is_found(&table, &items[i], (uint64_t)(i % 1000) * 0x9e3779b97f4a7c15ull),
                         items[i].present);
    assert_true(table.low + table.split > 1000); /* it did grow */
    table_done(&table);
    free(items);
}

static void test_remove_of_absent(void **state)
{
    struct table table;
    struct item in = {0}, out = {0};
    assert_int_equal(table_init(&table), 0);
    table_insert(&table, &in.link, 5);
    out.link.hash = 5;
    table_remove(&table, &out.link);
    assert_int_equal(table.count, 1);
    table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations),
        cmocka_unit_test(test_remove_of_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
