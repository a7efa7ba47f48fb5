/*
 * Receipts of jobs. A job keeps the binary parts of its own; the payload is written from them
 * whenever it is needed, always to the same bytes, and the text around it likewise. signing.c signs
 * it.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/random.h"
#include "base/sha256.h"
#include "job/internal.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_FIXED 1536 /* bytes of a payload but for names, nonce and secrets */
#define SECRET_FIXED  128  /* of a secret's version and braces, or of the HMAC of its name */

/* --- what a job keeps --- */

bool job_gives_receipts(const struct job_service *service)
{
    return service->signing.keys && service->signing.mode != JOB_RECEIPTS_NONE;
}

int job_receipt_begin(struct job *job, const struct job_submission *submission)
{
    struct job_receipt *receipt = &job->receipt;
    int r = random_take(receipt->salt, sizeof receipt->salt);
    if (r || !job_gives_receipts(job->service))
        return r;
    sha256(submission->script, receipt->script_sha256);
    if (job->sealed)
        job_receipt_hmac(job, "input", submission->input, receipt->input);
    else
        sha256(submission->input, receipt->input);
    return 0;
}

void job_receipt_hmac(const struct job *job, const char *label, struct span bytes,
                      uint8_t ret[RECEIPT_HASH_SIZE])
{
    const struct span parts[] = {{label, strlen(label) + 1}, bytes}; /* the label with its NUL */
    hmac_parts((struct span){(const char *)job->receipt.salt, RECEIPT_SALT_SIZE}, parts, 2, ret);
}

void job_receipt_done(struct job *job)
{
    keyring_release(job->receipt.keyring);
    free(job->receipt.path);
    OPENSSL_cleanse(&job->receipt, sizeof job->receipt); /* what a sealed job's was made of */
}

uint64_t job_receipt_bytes(const struct job *job)
{
    return job->receipt.path_size;
}

/* Secrets as a job keeps them: for each its version (8 bytes), the name's size (2), the name. */
int job_pack_secrets(const struct secret_set *set, struct buf *out)
{
    for (size_t i = 0; set && i < set->count; i++) {
        const struct secret_value *value = &set->values[i];
        uint16_t size = (uint16_t)value->name.size;
        buf_add(out, &value->version, sizeof value->version);
        buf_add(out, &size, sizeof size);
        buf_add(out, value->name.data, size);
    }
    return buf_failed(out) ? ERR_NO_MEMORY : 0;
}

static size_t unpack_secrets(struct span packed, struct receipt_secret secrets[SECRET_REFS_MOST])
{
    size_t count = 0;
    for (const char *at = packed.data, *end = at + packed.size; at < end; count++) {
        uint16_t size;
        memcpy(&secrets[count].version, at, sizeof secrets[count].version);
        memcpy(&size, at + sizeof(uint64_t), sizeof size);
        at += sizeof(uint64_t) + sizeof size;
        secrets[count].name = (struct span){at, size};
        at += size;
    }
    return count;
}

/* --- the payload --- */

static size_t nondeterminism_of(const struct job *job, const char *names[])
{
    size_t count = 0;
    const char *name;
    for (unsigned bit = 0; (name = job_nondeterminism_name(bit)); bit++)
        if (job->nondeterminism & (1u << bit))
            names[count++] = name;
    return count;
}

/* HMACs under the job's salt, of what must not be seen in a receipt. */
struct hidden {
    uint8_t output[RECEIPT_HASH_SIZE];
    uint8_t names[SECRET_REFS_MOST][RECEIPT_HASH_SIZE];
};

/* Of a sealed job: input, output and the names of secrets are not to be guessed from the receipt.
 */
static void hide(const struct job *job, struct span output, struct hidden *hidden,
                 struct receipt *receipt, struct receipt_secret *secrets)
{
    if (job->encrypted)
        memcpy(hidden->output, job->proof.output_hash, sizeof hidden->output);
    else
        job_receipt_hmac(job, "output", output, hidden->output);
    for (size_t i = 0; i < receipt->secret_count; i++) {
        job_receipt_hmac(job, "secret-name", secrets[i].name, hidden->names[i]);
        secrets[i].name_hmac = hidden->names[i];
    }
    receipt->sealed = true;
    receipt->input_hmac = receipt->input_sha256;
    receipt->output_hmac = job->code ? NULL : hidden->output;
    receipt->input_sha256 = receipt->output_sha256 = NULL;
}

