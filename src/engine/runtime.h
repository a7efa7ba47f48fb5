/*
 * The inside of an engine, shared by the files of this folder only.
 *
 * Everything that lives inside the linear memory is hostile once a script has run: an address or a
 * length that comes from there goes through engine_look or engine_bytes before it is used. Nothing
 * here writes to the linear memory but through engine_bytes: a restore may rest on that.
 */
#ifndef NEOCOMPUTE_ENGINE_RUNTIME_H
#define NEOCOMPUTE_ENGINE_RUNTIME_H

#include "base/error.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "engine/js.h"
#include "engine/wasm.h"
#include "engine/wasm_exports.h"

#define ENGINE_PAGE_BYTES  4096u /* of the MMU, not of wasm */
#define ENGINE_CALL_DEPTH  10000u
#define ENGINE_REALM_NAMES 256u /* most names of the realm's global object */
#define ENGINE_INTRINSICS  256u /* most prototypes that the realm is born with */
#define ENGINE_RANDOM_POOL 256u /* bytes */

/* memory.c */
struct memory {
    uint64_t reserved; /* bytes of address space from wasm.memory */
    uint64_t limit;    /* most bytes that the running job may grow to */
};

/* snapshot.c */
struct snapshot_run {
    uint32_t first, count; /* pages */
};

struct snapshot {
    uint8_t *image;         /* what linear memory is restored to; NULL until taken */
    uint32_t pages;         /* of ENGINE_PAGE_BYTES */
    uint32_t stack_pointer; /* of the module */
    uint8_t *hot;           /* a flag a page: writable, and restored after each job */
    uint32_t hot_count;
    uint32_t learned;          /* pages that became hot since `runs` was made */
    struct snapshot_run *runs; /* the hot pages, as ranges */
    uint32_t run_count;
    uint32_t jobs; /* since the hot set was last emptied */
};

/* gas.c */
struct meter {
    uint64_t limit;    /* gas of the job */
    uint64_t reserve;  /* of it, not yet handed out as a slice */
    uint64_t start_ns; /* monotonic */
    uint64_t timeout_ns;
};

/* logs.c */
struct log_state {
    uint32_t count;   /* entries written */
    uint32_t dropped; /* entries that had no place */
    size_t size;      /* bytes of out.logs in use */
};

/* timer.c */
struct timer {
    uint64_t due_ns;    /* monotonic */
    uint64_t repeat_ns; /* 0: once */
    uint32_t id;
    js_value callback; /* owned */
};

struct timers {
    struct timer *table; /* a heap by (due, id) */
    uint32_t count, capacity, most;
    uint32_t last_id;
};

/* canonical.c */
struct canonical_frame {
    js_value object; /* owned */
    uint32_t keys;   /* an object's: address of the sorted JSPropertyEnum table, or 0 */
    bool array;
    bool filled;    /* a property was written */
    uint64_t count; /* keys or elements */
    uint64_t next;  /* index of the next one */
};

/* realm.c: what the snapshot holds; addresses and values inside linear memory. */
struct realm {
    uint32_t runtime, context;
    uint32_t random_state; /* address of Math.random's state */
    uint32_t scratch;      /* address of REALM_SCRATCH_BYTES for arguments and results of the API */
    uint32_t file_name;    /* address of "script.js" */
    js_value global, lexicals; /* the global object, and the object of top-level let and const */
    js_value inspect, is_identifier, error_stack; /* of the prelude */
    js_value to_iso_string, number_value, string_value, boolean_value, bigint_value;
    uint32_t atom_input, atom_secrets, atom_to_json, atom_then, atom_raw_json;
    uint32_t class_number, class_string, class_boolean, class_bigint, class_date, class_raw_json,
        class_dom_exception;
    uint32_t intrinsics[ENGINE_INTRINSICS]; /* addresses of the realm's own prototypes, sorted */
    uint32_t intrinsic_count;
    struct span names[ENGINE_REALM_NAMES]; /* sorted; owned */
    uint32_t name_count;
};

#define REALM_SCRATCH_BYTES 64u

