/*
 * What the files of src/api share. server.c: life cycle and the turn of the loop; listen.c:
 * addresses; watch.c: hang-ups; exchange.c and header.c: one request; route.c: who handles it;
 * execute.c, jobs.c, keys.c, service.c: the handlers; turn.c: large bodies, in turns; request.c:
 * the body of POST /execute; job_json.c, problem.c, metrics.c: what goes out, and body.c: its
 * memory.
 */
#ifndef NEOCOMPUTE_API_SERVER_H
#define NEOCOMPUTE_API_SERVER_H

#include "api/api.h"
#include "api/exchange.h"

#define CONNECTION_BYTES (16 * 1024) /* libmicrohttpd's memory a connection: headers fit or 431 */

/* A request must be whole within this time of its headers, however busy its sender looks. */
#define BODY_SECONDS 60

#define SPARE_BODIES 64 /* kept for the next answers */

#define API_STATUS_COUNT 600 /* statuses of HTTP: 0 to 599 */

struct api_metrics {
    uint64_t requests[API_STATUS_COUNT]; /* by status */
    uint64_t hang_ups, replays, contexts_used;
    struct job_histogram time; /* from the headers to the answer */
};

/* Large bodies that wait to be parsed, the next one first; see turn.c. */
struct turns {
    struct exchange *first, *last;
    uint64_t served; /* tag of the one that was served last */
};

struct api {
    uv_loop_t *loop;
    const struct limits *limits;
    struct job_service *jobs;
    struct api_options options;
    struct MHD_Daemon *daemon;
    char url[64];
    char keep_alive[32]; /* tells clients when a connection is too old to be used again */
    uint16_t port;
    uint64_t started_unix_ms;

    uint8_t random[1024]; /* for trace ids; taken from its end */
    size_t random_left;

    /* Handles of the loop; freed by their close callbacks. */
    uv_poll_t *daemon_poll, *watch_poll;
    uv_timer_t *daemon_timer, *watch_timer, *stop_timer;
    uv_check_t *check;
    uv_prepare_t *prepare;
    uv_idle_t *idle, *turn_idle;
    bool work; /* libmicrohttpd has something to do in this turn of the loop */

    struct opener *opener;
    struct envelopes *envelopes;

    int watch_fd;
    struct exchange *waiting_first, *waiting_last;
    struct exchange *exchanges;
    struct exchange *spare; /* memory for those to come */
    unsigned spare_count;
    char *spare_bodies[SPARE_BODIES]; /* likewise for answers; body.c */
    unsigned spare_body_count;
    uint64_t held; /* bytes, by all exchanges */
    struct turns turns;

    bool stopping;
    uint64_t stop_deadline_ms;
    void (*stopped)(void *ctx);
    void *stopped_ctx;

    struct api_metrics metrics;
};

/* server.c: makes libmicrohttpd run before the loop waits again. */
void api_wake(struct api *api);

/* server.c: a handle of the loop for a descriptor; freed when it is closed. */
int api_make_poll(struct api *api, int fd, uv_poll_t **ret);

/* listen.c: a listening socket, and where it is. */
int api_listen(const char *listen, int backlog, int *ret_fd, char *url, size_t url_size,
               uint16_t *ret_port, struct error_detail *detail);

/* watch.c: looks at the connections of exchanges that wait for longer than WATCH_AFTER_MS. */
int watch_open(struct api *api);
void watch_close(struct api *api);
void watch_add(struct exchange *exchange);
void watch_remove(struct exchange *exchange);

/* header.c: sets headers, user and trace of the exchange, or its problem. `method` is where the
 * request begins in libmicrohttpd's buffer. */
void header_check(struct exchange *exchange, const char *method);

/*
 * hold.c: counts `bytes` more that are held for this exchange. ERR_TRANSFER_FULL if they are too
 * many, in all or of its user. hold_release gives back all that it holds.
 */
int hold_take(struct exchange *exchange, uint64_t bytes, struct error_detail *detail);
void hold_release(struct exchange *exchange);

/*
 * turn.c: calls the handler of an exchange whose body is here, at once if that is small, else in
 * its turn: until then the connection is suspended.
 */
#define TURN_BYTES (16 * KIB) /* from this size on a body waits for its turn */
void turn_take(struct exchange *exchange, void (*handle)(struct exchange *exchange));

/* The queue itself. turns_next takes out whoever is next, or gives NULL; turns_remove whoever goes
 * away, if they are in it. */
void turns_add(struct turns *turns, struct exchange *exchange);
struct exchange *turns_next(struct turns *turns);
void turns_remove(struct turns *turns, struct exchange *exchange);

/* body.c: an empty buffer with room for `size` bytes, and no more. ERR_NO_MEMORY: it has failed. */
int body_take(struct api *api, size_t size, struct buf *ret);
/* Answers with it; it is overwritten once it is out. Takes `body`; NULL without memory. */
struct MHD_Response *body_response(struct api *api, struct buf *body);
void body_free_spare(struct api *api);

/* problem.c: an RFC 9457 document. */
int problem_write(struct buf *buf, const struct error_detail *problem, int status,
                  const char *trace);
const char *problem_title(int status);
#define PROBLEM_BYTES 16384 /* of a document, at most */

/* Why a job ended as no job should: the service, not the script, failed. */
void job_problem(const struct job_view *view, struct error_detail *ret);

/*
 * job_json.c: a job as callers see it; with its receipt if `with_receipt` is the job and has one,
 * NULL leaves it out. ERR_NO_MEMORY, ERR_INTERNAL.
 */
int job_json_write(struct buf *buf, const struct job_view *view, const struct job *with_receipt);
size_t job_json_size(const struct job_view *view); /* without a receipt, at most */

#define RECEIPT_MEMBERS 96 /* bytes of a receipt's salt and the names of both members */

/* metrics.c */
int metrics_write(struct buf *buf, struct api *api);

#endif
