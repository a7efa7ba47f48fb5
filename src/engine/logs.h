/*
 * What a job wrote to its console: entries in the caller's buffer, with a most number and a most
 * size each. What did not fit is said in one last entry.
 */
#ifndef NEOCOMPUTE_ENGINE_LOGS_H
#define NEOCOMPUTE_ENGINE_LOGS_H

#include "engine/runtime.h"

/* One entry; cut at a character and ended with "...(truncated)" where it is too long. */
void logs_add(struct engine *e, struct span text);

/* Adds the last entry if any were dropped. Once, at the end of the job. */
void logs_finish(struct engine *e);

#endif
