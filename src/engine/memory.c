#include "engine/memory.h"

#include <sys/mman.h>

/*
 * Guard: the farthest byte of an access is a 32-bit address, plus a 32-bit offset, plus its width.
 * Checked: what is under the mask and what an access may reach beyond.
 */
#define GUARD_RESERVED   (8 * GIB + WASM_PAGE_BYTES)
#define CHECKED_RESERVED ((uint64_t)WASM_MASK + 1 + ENGINE_PAGE_BYTES)

_Static_assert(WASM_MASK_SLACK <= ENGINE_PAGE_BYTES, "the reserved page holds the slack");

int memory_init(struct engine *e)
{
    bool guard = e->bounds == ENGINE_BOUNDS_GUARD;
    e->memory.reserved = guard ? GUARD_RESERVED : CHECKED_RESERVED;
    e->memory.limit = (uint64_t)WASM_PAGES_MOST * WASM_PAGE_BYTES;
    void *base = mmap(NULL, e->memory.reserved, guard ? PROT_NONE : PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    e->wasm.memory = base;
    return 0;
}

void memory_done(struct engine *e)
{
    if (e->wasm.memory != NULL) {
        munmap(e->wasm.memory, e->memory.reserved);
        e->wasm.memory = NULL;
    }
}

int memory_extend(struct engine *e, uint64_t bytes)
{
    uint64_t old = e->wasm.memory_size;
    if (e->bounds == ENGINE_BOUNDS_GUARD &&
        mprotect(e->wasm.memory + old, bytes - old, PROT_READ | PROT_WRITE) != 0) {
        return ERR_NO_MEMORY;
    }
    e->wasm.memory_size = bytes;
    return 0;
}

static int guard_shrink(uint8_t *rest, uint64_t size)
{
    if (size == 0) {
        return 0;
    }
    bool given = madvise(rest, size, MADV_DONTNEED) == 0 && mprotect(rest, size, PROT_NONE) == 0;
    return given ? 0 : ERR_SYSTEM;
}

/*
 * What a job, or a broken engine, wrote behind the first `bytes`: from the first part that is noted
 * to the last, each with its slack. An enclave's system may not know how to give back; what must
 * not stay is the content.
 */
static void checked_shrink(struct engine *e, uint64_t bytes)
{
    uint8_t *rest = e->wasm.memory + bytes;
    uint8_t *written = e->wasm.written + bytes / WASM_PART_BYTES;
    size_t parts = WASM_PARTS_MOST - bytes / WASM_PART_BYTES;
    memset(rest, 0, WASM_MASK_SLACK); /* of a store before it */
    uint8_t *first = memchr(written, 1, parts);
    if (first == NULL) {
        return;
    }
    size_t count = (size_t)((uint8_t *)memrchr(written, 1, parts) - first) + 1;
    uint8_t *start = rest + (size_t)(first - written) * WASM_PART_BYTES;
    size_t size = count * WASM_PART_BYTES + ENGINE_PAGE_BYTES;
    if (madvise(start, size, MADV_DONTNEED) != 0) {
        memset(start, 0, size);
    }
    memset(first, 0, count);
}

int memory_shrink(struct engine *e, uint64_t bytes)
{
    uint64_t old = e->wasm.memory_size;
    e->wasm.memory_size = bytes;
    if (e->bounds == ENGINE_BOUNDS_GUARD) {
        return guard_shrink(e->wasm.memory + bytes, old - bytes);
    }
    checked_shrink(e, bytes);
    return 0;
}

/*
 * memory.grow of the module. The module never sees -1: a script could tell one machine from
 * another by it, and could go on after its limit.
 */
uint32_t wasm_memory_grow(struct wasm *w, uint32_t pages)
{
    struct engine *e = engine_of(w);
    uint64_t old = w->memory_size;
    uint64_t wanted = old + (uint64_t)pages * WASM_PAGE_BYTES;
    if (wanted > e->memory.limit) {
        engine_end_limit(e, ERR_MEMORY_EXCEEDED, LIMIT_MEMORY, wanted, e->memory.limit);
    }
    if (wanted > old && memory_extend(e, wanted) != 0) {
        engine_end(e, error_set(&e->why, ERR_RESOURCE_EXHAUSTED, "", "%s",
                                error_text(ERR_RESOURCE_EXHAUSTED)));
    }
    return (uint32_t)(old / WASM_PAGE_BYTES);
}
