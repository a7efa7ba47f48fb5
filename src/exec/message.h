/*
 * What core, zygote and workers say to each other: one table.
 *
 * Every message is one struct message of fixed size, sent by one call. Workers that are processes
 * have packet sockets, threads have stream sockets: there too a message is never split or joined by
 * a side that keeps to the protocol, and one that does not is found out by the size, the type or
 * the direction. Data (scripts, outputs) never travels here but in the window.
 *
 * Each receiver has an array of handlers indexed by type; message_receive gives it only what the
 * table says may come to it from that side.
 */
#ifndef NEOCOMPUTE_EXEC_MESSAGE_H
#define NEOCOMPUTE_EXEC_MESSAGE_H

#include "exec/window.h"
#include <stdbool.h>
#include <stdint.h>

enum message_party { MESSAGE_CORE, MESSAGE_ZYGOTE, MESSAGE_WORKER };

/* What a worker is told once, before it sees a job. */
struct worker_config {
    struct window_layout layout;
    uint64_t memory_max; /* bytes of private data a worker process may have */
    uint32_t output_depth, log_entries, log_entry_bytes, error_bytes, timers;
};

/* Make a worker. Comes with two descriptors: its window, its socket. */
struct message_spawn {
    uint32_t worker;
    struct worker_config config;
};

/* End a worker at once. One that is dead already is no error. */
struct message_kill {
    uint32_t worker;
};

/* A worker is dead and reaped: status as of waitpid, or it was never born: minus errno. */
struct message_died {
    uint32_t worker;
    int32_t status;
};

/* The worker is sealed. Text (what was refused, or why it failed) lies in the error area. */
struct message_ready {
    int32_t code; /* 0, or why it could not be sealed: it ends then */
    uint32_t mechanisms;
    uint32_t text_size;
};

/* Run the job whose request lies in the window. */
struct message_start {
    uint32_t sequence; /* names the job on this worker */
    struct window_request request;
};

/* End that job; the window's cancel word says so too. A job that has ended already is no error. */
struct message_cancel {
    uint32_t sequence;
};

/* The job has ended; its answer lies in the window. */
struct message_done {
    uint32_t sequence;
    int32_t code;
    uint32_t output_size, logs_size, error_size, log_count;
    uint32_t nondeterminism;
    uint32_t leaving; /* 1: the engine must not be used again, the worker ends */
    uint64_t gas_used, memory_used, duration_ns;
};

/* X(symbol, member, from, to, descriptors) */
#define MESSAGES(X)                                                                                \
    X(SPAWN, spawn, CORE, ZYGOTE, 2)                                                               \
    X(KILL, kill, CORE, ZYGOTE, 0)                                                                 \
    X(DIED, died, ZYGOTE, CORE, 0)                                                                 \
    X(READY, ready, WORKER, CORE, 0)                                                               \
    X(START, start, CORE, WORKER, 0)                                                               \
    X(CANCEL, cancel, CORE, WORKER, 0)                                                             \
    X(DONE, done, WORKER, CORE, 0)

#define MESSAGE_TYPE(symbol, ...) MESSAGE_##symbol##_TYPE,
enum message_type { MESSAGES(MESSAGE_TYPE) MESSAGE_COUNT };
#undef MESSAGE_TYPE

#define MESSAGE_DESCRIPTORS_MOST 2

struct message {
    uint32_t type;
    uint32_t size; /* bytes of the body, as in the table */
#define MESSAGE_MEMBER(symbol, member, ...) struct message_##member member;
    union {
        MESSAGES(MESSAGE_MEMBER)
    };
#undef MESSAGE_MEMBER
};

struct message_info {
    const char *name;
    enum message_party from, to;
    uint32_t size;        /* bytes of the body: exactly, so also the most */
    uint32_t descriptors; /* that come with it */
};
extern const struct message_info message_table[MESSAGE_COUNT];

/*
 * Is this what `to` may be told by `from`? `bytes` is what was received. Everything that comes from
 * a worker passes here before a field of it is looked at.
 */
bool message_valid(const struct message *message, size_t bytes, enum message_party from,
                   enum message_party to);

/* Fills type and size and clears the body. */
void message_init(struct message *message, enum message_type type);

/*
 * Sends without waiting. `fds` as many as the table says (NULL if none). 0; ERR_QUEUE_FULL if the
 * socket is full; ERR_SYSTEM if the other side is gone.
 */
int message_send(int fd, const struct message *message, const int *fds);

/*
 * Receives one message. With `wait` until one comes, else ERR_QUEUE_FULL if there is none. Returns
 * 0; ERR_SYSTEM if the other side is gone; ERR_PROTOCOL if what came is not for `to` from `from`.
 * `fds` (room for MESSAGE_DESCRIPTORS_MOST; may be NULL where none can come) gets descriptors that
 * the caller owns.
 */
int message_receive(int fd, enum message_party from, enum message_party to, bool wait,
                    struct message *ret, int *fds);

#endif
