/* When jobs are signed, with whom, and who is told when. */
#include "base/encode.h"
#include "fixture.h"
#include "job/keys.h"
#include "protect/merkle.h"
#include "protect/receipt.h"
#include <stdlib.h>
#include <string.h>

struct keyed {
    struct fixture f;
    struct keys *keys;
};

static void keyed_open(struct keyed *k, enum job_receipts receipts)
{
    struct fixture *f = &k->f;
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(uv_timer_init(&f->loop, &f->tick), 0);
    assert_int_equal(protect_new(KEY, &f->protect, NULL), 0);
    limits_init(&f->limits);
    struct keys_options keys = {
        .loop = &f->loop, .limits = &f->limits, .protect = f->protect, .engine_digest = "e0"};
    assert_int_equal(keys_new(&keys, &k->keys), 0);
    assert_int_equal(keys_start(k->keys, "{}", "{}"), 0);
    assert_true(keys_settled(k->keys)); /* there is no store to wait for */
    struct job_options options = {.loop = &f->loop,
                                  .limits = &f->limits,
                                  .protect = f->protect,
                                  .keys = k->keys,
                                  .receipts = receipts};
    assert_int_equal(job_service_new(&options, &f->service, NULL), 0);
    f->pool = (struct exec_pool){.workers = 64, .memory_free = 1 * GIB};
    job_service_attach(f->service, &f->pool);
}

static void keyed_close(struct keyed *k)
{
    job_service_attach(k->f.service, NULL);
    job_service_free(k->f.service); /* signs what waits */
    k->f.service = NULL;
    keys_free(k->keys);
    fixture_close(&k->f);
}

static const struct job_receipt_stats *stats(struct keyed *k)
{
    return &job_service_stats(k->f.service)->receipts;
}

/* The receipt's text verifies, in the form that it has; the number of jobs that share it. */
static uint32_t must_verify(const struct job *job)
{
    struct buf text = BUF_INIT(1 << 16), payload = BUF_INIT(1 << 16), path = BUF_INIT(1 << 16);
    struct jws jws;
    uint8_t leaf[32], root[32];
    uint32_t count = 1;
    assert_true(job_has_receipt(job));
    assert_int_equal(job_receipt_write(job, false, &text), 0);
    assert_true(text.size <= job_receipt_size(job));
    buf_terminate(&text);
    const uint8_t *key = keyring_result_key(job_receipt_keyring(job))->public_key;
    char *tilde = strchr(text.data, '~'), *last = tilde ? strchr(tilde + 1, '~') : NULL;
    if (last) {
        struct buf expected = BUF_INIT(1024);
        assert_int_equal(
            base64url_decode(&payload, (struct span){text.data, (size_t)(tilde - text.data)}), 0);
        assert_int_equal(
            base64url_decode(&path, (struct span){tilde + 1, (size_t)(last - tilde - 1)}), 0);
        merkle_leaf((struct span){payload.data, payload.size}, leaf);
        assert_int_equal(merkle_root_of((struct span){path.data, path.size}, leaf, &count, root),
                         0);
        assert_int_equal(jws_parse(span_of(last + 1), &jws, NULL), 0);
        assert_int_equal(jws_verify(&jws, JWS_BATCH, key, NULL), 0);
        char hex[65];
        hex_encode(hex, root, sizeof root);
        buf_terminate(&jws.payload);
        assert_non_null(strstr(jws.payload.data, hex));
        buf_done(&expected);
    } else {
        assert_int_equal(jws_parse(span_of(text.data), &jws, NULL), 0);
        assert_int_equal(jws_verify(&jws, JWS_RECEIPT, key, NULL), 0);
    }
    jws_done(&jws);
    buf_done(&text);
    buf_done(&payload);
    buf_done(&path);
    return count;
}

static void turns(struct keyed *k)
{
    for (int i = 0; i < 3; i++)
        tick(&k->f);
}

static void test_alone(void **state)
{
    struct keyed k = {0};
    struct waiter waiter = WAITER;
    keyed_open(&k, JOB_RECEIPTS_BATCH);
    struct job *job = must_submit(&k.f, "alice", "a");
    job_wait(job, &waiter.waiter);
    finish(&k.f, "a", 0, "{}");
    assert_int_equal(job_status(job), JOB_RUNNING); /* to all others */
    assert_int_equal(job_delete(job), ERR_CONFLICT);
    assert_false(job_has_receipt(job));
    job_cancel(job); /* too late */
    turns(&k);
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(waiter.status, JOB_COMPLETED);
    assert_int_equal(must_verify(job), 1);
    assert_int_equal(stats(&k)->signatures, 1);
    assert_int_equal(stats(&k)->batches, 0);
    keyed_close(&k);
}

