#include "engine/timer.h"
#include "unit.h"

static void fires_in_the_order_of_due_times_then_of_making(void **state)
{
    struct timers timers;
    bool owned;
    assert_int_equal(timers_init(&timers), 0);
    timers_reset(&timers, 1000);
    uint64_t seed = 7;
    for (int i = 0; i < 1000; i++) {
        seed = seed * 6364136223846793005u + 1;
        assert_int_equal(timers_add(&timers, (seed >> 33) % 50, 0, i), i + 1);
    }
    assert_int_equal(timers_add(&timers, 1, 0, 0), 0); /* no more than allowed */
    uint64_t last_due = 0, last_id = 0;
    for (int i = 0; i < 1000; i++) {
        const struct timer first = *timers_first(&timers);
        assert_true(first.due_ns > last_due || (first.due_ns == last_due && first.id > last_id));
        last_due = first.due_ns;
        last_id = first.id;
        assert_int_equal(timers_fire(&timers, 100, &owned), first.id - 1);
        assert_true(owned);
    }
    assert_null(timers_first(&timers));
    timers_done(&timers);
}

static void an_interval_stays_until_it_is_removed(void **state)
{
    struct timers timers;
    js_value callback;
    bool owned;
    assert_int_equal(timers_init(&timers), 0);
    timers_reset(&timers, 10);
    uint32_t id = timers_add(&timers, 10, 10, 42);
    timers_add(&timers, 15, 0, 43);
    assert_int_equal(timers_fire(&timers, 12, &owned), 42);
    assert_false(owned);
    assert_int_equal(timers_first(&timers)->due_ns, 15);
    assert_int_equal(timers_fire(&timers, 15, &owned), 43);
    assert_int_equal(timers_first(&timers)->due_ns, 22);
    assert_true(timers_remove(&timers, id, &callback));
    assert_int_equal(callback, 42);
    assert_false(timers_remove(&timers, id, &callback));
    assert_null(timers_first(&timers));
    timers_done(&timers);
}

static void removing_keeps_the_order(void **state)
{
    struct timers timers;
    js_value callback;
    assert_int_equal(timers_init(&timers), 0);
    timers_reset(&timers, 100);
    for (uint32_t i = 0; i < 100; i++) {
        timers_add(&timers, (i * 37) % 100, 0, i);
    }
    for (uint32_t id = 1; id <= 100; id += 2) {
        assert_true(timers_remove(&timers, id, &callback));
    }
    uint64_t last = 0;
    bool owned;
    for (int i = 0; i < 50; i++) {
        assert_true(timers_first(&timers)->due_ns >= last);
        last = timers_first(&timers)->due_ns;
        timers_fire(&timers, 0, &owned);
    }
    assert_null(timers_first(&timers));
    timers_done(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_in_the_order_of_due_times_then_of_making),
        cmocka_unit_test(an_interval_stays_until_it_is_removed),
        cmocka_unit_test(removing_keeps_the_order),
    };
    return RUN_TESTS(tests);
}
