/*
 * Inside the secrets service: what its files share. queue.c is the thread and the way to it;
 * resolve.c (jobs), manage.c (owners) and document.c answer there. Functions marked [thread] run on
 * the database's thread, all others on the loop's.
 */
#ifndef NEOCOMPUTE_SECRET_SERVICE_H
#define NEOCOMPUTE_SECRET_SERVICE_H

#include "base/arena.h"
#include "secret/secret.h"
#include <sys/types.h>

#define TICKET_ARENA_MOST  (32u * 1024 * 1024)
#define SPARE_TICKETS_MOST 256 /* some 6 KiB each */

/* One request on its way through the thread and back. */
struct secret_ticket {
    struct secret_ticket *next;
    struct secret_service *service;
    struct arena arena; /* everything the request and its answer point to */
    bool forgotten;     /* of the loop's thread only */
    void *ctx;
    secret_resolved_fn *resolved;     /* a job asks ... */
    secret_answered_fn *answered;     /* ... or an owner */
    secret_documented_fn *documented; /* ... or the service itself, for a document */
    bool store_document;              /* put it, else get it */
    struct store_document document;

    struct secret_ask ask;
    struct span script_sha256; /* as text */
    struct secret_set *set;

    struct secret_manage manage;
    struct secret_bytes value;
    bool narrowed; /* the new rules let less than the old ones, and nothing more */

    struct store_audit *audit; /* rows to be written with the answer */
    size_t audit_count;
    struct secret_answer answer; /* code and detail serve both kinds */
};

struct secret_service {
    struct store *store;
    const struct secret_key *key, *previous;
    bool strict;
    char boot_id[STORE_BOOT_ID_SIZE];
    struct audit_chain chain; /* [thread] */
    bool doubts;              /* [thread] see secret_chain_doubt */
    struct audit_chain doubted;
    struct buf doubted_user;
    struct value_cache *values; /* [thread] opened ones, or NULL */
    uint64_t look_ns;           /* [thread] when to look at them next; 0: there are none */
    size_t behind; /* [thread] of the queue's tickets, those that the store is down for */

    uv_loop_t *loop;
    struct secret_ticket *spare; /* wiped ones with a block of memory, to be used again */
    size_t spare_count;
    struct secret_ticket *asked, **asked_tail; /* in this turn of the loop */
    size_t asked_count;
    uv_prepare_t turn;
    uv_async_t async;
    uv_timer_t checkpoint_timer;
    uv_thread_t thread;
    bool thread_runs;
    pid_t loop_thread;
    int scheduled; /* [thread] as the loop's thread was when it was looked at last */

    uv_mutex_t mutex; /* of what follows, up to the blank line */
    uv_cond_t cond;
    struct secret_ticket *queue, **queue_tail, *finished, **finished_tail;
    _Atomic size_t queued; /* the loop's thread reads it without */
    bool stopping, checkpoint_due, stopped;
    char checkpoint[512];             /* text of the last one, until the loop has told it */
    char trouble[STORE_TROUBLE_SIZE]; /* why the store is down */
    struct secret_stats stats;

    bool told_down;           /* what the log says of the store */
    uint64_t told_down_at_ns; /* 0: never */
    void (*on_checkpoint)(void *ctx, const char *boot_id, const char *text);
    void *checkpoint_ctx;
    void (*on_stopped)(void *ctx);
    void *on_stopped_ctx;
    int handles; /* open libuv handles; freed when the last is closed */
};

/* [thread] Answers up to SECRET_BATCH_MOST jobs' tickets with one transaction. */
void secret_resolve_batch(struct secret_service *service, struct secret_ticket **tickets,
                          size_t count);

/* [thread] set.c: makes the leak guards over an opened set. ERR_NO_MEMORY. */
int secret_set_guard(struct secret_set *set, bool allow_output);

/* [thread] Answers one owner's ticket. */
void secret_manage_one(struct secret_service *service, struct secret_ticket *ticket);

/* [thread] Puts or gets one document. */
void secret_document_one(struct secret_service *service, struct secret_ticket *ticket);

/* [thread] master_key.c: opens rows with the master key, or the previous one; see secret_opener in
 * cipher.h. */
struct row_opener {
    struct secret_opener current, previous;
    bool has_previous;
};
void secret_rows_begin(const struct secret_service *service, struct row_opener *opener);
void secret_rows_end(struct row_opener *opener);
/* ERR_SECRET_UNAVAILABLE */
int secret_open_row(struct row_opener *opener, struct span user, const struct store_secret *row,
                    struct secret_bytes *ret, size_t *size);

/*
 * [thread] The transaction whose last row ends `chain` failed: it may be there all the same, where
 * the connection was lost behind the COMMIT. To go on from the row before it would be a fork, which
 * the verification takes for a forgery. `user` is that row's.
 */
void secret_chain_doubt(struct secret_service *service, const struct audit_chain *chain,
                        struct span user);
/* [thread] Before the next row is chained: looks which it was. ERR_SYSTEM, ERR_NO_MEMORY. */
int secret_chain_settle(struct secret_service *service);

/* [thread] Remembers what a call of the store returned: whether it is up. */
void secret_note_store(struct secret_service *service, int code);

/* Starts the thread, and a checkpoint every `checkpoint_ms` (0: only the last). ERR_SYSTEM. */
int secret_queue_start(struct secret_service *service, uint64_t checkpoint_ms);

/*
 * Before the last stop, when nobody waits for an answer any more: what jobs and owners asked for is
 * not begun. A database that is locked would take its time for each of them. Documents stay.
 */
void secret_queue_drop(struct secret_service *service);

/*
 * Puts a filled ticket into the queue, at the end of this turn of the loop: all of a turn's wake
 * the thread once, and share a transaction. ERR_QUEUE_FULL, ERR_SHUTTING_DOWN.
 */
int secret_enqueue(struct secret_service *service, struct secret_ticket *ticket);

/* A spare one, else made. NULL without memory. */
struct secret_ticket *secret_ticket_new(struct secret_service *service);
/* Wipes it and keeps it for the next, if few are kept. */
void secret_ticket_free(struct secret_ticket *ticket);
/* Frees a spare one. */
void secret_ticket_discard(struct secret_ticket *ticket);

void secret_checkpoint_start(struct secret_service *service, uint64_t checkpoint_ms);
/* [thread] Into the database with it, and back to the loop. */
void secret_checkpoint_write(struct secret_service *service);
/* Into the log with the one that was written, if there is one. */
void secret_checkpoint_tell(struct secret_service *service);

#endif
