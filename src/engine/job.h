/*
 * One job inside the engine: script, entry point, promises and timers, output.
 */
#ifndef NEOCOMPUTE_ENGINE_JOB_H
#define NEOCOMPUTE_ENGINE_JOB_H

#include "engine/runtime.h"

/*
 * Runs e->job to its end. 0 with e->output_size set, or an ERR_* code with e->why set, or
 * ERR_SCRIPT_ERROR with the error text written. To be called under engine_guarded.
 */
int job_run(struct engine *e);

#endif
