/*
 * The audit's second binary has no seccomp filter, though it says it has: what still fails there
 * fails by another mechanism. Linked into neocompute-audit-unfiltered only.
 */
#include "exec/seal_step.h"

void __wrap_seal_step_filter(struct seal_state *state);

void __wrap_seal_step_filter(struct seal_state *state)
{
    state->report.mechanisms |= SEAL_SECCOMP;
}
