#include "exec/window.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW_PAGE_BYTES  4096u /* areas start on a multiple; the smallest page there is */
#define WINDOW_TOTAL_BYTES (2 * GIB)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static uint64_t window_round_up(uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (page < WINDOW_PAGE_BYTES)
        page = WINDOW_PAGE_BYTES;
    return (size + page - 1) / page * page;
}

int window_layout_init(struct window_layout *ret, const struct limits *limits)
{
    const uint64_t *value = limits->value;
    uint64_t secret = 2 * sizeof(uint32_t) + WINDOW_SECRET_NAME_BYTES + WINDOW_SECRET_VALUE_BYTES;
    uint64_t entry = sizeof(uint32_t) + value[LIMIT_LOG_ENTRY_BYTES] + WINDOW_LOG_MARK_BYTES +
                     GUARD_SPELLED_MOST;
    const uint64_t size[WINDOW_AREA_COUNT] = {
        [WINDOW_REQUEST] = value[LIMIT_SCRIPT_BYTES] + WINDOW_ENTRY_POINT_BYTES +
                           value[LIMIT_INPUT_BYTES] + value[LIMIT_SECRET_REFS] * secret,
        [WINDOW_OUTPUT] = value[LIMIT_OUTPUT_BYTES],
        /* One entry more than allowed says how many were dropped. */
        [WINDOW_LOGS] = (value[LIMIT_LOG_ENTRIES] + 1) * entry,
        [WINDOW_ERROR] = value[LIMIT_ERROR_BYTES] + GUARD_SPELLED_MOST,
    };
    struct window_layout layout;
    uint64_t at = window_round_up(sizeof(struct window_control));

    for (int area = 0; area < WINDOW_AREA_COUNT; area++) {
        uint64_t end = at + window_round_up(size[area]);
        if (end > WINDOW_TOTAL_BYTES)
            return ERR_SYSTEM;
        layout.offset[area] = (uint32_t)at;
        layout.size[area] = (uint32_t)size[area];
        at = end;
    }
    layout.total = (uint32_t)at;
    *ret = layout;
    return 0;
}

