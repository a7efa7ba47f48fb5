/*
 * The SIGSEGV handler of guard mode: a fault inside the linear memory of the engine that runs on
 * this thread is either the first write to a page of the snapshot, or a trap that ends the job. Any
 * other fault goes on to the default action.
 */
#ifndef NEOCOMPUTE_ENGINE_FAULT_H
#define NEOCOMPUTE_ENGINE_FAULT_H

/* Installs the handler for the process; again is fine. ERR_SYSTEM. */
int fault_install(void);

/*
 * Gives the calling thread an alternate signal stack, once a thread (two sigaltstack calls); later
 * calls make no system call. A forked child has it already. ERR_SYSTEM.
 */
int fault_prepare_thread(void);

/*
 * Overwrites the calling thread's signal stack. A signal frame holds the vector registers as they
 * were at a fault, and with them the last bytes that were copied: of a secret, say.
 */
void fault_wipe_thread(void);

#endif
