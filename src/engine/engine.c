#include "engine/engine.h"

#include "base/clock.h"
#include "base/encode.h"
#include "engine/canonical.h"
#include "engine/fault.h"
#include "engine/gas.h"
#include "engine/host.h"
#include "engine/job.h"
#include "engine/logs.h"
#include "engine/memory.h"
#include "engine/prelude.h"
#include "engine/random.h"
#include "engine/realm.h"
#include "engine/runtime.h"
#include "engine/snapshot.h"
#include "engine/source_digest.h" /* made by tools/source_digest.py */
#include "engine/timer.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

/*
 * System calls of a running job, all of them, for whoever writes the seccomp filter:
 *
 *   mprotect        growth, and pages of the snapshot; never with PROT_EXEC
 *   madvise         MADV_DONTNEED, growth given back
 *   rt_sigreturn    out of the fault handler
 *   clock_gettime   where the vDSO has it not; CLOCK_MONOTONIC and CLOCK_REALTIME
 *   getrandom       flags 0, at most 1 KiB
 *   sigaltstack     once for each thread, in its first engine_new or engine_run
 *   rt_sigaction    in the fault handler, before the default action ends the process
 *
 * and what the caller does in engine_host. No memory is allocated after engine_new.
 */

/*
 * Native stack for ENGINE_CALL_DEPTH counted calls. WASM_FRAME_BYTES is what the compiler says one
 * of them takes at most, with everything uncounted below it; the rest is for host functions, whose
 * calls back into the module are counted again, and for sanitizers.
 */
#define HOST_STACK_BYTES (2 * MIB)
const size_t engine_stack_bytes = (size_t)ENGINE_CALL_DEPTH * WASM_FRAME_BYTES + HOST_STACK_BYTES;

/*
 * Landing. The job's code runs below engine_guarded, where a trap or an end of the job jumps to;
 * nothing on the way holds anything that would have to be given back.
 */
_Noreturn void wasm_trap(struct wasm *w, enum wasm_trap trap)
{
    struct engine *e = engine_of(w);
    e->trap = trap;
    __builtin_longjmp(e->landing, 1);
}

_Noreturn void engine_end(struct engine *e, int code)
{
    e->ended = code;
    wasm_trap(&e->wasm, WASM_TRAP_ENDED);
}

_Noreturn void engine_end_limit(struct engine *e, int code, enum limit limit, uint64_t used,
                                uint64_t allowed)
{
    engine_end(e, limit_exceeded(&e->why, code, limit, used, allowed));
}

__attribute__((noinline)) bool engine_guarded(struct engine *e, void (*step)(struct engine *))
{
    struct engine *outer = engine_current;
    bool returned = false;
    engine_current = e;
    e->trap = WASM_TRAP_NONE;
    if (__builtin_setjmp(e->landing) == 0) {
        step(e);
        returned = true;
    }
    engine_current = outer;
    return returned;
}

/*
 * Making.
 */
static void make_step(struct engine *e)
{
    e->ended = realm_make(e);
}

static int make_realm(struct engine *e)
{
    int r = memory_extend(e, (uint64_t)WASM_INITIAL_PAGES * WASM_PAGE_BYTES);
    if (r != 0) {
        return r;
    }
    e->wasm.exports->instantiate(&e->wasm);
    e->wasm.depth = ENGINE_CALL_DEPTH;
    gas_start(e, UINT64_MAX / 4, UINT64_MAX / 4);
    if (!engine_guarded(e, make_step)) {
        return ERR_INTERNAL;
    }
    return e->ended != 0 ? e->ended : snapshot_take(e);
}

int engine_new(enum engine_bounds bounds, struct engine **ret)
{
    struct engine *e = calloc(1, sizeof(*e));
    if (e == NULL) {
        return ERR_NO_MEMORY;
    }
    e->bounds = bounds;
    e->wasm.exports = bounds == ENGINE_BOUNDS_GUARD ? &wasm_guard_exports : &wasm_checked_exports;
    int r = bounds == ENGINE_BOUNDS_GUARD ? fault_install() : 0;
    if (r == 0 && bounds == ENGINE_BOUNDS_GUARD) {
        r = fault_prepare_thread();
    }
    if (r == 0) {
        r = memory_init(e);
    }
    if (r == 0) {
        r = random_init(e);
    }
    if (r == 0) {
        r = timers_init(&e->timers);
    }
    if (r == 0) {
        r = canonical_init(e);
    }
    if (r == 0) {
        r = make_realm(e);
    }
    if (r != 0) {
        engine_free(e);
        return r;
    }
    *ret = e;
    return 0;
}

void engine_free(struct engine *e)
{
    if (e == NULL) {
        return;
    }
    realm_done(&e->realm);
    canonical_done(e);
    timers_done(&e->timers);
    random_done(e);
    snapshot_done(e);
    memory_done(e);
    free(e);
}

/*
 * Running.
 */
static void run_step(struct engine *e)
{
    e->ended = job_run(e);
}