struct engine {
    struct wasm wasm; /* first: engine_of() */
    enum engine_bounds bounds;
    struct memory memory;
    struct snapshot snapshot;
    struct meter meter;
    struct realm realm;
    struct timers timers;
    struct canonical_frame *frames;
    uint32_t frame_capacity;

    /* The job at hand; NULL between jobs and while the realm is made. */
    const struct engine_job *job;
    const struct engine_host *host;
    const struct engine_out *out;
    size_t output_size, error_size;
    struct log_state log;
    uint32_t nondeterminism;
    uint64_t random_seed; /* what Math.random started from */

    /* How the job ended. */
    void *landing[5]; /* where wasm_trap and engine_end go to */
    enum wasm_trap trap;
    bool reading_input; /* the engine is still busy with the input, not with the script */
    int ended;          /* ERR_* */
    struct error_detail why;

    struct random_pool *random;
};

static inline struct engine *engine_of(struct wasm *w)
{
    return (struct engine *)w;
}

/* The exported functions of the module: JS(e, JS_Call, ...) calls JS_Call in the engine. */
#define JS(e, function, ...)     ((e)->wasm.exports->function(&(e)->wasm __VA_OPT__(, ) __VA_ARGS__))
/* The same for functions whose first parameter is the JSContext. */
#define JS_CTX(e, function, ...) JS(e, function, (e)->realm.context __VA_OPT__(, ) __VA_ARGS__)

/* Ends the job (jumps back to engine_guarded): `e->why` says why. */
_Noreturn void engine_end(struct engine *e, int code);

/* Ends the job because of a limit; the message says how much was used and allowed. */
_Noreturn void engine_end_limit(struct engine *e, int code, enum limit limit, uint64_t used,
                                uint64_t allowed);

/*
 * Runs `step` where traps and engine_end land. True if it came back by itself; else e->trap, and
 * for WASM_TRAP_ENDED e->ended, say what happened.
 */
bool engine_guarded(struct engine *e, void (*step)(struct engine *));

/* The engine whose job runs on this thread, for the fault handler. */
extern _Thread_local struct engine *engine_current;

/* `size` bytes of linear memory at `address`, to read; an address out of range is a trap. */
static inline const uint8_t *engine_look(struct engine *e, uint32_t address, uint32_t size)
{
    if ((uint64_t)address + size > e->wasm.memory_size) {
        wasm_trap(&e->wasm, WASM_TRAP_OUT_OF_BOUNDS);
    }
    return e->wasm.memory + address;
}

/* The same to write to: noted as written, as a store of the generated code is (wasm.h). */
static inline uint8_t *engine_bytes(struct engine *e, uint32_t address, uint32_t size)
{
    const uint8_t *bytes = engine_look(e, address, size);
    if (e->bounds == ENGINE_BOUNDS_CHECKED && size > 0) {
        uint32_t first = address / WASM_PART_BYTES;
        __builtin_memset(e->wasm.written + first, 1,
                         (address + size - 1) / WASM_PART_BYTES - first + 1);
    }
    return (uint8_t *)bytes;
}

static inline uint32_t engine_read_u32(struct engine *e, uint32_t address)
{
    uint32_t value;
    __builtin_memcpy(&value, engine_look(e, address, sizeof(value)), sizeof(value));
    return value;
}

static inline uint64_t engine_read_u64(struct engine *e, uint32_t address)
{
    uint64_t value;
    __builtin_memcpy(&value, engine_look(e, address, sizeof(value)), sizeof(value));
    return value;
}

static inline void engine_write_u32(struct engine *e, uint32_t address, uint32_t value)
{
    __builtin_memcpy(engine_bytes(e, address, sizeof(value)), &value, sizeof(value));
}

static inline void engine_write_u64(struct engine *e, uint32_t address, uint64_t value)
{
    __builtin_memcpy(engine_bytes(e, address, sizeof(value)), &value, sizeof(value));
}

/* The job pays; ends it where the gas is used up. */
static inline void engine_charge(struct engine *e, uint64_t gas)
{
    if (__builtin_sub_overflow(e->wasm.gas, gas, &e->wasm.gas)) {
        wasm_gas_slow(&e->wasm);
    }
}

#endif
