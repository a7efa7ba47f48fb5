/*
 * The contract between the generated code (tools/, from quickjs.wasm) and its runtime (memory.c,
 * host.c): one instance of the module, the exports the engine calls, the functions it must find.
 *
 * The module is generated once for each way of bounding an address; both call the same runtime.
 */
#ifndef NEOCOMPUTE_ENGINE_WASM_H
#define NEOCOMPUTE_ENGINE_WASM_H

#include <stdint.h>

#define WASM_PAGE_BYTES 65536u
#define WASM_PAGES_MOST 4096u /* 256 MiB; the module may never have more */

enum wasm_trap {
    WASM_TRAP_NONE,
    WASM_TRAP_OUT_OF_BOUNDS,
    WASM_TRAP_UNREACHABLE,
    WASM_TRAP_DIVIDE,          /* by zero, or INT_MIN / -1 */
    WASM_TRAP_CONVERSION,      /* float to integer out of range */
    WASM_TRAP_CALL_INDIRECT,   /* table index or type */
    WASM_TRAP_CALL_DEPTH,      /* counted depth used up */
    WASM_TRAP_ENDED            /* the runtime ended the job (gas, time, memory, host function) */
};

struct wasm_exports;

/* One instance. The generated code depends on the order of the first fields. */
struct wasm {
    uint64_t gas;         /* what is left of the slice handed out; wraps below zero, then gas_slow */
    uint8_t *memory;      /* base of linear memory; never moves */
    uint64_t memory_size; /* bytes in use, a multiple of WASM_PAGE_BYTES */
    uint32_t depth;       /* counted calls still allowed */
    uint32_t stack_pointer; /* the module's one mutable global */
    const struct wasm_exports *exports;
    void *runtime; /* of memory.c and host.c */
};

/*
 * What the runtime gives the generated code.
 */
_Noreturn void wasm_trap(struct wasm *w, enum wasm_trap trap);

/* Called when `gas` went below zero: refills the slice, or ends the job. Keeps caller registers. */
__attribute__((cold, noinline, preserve_most)) void wasm_gas_slow(struct wasm *w);

/* The old size in pages; ends the job where the limit forbids it. Never returns -1 to a script. */
uint32_t wasm_memory_grow(struct wasm *w, uint32_t pages);

/* The module's imports, named as in the module: wasm_import_<name>. */
uint32_t wasm_import_host_get_timezone_offset(struct wasm *w, uint32_t, uint32_t);
uint32_t wasm_import_host_interrupt(struct wasm *w);
void wasm_import_host_promise_rejection(struct wasm *w, uint32_t, uint32_t, uint32_t);
uint32_t wasm_import_host_module_normalize(struct wasm *w, uint32_t, uint32_t);
uint32_t wasm_import_host_module_load(struct wasm *w, uint32_t, uint32_t);
uint32_t wasm_import_host_call(struct wasm *w, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
uint32_t wasm_import_clock_time_get(struct wasm *w, uint32_t, uint64_t, uint32_t);
uint32_t wasm_import_fd_close(struct wasm *w, uint32_t);
uint32_t wasm_import_fd_fdstat_get(struct wasm *w, uint32_t, uint32_t);
uint32_t wasm_import_fd_seek(struct wasm *w, uint32_t, uint64_t, uint32_t, uint32_t);
uint32_t wasm_import_fd_write(struct wasm *w, uint32_t, uint32_t, uint32_t, uint32_t);
uint32_t wasm_import_random_get(struct wasm *w, uint32_t, uint32_t);

/*
 * What the generated code gives the runtime: for each build a table of the exports that the engine
 * calls (the list is src/engine/exports.txt), the initial memory image and its size.
 *
 * wasm_exports.h is generated: struct wasm_exports { uint64_t (*JS_Eval)(struct wasm *, uint32_t,
 * ...); ... } plus:
 *     void (*instantiate)(struct wasm *)   data segments and globals into a zeroed memory of
 *                                          WASM_INITIAL_PAGES; no code of the module is run
 */
extern const struct wasm_exports wasm_guard_exports, wasm_checked_exports;

/* Hex SHA-256 over the wasm, the tool and the compiler's name, version and options; 64 digits. */
extern const char wasm_build_digest[];

#endif
