/*
 * A worker's side: waits for jobs on its socket and runs them, one at a time, on its engine. The
 * same loop serves a sealed process and a thread.
 *
 * After sealing it makes only these system calls itself: recvfrom, sendto, pselect6 (ppoll on a
 * thread whose descriptor is past FD_SETSIZE), clock_gettime where the vDSO has none, exit_group.
 */
#ifndef NEOCOMPUTE_EXEC_WORKER_H
#define NEOCOMPUTE_EXEC_WORKER_H

#include "engine/engine.h"
#include "exec/message.h"
#include "exec/seal.h"
#include "exec/window.h"

/* How much less urgent workers are than the core (nice). */
#define WORKER_NICE 5

/* All borrowed. */
struct worker_setup {
    int fd; /* blocking socket to the core: packets, or a stream for a thread */
    const struct window *window;
    const struct worker_config *config;
    struct engine *engine;
};

/* Tells the core that the worker can take jobs, or why it cannot (`code` and `detail`). */
int worker_say_ready(const struct worker_setup *setup, int code, const struct seal_report *report,
                     const char *failure);

/*
 * Runs jobs until the core closes the socket, breaks the protocol, or the engine must not be used
 * again. Nothing of a job is left in the worker then but what engine.h allows.
 */
void worker_serve(const struct worker_setup *setup);

#endif
