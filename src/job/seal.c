/*
 * Jobs whose request was sealed: what is kept of one is its sealed answer, which only its caller
 * can read. Outside it, how it ended and what it used is content.
 */
#include "job/internal.h"
#include <openssl/crypto.h>
#include <string.h>

int job_keep_reply(struct job *job, const struct envelope_reply *reply)
{
    int r = reply ? secret_bytes_init(&job->live->reply, sizeof *reply) : 0;
    if (r || !reply)
        return r;
    memcpy(job->live->reply.data, reply, sizeof *reply);
    job->sealed = true;
    return 0;
}

/* Puts the sealed answer in the place of all that the job said. Empty: there was no memory for it.
 */
static void replace_text(struct job *job, struct span sealed)
{
    char *text = job_text_new(sealed.size);
    job_text_free(job);
    job->text = text;
    job->app_id_size = job->script_name_size = job->entry_point_size = job->nonce_size = 0;
    job->secrets_size = job->logs_size = job->error_size = 0;
    job->output_size = text ? (uint32_t)sealed.size : 0;
    if (job->output_size)
        memcpy(job_text(job), sealed.data, sealed.size);
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
