/*
 * The window: the memory that the core shares with one worker, for what is too large for a message.
 *
 *     control | request (script, entry point, input, secrets) | output | logs | error
 *
 * Every area has the size that the limits allow at most and starts on a page of its own; pages that
 * nobody touched take no memory. For a worker process it is a memfd, sealed against any change of
 * size before it is shared (a worker that truncates it would give the core SIGBUS); for a worker
 * thread it is ordinary memory.
 *
 * The worker's side is hostile. The core writes a request, and reads an answer by copying it once
 * into private memory (window_read) with sizes it has checked; it never looks at the same byte
 * twice. After each job what was used is wiped: by the worker, before it answers by message
 * (message.h), or by the core, when it has read the answer here.
 *
 * Life cycle, core: window_new_shared or window_new_private -> for each job window_write_request,
 * window_read, window_wipe -> window_done. Worker: window_attach (process) -> window_open_request.
 */
#ifndef NEOCOMPUTE_EXEC_WINDOW_H
#define NEOCOMPUTE_EXEC_WINDOW_H

#include "base/buf.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "exec/exec.h"
#include "exec/turn.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What limits.h has no name for. */
#define WINDOW_ENTRY_POINT_BYTES  256u
#define WINDOW_SECRETS            64u
#define WINDOW_SECRET_NAME_BYTES  128u
#define WINDOW_SECRET_VALUE_BYTES (64u * 1024)
/* How much longer than log_entry_bytes an entry may be: the words that say it was cut. */
#define WINDOW_LOG_MARK_BYTES     64u
/* Of each area this much stays in memory between jobs; what lies above goes back to the system. */
#define WINDOW_KEEP_BYTES         (64u * 1024)

enum window_area { WINDOW_REQUEST, WINDOW_OUTPUT, WINDOW_LOGS, WINDOW_ERROR, WINDOW_AREA_COUNT };

struct window_layout {
    uint32_t offset[WINDOW_AREA_COUNT]; /* bytes from the start; multiples of the page size */
    uint32_t size[WINDOW_AREA_COUNT];   /* bytes */
    uint32_t total;
};

/* Words, not data. Either side may write them at any time, so they are hints to the core. */
struct window_control {
    _Atomic uint32_t cancelled; /* by the core: the sequence of a job that is to end */
    _Atomic uint32_t ending;    /* by the core: whatever a worker that is a thread runs is to end */
    volatile uint32_t forbidden; /* by the worker: a system call it was refused (seal.h) */
    turn_word turn;              /* by both: turn.h */
};

struct window {
    uint8_t *base;
    struct window_layout layout;
    bool shared;
    uint32_t present[WINDOW_AREA_COUNT]; /* core: bytes known to be backed by memory */
};

/* How the request lies in its area: these one after another, without gaps. */
struct window_request {
    uint32_t script_size, entry_point_size, input_size, secrets_size, secret_count;
    uint32_t confidential; /* 0 or 1 */
    uint64_t timeout_ns, gas_limit, memory_limit;
};

/* ERR_SYSTEM if the limits add up to more than a window can have (2 GiB). */
int window_layout_init(struct window_layout *ret, const struct limits *limits);

/* A sealed memfd and its mapping; `*ret_fd` is the caller's to close. ERR_SYSTEM. */
int window_new_shared(struct window *ret, const struct window_layout *layout, int *ret_fd);

/* Ordinary memory. ERR_NO_MEMORY. */
int window_new_private(struct window *ret, const struct window_layout *layout);

/* The worker's mapping of the core's memfd, which it may close then. ERR_SYSTEM. */
int window_attach(struct window *ret, const struct window_layout *layout, int fd);

/* Unmaps. A zeroed window is fine. */
void window_done(struct window *window);

static inline struct window_control *window_control(const struct window *window)
{
    return (struct window_control *)window->base;
}

static inline char *window_area(const struct window *window, enum window_area area)
{
    return (char *)window->base + window->layout.offset[area];
}

/*
 * The sizes of a request: ERR_SCRIPT_TOO_LARGE, ERR_INPUT_TOO_LARGE, ERR_INVALID_FIELD (entry
 * point, secrets) if it does not fit.
 */
int window_measure_request(const struct window_layout *layout, const struct exec_request *request,
                           struct window_request *ret);

/* Copies a request of measured size to `at`, as window_open_request reads it. */
void window_put_request(char *at, const struct exec_request *request);

/* Copies a measured request into the window. ERR_NO_MEMORY; nothing is written then. */
int window_write_request(struct window *window, const struct exec_request *request,
                         const struct window_request *measured);

/* How many bytes of its area a request takes. */
uint32_t window_request_size(const struct window_request *request);

/*
 * The worker's view of a request that lies in `area`: fills script, entry point, input, secrets and
 * limits of `job`; `secrets` has room for WINDOW_SECRETS. ERR_PROTOCOL if the sizes do not fit.
 */
int window_open_request(struct span area, const struct window_request *request,
                        struct engine_job *job, struct engine_secret *secrets);

/*
 * Copies the first `size` bytes of an area to the end of `buf`, once. ERR_PROTOCOL if the area is
 * smaller, ERR_NO_MEMORY.
 */
int window_read(struct window *window, enum window_area area, uint32_t size, struct buf *buf);

/* Overwrites the first `used` bytes of an area with zeros. */
void window_wipe(struct window *window, enum window_area area, uint32_t used);

/* Empties all of an area, for when it is not known how much of it was written. */
void window_clear(struct window *window, enum window_area area);

#endif
