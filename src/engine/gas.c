#include "engine/gas.h"

#include "base/clock.h"

/* About 0.5 ms of bytecode: the grain of timeouts and cancelling. */
#define GAS_SLICE 1000000u

void gas_start(struct engine *e, uint64_t limit, uint64_t timeout_ns)
{
    e->meter = (struct meter){
        .limit = limit, .reserve = limit, .start_ns = clock_now_ns(), .timeout_ns = timeout_ns};
    e->wasm.gas = limit < GAS_SLICE ? limit : GAS_SLICE;
    e->meter.reserve -= e->wasm.gas;
}

uint64_t gas_used(const struct engine *e)
{
    uint64_t left = e->meter.reserve + e->wasm.gas;
    return left > e->meter.limit ? e->meter.limit : e->meter.limit - left;
}

uint64_t gas_deadline(const struct engine *e)
{
    uint64_t deadline;
    return __builtin_add_overflow(e->meter.start_ns, e->meter.timeout_ns, &deadline) ? UINT64_MAX
                                                                                     : deadline;
}

void gas_check_time(struct engine *e)
{
    uint64_t now = clock_now_ns();
    if (now >= gas_deadline(e)) {
        engine_end_limit(e, ERR_TIMEOUT, LIMIT_TIMEOUT, (now - e->meter.start_ns) / NS_PER_MS,
                         e->meter.timeout_ns / NS_PER_MS);
    }
    if (e->host != NULL && e->host->interrupted != NULL) {
        int code = e->host->interrupted(e->host->ctx);
        if (code != 0) {
            engine_end(e, error_set(&e->why, code, "", "%s", error_text(code)));
        }
    }
}

__attribute__((cold, noinline, preserve_most)) void wasm_gas_slow(struct wasm *w)
{
    struct engine *e = engine_of(w);
    uint64_t debt = -w->gas;
    if (debt > e->meter.reserve) {
        e->meter.reserve = w->gas = 0;
        engine_end_limit(e, ERR_GAS_EXHAUSTED, LIMIT_GAS, e->meter.limit, e->meter.limit);
    }
    e->meter.reserve -= debt;
    w->gas = e->meter.reserve < GAS_SLICE ? e->meter.reserve : GAS_SLICE;
    e->meter.reserve -= w->gas;
    gas_check_time(e);
}
