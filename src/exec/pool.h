/*
 * Inside the pool: what its files share. Only files of src/exec include this.
 *
 *   pool.c          the functions of exec.h: admission, start, cancel, stats
 *   pool_run.c      jobs: given to workers, ahead too, and taken back
 *   pool_worker.c   one worker: its states, its messages
 *   pool_answer.c   the check of what a worker answered
 *   pool_watch.c    the clock: watchdog, more workers by need, fewer when idle
 *   process.c       workers that are processes, made by the zygote
 *   thread.c        workers that are threads
 *
 * A worker goes STARTING -> READY -> ENDING, or straight to ENDING. Only one that is READY is given
 * a job: one that fails to come up, or takes too long, has none that would be lost with it.
 * pool_worker_end is the only way into ENDING: it ends the job there, if any, and asks the back end
 * to end the worker; the back end calls pool_worker_gone when nothing of it is left. What the job
 * had reserved is free only then.
 *
 * Small jobs are given ahead: up to POOL_SHORT_PER_CORE to one worker, which runs them one after
 * another without sleeping in between, and no more such workers than cores while that will do. As
 * soon as the first of them turns out to be long the others are taken back (turn.h) and given to
 * other workers. Large jobs have a worker of their own. What was given ahead lies in the socket,
 * not in memory that the script before it could look at (docs/threat-model.md).
 */
#ifndef NEOCOMPUTE_EXEC_POOL_H
#define NEOCOMPUTE_EXEC_POOL_H

#include "base/secmem.h"
#include "exec/answer_check.h"
#include "exec/exec.h"
#include "exec/message.h"
#include "exec/seal.h"
#include "exec/window.h"
#include "exec/zygote.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* A worker that is longer than this on one job counts as taken: another is made in its place. */
#define POOL_LONG_MS        2
/* While other jobs end, it counts only after this long: where the cores have too much to do, every
 * job takes longer, and more workers would be no help. */
#define POOL_LONG_BUSY_MS   20
/*
 * Jobs for each core that may be with workers and not be long yet, and as many as one worker may be
 * given ahead. So many that a worker does not run dry while the core is busy with HTTP; more would
 * only wait there instead of in turns. Long jobs do not count: sleepers hold up nobody.
 */
#define POOL_SHORT_PER_CORE 8
/* How often the watchdog looks when no worker is wanted. */
#define POOL_WATCH_MS       100
/* Past its time limit a job has this long to end by itself, measured from when it was handed over:
 * it covers the wait for a core under load. Then its worker is killed. */
#define POOL_GRACE_MS       2000
/* A cancelled job has this long to end by itself. */
#define POOL_CANCEL_MS      1000
/* A worker has this long from its order to its READY. */
#define POOL_READY_MS       10000
/* After a worker failed to come up no other is made for this long. */
#define POOL_RETRY_MS       200
/* Idle workers above warm_workers go after this long without need. */
#define POOL_TRIM_MS        10000
/* How long pool_free waits for threads. */
#define POOL_JOIN_MS        2000

enum worker_state { WORKER_STARTING, WORKER_READY, WORKER_ENDING };

/* One job. */
struct exec_run {
    exec_done_fn *done;
    void *ctx;
    struct exec_pool *pool;
    struct pool_worker *worker; /* that has it; NULL: it was taken back and waits */
    TAILQ_ENTRY(exec_run) link; /* of its worker, of those that wait, or of spare ones */
    bool cancelled;
    bool ahead;         /* given to its worker behind another job */
    bool again;         /* lost its worker before: it is not given a third time */
    bool is_long;       /* has run for POOL_LONG_MS */
    uint64_t given_ns;  /* to its worker */
    uint64_t begins_ns; /* when it became the first of its worker */
    const struct guard *guard, *output_guard; /* borrowed; NULL: none */
    struct secret_bytes memory;               /* that all this lies in: the text may hold secrets */
    struct message order; /* START; with a text it may be given ahead, taken back and given again */
};
TAILQ_HEAD(run_list, exec_run);

struct pool_worker {
    struct exec_pool *pool;
    uint32_t id; /* unlike that of any other worker, dead or alive; the low bits are its place */
    enum worker_state state;
    struct window window;
    int fd; /* the core's end of its socket; -1 once closed */
    uv_poll_t poll;
    struct run_list runs; /* the first runs, or will next; the others were given ahead */
    unsigned run_count;
    uint32_t sequence;        /* of the last job it was given */
    uint32_t answered;        /* of the last job it has answered: all before it has been read */
    uint32_t round;           /* of turn.h */
    uint64_t deadline_ns;     /* when the watchdog ends it; 0: never */
    uint64_t memory_reserved; /* by the job it died with */
    uint64_t jobs;            /* it has done */
    const char *fault;        /* why it was ended; NULL: no fault of its own */
    bool idle;                /* on the list of idle workers */
    bool open;                /* on the list of those that are given jobs ahead */
    bool gone;                /* the back end is done with it */
    bool poll_closed;
    bool kill_due; /* process: the order to kill it could not be sent yet */
    TAILQ_ENTRY(pool_worker) idle_link, open_link;

    pthread_t thread; /* of a worker that is one */
};

