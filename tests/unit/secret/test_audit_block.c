#include "secret/audit_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct store_audit read_rows[AUDIT_BLOCK_ROWS];

static void assert_span(struct span got, struct span expected)
{
    if (!span_equal(got, expected))
        fail_msg("\"%.*s\" instead of \"%.*s\"", (int)got.size, got.data, (int)expected.size,
                 expected.data);
}

static void assert_same_row(const struct store_audit *got, const struct store_audit *expected)
{
    assert_span(got->user, expected->user);
    assert_span(got->name, expected->name);
    assert_span(got->service, expected->service);
    assert_span(got->address, expected->address);
    assert_span(got->user_agent, expected->user_agent);
    assert_span(got->error, expected->error);
    assert_span(got->job_id, expected->job_id);
    assert_span(got->script_sha256, expected->script_sha256);
    assert_span(got->boot_id, expected->boot_id);
    assert_int_equal(got->action, expected->action);
    assert_int_equal(got->success, expected->success);
    assert_int_equal(got->created_unix_ms, expected->created_unix_ms);
    assert_int_equal(got->chained, expected->chained);
    assert_int_equal(got->seq, expected->seq);
    if (expected->chained)
        assert_memory_equal(got->mac, expected->mac, STORE_MAC_SIZE);
}

static struct span pack(struct buf *buf, const struct store_audit *rows, size_t count)
{
    const struct store_audit *list[AUDIT_BLOCK_ROWS];
    for (size_t i = 0; i < count; i++)
        list[i] = &rows[i];
    assert_int_equal(audit_block_write(list, count, buf), 0);
    return (struct span){buf->data, buf->size};
}

static const struct store_audit job[] = {
    {.user = SPAN("alice"),
     .name = SPAN("A"),
     .action = STORE_READ,
     .service = SPAN("neocompute"),
     .address = SPAN("192.0.2.1"),
     .user_agent = SPAN("curl/8"),
     .success = true,
     .created_unix_ms = 1795651200000,
     .job_id = SPAN("01a2194a-f9d6-7030-a217-ec19fa235912"),
     .script_sha256 = SPAN("d265d636"),
     .boot_id = SPAN("boot"),
     .seq = 41,
     .chained = true,
     .mac = {1, 2, 3}},
    {.user = SPAN("alice"),
     .name = SPAN("B"),
     .action = STORE_READ,
     .service = SPAN("neocompute"),
     .error = SPAN("not_allowed"),
     .created_unix_ms = 1795651200000,
     .boot_id = SPAN("boot"),
     .seq = 42,
     .chained = true,
     .mac = {4}},
    {.user = SPAN("bob"), .name = SPAN("C"), .action = STORE_DELETE, .created_unix_ms = 7},
    {.user = SPAN("bob"),
     .action = STORE_REVOKE,
     .success = true,
     .boot_id = SPAN("other"),
     .seq = UINT64_MAX,
     .chained = true},
    {.user = SPAN("bob"),
     .action = STORE_CREATE,
     .boot_id = SPAN("other"),
     .seq = 1,
     .chained = true},
};
#define JOB_ROWS (sizeof job / sizeof *job)

static void rows_come_back_as_they_were(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(AUDIT_BLOCK_SIZE);
    struct span block = pack(&buf, job, JOB_ROWS);
    bool whole = false;
    assert_int_equal(audit_block_read(block, 100, read_rows, &whole), JOB_ROWS);
    assert_true(whole);
    for (size_t i = 0; i < JOB_ROWS; i++) {
        assert_same_row(&read_rows[i], &job[i]);
        assert_int_equal(read_rows[i].id, 100 + i);
    }
    buf_done(&buf);
}

/* What the rows of a job share costs nothing: that is what blocks are for. */
static void a_second_row_of_a_job_is_name_and_mac(void **state)
{
    (void)state;
    struct store_audit rows[2] = {job[0], job[0]};
    rows[1].name = SPAN("B");
    rows[1].seq++;
    struct buf one = BUF_INIT(AUDIT_BLOCK_SIZE), two = BUF_INIT(AUDIT_BLOCK_SIZE);
    pack(&one, rows, 1);
    pack(&two, rows, 2);
    assert_true(two.size - one.size <= 2 + 2 + STORE_MAC_SIZE);
    buf_done(&one);
    buf_done(&two);
}

static void a_full_block_is_read_and_more_is_not(void **state)
{
    (void)state;
    static struct store_audit rows[AUDIT_BLOCK_ROWS];
    for (size_t i = 0; i < AUDIT_BLOCK_ROWS; i++)
        rows[i] = job[i % JOB_ROWS];
    struct buf buf = BUF_INIT(AUDIT_BLOCK_SIZE);
    struct span block = pack(&buf, rows, AUDIT_BLOCK_ROWS);
    bool whole = false;
    assert_int_equal(audit_block_read(block, 1, read_rows, &whole), AUDIT_BLOCK_ROWS);
    assert_true(whole);
    buf_add_char(&buf, 0); /* one more row, the same as the last */
    block = (struct span){buf.data, buf.size};
    assert_int_equal(audit_block_read(block, 1, read_rows, &whole), AUDIT_BLOCK_ROWS);
    assert_false(whole);
    buf_done(&buf);
}

/* Cut anywhere, the rows before the cut are there and the rest is not made up. */
static void a_cut_block_ends_where_it_was_cut(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(AUDIT_BLOCK_SIZE);
    struct span block = pack(&buf, job, JOB_ROWS);
    size_t most = 0;
    for (size_t size = 0; size < block.size; size++) {
        bool whole = true;
        char *copy = malloc(size ? size : 1); /* of its very size: nothing behind it is read */
        assert_non_null(copy);
        memcpy(copy, block.data, size);
        size_t count = audit_block_read((struct span){copy, size}, 1, read_rows, &whole);
        assert_true(count >= most && count < JOB_ROWS);
        for (size_t i = 0; i < count; i++)
            assert_same_row(&read_rows[i], &job[i]);
        most = count;
        free(copy);
    }
    assert_int_equal(most, JOB_ROWS - 1);
    buf_done(&buf);
}

static void what_is_no_block_has_no_rows(void **state)
{
    (void)state;
    static const struct span texts[] = {
        {"", 0},
        SPAN("\2\0"),                                        /* another version */
        SPAN("\1\200"),                                      /* a number that ends early */
        SPAN("\1\377\377\377\377\377\377\377\377\377\2"),    /* past 64 bits */
        SPAN("\1\200\200\1"),                                /* fields that there are not */
        SPAN("\1\2\5bob"),                                   /* a text that ends early */
        SPAN("\1\2\377\377\377\377\377\377\377\377\377\1x"), /* of 2^64 - 1 bytes */
        SPAN("\1\200\10\6"),                                 /* an action that there is not */
        SPAN("\1\200\10\100"),                               /* chained without a MAC */
        SPAN("\1\200\40................................"),   /* a MAC without a chain */
        SPAN("\1\200\20\1"),                                 /* a number without a chain */
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool whole = true;
        if (audit_block_read(texts[i], 1, read_rows, &whole) != 0 || whole)
            fail_msg("number %zu was read", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_they_were),
        cmocka_unit_test(a_second_row_of_a_job_is_name_and_mac),
        cmocka_unit_test(a_full_block_is_read_and_more_is_not),
        cmocka_unit_test(a_cut_block_ends_where_it_was_cut),
        cmocka_unit_test(what_is_no_block_has_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
