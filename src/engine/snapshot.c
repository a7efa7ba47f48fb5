#include "engine/snapshot.h"

#include "engine/memory.h"
#include <stdlib.h>
#include <sys/mman.h>

#define RELEARN_JOBS       1024u /* learning again costs a fault (~2 µs) for each page */
#define RELEARN_JOBS_LEAST 32u
#define HOT_PAGES_MOST     160u /* more are restored, but not kept for long */

_Static_assert(WASM_PART_BYTES == ENGINE_PAGE_BYTES, "what is noted is what is restored");

static size_t image_bytes(const struct snapshot *s)
{
    return (size_t)s->pages * ENGINE_PAGE_BYTES;
}

static bool is_zero(const uint8_t *page)
{
    uint64_t any = 0;
    for (const uint64_t *at = (const uint64_t *)page;
         at < (const uint64_t *)(page + ENGINE_PAGE_BYTES); at++) {
        any |= *at;
    }
    return any == 0;
}

/* Makes all pages read-only again, and the hot set empty. */
static int hot_forget(struct engine *e)
{
    struct snapshot *s = &e->snapshot;
    memset(s->hot, 0, s->pages);
    s->hot_count = s->learned = s->run_count = s->jobs = 0;
    return mprotect(e->wasm.memory, image_bytes(s), PROT_READ) != 0 ? ERR_SYSTEM : 0;
}

/* Makes the list of ranges again from the flags. */
static void hot_collect(struct snapshot *s)
{
    s->run_count = 0;
    for (uint32_t page = 0; page < s->pages; page++) {
        if (!s->hot[page]) {
            continue;
        }
        struct snapshot_run *last = s->run_count > 0 ? &s->runs[s->run_count - 1] : NULL;
        if (last != NULL && last->first + last->count == page) {
            last->count++;
        } else {
            s->runs[s->run_count++] = (struct snapshot_run){page, 1};
        }
    }
    s->learned = 0;
}

/*
 * Copies what is not zero. Pages of the image that were never written to are all the system's one
 * page of zeros: most of a fresh heap takes no memory in any of the engines.
 */
static void take_pages(struct engine *e)
{
    struct snapshot *s = &e->snapshot;
    for (uint32_t page = 0; page < s->pages; page++) {
        size_t at = (size_t)page * ENGINE_PAGE_BYTES;
        if (!is_zero(e->wasm.memory + at)) {
            memcpy(s->image + at, e->wasm.memory + at, ENGINE_PAGE_BYTES);
        }
    }
}

int snapshot_take(struct engine *e)
{
    struct snapshot *s = &e->snapshot;
    memset(e->wasm.memory, 0, e->wasm.stack_pointer);
    s->stack_pointer = e->wasm.stack_pointer;
    s->pages = (uint32_t)(e->wasm.memory_size / ENGINE_PAGE_BYTES);
    s->hot = calloc(s->pages, 1);
    s->runs = calloc(s->pages / 2 + 1, sizeof(*s->runs));
    void *image =
        mmap(NULL, image_bytes(s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s->hot == NULL || s->runs == NULL || image == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    s->image = image;
    take_pages(e);
    memset(e->wasm.written, 0, sizeof(e->wasm.written));
    if (mprotect(s->image, image_bytes(s), PROT_READ) != 0) {
        return ERR_SYSTEM;
    }
    return e->bounds == ENGINE_BOUNDS_GUARD ? hot_forget(e) : 0;
}

void snapshot_done(struct engine *e)
{
    struct snapshot *s = &e->snapshot;
    if (s->image != NULL) {
        munmap(s->image, image_bytes(s));
    }
    free(s->hot);
    free(s->runs);
    *s = (struct snapshot){0};
}

static int hot_restore(struct engine *e)
{
    struct snapshot *s = &e->snapshot;
    if (s->learned > 0) {
        hot_collect(s);
    }
    for (uint32_t i = 0; i < s->run_count; i++) {
        size_t offset = (size_t)s->runs[i].first * ENGINE_PAGE_BYTES;
        memcpy(e->wasm.memory + offset, s->image + offset,
               (size_t)s->runs[i].count * ENGINE_PAGE_BYTES);
    }
    s->jobs++;
    if (s->jobs >= RELEARN_JOBS ||
        (s->hot_count > HOT_PAGES_MOST && s->jobs >= RELEARN_JOBS_LEAST)) {
        return hot_forget(e);
    }
    return 0;
}

/*
 * Nothing may rely on protection: what the generated code and engine_bytes wrote to is in the pages
 * that were noted, and in the slack behind each (wasm.h).
 */
static void checked_restore(struct engine *e)
{
    struct snapshot *s = &e->snapshot;
    uint8_t *written = e->wasm.written, *end = written + s->pages, *next = written;
    while ((next = memchr(next, 1, (size_t)(end - next))) != NULL) {
        uint8_t *behind = memchr(next, 0, (size_t)(end - next));
        size_t count = (size_t)((behind != NULL ? behind : end) - next);
        size_t at = (size_t)(next - written) * ENGINE_PAGE_BYTES;
        size_t rest = image_bytes(s) - at;
        size_t size = count * ENGINE_PAGE_BYTES + WASM_MASK_SLACK;
        memcpy(e->wasm.memory + at, s->image + at, size < rest ? size : rest);
        memset(next, 0, count);
        next += count;
    }
}

bool snapshot_outgrown(const struct engine *e)
{
    return e->wasm.memory_size > image_bytes(&e->snapshot);
}

int snapshot_restore(struct engine *e)
{
    struct snapshot *s = &e->snapshot;
    int r = memory_shrink(e, image_bytes(s));
    if (r != 0) {
        return r;
    }
    if (e->bounds == ENGINE_BOUNDS_GUARD) {
        r = hot_restore(e);
    } else {
        checked_restore(e);
    }
    e->wasm.stack_pointer = s->stack_pointer;
    e->wasm.depth = ENGINE_CALL_DEPTH;
    e->wasm.gas = 0;
    return r;
}

bool snapshot_thaw(struct engine *e, uint64_t offset)
{
    struct snapshot *s = &e->snapshot;
    uint64_t page = offset / ENGINE_PAGE_BYTES;
    if (s->image == NULL || page >= s->pages || s->hot[page]) {
        return false;
    }
    if (mprotect(e->wasm.memory + page * ENGINE_PAGE_BYTES, ENGINE_PAGE_BYTES,
                 PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    s->hot[page] = 1;
    s->hot_count++;
    s->learned++;
    return true;
}