static void test_together(void **state)
{
    struct keyed k = {0};
    enum { JOBS = 5 };
    struct waiter waiters[JOBS];
    struct job *jobs[JOBS];
    char script[] = "a";
    keyed_open(&k, JOB_RECEIPTS_BATCH);
    for (int i = 0; i < JOBS; i++) {
        script[0] = (char)('a' + i);
        waiters[i] = WAITER;
        jobs[i] = must_submit(&k.f, script, script);
        job_wait(jobs[i], &waiters[i].waiter);
    }
    for (int i = 0; i < JOBS; i++) {
        script[0] = (char)('a' + i);
        finish(&k.f, script, i == 2 ? ERR_SCRIPT_ERROR : 0, i == 2 ? "Error" : "{}");
        assert_int_equal(waiters[i].calls, 0);
    }
    turns(&k);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(waiters[i].calls, 1);
        assert_int_equal(waiters[i].status, i == 2 ? JOB_FAILED : JOB_COMPLETED);
        assert_int_equal(must_verify(jobs[i]), JOBS);
    }
    assert_int_equal(stats(&k)->signatures, 1);
    assert_int_equal(stats(&k)->batched, JOBS);
    keyed_close(&k);
}

static void test_single_mode(void **state)
{
    struct keyed k = {0};
    keyed_open(&k, JOB_RECEIPTS_SINGLE);
    struct job *a = must_submit(&k.f, "alice", "a"), *b = must_submit(&k.f, "alice", "b");
    finish(&k.f, "a", 0, "{}");
    finish(&k.f, "b", 0, "{}");
    turns(&k);
    assert_int_equal(must_verify(a), 1);
    assert_int_equal(must_verify(b), 1);
    assert_int_equal(stats(&k)->signatures, 2);
    keyed_close(&k);
}

static void test_none(void **state)
{
    struct keyed k = {0};
    struct waiter waiter = WAITER;
    keyed_open(&k, JOB_RECEIPTS_NONE);
    struct job *job = must_submit(&k.f, "alice", "a");
    job_wait(job, &waiter.waiter);
    finish(&k.f, "a", 0, "{}");
    assert_int_equal(waiter.calls, 1);
    assert_false(job_has_receipt(job));
    keyed_close(&k);
}

/* A job that is cancelled while it waits has its receipt at once: its caller is told just then. */
static void test_cancelled(void **state)
{
    struct keyed k = {0};
    keyed_open(&k, JOB_RECEIPTS_BATCH);
    k.f.pool.workers = 1;
    must_submit(&k.f, "alice", "a");
    struct job *job = must_submit(&k.f, "bob", "b");
    job_cancel(job);
    assert_int_equal(job_status(job), JOB_FAILED);
    assert_int_equal(must_verify(job), 1);
    finish(&k.f, "a", 0, "{}");
    keyed_close(&k);
}

/* Who waits no longer is not told, and the job is signed all the same. */
static void test_hung_up(void **state)
{
    struct keyed k = {0};
    struct waiter waiter = WAITER;
    keyed_open(&k, JOB_RECEIPTS_BATCH);
    struct job *job = must_submit(&k.f, "alice", "a");
    job_wait(job, &waiter.waiter);
    finish(&k.f, "a", 0, "{}");
    job_wait_stop(&waiter.waiter);
    turns(&k);
    assert_int_equal(waiter.calls, 0);
    assert_int_equal(must_verify(job), 1);
    keyed_close(&k);
}

/* What was refused in the end is final at once and has none; a service that goes signs what waits.
 */
static void test_stop(void **state)
{
    struct keyed k = {0};
    struct waiter waiter = WAITER;
    keyed_open(&k, JOB_RECEIPTS_BATCH);
    k.f.pool.workers = 1;
    struct job *a = must_submit(&k.f, "alice", "a"), *b = must_submit(&k.f, "bob", "b");
    job_wait(a, &waiter.waiter);
    finish(&k.f, "a", 0, "{}");
    job_service_attach(k.f.service, NULL);
    job_service_stop(k.f.service, NULL, NULL);
    (void)b;
    keyed_close(&k);
    assert_int_equal(waiter.calls, 1);
}

static void test_keys_outlive_their_time(void **state)
{
    struct keyed k = {0};
    keyed_open(&k, JOB_RECEIPTS_BATCH);
    struct job *job = must_submit(&k.f, "alice", "a");
    finish(&k.f, "a", 0, "{}");
    turns(&k);
    const struct keyring *before = keys_current(k.keys);
    assert_ptr_equal(job_receipt_keyring(job), before);
    assert_int_equal(keys_rotate(k.keys), 0);
    assert_ptr_not_equal(keys_current(k.keys), before);
    struct span digest = span_of(keyring_claims_digest(before));
    assert_true(span_equal(keys_bundle(k.keys, digest), keyring_bundle(before)));
    struct buf text = BUF_INIT(1 << 16);
    assert_int_equal(job_receipt_write(job, true, &text), 0);
    buf_done(&text);
    assert_int_equal(must_verify(job), 1);
    keyed_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),       cmocka_unit_test(test_together),
        cmocka_unit_test(test_single_mode), cmocka_unit_test(test_none),
        cmocka_unit_test(test_cancelled),   cmocka_unit_test(test_hung_up),
        cmocka_unit_test(test_stop),        cmocka_unit_test(test_keys_outlive_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
