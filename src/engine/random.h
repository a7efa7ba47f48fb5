/*
 * Random bytes of the system for a job, drawn a pool at a time: a small job needs eight of them,
 * and a system call for each would cost more than the rest of its random numbers.
 *
 * A forked child finds the pool empty (MADV_WIPEONFORK), so no two processes ever share a byte.
 */
#ifndef NEOCOMPUTE_ENGINE_RANDOM_H
#define NEOCOMPUTE_ENGINE_RANDOM_H

#include "engine/runtime.h"

/* ERR_NO_MEMORY. */
int random_init(struct engine *e);
void random_done(struct engine *e);

/* Fills `data`, which must not be linear memory; false if the system gives none. */
bool random_fill(struct engine *e, void *data, size_t size);

/* The same for the job, which it notes as random, and ends if there are none. */
void random_need(struct engine *e, void *data, size_t size);

#endif