int job_receipt_write_payload(const struct job *job, struct buf *out)
{
    const struct job_receipt *kept = &job->receipt;
    struct receipt_secret secrets[SECRET_REFS_MOST] = {0};
    const char *nondeterminism[JOB_NONDETERMINISM_MOST];
    uint8_t subject[RECEIPT_HASH_SIZE];
    struct hidden hidden;
    struct job_text text;
    struct buf opened;
    const struct span user = {job->user->id, job->user->id_size};
    int r = job_text_get(job, &opened, &text);
    if (r)
        goto out;
    hmac_parts((struct span){(const char *)kept->salt, RECEIPT_SALT_SIZE}, &user, 1, subject);
    struct receipt receipt = {
        .job_id = {job->id.text, UUID_SIZE - 1},
        .subject = subject,
        .app_id = text.app_id,
        .script_name = text.script_name,
        .entry_point = text.entry_point,
        .script_sha256 = kept->script_sha256,
        .input_sha256 = kept->input,
        .encrypt_to = text.encrypt_to,
        .output_sha256 = job->code || job->encrypted ? NULL : job->proof.output_hash,
        .output_hmac = job->code || !job->encrypted ? NULL : job->proof.output_hash,
        .secrets = secrets,
        .secret_count = unpack_secrets(text.secrets, secrets),
        .error_code = job->code ? error_name(job->code) : NULL,
        .gas_used = job->gas_used,
        .gas_limit = job->gas_limit,
        .memory_used = job->memory_used,
        .memory_limit = job->memory_limit,
        .rounded = job->rounded,
        .nondeterminism = nondeterminism,
        .nondeterminism_count = nondeterminism_of(job, nondeterminism),
        .started_unix_ms = job->started_unix_ms,
        .duration_us = job->duration_ns / NS_PER_US,
        .timeout_ms = job->timeout_ms,
        .engine_digest = keyring_engine_digest(kept->keyring),
        .isolation = keyring_isolation(kept->keyring),
        .claims_sha256 = keyring_claims_digest(kept->keyring),
        .nonce = text.nonce,
        .issued_unix_s = kept->issued_unix_s,
    };
    if (job->sealed)
        hide(job, text.output, &hidden, &receipt, secrets);
    r = receipt_write(&receipt, out);
out:
    buf_wipe(&opened);
    return r;
}

/* At most: names, nonce and secrets, and all that is of one size. */
static size_t payload_most(const struct job *job)
{
    size_t names = (size_t)job->app_id_size + job->script_name_size + job->entry_point_size +
                   job->nonce_size + job->encrypt_to_size + job->secrets_size;
    return PAYLOAD_FIXED + JSON_ESCAPE_MOST * names + SECRET_FIXED * (job->secrets_size / 10);
}

/* The payload, written into `room` unless it was just now. */
static int get_payload(const struct job *job, struct buf *room, struct span *ret)
{
    const struct job_signing *signing = &job->service->signing;
    if (signing->told == job) {
        *ret = signing->told_payload;
        return 0;
    }
    buf_init(room, payload_most(job));
    buf_reserve(room, payload_most(job));
    int r = job_receipt_write_payload(job, room);
    *ret = (struct span){room->data, room->size};
    return r;
}

/* --- the text --- */

bool job_has_receipt(const struct job *job)
{
    return job_status_final(job->status) && job->receipt.keyring;
}

const uint8_t *job_receipt_salt(const struct job *job)
{
    return job->encrypted ? NULL : job->receipt.salt;
}

const struct keyring *job_receipt_keyring(const struct job *job)
{
    return job->receipt.keyring;
}

size_t job_receipt_size(const struct job *job)
{
    return (payload_most(job) + MERKLE_PATH_MOST) / 3 * 4 + 2 * RECEIPT_BATCH_FIXED;
}

/* The batch's JWS over again: its payload follows from a receipt and its path. */
static int write_batch(const struct job_receipt *receipt, struct span payload, struct span path,
                       struct buf *out)
{
    uint8_t leaf[RECEIPT_HASH_SIZE], root[RECEIPT_HASH_SIZE];
    uint32_t count;
    struct buf batch = BUF_INIT(RECEIPT_BATCH_PAYLOAD);
    merkle_leaf(payload, leaf);
    int r = merkle_root_of(path, leaf, &count, root);
    if (!r)
        r = receipt_write_batch(root, count, receipt->issued_unix_s, &batch);
    if (!r)
        r = jws_write(keyring_result_key(receipt->keyring)->kid, JWS_BATCH,
                      (struct span){batch.data, batch.size}, receipt->signature, out);
    buf_done(&batch);
    return r;
}

static int write_batched(const struct job *job, struct span payload, struct buf *out)
{
    const struct job_receipt *receipt = &job->receipt;
    struct span path = {(const char *)receipt->path, receipt->path_size};
    const struct job_signing *signing = &job->service->signing;
    int r = 0;
    base64url_encode(out, payload.data, payload.size);
    buf_add_char(out, '~');
    base64url_encode(out, path.data, path.size);
    buf_add_char(out, '~');
    if (signing->told == job && signing->batch.size > 0)
        buf_add(out, signing->batch.data, signing->batch.size);
    else
        r = write_batch(receipt, payload, path, out);
    return r ? r : buf_failed(out) ? ERR_NO_MEMORY : 0;
}

static int write_alone(const struct job *job, struct span payload, struct buf *out)
{
    const struct job_receipt *receipt = &job->receipt;
    const struct job_signing *signing = &job->service->signing;
    if (signing->told == job && signing->alone.size > 0)
        return buf_add(out, signing->alone.data, signing->alone.size);
    return jws_write(keyring_result_key(receipt->keyring)->kid, JWS_RECEIPT, payload,
                     receipt->signature, out);
}

int job_receipt_write(const struct job *job, bool single, struct buf *out)
{
    const struct job_receipt *receipt = &job->receipt;
    const struct jws_key *key = keyring_result_key(receipt->keyring);
    struct buf room = {0};
    struct span payload;
    int r = get_payload(job, &room, &payload);
    if (!r && !receipt->path)
        r = write_alone(job, payload, out);
    else if (!r && single)
        r = jws_sign(key, JWS_RECEIPT, payload, out, NULL);
    else if (!r)
        r = write_batched(job, payload, out);
    buf_wipe(&room);
    return r;
}
