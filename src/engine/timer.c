#include "engine/timer.h"

#include <sys/mman.h>

int timers_init(struct timers *timers)
{
    /* Reserved at once, used as needed: a sealed worker may be allowed no new mapping. */
    void *table = mmap(NULL, TIMERS_MOST * sizeof(struct timer), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    *timers = (struct timers){.table = table, .capacity = TIMERS_MOST};
    return 0;
}

void timers_done(struct timers *timers)
{
    if (timers->table != NULL) {
        munmap(timers->table, timers->capacity * sizeof(struct timer));
        timers->table = NULL;
    }
}

void timers_reset(struct timers *timers, uint32_t most)
{
    timers->count = 0;
    timers->last_id = 0;
    timers->most = most < timers->capacity ? most : timers->capacity;
}

/* Timers due at the same time fire in the order in which they were made. */
static bool comes_before(const struct timer *a, const struct timer *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->id < b->id;
}

static void swap(struct timer *a, struct timer *b)
{
    struct timer t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct timers *timers, uint32_t i)
{
    while (i > 0 && comes_before(&timers->table[i], &timers->table[(i - 1) / 2])) {
        swap(&timers->table[i], &timers->table[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct timers *timers, uint32_t i)
{
    for (;;) {
        uint32_t least = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < timers->count; child++) {
            if (comes_before(&timers->table[child], &timers->table[least])) {
                least = child;
            }
        }
        if (least == i) {
            return;
        }
        swap(&timers->table[i], &timers->table[least]);
        i = least;
    }
}

uint32_t timers_add(struct timers *timers, uint64_t due_ns, uint64_t repeat_ns, js_value callback)
{
    if (timers->count >= timers->most || timers->last_id == INT32_MAX) {
        return 0;
    }
    uint32_t i = timers->count++;
    timers->table[i] = (struct timer){due_ns, repeat_ns, ++timers->last_id, callback};
    sift_up(timers, i);
    return timers->last_id;
}

static void take_off(struct timers *timers, uint32_t i)
{
    timers->count--;
    if (i < timers->count) {
        timers->table[i] = timers->table[timers->count];
        sift_down(timers, i);
        sift_up(timers, i);
    }
    timers->table[timers->count] = (struct timer){0};
}

bool timers_remove(struct timers *timers, uint32_t id, js_value *ret)
{
    for (uint32_t i = 0; i < timers->count; i++) {
        if (timers->table[i].id == id) {
            *ret = timers->table[i].callback;
            take_off(timers, i);
            return true;
        }
    }
    return false;
}

const struct timer *timers_first(const struct timers *timers)
{
    return timers->count > 0 ? &timers->table[0] : NULL;
}

js_value timers_fire(struct timers *timers, uint64_t now_ns, bool *ret_owned)
{
    struct timer *first = &timers->table[0];
    js_value callback = first->callback;
    *ret_owned = first->repeat_ns == 0;
    if (*ret_owned) {
        take_off(timers, 0);
    } else {
        first->due_ns = now_ns + first->repeat_ns;
        sift_down(timers, 0);
    }
    return callback;
}
