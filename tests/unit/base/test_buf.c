#include "base/buf.h"
#include "base/error.h"
#include "unit.h"

static void grows_up_to_its_maximum_and_no_further(void **state)
{
    struct buf buf = BUF_INIT(1000);

    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_add_char(&buf, (char)i), 0);
    assert_int_equal(buf_terminate(&buf), 0);
    assert_int_equal(buf.data[1000], '\0');
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf.data[i], (char)i);
    assert_int_equal(buf_add_char(&buf, 'x'), ERR_NO_MEMORY);
    assert_int_equal(buf.size, 1000);
    assert_true(buf_failed(&buf));
    buf_done(&buf);
}

static void a_failed_buffer_takes_nothing_until_it_is_reset(void **state)
{
    struct buf buf = BUF_INIT(4);

    assert_int_equal(buf_add(&buf, "12", 2), 0);
    assert_int_equal(buf_add(&buf, "345", 3), ERR_NO_MEMORY);
    assert_bytes(buf, "12");
    assert_int_equal(buf_add(&buf, "3", 1), ERR_NO_MEMORY);
    assert_int_equal(buf_terminate(&buf), ERR_NO_MEMORY);
    buf_reset(&buf);
    assert_false(buf_failed(&buf));
    assert_int_equal(buf_add(&buf, "3456", 4), 0);
    assert_bytes(buf, "3456");
    buf_done(&buf);
}

static void sizes_that_would_wrap_are_refused(void **state)
{
    struct buf buf = BUF_INIT(SIZE_MAX);

    assert_int_equal(buf_add(&buf, "1", 1), 0);
    assert_int_equal(buf_reserve(&buf, SIZE_MAX), ERR_NO_MEMORY);
    assert_int_equal(buf.size, 1);
    buf_done(&buf);
}

static void formats_short_and_long_text(void **state)
{
    struct buf buf = BUF_INIT(10000);

    assert_int_equal(buf_addf(&buf, "%d-%s", 7, "x"), 0);
    assert_bytes(buf, "7-x");
    assert_int_equal(buf_addf(&buf, "%5000d", 1), 0);
    assert_int_equal(buf.size, 5003);
    assert_int_equal(buf.data[5002], '1');
    assert_int_equal(buf_addf(&buf, "%5000d", 1), ERR_NO_MEMORY);
    assert_int_equal(buf.size, 5003);
    buf_done(&buf);
}

static void done_and_wipe_leave_an_empty_buffer_of_the_same_maximum(void **state)
{
    struct buf buf, zeroed = {0};

    buf_init(&buf, 100);
    buf_add_str(&buf, "secret");
    buf_wipe(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.size, 0);
    assert_int_equal(buf.max, 100);
    assert_int_equal(buf_add_str(&buf, "again"), 0);
    buf_done(&buf);
    buf_done(&buf);
    buf_done(&zeroed);
    assert_int_equal(buf_add_char(&zeroed, 'x'), ERR_NO_MEMORY);
}

static void reset_keeps_the_allocation(void **state)
{
    struct buf buf = BUF_INIT(100);

    buf_add_str(&buf, "text");
    char *data = buf.data;
    buf_reset(&buf);
    assert_int_equal(buf.size, 0);
    buf_add_str(&buf, "more");
    assert_ptr_equal(buf.data, data);
    buf_done(&buf);
}

static void terminates_an_empty_buffer(void **state)
{
    struct buf buf = BUF_INIT(0);

    assert_int_equal(buf_terminate(&buf), 0);
    assert_string_equal(buf.data, "");
    buf_done(&buf);
}

static void spans(void **state)
{
    assert_int_equal(span_of(NULL).size, 0);
    assert_true(span_equal(span_of("abc"), SPAN("abc")));
    assert_false(span_equal(SPAN("abc"), SPAN("abd")));
    assert_false(span_equal(SPAN("abc"), SPAN("ab")));
    assert_true(span_equal(span_of(NULL), SPAN("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_maximum_and_no_further),
        cmocka_unit_test(a_failed_buffer_takes_nothing_until_it_is_reset),
        cmocka_unit_test(sizes_that_would_wrap_are_refused),
        cmocka_unit_test(formats_short_and_long_text),
        cmocka_unit_test(done_and_wipe_leave_an_empty_buffer_of_the_same_maximum),
        cmocka_unit_test(reset_keeps_the_allocation),
        cmocka_unit_test(terminates_an_empty_buffer),
        cmocka_unit_test(spans),
    };
    return RUN_TESTS(tests);
}
