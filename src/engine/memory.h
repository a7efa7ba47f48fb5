/*
 * The address space of one linear memory: reserved once, grown by the job, given back after it.
 *
 * Guard mode reserves what any 33-bit address of the generated code can reach, without access; only
 * the pages in use can be read and written, and a touch of any other faults (fault.c). Checked mode
 * maps all of the largest memory at once and relies on no protection.
 */
#ifndef NEOCOMPUTE_ENGINE_MEMORY_H
#define NEOCOMPUTE_ENGINE_MEMORY_H

#include "engine/runtime.h"

/* Reserves; linear memory has size 0. ERR_NO_MEMORY. */
int memory_init(struct engine *e);
void memory_done(struct engine *e);

/* Makes the first `bytes` of linear memory usable. ERR_NO_MEMORY if the system refuses. */
int memory_extend(struct engine *e, uint64_t bytes);

/* Gives everything past `bytes` back to the system; it reads as zero when it is extended again. */
int memory_shrink(struct engine *e, uint64_t bytes);

#endif
