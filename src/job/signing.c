/*
 * The signing of receipts.
 *
 * A job that has ended waits here as long as turns of the loop bring more that have, WAIT_MOST_NS
 * at most: they share one signature, over the root of a tree of their payloads. Only then are they
 * final, and whoever waits for them is told. A job that ends alone is signed in the next turn, for
 * which the loop does not sleep.
 */
#include "base/clock.h"
#include "base/log.h"
#include "job/internal.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MOST_NS (500 * NS_PER_US) /* for others to end: some ten signatures' time */
#define ROOM_KEPT    (256 * 1024)      /* bytes of a buffer that is kept for the next time */

/* --- signatures --- */

static void sign_alone(struct job *job, struct span payload)
{
    struct job_signing *signing = &job->service->signing;
    struct job_receipt *receipt = &job->receipt;
    int r = payload.data ? jws_sign(keyring_result_key(receipt->keyring), JWS_RECEIPT, payload,
                                    &signing->alone, receipt->signature)
                         : ERR_NO_MEMORY;
    signing->stats.signatures += r == 0;
    if (!r)
        return;
    /* The result is worth more to the caller than none at all. */
    log_error("a job has no receipt: it could not be signed", log_str("job_id", job->id.text));
    signing->stats.failed++;
    keyring_release(receipt->keyring);
    receipt->keyring = NULL;
}

/* Signs the root of the tree over all payloads, and gives each job its path. */
static int sign_tree(struct job_signing *signing, const struct keyring *keyring, uint64_t now,
                     uint8_t signature[JWS_SIGNATURE_SIZE])
{
    struct merkle *tree = &signing->tree;
    struct buf payload = BUF_INIT(RECEIPT_BATCH_PAYLOAD);
    buf_reserve(&payload, RECEIPT_BATCH_PAYLOAD);
    merkle_build(tree);
    int r = receipt_write_batch(merkle_root(tree), tree->count, now, &payload);
    if (!r)
        r = jws_sign(keyring_result_key(keyring), JWS_BATCH,
                     (struct span){payload.data, payload.size}, &signing->batch, signature);
    buf_done(&payload);
    return r;
}

static int keep_path(struct job *job, const struct merkle *tree, uint32_t index,
                     const uint8_t signature[JWS_SIGNATURE_SIZE])
{
    uint8_t path[MERKLE_PATH_MOST];
    struct job_receipt *receipt = &job->receipt;
    size_t size = merkle_path(tree, index, path);
    receipt->path = malloc(size);
    if (!receipt->path)
        return ERR_NO_MEMORY;
    memcpy(receipt->path, path, size);
    receipt->path_size = (uint32_t)size;
    memcpy(receipt->signature, signature, JWS_SIGNATURE_SIZE);
    return 0;
}

/* Writes the payloads of the jobs from `first` on one after another; an empty span is one that
 * there was no memory for. */
static void write_payloads(struct job_signing *signing, struct job *const *jobs, size_t count)
{
    size_t starts[MERKLE_LEAVES_MOST + 1];
    starts[0] = 0;
    buf_reset(&signing->payloads);
    for (size_t i = 0; i < count; i++) {
        size_t size = signing->payloads.size;
        if (buf_failed(&signing->payloads) ||
            job_receipt_write_payload(jobs[i], &signing->payloads))
            signing->payloads.size = size;
        starts[i + 1] = signing->payloads.size;
    }
    for (size_t i = 0; i < count; i++) {
        size_t size = starts[i + 1] - starts[i];
        signing->payload[i] =
            size ? (struct span){signing->payloads.data + starts[i], size} : (struct span){0};
    }
}

/* A batch signature, or none at all. */
static bool sign_together(struct job_signing *signing, struct job *const *jobs, size_t count,
                          uint8_t signature[JWS_SIGNATURE_SIZE])
{
    uint8_t leaf[RECEIPT_HASH_SIZE];
    if (count < 2 || signing->mode != JOB_RECEIPTS_BATCH)
        return false;
    merkle_reset(&signing->tree);
    for (size_t i = 0; i < count; i++) {
        if (!signing->payload[i].data)
            return false;
        merkle_leaf(signing->payload[i], leaf);
        merkle_add(&signing->tree, leaf);
    }
    const struct job_receipt *first = &jobs[0]->receipt;
    if (sign_tree(signing, first->keyring, first->issued_unix_s, signature))
        return false;
    signing->stats.signatures++;
    signing->stats.batches++;
    signing->stats.batched += count;
    return true;
}

