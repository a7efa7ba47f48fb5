#include "base/arena.h"
#include "unit.h"

static void memory_is_zero_and_has_a_maximum(void **state)
{
    struct arena arena;
    arena_init(&arena, 10000);
    char *text = arena_alloc(&arena, 5000);
    assert_non_null(text);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(text[i], 0);
    assert_non_null(arena_alloc(&arena, 4900));
    assert_null(arena_alloc(&arena, 200));
    arena_done(&arena);
    assert_non_null(arena_alloc(&arena, 9000));
    arena_done(&arena);
}

static void a_reset_arena_has_forgotten_all_and_keeps_one_block(void **state)
{
    struct arena arena;
    arena_init(&arena, 100000);
    for (int i = 0; i < 3; i++)
        memset(arena_alloc(&arena, 3000), 's', 3000);
    memset(arena_alloc(&arena, 20000), 's', 20000);
    arena_reset(&arena);
    assert_int_equal(arena.size, 0);
    char *text = arena_alloc(&arena, 4000);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(text[i], 0);
    memset(text, 's', 4000);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 4000), text);
    assert_int_equal(text[3999], 0);
    arena_done(&arena);
    arena_reset(&arena); /* of an empty one */
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zero_and_has_a_maximum),
        cmocka_unit_test(a_reset_arena_has_forgotten_all_and_keeps_one_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
