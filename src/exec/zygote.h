/*
 * The zygote: a process of our own binary that forks workers, because the core must not.
 *
 * Core's side: struct exec_zygote, one socket. It is started by exec_zygote_start (exec.h) before
 * anything secret exists, with an empty environment, so that what its workers inherit is nothing
 * but the program and one engine with its snapshot taken; a worker is then a copy-on-write fork,
 * not a new start.
 *
 * The zygote dies with the core (PDEATHSIG, and the end of its socket), and its workers with it.
 * It cannot be replaced: by the time it dies the core has keys and must not fork. The pool then
 * ends every job as lost and takes no other (exec_stats.healthy): the service has to be restarted,
 * which is what a supervisor does when the core, seeing that, exits.
 */
#ifndef NEOCOMPUTE_EXEC_ZYGOTE_H
#define NEOCOMPUTE_EXEC_ZYGOTE_H

#include <sys/types.h>

/* The descriptor at which the zygote finds the core, and a worker its own socket. */
#define ZYGOTE_FD 3

/* How many children a zygote can have at a time: the most that limit `workers` allows, and as many
 * again that are dead but not reaped yet. */
#define ZYGOTE_CHILDREN 2048

/* More stack than engine_stack_bytes, for what is below engine_run. */
#define ZYGOTE_STACK_EXTRA_BYTES (1024u * 1024)

struct exec_zygote {
    int fd;    /* sequenced-packet socket */
    pid_t pid; /* child of this process */
};

/* Closes the socket, waits until it has ended its workers and itself, frees. NULL is fine. */
void zygote_free(struct exec_zygote *zygote);

#endif
