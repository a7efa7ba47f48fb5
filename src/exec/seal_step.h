/*
 * The steps of sealing, in the order in which seal_worker takes them. Private to seal*.c.
 *
 * A step either puts its mechanism into the report, after reading back or trying that it holds, or
 * says by name what the system refused. Only seal_worker judges which of them are required.
 */
#ifndef NEOCOMPUTE_EXEC_SEAL_STEP_H
#define NEOCOMPUTE_EXEC_SEAL_STEP_H

#include "exec/seal.h"

#define SEAL_UNPRIVILEGED_ID 65534 /* "nobody": owns nothing, on any system */

struct seal_state {
    const struct seal_options *options;
    int namespaces; /* what the process was cloned into */
    struct seal_report report;
};

/* Notes that the system refused `what`; `error` is an errno, or 0 if there is none. */
void seal_refuse(struct seal_state *state, const char *what, int error);

/* seal_namespaces.c: ids, empty root; says which namespaces are not the zygote's. */
void seal_step_namespaces(struct seal_state *state);

/* seal_limits.c: memory limit of the cgroup and OOM score (while /proc is there), descriptors,
 * limits; at the very end no new descriptors, for the other steps need some. */
void seal_step_cgroup(struct seal_state *state);
void seal_step_look(struct seal_state *state);
void seal_step_close(struct seal_state *state);
void seal_step_limits(struct seal_state *state);
void seal_step_no_descriptors(struct seal_state *state);

/* seal_identity.c: who the process is. */
void seal_step_identity(struct seal_state *state);
void seal_step_not_dumpable(struct seal_state *state);
void seal_step_no_new_privileges(struct seal_state *state);

/* seal_landlock.c */
void seal_step_landlock(struct seal_state *state);

/* seal_filter.c: the last step; from here on the table holds. */
void seal_step_filter(struct seal_state *state);

#endif
