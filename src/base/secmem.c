#include "base/secmem.h"

#include "base/error.h"
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Pages of its own cost a small secret five system calls, and each job has some. So small ones
 * share slabs of slots, which are never given back; a slot that is free is zero.
 */
#define SLOT_BYTES 256u
#define SLAB_SLOTS 256u
#define SLAB_BYTES (SLOT_BYTES * SLAB_SLOTS)
#define SLABS_MOST 64 /* 4 MiB; what does not fit has pages of its own */

struct slot {
    struct slot *next; /* the only bytes of a free slot that are not zero */
};

static struct {
    pthread_mutex_t mutex; /* jobs' secrets are made on one thread and dropped on another */
    struct slot *free;
    uint8_t *slabs[SLABS_MOST];
    bool locked[SLABS_MOST];
    size_t count;
} shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}

/* Zero pages; NULL without memory. */
static void *map_pages(size_t size, bool *locked)
{
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (data == MAP_FAILED)
        return NULL;
    /* Neither is refused on anonymous memory by any kernel of the last ten years. */
    madvise(data, size, MADV_DONTDUMP);
    madvise(data, size, MADV_WIPEONFORK);
    *locked = mlock(data, size) == 0;
    return data;
}

/* The slab that `data` lies in, or `count` of them. */
static size_t slab_of(const uint8_t *data)
{
    size_t i = 0;

    while (i < shared.count && (data < shared.slabs[i] || data >= shared.slabs[i] + SLAB_BYTES))
        i++;
    return i;
}

static void add_slab(void)
{
    size_t at = shared.count;
    uint8_t *slab = at < SLABS_MOST ? map_pages(SLAB_BYTES, &shared.locked[at]) : NULL;

    if (!slab)
        return;
    shared.slabs[shared.count++] = slab;
    for (size_t i = SLAB_SLOTS; i > 0; i--) {
        struct slot *slot = (struct slot *)(void *)(slab + (i - 1) * SLOT_BYTES);
        slot->next = shared.free;
        shared.free = slot;
    }
}

static bool take_slot(struct secret_bytes *secret, size_t size)
{
    pthread_mutex_lock(&shared.mutex);
    if (!shared.free)
        add_slab();
    struct slot *slot = shared.free;
    if (slot) {
        shared.free = slot->next;
        slot->next = NULL;
        uint8_t *data = (uint8_t *)slot;
        *secret = (struct secret_bytes){data, size, shared.locked[slab_of(data)]};
    }
    pthread_mutex_unlock(&shared.mutex);
    return slot != NULL;
}

static bool give_slot(struct secret_bytes *secret)
{
    pthread_mutex_lock(&shared.mutex);
    bool ours = slab_of(secret->data) < shared.count;
    if (ours) {
        struct slot *slot = (struct slot *)(void *)secret->data;
        slot->next = shared.free;
        shared.free = slot;
    }
    pthread_mutex_unlock(&shared.mutex);
    return ours;
}

int secret_bytes_init(struct secret_bytes *secret, size_t size)
{
    bool locked;

    if (size == 0 || size > SIZE_MAX / 2)
        return ERR_NO_MEMORY;
    if (size <= SLOT_BYTES && take_slot(secret, size))
        return 0;
    void *data = map_pages(whole_pages(size), &locked);
    if (!data)
        return ERR_NO_MEMORY;
    *secret = (struct secret_bytes){data, size, locked};
    return 0;
}

void secret_bytes_done(struct secret_bytes *secret)
{
    if (secret->data) {
        OPENSSL_cleanse(secret->data, secret->size);
        if (secret->size > SLOT_BYTES || !give_slot(secret))
            munmap(secret->data, whole_pages(secret->size));
    }
    *secret = (struct secret_bytes){0};
}

#define STACK_BYTES (16 * 1024)

__attribute__((noinline)) void secret_stack_wipe(void)
{
    char frames[STACK_BYTES];
    explicit_bzero(frames, sizeof frames); /* OPENSSL_cleanse goes word by word */
}

#define SECRET_HEAP_LEAST 32 /* bytes of its smallest piece */

bool secret_heap_init(void)
{
    return CRYPTO_secure_malloc_init(SECRET_HEAP_SIZE, SECRET_HEAP_LEAST) == 1;
}
