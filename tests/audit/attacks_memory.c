/* Attacks on memory: searching the worker's own, making it executable, taking more of it. */
#include "break_in.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE         4096ul
#define NEEDLE_MASK  0x5a /* what is searched for must not be found in the search itself */
#define NEEDLE_BYTES 64
#define NEEDLES      16
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

    while (hex[0] && hex[0] != ',' && hex[1] && n < NEEDLE_BYTES) {
        memcpy(digits, hex, 2);
        masked[n++] = (uint8_t)strtoul(digits, NULL, 16);
        hex += 2;
    }
    return n;
}

struct needles {
    uint8_t masked[NEEDLES][NEEDLE_BYTES];
    size_t size[NEEDLES];
    unsigned count;
};

static long search_page(const struct needles *needles, const volatile uint8_t *page, bool has_next)
{
    long found = 0;

    for (unsigned n = 0; n < needles->count; n++) {
        size_t last = has_next ? PAGE : PAGE - needles->size[n] + 1;
        for (size_t at = 0; at < last; at++) {
            if (matches(page + at, needles->masked[n], needles->size[n])) {
                found |= 1l << n;
                break;
            }
        }
    }
    return found;
}

/*
 * Searches every readable page that the worker has, or may have got since it was sealed, the seams
 * between them included, for bytes given in hex and masked: "NEEDLE,NEEDLE,...". Returns a bit for
 * each that was found, so 0 is what a wall gives; -1 with EINVAL if nothing was searched.
 */
ATTACK(search_memory)
{
    static struct needles needles;
    const char *hex = job->argument;
    long found = 0, pages = 0;

    memset(&needles, 0, sizeof(needles));
    while (*hex && needles.count < NEEDLES) {
        size_t size = needle_from_hex(hex, needles.masked[needles.count]);
        needles.size[needles.count++] = size;
        hex += 2 * size + (hex[2 * size] == ',');
        if (size == 0)
            break;
    }
    for (size_t i = 0; i < break_in_range_count; i++) {
        const struct break_in_range *range = &break_in_ranges[i];
        uintptr_t end = range->end + (strcmp(range->name, "[heap]") == 0 ? PAST_END : 0);
        /* The stack grows down. */
        uintptr_t start = range->start - (strcmp(range->name, "[stack]") == 0 ? PAST_END : 0);

        if (strncmp(range->name, "[v", 2) == 0)
            continue; /* the kernel's own pages: vvar, vdso, vsyscall */
        for (uintptr_t page = start; page < end; page += PAGE) {
            if (!is_readable(page))
                continue;
            pages++;
            found |= search_page(&needles, (const volatile uint8_t *)page,
                                 page + PAGE < end && is_readable(page + PAGE));
        }
    }
    if (needles.count == 0 || needles.size[needles.count - 1] == 0 || pages == 0) {
        errno = EINVAL;
        return -1;
    }
    return found;
}

/* Searches while a job of somebody else, given ahead, lies in the socket; -1 with EAGAIN: none
 * came. */
ATTACK(search_ahead)
{
    for (int i = 0; i < 200000; i++)
        if (recv(break_in_socket, NULL, 0, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC) > 0)
            return search_memory(job);
    errno = EAGAIN;
    return -1;
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
    {"search-ahead", search_ahead},
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
