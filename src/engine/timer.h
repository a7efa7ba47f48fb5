/*
 * The timers of a job: setTimeout and setInterval, ordered by the time they are due.
 *
 * The callbacks are values inside linear memory; the table is outside, so a script can make no more
 * of them than the limit `timers` allows.
 */
#ifndef NEOCOMPUTE_ENGINE_TIMER_H
#define NEOCOMPUTE_ENGINE_TIMER_H

#include "engine/runtime.h"

#define TIMERS_MOST 100000u /* what the limit `timers` can be set to */

/* ERR_NO_MEMORY. */
int timers_init(struct timers *timers);
void timers_done(struct timers *timers);

/* Forgets all timers; at most `most` may be pending from now on. */
void timers_reset(struct timers *timers, uint32_t most);

/* Takes `callback`. The timer's id, or 0 if there are too many. */
uint32_t timers_add(struct timers *timers, uint64_t due_ns, uint64_t repeat_ns, js_value callback);

/* Removes a timer; true and its callback if there was one. */
bool timers_remove(struct timers *timers, uint32_t id, js_value *ret);

/* The next timer to fire, or NULL. */
const struct timer *timers_first(const struct timers *timers);

/*
 * Takes the first timer off, or moves a repeating one on to its next time after `now_ns`. The
 * callback is owned by the caller if the timer was taken off, else borrowed.
 */
js_value timers_fire(struct timers *timers, uint64_t now_ns, bool *ret_owned);

#endif
