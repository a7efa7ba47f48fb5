/*
 * The engine: one JavaScript realm inside one linear memory, restored to a snapshot after each job.
 *
 * QuickJS, compiled from metered wasm, and the script live inside the linear memory; nothing a
 * script does reaches outside it except through the host functions of host.c. An engine runs one
 * job at a time, on one thread, and touches no file, socket or clock but through `engine_host`.
 *
 * Life cycle: engine_new (instantiate, run the prelude, take the snapshot; milliseconds) ->
 * engine_run for each job (microseconds; restores before it returns) -> engine_free.
 *
 * The calling thread needs a native stack of engine_stack_bytes: recursion ends at a counted depth
 * (limit call_depth) that always comes first.
 */
#ifndef NEOCOMPUTE_ENGINE_ENGINE_H
#define NEOCOMPUTE_ENGINE_ENGINE_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct engine_result;

/* How the generated code keeps an address inside the linear memory. */
enum engine_bounds {
    ENGINE_BOUNDS_GUARD,  /* 8 GiB of guarded address space and SIGSEGV: fast */
    ENGINE_BOUNDS_CHECKED /* in software: for enclaves, where guard pages protect nothing */
};

/* What a job touched that the same job would not find the same again. */
enum engine_nondeterminism { ENGINE_USED_CLOCK = 1, ENGINE_USED_RANDOM = 2, ENGINE_USED_TIMER = 4 };

/* What the engine needs from its surroundings while a job runs. Called on the engine's thread. */
struct engine_host {
    void *ctx;
    /* Must the job end now? 0, or the code it ends with (ERR_CANCELLED). Asked at each refill. */
    int (*interrupted)(void *ctx);
    /* Sleeps until the monotonic time (ns) or until `interrupted` would answer otherwise. */
    void (*sleep_until)(void *ctx, uint64_t monotonic_ns);
    /*
     * The answer is complete, and the engine has let go of job and out: all that is left to do is
     * to restore the snapshot, which the one who waits for the answer need not wait for. May be
     * NULL. Not called for a job that made memory grow: its answer must not say that it has ended
     * while it still holds that memory.
     */
    void (*answered)(void *ctx, const struct engine_result *result);
};

struct engine_secret {
    struct span name;
    struct span value; /* UTF-8 */
};

/*
 * One job. Everything is borrowed and must stay as it is until `answered` is called or engine_run
 * returns.
 */
struct engine_job {
    struct span script;      /* UTF-8 */
    struct span entry_point; /* a JavaScript identifier; anything else is ERR_ENTRY_POINT_MISSING */
    struct span input;       /* JSON text, given to JSON.parse as it is; empty means {} */
    const struct engine_secret *secrets;
    size_t secret_count;
    bool confidential;     /* nothing of it may stay behind, as with secrets */
    uint64_t gas_limit;    /* gas units */
    uint64_t memory_limit; /* bytes of linear memory */
    uint64_t timeout_ns;   /* from the first instruction */
    uint32_t output_depth; /* most nesting of the output */
    uint32_t log_entries;  /* most entries; one more says how many were dropped */
    uint32_t log_entry_bytes;
    uint32_t timers;
};

/*
 * Where a job's answer goes: three buffers of the caller (usually in the shared window), written
 * in place, never past their size.
 */
struct engine_out {
    char *output; /* canonical JSON (RFC 8785) of the output object */
    size_t output_max;
    char *logs; /* entries one after another, each u32 size (native order) then UTF-8 bytes */
    size_t logs_max;
    char *error; /* UTF-8: "Name: message\n    at f (script.js:3:7)..." for script errors, else
                    one sentence that says what, used and allowed */
    size_t error_max;
};

struct engine_result {
    int code; /* 0 or the job's ERR_* code */
    size_t output_size, logs_size, error_size;
    uint32_t log_count;
    uint32_t nondeterminism; /* engine_nondeterminism bits */
    uint64_t gas_used;
    uint64_t memory_used; /* peak bytes of linear memory */
    uint64_t duration_ns; /* from the first instruction to the last */
};

/* Native stack that engine_new and engine_run need, bytes. */
extern const size_t engine_stack_bytes;

/*
 * Makes an engine. In guard mode it owns the process's SIGSEGV handler (each call installs it);
 * faults that are not the engine's go on to the default action. ERR_NO_MEMORY, ERR_SYSTEM.
 */
int engine_new(enum engine_bounds bounds, struct engine **ret);
void engine_free(struct engine *engine);

/*
 * Runs one job and restores the snapshot: afterwards linear memory, globals, table and size equal
 * the snapshot byte for byte. Always fills `ret`. Returns 0, or a code other than the job's own
 * failure if the engine must not be used again (ERR_INTERNAL: free it, end the process).
 */
int engine_run(struct engine *engine, const struct engine_host *host, const struct engine_job *job,
               const struct engine_out *out, struct engine_result *ret);

/*
 * Hex SHA-256 over wasm, meter, compiler options, prelude, host gas table and the sources of this
 * folder; 64 digits. The same digest: the same output and gas for the same job.
 */
const char *engine_digest(void);

#endif
