/*
 * One job on this machine, without a service: a worker of a pool of its own, sealed and limited as
 * in a service. `run` shows what comes of it, `verify --replay` compares.
 *
 * Life cycle: local_job_prepare -> (read secrets) -> local_job_run -> local_job_result_done.
 */
#ifndef NEOCOMPUTE_CMD_LOCAL_JOB_H
#define NEOCOMPUTE_CMD_LOCAL_JOB_H

#include "exec/exec.h"

struct local_job {
    struct exec_request request; /* borrowed from the caller */
    const struct limits *limits; /* one worker is made, whatever they say */
    enum exec_isolation isolation;
    struct exec_zygote *zygote; /* from local_job_prepare; taken by local_job_run */
};

/* Starts the zygote, where there is one. Before any secret is read. As exec_zygote_start. */
int local_job_prepare(struct local_job *job, struct error_detail *detail);

/*
 * Runs it to its end; SIGINT cancels it, and a terminal on standard error sees how long it runs.
 * 0 and the result, also of a job that failed; or why it could not be run at all.
 */
int local_job_run(struct local_job *job, struct exec_result *ret, struct error_detail *detail);
void local_job_result_done(struct exec_result *result);

#endif