static int window_memfd(size_t size)
{
    const unsigned seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int fd = memfd_create("window", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 &&
        errno == EINVAL) /* before Linux 6.3; seccomp refuses executable mappings anyway */
        fd = memfd_create("window", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int window_attach(struct window *ret, const struct window_layout *layout, int fd)
{
    void *base = mmap(NULL, layout->total, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED)
        return ERR_SYSTEM;
    *ret = (struct window){.base = base, .layout = *layout, .shared = true};
    return 0;
}

int window_new_shared(struct window *ret, const struct window_layout *layout, int *ret_fd)
{
    int fd = window_memfd(layout->total);
    if (fd < 0)
        return ERR_SYSTEM;
    int r = window_attach(ret, layout, fd);
    if (r) {
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int window_new_private(struct window *ret, const struct window_layout *layout)
{
    void *base =
        mmap(NULL, layout->total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return ERR_NO_MEMORY;
    *ret = (struct window){.base = base, .layout = *layout, .shared = false};
    return 0;
}

void window_done(struct window *window)
{
    if (window->base)
        munmap(window->base, window->layout.total);
    *window = (struct window){0};
}

/*
 * Sees to it that the core can touch the first `size` bytes. Shared memory that the system has no
 * page left for is a SIGBUS at the first touch, which would end the core; asked for this way it is
 * an error. Before Linux 5.14 (EINVAL) there is no way to ask.
 */
static int window_ensure(struct window *window, enum window_area area, uint64_t size)
{
    if (!window->shared || size <= window->present[area])
        return 0;
    uint64_t wanted = window_round_up(size);
    if (madvise(window_area(window, area), wanted, MADV_POPULATE_WRITE) != 0 && errno != EINVAL)
        return ERR_NO_MEMORY;
    window->present[area] = (uint32_t)wanted;
    return 0;
}

static int window_check_secrets(const struct exec_request *request, uint64_t *ret_size)
{
    uint64_t size = 0;
    if (request->secret_count > WINDOW_SECRETS)
        return ERR_INVALID_FIELD;
    for (size_t i = 0; i < request->secret_count; i++) {
        const struct exec_secret *secret = &request->secrets[i];
        if (secret->name.size > WINDOW_SECRET_NAME_BYTES ||
            secret->value.size > WINDOW_SECRET_VALUE_BYTES)
            return ERR_INVALID_FIELD;
        size += 2 * sizeof(uint32_t) + secret->name.size + secret->value.size;
    }
    *ret_size = size;
    return 0;
}

static char *window_put(char *at, const void *data, size_t size)
{
    if (size)
        memcpy(at, data, size);
    return at + size;
}

int window_measure_request(const struct window_layout *layout, const struct exec_request *request,
                           struct window_request *ret)
{
    uint64_t room = layout->size[WINDOW_REQUEST];
    uint64_t secrets_size;
    int r = window_check_secrets(request, &secrets_size);
    if (r)
        return r;
    if (request->entry_point.size > WINDOW_ENTRY_POINT_BYTES)
        return ERR_INVALID_FIELD;
    if (request->script.size > room)
        return ERR_SCRIPT_TOO_LARGE;
    uint64_t size = request->script.size + request->entry_point.size + secrets_size;
    if (size > room || request->input.size > room - size)
        return ERR_INPUT_TOO_LARGE;
    *ret = (struct window_request){
        .script_size = (uint32_t)request->script.size,
        .entry_point_size = (uint32_t)request->entry_point.size,
        .input_size = (uint32_t)request->input.size,
        .secrets_size = (uint32_t)secrets_size,
        .secret_count = (uint32_t)request->secret_count,
        .confidential = request->confidential,
        .timeout_ns = request->timeout_ms * 1000000,
        .gas_limit = request->gas_limit,
        .memory_limit = request->memory_limit,
    };
    return 0;
}

void window_put_request(char *at, const struct exec_request *request)
{
    at = window_put(at, request->script.data, request->script.size);
    at = window_put(at, request->entry_point.data, request->entry_point.size);
    at = window_put(at, request->input.data, request->input.size);
    for (size_t i = 0; i < request->secret_count; i++) {
        const struct exec_secret *secret = &request->secrets[i];
        const uint32_t sizes[2] = {(uint32_t)secret->name.size, (uint32_t)secret->value.size};
        at = window_put(at, sizes, sizeof sizes);
        at = window_put(at, secret->name.data, secret->name.size);
        at = window_put(at, secret->value.data, secret->value.size);
    }
}

int window_write_request(struct window *window, const struct exec_request *request,
                         const struct window_request *measured)
{
    int r = window_ensure(window, WINDOW_REQUEST, window_request_size(measured));
    if (r == 0)
        window_put_request(window_area(window, WINDOW_REQUEST), request);
    return r;
}

uint32_t window_request_size(const struct window_request *request)
{
    return request->script_size + request->entry_point_size + request->input_size +
           request->secrets_size;
}

/* Cuts `size` bytes off the front of `rest`. */
static int window_cut(struct span *rest, size_t size, struct span *ret)
{
    if (size > rest->size)
        return ERR_PROTOCOL;
    *ret = (struct span){rest->data, size};
    *rest = (struct span){rest->data + size, rest->size - size};
    return 0;
}

static int window_open_secret(struct span *rest, struct engine_secret *secret)
{
    struct span head;
    uint32_t sizes[2];
    int r = window_cut(rest, sizeof sizes, &head);
    if (r)
        return r;
    memcpy(sizes, head.data, sizeof sizes);
    r = window_cut(rest, sizes[0], &secret->name);
    return r ? r : window_cut(rest, sizes[1], &secret->value);
}

int window_open_request(struct span area, const struct window_request *request,
                        struct engine_job *job, struct engine_secret *secrets)
{
    struct span rest = area;
    if (window_cut(&rest, request->script_size, &job->script) ||
        window_cut(&rest, request->entry_point_size, &job->entry_point) ||
        window_cut(&rest, request->input_size, &job->input) || request->secrets_size > rest.size ||
        request->secret_count > WINDOW_SECRETS)
        return ERR_PROTOCOL;
    rest.size = request->secrets_size;
    for (uint32_t i = 0; i < request->secret_count; i++)
        if (window_open_secret(&rest, &secrets[i]))
            return ERR_PROTOCOL;
    job->secrets = secrets;
    job->secret_count = request->secret_count;
    job->confidential = request->confidential != 0;
    job->gas_limit = request->gas_limit;
    job->memory_limit = request->memory_limit;
    job->timeout_ns = request->timeout_ns;
    return 0;
}

int window_read(struct window *window, enum window_area area, uint32_t size, struct buf *buf)
{
    if (size > window->layout.size[area])
        return ERR_PROTOCOL;
    int r = window_ensure(window, area, size);
    return r ? r : buf_add(buf, window_area(window, area), size);
}

/* Gives the pages from `from` to `to` (page boundaries) back; they read as zeros then. */
static void window_discard(struct window *window, enum window_area area, uint64_t from, uint64_t to)
{
    char *start = window_area(window, area) + from;
    if (madvise(start, to - from, window->shared ? MADV_REMOVE : MADV_DONTNEED) != 0)
        explicit_bzero(start, to - from);
    if (window->present[area] > from)
        window->present[area] = (uint32_t)from;
}

void window_wipe(struct window *window, enum window_area area, uint32_t used)
{
    uint32_t size = window->layout.size[area];
    if (used > size)
        used = size;
    if (used > WINDOW_KEEP_BYTES) {
        window_discard(window, area, WINDOW_KEEP_BYTES, window_round_up(used));
        used = WINDOW_KEEP_BYTES;
    }
    explicit_bzero(window_area(window, area), used);
}

void window_clear(struct window *window, enum window_area area)
{
    window_discard(window, area, 0, window_round_up(window->layout.size[area]));
}
