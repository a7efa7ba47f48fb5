/*
 * What the module imports besides its host functions (host.c): clock and random bytes for the job,
 * and everything else that a WASI module expects and this one has not.
 */
#include "engine/runtime.h"

#include "base/clock.h"
#include "engine/random.h"

#define CLOCK_GRAIN_NS (100 * NS_PER_US)

/*
 * Time. While the realm is made it stands still at zero, so that every snapshot is the same; in a
 * job the monotonic clock starts with the job, and says nothing about the machine; its grain is too
 * coarse to watch what other tenants do to the caches.
 */
uint32_t wasm_import_clock_time_get(struct wasm *w, uint32_t clock, uint64_t precision,
                                    uint32_t address)
{
    struct engine *e = engine_of(w);
    uint64_t now = 0;
    if (e->job != NULL) {
        e->nondeterminism |= ENGINE_USED_CLOCK;
        now = clock == 0 ? clock_unix_ms() * NS_PER_MS
                         : (clock_now_ns() - e->meter.start_ns) / CLOCK_GRAIN_NS * CLOCK_GRAIN_NS;
    }
    engine_write_u64(e, address, now);
    return 0;
}

uint32_t wasm_import_random_get(struct wasm *w, uint32_t address, uint32_t size)
{
    struct engine *e = engine_of(w);
    uint8_t *data = engine_bytes(e, address, size);
    uint8_t piece[256];
    for (uint32_t done = 0; done < size;) {
        uint32_t n = size - done < sizeof(piece) ? size - done : (uint32_t)sizeof(piece);
        engine_charge(e, 8ull * n);
        random_need(e, piece, n);
        memcpy(data + done, piece, n);
        done += n;
    }
    return 0;
}

/* Everyone's time zone is UTC. */
uint32_t wasm_import_host_get_timezone_offset(struct wasm *w, uint32_t high, uint32_t low)
{
    return 0;
}

/*
 * Not used: the meter interrupts, nothing is loaded, and rejections are looked at by the job. They
 * stay here because the module imports them.
 */
uint32_t wasm_import_host_interrupt(struct wasm *w)
{
    return 0;
}

void wasm_import_host_promise_rejection(struct wasm *w, uint32_t promise, uint32_t reason,
                                        uint32_t handled)
{
}

uint32_t wasm_import_host_module_normalize(struct wasm *w, uint32_t base, uint32_t name)
{
    return 0;
}

uint32_t wasm_import_host_module_load(struct wasm *w, uint32_t name, uint32_t size)
{
    return 0;
}

/* There are no files: every descriptor is a bad one. */
#define WASI_EBADF 8u

uint32_t wasm_import_fd_close(struct wasm *w, uint32_t fd)
{
    return WASI_EBADF;
}

uint32_t wasm_import_fd_fdstat_get(struct wasm *w, uint32_t fd, uint32_t stat)
{
    return WASI_EBADF;
}

uint32_t wasm_import_fd_seek(struct wasm *w, uint32_t fd, uint64_t offset, uint32_t whence,
                             uint32_t position)
{
    return WASI_EBADF;
}

uint32_t wasm_import_fd_write(struct wasm *w, uint32_t fd, uint32_t vectors, uint32_t count,
                              uint32_t written)
{
    return WASI_EBADF;
}