/* A job gets its path, or a signature of its own; then whoever waits for it is told. */
static void finish(struct job_signing *signing, struct job *job, uint32_t index,
                   const uint8_t *signature)
{
    const struct span payload = signing->payload[index];
    if (!signature || keep_path(job, &signing->tree, index, signature))
        sign_alone(job, payload);
    signing->told = payload.data ? job : NULL;
    signing->told_payload = payload;
    job_finish(job);
    signing->told = NULL;
    OPENSSL_cleanse(signing->alone.data, signing->alone.size);
    buf_reset(&signing->alone);
}

static void sign_all(struct job_signing *signing, struct job *const *jobs, size_t count)
{
    uint8_t signature[JWS_SIGNATURE_SIZE];
    uint64_t now = clock_unix_ms() / 1000;
    for (size_t i = 0; i < count; i++) {
        jobs[i]->receipt.keyring = keyring_hold(keys_current(signing->keys));
        jobs[i]->receipt.issued_unix_s = now;
    }
    buf_reset(&signing->batch);
    write_payloads(signing, jobs, count);
    bool together = sign_together(signing, jobs, count, signature);
    for (size_t i = 0; i < count; i++)
        finish(signing, jobs[i], (uint32_t)i, together ? signature : NULL);
    OPENSSL_cleanse(signing->payloads.data, signing->payloads.size);
}

/* --- waiting for others --- */

/* For the next time, unless it is very large. */
static void keep_room(struct buf *buf)
{
    if (buf->capacity > ROOM_KEPT)
        buf_done(buf);
    buf->secret = true; /* of sealed jobs it is content */
}

static void idle_turn(uv_idle_t *idle)
{
    /* Being active is enough: the loop does not sleep. */
}

static void begin_waiting(struct job_signing *signing)
{
    signing->since_ns = clock_now_ns();
    signing->seen = 0;
    uv_idle_start(signing->idle, idle_turn);
}

bool job_await_signature(struct job *job)
{
    struct job_service *service = job->service;
    struct job_signing *signing = &service->signing;
    /* What was refused in the end is no result. */
    if (!job_gives_receipts(service) || !keys_current(signing->keys) ||
        error_status(job->code) != 200)
        return false;
    job->live->ended = true;
    if (signing->count == 0)
        begin_waiting(signing);
    signing->waiting[signing->count++] = job;
    if (signing->count == MERKLE_LEAVES_MOST)
        job_service_flush(service);
    return true;
}

void job_service_flush(struct job_service *service)
{
    struct job_signing *signing = &service->signing;
    struct job *jobs[MERKLE_LEAVES_MOST];
    size_t count = signing->count;
    if (count == 0)
        return;
    memcpy(jobs, signing->waiting, count * sizeof *jobs);
    signing->count = 0;
    uv_idle_stop(signing->idle);
    sign_all(signing, jobs, count);
    keep_room(&signing->payloads);
    keep_room(&signing->alone);
}

/* --- life cycle --- */

/* Once a turn: if it brought no more jobs, or the first has waited long enough, they are signed.
 * The answers go out before the loop polls again. */
static void after_poll(uv_check_t *check)
{
    struct job_service *service = check->data;
    struct job_signing *signing = &service->signing;
    if (signing->count == signing->seen || clock_now_ns() - signing->since_ns >= WAIT_MOST_NS)
        job_service_flush(service);
    signing->seen = signing->count;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

int job_signing_init(struct job_service *service, const struct job_options *options)
{
    struct job_signing *signing = &service->signing;
    signing->keys = options->keys;
    signing->mode = options->receipts;
    buf_init(&signing->payloads, SIZE_MAX / 2);
    buf_init(&signing->batch, RECEIPT_BATCH_FIXED);
    buf_init(&signing->alone, JWS_TEXT_MOST);
    keep_room(&signing->payloads);
    keep_room(&signing->alone);
    signing->check = calloc(1, sizeof *signing->check);
    signing->idle = calloc(1, sizeof *signing->idle);
    if (!signing->check || !signing->idle) {
        free(signing->check);
        free(signing->idle);
        signing->check = NULL;
        return ERR_NO_MEMORY;
    }
    uv_idle_init(service->loop, signing->idle);
    uv_check_init(service->loop, signing->check);
    signing->check->data = service;
    uv_check_start(signing->check, after_poll);
    uv_unref((uv_handle_t *)signing->check);
    uv_unref((uv_handle_t *)signing->idle);
    return 0;
}

void job_signing_done(struct job_service *service)
{
    struct job_signing *signing = &service->signing;
    buf_done(&signing->payloads);
    buf_done(&signing->batch);
    buf_done(&signing->alone);
    if (!signing->check)
        return;
    uv_close((uv_handle_t *)signing->check, free_handle);
    uv_close((uv_handle_t *)signing->idle, free_handle);
}
