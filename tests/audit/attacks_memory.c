/* Attacks on memory: searching the worker's own, making it executable, taking more of it. */
#include "break_in.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE         4096ul
#define NEEDLE_MASK  0x5a /* what is searched for must not be found in the search itself */
#define NEEDLE_BYTES 256
#define PAST_END     (16ul << 20) /* the heap may have grown since */

#define ATTACK(name) static long name(struct break_in *job)

/* pselect reads its last argument from this address: the kernel says whether it can be read. */
static bool is_readable(uintptr_t address)
{
    const struct timespec none = {0, 0};
    struct {
        const void *mask;
        size_t size;
    } argument = {(const void *)address, 8};

    return syscall(SYS_pselect6, 0, NULL, NULL, NULL, &none, &argument) == 0 || errno != EFAULT;
}

static bool matches(const volatile uint8_t *at, const uint8_t *masked, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((at[i] ^ NEEDLE_MASK) != masked[i])
            return false;
    return true;
}

static size_t needle_from_hex(const char *hex, uint8_t *masked)
{
    size_t n = 0;
    char digits[3] = "";

    while (hex[0] && hex[1] && n < NEEDLE_BYTES) {
        memcpy(digits, hex, 2);
        masked[n++] = (uint8_t)strtoul(digits, NULL, 16);
        hex += 2;
    }
    return n;
}

/*
 * Searches every readable page that the worker has, or may have got since, for bytes that are given
 * in hex and masked. Returns how often they were found, so 0 is what a wall gives; -1 with EINVAL
 * if nothing was searched. A page is looked at up to the needle's size before its end, and the
 * seams between neighbouring pages with it.
 */
ATTACK(search_memory)
{
    uint8_t masked[NEEDLE_BYTES];
    size_t size = needle_from_hex(job->argument, masked), pages = 0;
    long found = 0;

    for (size_t i = 0; i < break_in_range_count; i++) {
        const struct break_in_range *range = &break_in_ranges[i];
        uintptr_t end = range->end + (strcmp(range->name, "[heap]") == 0 ? PAST_END : 0);
        uintptr_t start = range->start;

        if (strcmp(range->name, "[stack]") == 0)
            start -= PAST_END; /* it grows down */
        if (strncmp(range->name, "[v", 2) == 0)
            continue; /* the kernel's own pages: vvar, vdso, vsyscall */
        for (uintptr_t page = start; page < end; page += PAGE) {
            const volatile uint8_t *bytes = (const volatile uint8_t *)page;
            bool next;

            if (!is_readable(page))
                continue;
            next = page + PAGE < end && is_readable(page + PAGE);
            pages++;
            for (size_t at = 0; at < PAGE && (next || at + size <= PAGE); at++)
                found += matches(bytes + at, masked, size);
        }
    }
    if (size == 0 || pages == 0) {
        errno = EINVAL;
        return -1;
    }
    return found;
}

/* How many windows there are: shared mappings of a memfd. One is its own. */
ATTACK(count_windows)
{
    long count = 0;
    for (size_t i = 0; i < break_in_range_count; i++)
        count += strncmp(break_in_ranges[i].name, "/memfd:", 7) == 0;
    return count;
}

ATTACK(map_executable)
{
    void *memory =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : 0;
}

ATTACK(make_executable)
{
    static char code[2 * PAGE];
    return mprotect((void *)(((uintptr_t)code + PAGE - 1) & ~(PAGE - 1)), PAGE,
                    PROT_READ | PROT_EXEC);
}

/* A write to the worker's own code. */
ATTACK(make_code_writable)
{
    return mprotect((void *)((uintptr_t)make_code_writable & ~(PAGE - 1)), PAGE,
                    PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* As much as the kernel gives of the engine's 8 GiB of address space. In bytes. */
ATTACK(take_reserve)
{
    const size_t step = 16ul << 20;
    const struct break_in_range *largest = &break_in_ranges[0];
    long taken = 0;

    for (size_t i = 0; i < break_in_range_count; i++)
        if (break_in_ranges[i].end - break_in_ranges[i].start > largest->end - largest->start)
            largest = &break_in_ranges[i];
    for (uintptr_t at = largest->start; at + step <= largest->end; at += step) {
        if (mprotect((void *)at, step, PROT_READ | PROT_WRITE) != 0)
            break;
        for (size_t i = 0; i < step; i += PAGE)
            *(volatile char *)(at + i) = 1;
        taken += (long)step;
    }
    return taken;
}

ATTACK(map_private)
{
    void *memory =
        mmap(NULL, 1ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : 0;
}

ATTACK(map_shared)
{
    void *memory = mmap(NULL, 1ul << 30, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : 0;
}

ATTACK(grow_heap)
{
    return sbrk(1l << 30) == (void *)-1 ? -1 : 0;
}

ATTACK(lock_memory)
{
    return mlockall(MCL_CURRENT | MCL_FUTURE);
}

/* The window, larger, smaller, or with a hole. */
static uintptr_t window_start(void)
{
    return (uintptr_t)break_in_window & ~(PAGE - 1);
}

ATTACK(truncate_window)
{
    for (int fd = 0; fd < 64; fd++)
        if (ftruncate(fd, 0) == 0)
            return 0;
    return -1;
}

ATTACK(grow_window)
{
    void *memory = mremap((void *)window_start(), PAGE, 1ul << 30, MREMAP_MAYMOVE);
    return memory == MAP_FAILED ? -1 : 0;
}

ATTACK(punch_window)
{
    return madvise((void *)window_start(), PAGE, MADV_REMOVE);
}

const struct attack attacks_memory[] = {
    {"search", search_memory},
    {"count-windows", count_windows},
    {"map-executable", map_executable},
    {"make-executable", make_executable},
    {"make-code-writable", make_code_writable},
    {"take-reserve", take_reserve},
    {"map-private", map_private},
    {"map-shared", map_shared},
    {"grow-heap", grow_heap},
    {"lock-memory", lock_memory},
    {"truncate-window", truncate_window},
    {"grow-window", grow_window},
    {"punch-window", punch_window},
    {NULL, NULL},
};
