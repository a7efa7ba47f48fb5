/* A block of audit rows, from whoever holds the database. Input: the block. What is read can be
 * written again, and reads as the same rows. */
#include "secret/audit_block.h"
#include <stdlib.h>

static struct store_audit rows[AUDIT_BLOCK_ROWS], again[AUDIT_BLOCK_ROWS];

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static void expect_same(const struct store_audit *a, const struct store_audit *b)
{
    expect(a->id == b->id && a->action == b->action && a->success == b->success &&
           a->created_unix_ms == b->created_unix_ms && a->chained == b->chained &&
           a->seq == b->seq);
    expect(span_equal(a->user, b->user) && span_equal(a->name, b->name) &&
           span_equal(a->service, b->service) && span_equal(a->address, b->address) &&
           span_equal(a->user_agent, b->user_agent) && span_equal(a->error, b->error) &&
           span_equal(a->job_id, b->job_id) && span_equal(a->script_sha256, b->script_sha256) &&
           span_equal(a->boot_id, b->boot_id));
    expect(!a->chained || memcmp(a->mac, b->mac, STORE_MAC_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct store_audit *list[AUDIT_BLOCK_ROWS];
    bool whole;
    size_t count = audit_block_read((struct span){(const char *)data, size}, 1, rows, &whole);
    expect(count <= AUDIT_BLOCK_ROWS);
    for (size_t i = 0; i < count; i++)
        list[i] = &rows[i];
    struct buf buf = BUF_INIT(AUDIT_BLOCK_SIZE);
    if (count > 0 && audit_block_write(list, count, &buf) == 0) {
        expect(audit_block_read((struct span){buf.data, buf.size}, 1, again, &whole) == count);
        expect(whole);
        for (size_t i = 0; i < count; i++)
            expect_same(&rows[i], &again[i]);
    }
    buf_done(&buf);
    return 0;
}
