/*
 * Turns: which of the jobs that were given ahead a worker may still begin.
 *
 * The core gives a worker its next jobs while it runs one, so that it need not sleep and be woken
 * in between. Those it has not begun can be taken back, when the one before them turns out to be
 * long. Both sides agree by one word in the window: its low half is the sequence of the last job
 * that the worker began, its high half a round. Each job is given in a round, and may be begun only
 * while that round lasts; who ends it takes back all that has not been begun, at once and for good.
 * But for the first job that the worker has: the core counts it as begun, and writes it there.
 *
 * A worker may write anything there. What it gains is to run, or not to run, jobs that were its own
 * to run: the core never waits for the word, its answers are checked by their sequence, and the
 * watchdog looks at the clock.
 */
#ifndef NEOCOMPUTE_EXEC_TURN_H
#define NEOCOMPUTE_EXEC_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint64_t turn_word;

/* Worker: may this job be begun? If so, it has been: the core cannot take it back any more. */
static inline bool turn_begin(turn_word *word, uint32_t round, uint32_t sequence)
{
    uint64_t now = atomic_load(word);
    while (now >> 32 == round)
        if (atomic_compare_exchange_weak(word, &now, (uint64_t)round << 32 | sequence))
            return true;
    return (uint32_t)now == sequence;
}

/* Worker: gives back what it has of this round and has not begun. DONE tells the core. */
static inline void turn_decline(turn_word *word, uint32_t round, uint32_t sequence)
{
    uint64_t now = atomic_load(word);
    while (now >> 32 == round &&
           !atomic_compare_exchange_weak(word, &now, (uint64_t)(round + 1) << 32 | sequence))
        ;
}

/*
 * Core: ends the round. Returns the sequence of the last job that was begun, by the worker's word;
 * `first` counts as begun whatever it says.
 */
static inline uint32_t turn_take_back(turn_word *word, uint32_t next_round, uint32_t first)
{
    return (uint32_t)atomic_exchange(word, (uint64_t)next_round << 32 | first);
}

#endif
