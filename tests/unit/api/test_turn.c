/* Whose large body is next. */
#include "api/server.h"
#include "unit.h"

#define COUNT 8

struct queue {
    struct turns turns;
    struct exchange exchanges[COUNT];
    unsigned count;
};

static struct exchange *add(struct queue *queue, const char *user, size_t size)
{
    struct exchange *exchange = &queue->exchanges[queue->count++];
    exchange->user = span_of(user);
    exchange->body.size = size;
    turns_add(&queue->turns, exchange);
    return exchange;
}

static void expect(struct queue *queue, const struct exchange *exchange)
{
    assert_ptr_equal(turns_next(&queue->turns), exchange);
}

static void expect_empty(struct queue *queue)
{
    assert_null(turns_next(&queue->turns));
    assert_null(queue->turns.last);
}

static void test_one_user_is_served_in_order(void **state)
{
    struct queue queue = {0};
    struct exchange *a = add(&queue, "a", 100), *b = add(&queue, "a", 1), *c = add(&queue, "a", 50);
    expect(&queue, a);
    expect(&queue, b);
    expect(&queue, c);
    expect_empty(&queue);
}

static void test_a_late_neighbour_overtakes_a_flood(void **state)
{
    struct queue queue = {0};
    struct exchange *flood[5], *late, *small;
    for (int i = 0; i < 5; i++)
        flood[i] = add(&queue, "flood", 1000);
    expect(&queue, flood[0]);
    late = add(&queue, "late", 1000);
    small = add(&queue, "small", 10);
    expect(&queue, small);
    expect(&queue, flood[1]); /* the same tag as `late`, and was first */
    expect(&queue, late);
    for (int i = 2; i < 5; i++)
        expect(&queue, flood[i]);
    expect_empty(&queue);
}

/* Whoever had nothing in the queue has saved up nothing. */
static void test_rest_earns_nothing(void **state)
{
    struct queue queue = {0};
    struct exchange *a[4], *b[2];
    for (int i = 0; i < 4; i++) {
        a[i] = add(&queue, "a", 100);
        if (i < 2)
            expect(&queue, a[i]);
    }
    b[0] = add(&queue, "b", 100);
    b[1] = add(&queue, "b", 100);
    expect(&queue, a[2]);
    expect(&queue, b[0]);
    expect(&queue, a[3]);
    expect(&queue, b[1]);
    expect_empty(&queue);
}

static void test_removed(void **state)
{
    struct queue queue = {0};
    struct exchange *a = add(&queue, "a", 10), *b = add(&queue, "b", 20), *c = add(&queue, "c", 30);
    turns_remove(&queue.turns, b);
    turns_remove(&queue.turns, b); /* is not in it */
    turns_remove(&queue.turns, c);
    struct exchange *d = add(&queue, "d", 5);
    expect(&queue, d);
    expect(&queue, a);
    turns_remove(&queue.turns, a);
    expect_empty(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_user_is_served_in_order),
        cmocka_unit_test(test_a_late_neighbour_overtakes_a_flood),
        cmocka_unit_test(test_rest_earns_nothing),
        cmocka_unit_test(test_removed),
    };
    return RUN_TESTS(tests);
}
