/*
 * The snapshot: one image of linear memory and globals, brought back after every job.
 *
 * Guard mode keeps a hot set. Pages known to be dirtied by jobs are writable and always restored;
 * all others are read-only, so the MMU proves that they did not change. The first write to one of
 * them faults once (fault.c): the page becomes writable, is restored after this job, and joins the
 * hot set. Because one tenant can make every page hot, the set is emptied and learned again after
 * RELEARN_JOBS jobs, or sooner when it is large.
 *
 * In checked mode nothing may rely on mprotect. There the code that writes notes where (wasm.h):
 * what keeps a store inside the memory and what notes it are one piece of generated code.
 */
#ifndef NEOCOMPUTE_ENGINE_SNAPSHOT_H
#define NEOCOMPUTE_ENGINE_SNAPSHOT_H

#include "engine/runtime.h"

/* Takes the snapshot; the stack below the stack pointer is zeroed first. ERR_NO_MEMORY. */
int snapshot_take(struct engine *e);
void snapshot_done(struct engine *e);

/* Has the job made linear memory larger than the snapshot? */
bool snapshot_outgrown(const struct engine *e);

/*
 * Brings memory, its size and the globals back. ERR_SYSTEM if the system refused a call: linear
 * memory is then in no known state.
 */
int snapshot_restore(struct engine *e);

/*
 * A write to byte `offset` of linear memory faulted: makes its page writable if it is one that the
 * snapshot protects. False if it is not. Async-signal-safe.
 */
bool snapshot_thaw(struct engine *e, uint64_t offset);

#endif
