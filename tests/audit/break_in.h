/*
 * The break-in: native code that runs in a sealed worker, as if a script had broken out of the
 * engine. It is linked into neocompute-audit only, which is the product's own code with the calls
 * of engine_run and seal_worker led through here (the linker's --wrap): the product has no hook.
 *
 * A job whose script starts with "//audit:NAME ARGUMENT" runs the attack of that name; what it came
 * to is the job's output, if the worker lives to tell.
 */
#ifndef NEOCOMPUTE_TESTS_BREAK_IN_H
#define NEOCOMPUTE_TESTS_BREAK_IN_H

#include "engine/engine.h"

#define BREAK_IN_PREFIX "//audit:"

struct break_in {
    const char *argument; /* NUL-terminated; what follows the name in the script's first line */
    const struct engine_job *job;
    const struct engine_out *out;
    struct engine_result *result; /* filled as after a small job; an attack may forge it */
};

/* What an attack found: -1 and errno if it was refused, anything else if it got through. */
typedef long attack_fn(struct break_in *job);

struct attack {
    const char *name;
    attack_fn *run;
};

extern const struct attack attacks_calls[], attacks_memory[], attacks_core[];

/* The address space as it was when the worker was about to be sealed: a gift to the attacker. */
struct break_in_range {
    uintptr_t start, end;
    char name[32]; /* the mapping's file, cut */
};
#define BREAK_IN_RANGES 512
extern struct break_in_range break_in_ranges[BREAK_IN_RANGES];
extern size_t break_in_range_count;
extern int break_in_socket;
extern const volatile void *break_in_window;

#endif
