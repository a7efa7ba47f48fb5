#include "engine/random.h"

#include <sys/mman.h>
#include <sys/random.h>

struct random_pool {
    size_t available; /* unused bytes, at the end of `bytes` */
    uint8_t bytes[ENGINE_RANDOM_POOL];
};

int random_init(struct engine *e)
{
    void *pool =
        mmap(NULL, ENGINE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pool == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    e->random = pool;
    /* Where there is no fork (an enclave) the call may be unknown, and is not needed. */
    madvise(pool, ENGINE_PAGE_BYTES, MADV_WIPEONFORK);
    return 0;
}

void random_done(struct engine *e)
{
    if (e->random != NULL) {
        memset(e->random, 0, sizeof(*e->random));
        munmap(e->random, ENGINE_PAGE_BYTES);
        e->random = NULL;
    }
}

static bool system_random(uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = getrandom(data, size, 0);
        if (n <= 0) {
            return false;
        }
        data += n;
        size -= (size_t)n;
    }
    return true;
}

bool random_fill(struct engine *e, void *data, size_t size)
{
    struct random_pool *pool = e->random;
    if (size > sizeof(pool->bytes) / 4) {
        return system_random(data, size);
    }
    if (pool->available < size) {
        if (!system_random(pool->bytes, sizeof(pool->bytes))) {
            return false;
        }
        pool->available = sizeof(pool->bytes);
    }
    uint8_t *bytes = pool->bytes + sizeof(pool->bytes) - pool->available;
    memcpy(data, bytes, size);
    memset(bytes, 0, size);
    pool->available -= size;
    return true;
}

void random_need(struct engine *e, void *data, size_t size)
{
    e->nondeterminism |= ENGINE_USED_RANDOM;
    if (!random_fill(e, data, size)) {
        engine_end(
            e, error_set(&e->why, ERR_RESOURCE_EXHAUSTED, "", "the machine gives no random bytes"));
    }
}
