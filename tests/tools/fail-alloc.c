/*
 * Loaded in front of libc (LD_PRELOAD): fails allocations on order, for tests/faults.
 *
 * The file named by FAIL_ALLOC_FILE is mapped shared: struct order below. While `armed` is not 0,
 * the allocations of this process are counted, and the one numbered `armed` returns NULL; so does
 * every one after it if `all` is set. Only the process whose id is `pid` obeys, so that workers
 * forked from others do not.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct order {
    _Atomic uint32_t pid, armed, all, count, failed;
};

static struct order *order;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);

/* dlsym may allocate before the real functions are known. */
static char early[4096];
static size_t early_used;

static void *early_alloc(size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (size > sizeof(early) - early_used)
        return NULL;
    void *ret = early + early_used;
    early_used += size;
    return ret;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAIL_ALLOC_FILE");
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        order = map;
}

static int fails(void)
{
    if (!order || order->armed == 0 || order->pid != (uint32_t)getpid())
        return 0;
    uint32_t number = ++order->count;
    if (number != order->armed && !(order->all && number > order->armed))
        return 0;
    order->failed++;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    if (!real_malloc)
        return early_alloc(size);
    return fails() ? NULL : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (!real_calloc)
        return early_alloc(count * size);
    return fails() ? NULL : real_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    if (!real_realloc)
        return NULL;
    return fails() ? NULL : real_realloc(old, size);
}

void free(void *old)
{
    static void (*real_free)(void *);
    if ((char *)old >= early && (char *)old < early + sizeof(early))
        return;
    if (!real_free)
        *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    real_free(old);
}
