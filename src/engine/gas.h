/*
 * Gas: what a job may compute, handed out in slices so that time and cancelling are looked at
 * between two slices, without signals.
 *
 * The generated code counts down `wasm.gas`; when it wraps below zero wasm_gas_slow hands out the
 * next slice. The point where a job runs out does not depend on where slices begin: the debt of the
 * charge that wrapped is paid from the next slice, in full, and what cannot be paid ends the job.
 */
#ifndef NEOCOMPUTE_ENGINE_GAS_H
#define NEOCOMPUTE_ENGINE_GAS_H

#include "engine/runtime.h"

/* Starts the clock and hands out the first slice. */
void gas_start(struct engine *e, uint64_t limit, uint64_t timeout_ns);

/* Gas used so far; the limit itself once it is used up. */
uint64_t gas_used(const struct engine *e);

/* Ends the job if its time is over or it was cancelled. */
void gas_check_time(struct engine *e);

/* When the job's time is over, monotonic ns. */
uint64_t gas_deadline(const struct engine *e);

#endif
