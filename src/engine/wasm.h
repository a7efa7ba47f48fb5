/*
 * The contract between the generated code (tools/, from quickjs.wasm) and its runtime (memory.c,
 * host.c, imports.c): one instance of the module, the exports the engine calls, the functions it
 * must find.
 *
 * The module is generated once for each way of bounding an address; both call the same runtime.
 */
#ifndef NEOCOMPUTE_ENGINE_WASM_H
#define NEOCOMPUTE_ENGINE_WASM_H

#include <stddef.h>
#include <stdint.h>

#define WASM_PAGE_BYTES 65536u
#define WASM_PAGES_MOST 4096u /* 256 MiB; the module may never have more */

/*
 * How the two builds keep an address inside the memory:
 *
 * guard    Any 32-bit address plus any 32-bit offset may be touched: 8 GiB and a page from `memory`
 *          on belong to the instance, all but memory_size bytes of it without access.
 * checked  The address is taken modulo the most that the memory may ever have; then a constant
 *          offset below WASM_OFFSETS_MASKED_APART is added. (A greater one is added before.) A wild
 *          address wraps to another place of the same memory instead of trapping: contained, not
 *          noticed. So all of [0, WASM_MASK + 1 + WASM_MASK_SLACK) must be mapped and writable, and
 *          whatever is cleared or restored after a job must be that range, not just memory_size: a
 *          broken engine can write all of it. Each store also notes which part of the memory its
 *          masked address is in (`written`), for there is no MMU to tell: what is not noted, with
 *          WASM_MASK_SLACK bytes behind each part that is, is as it was. (tools/README.md has what
 *          other ways cost.)
 *
 * Where address + offset is inside the memory, so is the address: a program that stays inside sees
 * the same in both. memory.copy and memory.fill compare with memory_size in both.
 */
#define WASM_MASK (WASM_PAGES_MOST * WASM_PAGE_BYTES - 1)

#define WASM_OFFSETS_MASKED_APART 1018u
#define WASM_MASK_SLACK           1024u /* what 8 bytes at the greatest of them reach, see below */

#define WASM_PART_BYTES 4096u
#define WASM_PARTS_MOST (WASM_PAGES_MOST * (WASM_PAGE_BYTES / WASM_PART_BYTES))

_Static_assert((WASM_MASK & (WASM_MASK + 1)) == 0, "a mask keeps the bits below a power of two");
_Static_assert(WASM_OFFSETS_MASKED_APART - 1 + sizeof(uint64_t) - 1 == WASM_MASK_SLACK,
               "8 bytes at the greatest offset from a part's last byte end with the slack");
_Static_assert(WASM_MASK_SLACK <= WASM_PART_BYTES, "the slack is in the part behind");

enum wasm_trap {
    WASM_TRAP_NONE,
    WASM_TRAP_OUT_OF_BOUNDS,
    WASM_TRAP_UNREACHABLE,
    WASM_TRAP_DIVIDE,        /* by zero, or INT_MIN / -1 */
    WASM_TRAP_CONVERSION,    /* float to integer out of range */
    WASM_TRAP_CALL_INDIRECT, /* table index or type */
    WASM_TRAP_CALL_DEPTH,    /* counted depth used up */
    WASM_TRAP_ENDED          /* the runtime ended the job (gas, time, memory, host function) */
};

struct wasm_exports;

/* One instance. What hot code touches comes first: short addresses, one cache line. */
struct wasm {
    uint64_t gas;           /* left of the slice handed out, < 2^63; wraps below 0, then gas_slow */
    uint8_t *memory;        /* base of linear memory; never moves */
    uint64_t memory_size;   /* bytes in use, a multiple of WASM_PAGE_BYTES */
    uint32_t depth;         /* counted calls still allowed; not restored by a trap: set it again */
    uint32_t stack_pointer; /* the module's one mutable global; not restored by a trap either */
    const struct wasm_exports *exports;
    void *runtime; /* of memory.c, host.c and imports.c */
    /* checked: 1 for each part that a store's masked address was in since the runtime cleared it */
    uint8_t written[WASM_PARTS_MOST];
};

/*
 * What the runtime gives the generated code.
 */
_Noreturn void wasm_trap(struct wasm *w, enum wasm_trap trap);

/*
 * Called when `gas` went below zero (it has wrapped: what was charged is already subtracted, so
 * adding the next slice sets it right). Returns with gas < 2^63, or ends the job: one charge may be
 * greater than a slice, so add slices until the top bit is clear. Keeps the caller's registers.
 */
__attribute__((cold, noinline, preserve_most)) void wasm_gas_slow(struct wasm *w);

/*
 * Grows by `pages` (any number) and sets memory_size; new pages are zero. Returns the old size in
 * pages; ends the job where the limit forbids it, never returns -1 to a script. The generated code
 * has already charged for the pages.
 */
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
