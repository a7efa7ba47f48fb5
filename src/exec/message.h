/*
 * What core, zygote and workers say to each other: one table.
 *
 * Every message is one struct message, sent by one call: a head of fixed size, and where the table
 * allows it a text. Workers that are processes have packet sockets, which keep messages apart.
 * Threads have stream sockets, for a library OS has no other: there the head says how long the text
 * is, both are read to their ends, and a head that is none is found out by its size, type or
 * direction before anything that follows is taken for its text.
 *
 * A small request or answer travels as text, a large one in the window. What was sent cannot be
 * changed any more, nor read again; so the worker goes on to its next job, which may be somebody
 * else's, while the answer of this one waits for the core.
 *
 * Each receiver has an array of handlers indexed by type; message_receive gives it only what the
 * table says may come to it from that side.
 */
#ifndef NEOCOMPUTE_EXEC_MESSAGE_H
#define NEOCOMPUTE_EXEC_MESSAGE_H

#include "exec/window.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_party { MESSAGE_CORE, MESSAGE_ZYGOTE, MESSAGE_WORKER };

#define MESSAGE_TEXT_BYTES (8u * 1024)

/* What a worker is told once, before it sees a job. */
struct worker_config {
    struct window_layout layout;
    uint32_t stream;     /* 1: its socket is a stream */
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

/* Run the job whose request is the text or, without one, lies in the window. */
struct message_start {
    uint32_t sequence; /* names the job on this worker */
    uint32_t round;    /* in which it may be begun (turn.h) */
    struct window_request request;
};

/* End that job; the window's cancel word says so too. A job that has ended already is no error. */
struct message_cancel {
    uint32_t sequence;
};

/* The job has ended. Its answer is the text: output, logs, error; or, without one, lies in the
 * window, where it must be read before the worker gets its next job. */
struct message_done {
    uint32_t sequence;
    int32_t code;
    uint32_t output_size, logs_size, error_size, log_count;
    uint32_t nondeterminism;
    uint32_t leaving; /* 1: the engine must not be used again, the worker ends */
    uint32_t
        declined; /* 1: what was given behind it in its round has not been begun, nor will be */
    uint64_t gas_used, memory_used, duration_ns;
};

/* X(symbol, member, from, to, descriptors, most bytes of text) */
#define MESSAGES(X)                                                                                \
    X(SPAWN, spawn, CORE, ZYGOTE, 2, 0)                                                            \
    X(KILL, kill, CORE, ZYGOTE, 0, 0)                                                              \
    X(DIED, died, ZYGOTE, CORE, 0, 0)                                                              \
    X(READY, ready, WORKER, CORE, 0, 0)                                                            \
    X(START, start, CORE, WORKER, 0, MESSAGE_TEXT_BYTES)                                           \
    X(CANCEL, cancel, CORE, WORKER, 0, 0)                                                          \
    X(DONE, done, WORKER, CORE, 0, MESSAGE_TEXT_BYTES)

#define MESSAGE_TYPE(symbol, ...) MESSAGE_##symbol##_TYPE,
enum message_type { MESSAGES(MESSAGE_TYPE) MESSAGE_COUNT };
#undef MESSAGE_TYPE

#define MESSAGE_DESCRIPTORS_MOST 2

struct message {
    uint32_t type;
    uint32_t size;      /* bytes of the body, as in the table */
    uint32_t text_size; /* bytes of text that were sent */
#define MESSAGE_MEMBER(symbol, member, ...) struct message_##member member;
    union {
        MESSAGES(MESSAGE_MEMBER)
    };
#undef MESSAGE_MEMBER
    char text[MESSAGE_TEXT_BYTES];
};
/* What is sent of every message; the text follows. */
#define MESSAGE_HEAD_BYTES offsetof(struct message, text)

struct message_info {
    const char *name;
    enum message_party from, to;
    uint32_t size;        /* bytes of the body: exactly, so also the most */
    uint32_t descriptors; /* that come with it */
    uint32_t text_max;    /* bytes */
};
extern const struct message_info message_table[MESSAGE_COUNT];

/*
 * Is this what `to` may be told by `from`? `bytes` is what was received. Everything that comes from
 * a worker passes here before a field of it is looked at.
 */
bool message_valid(const struct message *message, size_t bytes, enum message_party from,
                   enum message_party to);

/* Fills type and size and clears the body; no text. */
void message_init(struct message *message, enum message_type type);

/*
 * Sends without waiting. `fds` as many as the table says (NULL if none). 0; ERR_QUEUE_FULL if the
 * socket is full; ERR_SYSTEM if the other side is gone.
 */
int message_send(int fd, const struct message *message, const int *fds);

#define MESSAGE_REST_MS 1000

enum message_receive_flags {
    MESSAGE_WAIT = 1,  /* until one comes; else ERR_QUEUE_FULL if there is none */
    MESSAGE_STREAM = 2 /* from a stream; no descriptors */
};

/*
 * Receives one message. 0; ERR_SYSTEM if the other side is gone; ERR_PROTOCOL if what came is not
 * for `to` from `from`, or the rest of what began on a stream did not come within
 * MESSAGE_REST_MS: then `ret` holds whatever came. `fds` (room for MESSAGE_DESCRIPTORS_MOST;
 * may be NULL where none can come) gets descriptors that the caller owns.
 */
int message_receive(int fd, enum message_party from, enum message_party to, int flags,
                    struct message *ret, int *fds);

#endif