/* What a trap of the module means for the job. */
static int trap_code(struct engine *e)
{
    static const char *const names[] = {
        [WASM_TRAP_OUT_OF_BOUNDS] = "out of bounds",
        [WASM_TRAP_UNREACHABLE] = "unreachable",
        [WASM_TRAP_DIVIDE] = "division",
        [WASM_TRAP_CONVERSION] = "conversion",
        [WASM_TRAP_CALL_INDIRECT] = "indirect call",
    };
    if (e->trap == WASM_TRAP_ENDED) {
        return e->ended;
    }
    if (e->trap == WASM_TRAP_CALL_DEPTH && e->reading_input) {
        return error_set(&e->why, ERR_INPUT_INVALID, "input", "%s: it is nested too deeply",
                         error_text(ERR_INPUT_INVALID));
    }
    if (e->trap == WASM_TRAP_CALL_DEPTH) {
        return limit_exceeded(&e->why, ERR_STACK_OVERFLOW, LIMIT_CALL_DEPTH, ENGINE_CALL_DEPTH + 1,
                              ENGINE_CALL_DEPTH);
    }
    return error_set(&e->why, ERR_INTERNAL, "", "the engine trapped (%s)", names[e->trap]);
}

static int begin(struct engine *e, const struct engine_host *host, const struct engine_job *job,
                 const struct engine_out *out)
{
    e->host = host;
    e->job = job;
    e->out = out;
    e->output_size = e->error_size = 0;
    e->log = (struct log_state){0};
    e->nondeterminism = 0;
    e->reading_input = false;
    e->why = (struct error_detail){0};
    e->memory.limit = job->memory_limit;
    timers_reset(&e->timers, job->timers);
    if (!random_fill(e, &e->random_seed, sizeof(e->random_seed))) {
        return ERR_SYSTEM;
    }
    e->random_seed |= 1; /* the generator must not start from zero */
    gas_start(e, job->gas_limit, job->timeout_ns);
    return e->bounds == ENGINE_BOUNDS_GUARD ? fault_prepare_thread() : 0;
}

/* The message of a job that failed in another way than by an exception. */
static void write_why(struct engine *e, int code)
{
    const char *message = e->why.message[0] != '\0' ? e->why.message : error_text(code);
    size_t size = strlen(message);
    size = size < e->out->error_max ? size : e->out->error_max;
    memcpy(e->out->error, message, size);
    e->error_size = size;
}

static void finish(struct engine *e, int code, struct engine_result *ret)
{
    uint64_t state;
    memcpy(&state, e->wasm.memory + e->realm.random_state, sizeof(state));
    if (state != e->random_seed) {
        e->nondeterminism |= ENGINE_USED_RANDOM;
    }
    if (code != 0 && code != ERR_SCRIPT_ERROR) {
        write_why(e, code);
    }
    logs_finish(e);
    *ret = (struct engine_result){
        .code = code,
        .output_size = code == 0 ? e->output_size : 0,
        .logs_size = e->log.size,
        .error_size = code != 0 ? e->error_size : 0,
        .log_count = e->log.count,
        .nondeterminism = e->nondeterminism,
        .gas_used = gas_used(e),
        .memory_used = e->wasm.memory_size,
        .duration_ns = clock_now_ns() - e->meter.start_ns,
    };
}

int engine_run(struct engine *e, const struct engine_host *host, const struct engine_job *job,
               const struct engine_out *out, struct engine_result *ret)
{
    bool secret = job->secret_count > 0 || job->confidential;
    int r = begin(e, host, job, out);
    if (r != 0) {
        *ret = (struct engine_result){.code = ERR_RESOURCE_EXHAUSTED};
        return r;
    }
    finish(e, engine_guarded(e, run_step) ? e->ended : trap_code(e), ret);
    timers_reset(&e->timers, 0);
    e->job = NULL;
    e->host = NULL;
    e->out = NULL;
    e->random_seed = 0;
    if (host->answered != NULL && !snapshot_outgrown(e)) {
        host->answered(host->ctx, ret);
    }
    r = snapshot_restore(e);
    if (secret) {
        fault_wipe_thread();
    }
    return r != 0 ? ERR_INTERNAL : 0;
}

/*
 * The digest: all that decides what a script computes and what it pays.
 */
static char digest_text[2 * SHA256_DIGEST_LENGTH + 1];
static pthread_once_t digest_once = PTHREAD_ONCE_INIT;

/* The size in front of each part: no two lists of parts look alike. */
static void digest_add(SHA256_CTX *hash, struct span part)
{
    uint64_t size = part.size;
    SHA256_Update(hash, &size, sizeof(size));
    SHA256_Update(hash, part.data, part.size);
}

static void make_digest(void)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char depth[16];
    int n = snprintf(depth, sizeof(depth), "%u", ENGINE_CALL_DEPTH);
    const struct span others[] = {
        span_of(wasm_build_digest),
        span_of(ENGINE_SOURCE_DIGEST),
        span_of(host_cost_text),
        {depth, (size_t)n},
    };
    SHA256_CTX hash;
    SHA256_Init(&hash);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        digest_add(&hash, others[i]);
    }
    for (size_t i = 0; i < PRELUDE_PART_COUNT; i++) {
        digest_add(&hash, prelude_parts[i]);
    }
    SHA256_Final(digest, &hash);
    hex_encode(digest_text, digest, sizeof(digest));
}

const char *engine_digest(void)
{
    pthread_once(&digest_once, make_digest);
    return digest_text;
}
