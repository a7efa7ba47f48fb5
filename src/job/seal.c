/*
 * Jobs whose request was sealed: what is kept of one is its sealed answer, which only its caller
 * can read. Outside it, how it ended and what it used is content. And jobs that name a recipient:
 * output, logs and error are sealed to it, the rest is there for all to see.
 */
#include "job/internal.h"
#include <openssl/crypto.h>
#include <string.h>

static int keep(struct secret_bytes *secret, const void *data, size_t size)
{
    if (!data)
        return 0;
    int r = secret_bytes_init(secret, size);
    if (!r)
        memcpy(secret->data, data, size);
    return r;
}

int job_keep_sealers(struct job *job, const struct job_submission *submission)
{
    struct live *live = job->live;
    job->sealed = submission->reply != NULL;
    job->encrypted = submission->recipient != NULL;
    int r = keep(&live->reply, submission->reply, sizeof *submission->reply);
    return r ? r : keep(&live->recipient, submission->recipient, sizeof *submission->recipient);
}

int job_seal_result(struct job *job, const struct recipient_result *result, struct buf *out)
{
    struct secret_bytes *recipient = &job->live->recipient;
    if (result->output.size) {
        job_receipt_hmac(job, "output", result->output, job->proof.output_hash);
        protect_sign(job->service->protect, job->proof.output_hash, job->proof.signature);
    }
    int r = recipient_seal_result((struct recipient *)(void *)recipient->data,
                                  (struct span){job->id.text, UUID_SIZE - 1}, result, out);
    secret_bytes_done(recipient);
    return r;
}

/* Puts the sealed answer in the place of all that the job said. Empty: there was no memory for it.
 */
static void replace_text(struct job *job, struct span sealed)
{
    char *text = job_text_new(sealed.size);
    job_text_free(job);
    job->text = text;
    job->app_id_size = job->script_name_size = job->entry_point_size = job->nonce_size = 0;
    job->encrypt_to_size = job->secrets_size = job->logs_size = job->error_size = 0;
    job->output_size = text ? (uint32_t)sealed.size : 0;
    if (job->output_size)
        memcpy(job_text_data(job), sealed.data, sealed.size);
}

void job_seal_answer(struct job *job)
{
    const struct envelope_reply *reply =
        (const struct envelope_reply *)(const void *)job->live->reply.data;
    struct buf sealed = BUF_INIT(SIZE_MAX / 2);
    bool ok = job->service->seal(job, reply, &sealed) == 0;
    replace_text(job, ok ? (struct span){sealed.data, sealed.size} : (struct span){0});
    buf_done(&sealed);
    secret_bytes_done(&job->live->reply);
    job->status = JOB_COMPLETED;
    job->code = 0;
    job->duration_ns = job->gas_used = job->memory_used = 0;
    job->nondeterminism = 0;
    OPENSSL_cleanse(&job->proof, sizeof job->proof);
    job_receipt_done(job);
}
