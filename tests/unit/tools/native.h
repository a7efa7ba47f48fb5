/* The smallest runtime that runs generated code: see native.c. One instance runs at a time. */
#ifndef TESTS_TOOLS_NATIVE_H
#define TESTS_TOOLS_NATIVE_H

#include "wasm_exports.h"

#define NATIVE_DEPTH 10000u

struct native {
    struct wasm wasm;
    uint64_t gas_left; /* not yet handed out */
    uint64_t slice;    /* handed out at a time */
    int masked;        /* the checked build: all under the mask is open, and the slack behind it */
};

void native_init(struct native *native, const struct wasm_exports *exports, int masked);

/* Runs `code`; returns how it trapped, or WASM_TRAP_NONE. */
enum wasm_trap native_run(struct native *native, void (*code)(struct native *, void *),
                          void *argument);

/*
 * The checked build's memory was `start`, of `size` bytes, and zero behind it. Does all that has
 * changed lie in the parts that stores noted, or in the slack behind one? Slow: looks at 256 MiB.
 */
int native_changes_are_noted(const struct native *native, const uint8_t *start, uint64_t size);

uint64_t native_gas_used(const struct native *native);

#endif
