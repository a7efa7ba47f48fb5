/*
 * A runtime for the generated code that is as small as can be: a guarded (or masked) memory, traps
 * by longjmp, and imports that always answer the same, as in oracle.c. The engine's real runtime is
 * src/engine; this one only serves to compare the generated code with wasm2c's.
 */
#include "native.h"
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GUARDED_BYTES (8ull * 1024 * 1024 * 1024 + WASM_PAGE_BYTES)

/* Checked: the slack ends with a page, so that an access which goes past it faults. */
#define SYSTEM_PAGE_BYTES 4096u
#define MASKED_BYTES      (WASM_MASK + 1ull + SYSTEM_PAGE_BYTES)
#define MASKED_START      (SYSTEM_PAGE_BYTES - WASM_MASK_SLACK)

static sigjmp_buf trapped;
static struct wasm *running;

_Noreturn void wasm_trap(struct wasm *w, enum wasm_trap trap)
{
    (void)w;
    siglongjmp(trapped, trap);
}

void wasm_gas_slow(struct wasm *w)
{
    struct native *native = w->runtime;
    if (!native->gas_left)
        wasm_trap(w, WASM_TRAP_ENDED);
    while (native->gas_left && w->gas >> 63) {
        uint64_t slice = native->gas_left < native->slice ? native->gas_left : native->slice;
        native->gas_left -= slice;
        w->gas += slice;
    }
    if (w->gas >> 63)
        wasm_trap(w, WASM_TRAP_ENDED);
}

static void open_pages(uint8_t *start, uint64_t size)
{
    if (mprotect(start, size, PROT_READ | PROT_WRITE)) {
        perror("mprotect");
        exit(2);
    }
}

static void open_memory(struct wasm *w, uint64_t size)
{
    w->memory_size = size;
    const struct native *native = w->runtime;
    if (!native->masked)
        open_pages(w->memory, size);
}

uint32_t wasm_memory_grow(struct wasm *w, uint32_t pages)
{
    uint32_t old = (uint32_t)(w->memory_size / WASM_PAGE_BYTES);
    if (pages > WASM_PAGES_MOST - old)
        wasm_trap(w, WASM_TRAP_ENDED);
    open_memory(w, (uint64_t)(old + pages) * WASM_PAGE_BYTES);
    return old;
}

static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    uint64_t offset = (uint64_t)info->si_addr - (uint64_t)running->memory;
    if (offset >= GUARDED_BYTES)
        abort();
    siglongjmp(trapped, WASM_TRAP_OUT_OF_BOUNDS);
}

void native_init(struct native *native, const struct wasm_exports *exports, int masked)
{
    memset(native, 0, sizeof(*native));
    struct wasm *w = &native->wasm;
    w->memory =
        mmap(NULL, GUARDED_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (w->memory == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    w->exports = exports;
    w->runtime = native;
    native->masked = masked;
    native->gas_left = 1ull << 62;
    native->slice = 1ull << 40;
    if (masked) {
        open_pages(w->memory, MASKED_BYTES);
        w->memory += MASKED_START;
    }
    open_memory(w, WASM_INITIAL_PAGES * WASM_PAGE_BYTES);
    exports->instantiate(w);
}

enum wasm_trap native_run(struct native *native, void (*code)(struct native *, void *),
                          void *argument)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    running = &native->wasm;
    native->wasm.depth = NATIVE_DEPTH;
    enum wasm_trap trap = (enum wasm_trap)sigsetjmp(trapped, 1);
    if (!trap)
        code(native, argument);
    return trap;
}

/* Of the `size` bytes at `at`: as in `start`, and zero where that has ended? */
static int as_before(const uint8_t *memory, uint64_t at, uint64_t size, const uint8_t *start,
                     uint64_t start_size)
{
    for (uint64_t end = at + size; at < end; at++)
        if (memory[at] != (at < start_size ? start[at] : 0))
            return 0;
    return 1;
}

int native_changes_are_noted(const struct native *native, const uint8_t *start, uint64_t size)
{
    const struct wasm *w = &native->wasm;
    int before = 0; /* is the part before this one noted? */
    for (uint64_t part = 0; part < WASM_PARTS_MOST; part++) {
        uint64_t skip = before ? WASM_MASK_SLACK : 0;
        before = w->written[part];
        if (!before && !as_before(w->memory, part * WASM_PART_BYTES + skip, WASM_PART_BYTES - skip,
                                  start, size))
            return 0;
    }
    return before || as_before(w->memory, WASM_MASK + 1ull, WASM_MASK_SLACK, start, size);
}

uint64_t native_gas_used(const struct native *native)
{
    return (1ull << 62) - native->gas_left - native->wasm.gas;
}

/* The imports: constants and nothing else, so that both sides see the same. */
uint32_t wasm_import_host_get_timezone_offset(struct wasm *w, uint32_t a, uint32_t b)
{
    (void)w, (void)a, (void)b;
    return 0;
}
uint32_t wasm_import_host_interrupt(struct wasm *w)
{
    (void)w;
    return 0;
}
void wasm_import_host_promise_rejection(struct wasm *w, uint32_t a, uint32_t b, uint32_t c)
{
    (void)w, (void)a, (void)b, (void)c;
}
uint32_t wasm_import_host_module_normalize(struct wasm *w, uint32_t a, uint32_t b)
{
    (void)w, (void)a, (void)b;
    return 0;
}
uint32_t wasm_import_host_module_load(struct wasm *w, uint32_t a, uint32_t b)
{
    (void)w, (void)a, (void)b;
    return 0;
}
uint32_t wasm_import_host_call(struct wasm *w, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                               uint32_t e)
{
    (void)w, (void)a, (void)b, (void)c, (void)d, (void)e;
    return 0;
}
uint32_t wasm_import_clock_time_get(struct wasm *w, uint32_t id, uint64_t precision, uint32_t at)
{
    (void)id, (void)precision;
    uint64_t time = 1700000000ull * 1000000000;
    memcpy(w->memory + at, &time, sizeof(time));
    return 0;
}
uint32_t wasm_import_fd_close(struct wasm *w, uint32_t fd)
{
    (void)w, (void)fd;
    return 8;
}
uint32_t wasm_import_fd_fdstat_get(struct wasm *w, uint32_t fd, uint32_t at)
{
    (void)w, (void)fd, (void)at;
    return 8;
}
uint32_t wasm_import_fd_seek(struct wasm *w, uint32_t fd, uint64_t to, uint32_t whence, uint32_t at)
{
    (void)w, (void)fd, (void)to, (void)whence, (void)at;
    return 52;
}
uint32_t wasm_import_fd_write(struct wasm *w, uint32_t fd, uint32_t parts, uint32_t count,
                              uint32_t at)
{
    (void)w, (void)fd, (void)parts, (void)count, (void)at;
    return 0;
}
uint32_t wasm_import_random_get(struct wasm *w, uint32_t at, uint32_t size)
{
    memset(w->memory + at, 7, size);
    return 0;
}