/* How workers are made and ended. */
struct pool_backend {
    /* Workers that may be on their way at once. */
    unsigned starting_most;
    /* Jobs that one worker may be given. */
    unsigned given_most;
    bool stream; /* its socket is a stream (message.h) */
    /* Once, before the first worker. */
    int (*prepare)(struct exec_pool *pool);
    /* Makes window and socket of `worker` and has it started. ERR_*; nothing is left then. */
    int (*start)(struct pool_worker *worker);
    /* Ends it, now if that can be; pool_worker_gone follows, later or from inside. */
    void (*end)(struct pool_worker *worker);
    /* The other end of the socket of an ENDING worker was closed. */
    void (*closed)(struct pool_worker *worker);
    /* Called by the watchdog: whatever could not be done at once. */
    void (*retry)(struct exec_pool *pool);
    /* Ends what workers are made by; all workers are ENDING and gone when it returns. */
    void (*stop)(struct exec_pool *pool);
};
extern const struct pool_backend pool_backend_process, pool_backend_thread;

struct exec_pool {
    uv_loop_t *loop;
    const struct pool_backend *backend;
    struct worker_config config;
    uint64_t workers_max, warm, jobs_per_worker, memory_total;
    void (*capacity)(void *ctx);
    void *ctx;
    void (*lost_told)(void *ctx, const char *reason);
    void *lost_ctx;

    struct exec_zygote *zygote; /* process only */
    uv_poll_t zygote_poll;
    uv_timer_t watch, trim;
    unsigned handles; /* open uv handles; the pool is freed with the last */
    bool stopping;
    bool capacity_due;

    struct pool_worker **places;             /* workers_max; NULL where there is none */
    unsigned workers;                        /* places in use */
    unsigned ending;                         /* of these, ENDING */
    unsigned idle_count, idle_least;         /* now; least since the last trim */
    TAILQ_HEAD(pool_idle, pool_worker) idle; /* READY, the last used at the head */
    TAILQ_HEAD(pool_open, pool_worker) open; /* they run a short job, and may be given more */
    unsigned open_count;
    struct run_list waiting; /* taken back, not given again yet */
    struct run_list spare;   /* memory for jobs to come */
    uint32_t generation;
    uint64_t next_spawn_ns;
    uint64_t watch_ms; /* interval of `watch`; 0: it does not run */

    uint64_t memory_reserved;
    uint64_t started, lost, retired;
    unsigned running;
    unsigned long_running;      /* of these, those that are long */
    uint64_t ended, ended_seen; /* jobs; when the watchdog last looked */
    unsigned short_most;        /* others that may run at once */
    unsigned cores;
    bool wanted_more; /* a short job found no worker, and might have run */
    bool patient;     /* the core does not interrupt workers */
    bool healthy;
    bool sealed_known;
    struct seal_report sealed; /* what is in force for every worker */
    struct error_detail start_failure;

    struct answer_scratch scratch;
    struct buf records; /* private copy of log records */
};

/* Jobs that run and are not long yet. */
static inline unsigned pool_short_running(const struct exec_pool *pool)
{
    return pool->running - pool->long_running;
}

/* pool_run.c */

/* Could a small job be given to a worker now? */
bool pool_has_worker(const struct exec_pool *pool);
/* ERR_QUEUE_FULL: not now. Otherwise as exec_start. */
int pool_run_start(struct exec_pool *pool, const struct exec_request *request, exec_done_fn *done,
                   void *ctx, struct exec_run **ret);
/* The same on this worker. ERR_SYSTEM: it is dead, and has been ended. */
int pool_worker_give(struct pool_worker *worker, const struct exec_request *request,
                     exec_done_fn *done, void *ctx, struct exec_run **ret);
/* Gives those that wait to whoever has room. */
void pool_run_serve(struct exec_pool *pool);
/* What was given behind the worker's first job and has not been begun, or all of it, waits for
 * another worker. */
void pool_run_take_back(struct pool_worker *worker, bool all);
/* The worker's first job, done or lost, for the caller to end; the next is the first. NULL: none.
 */
struct exec_run *pool_run_leave(struct pool_worker *worker);
/* One that was given ahead or had not begun, and whose worker was lost, waits for another, once: by
 * whom the worker was broken is not known, and it may have been the job before. False: it was its
 * last chance. */
bool pool_run_try_again(struct exec_run *run, bool begun);
/* Calls `done` and frees. */
void pool_run_end(struct exec_run *run, struct exec_result *result);
void pool_run_free_spare(struct exec_pool *pool);

/* pool_answer.c */

/* What a worker says of its job, copied and checked. NULL, or how it broke the protocol. */
const char *pool_answer_read(struct pool_worker *worker, const struct message *message,
                             struct exec_result *result);
/* Leaves nothing of the job in the window. */
void pool_answer_wipe(struct pool_worker *worker, const struct message *message);

/* pool_worker.c */
int pool_worker_start(struct exec_pool *pool, struct pool_worker **ret);
void pool_worker_end(struct pool_worker *worker, int code, const char *fault);
void pool_worker_gone(struct pool_worker *worker);
void pool_worker_close_socket(struct pool_worker *worker);
/* Something may have come from the worker: takes one message. False if there is none. */
bool pool_worker_receive(struct pool_worker *worker);
struct pool_worker *pool_worker_find(struct exec_pool *pool, uint32_t id);
void pool_worker_set_idle(struct pool_worker *worker, bool idle);
void pool_worker_set_open(struct pool_worker *worker, bool open);
/* When its first job is past help. */
void pool_worker_set_deadline(struct pool_worker *worker);
void pool_report_lost(struct exec_pool *pool, const char *reason);

/* process.c */
void pool_zygote_receive(struct exec_pool *pool); /* takes what the zygote has sent */

/* pool_watch.c */
void pool_watch_start(struct exec_pool *pool); /* the timers; once */
void pool_watch_wake(struct exec_pool *pool);  /* a job was given or a worker ordered */
void pool_set_patient(struct exec_pool *pool, bool patient);
void pool_tell_capacity(struct exec_pool *pool);
void pool_handle_closed(uv_handle_t *handle); /* close callback of the pool's own handles */

#endif
