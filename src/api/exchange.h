/*
 * One request and its answer, inside api.
 *
 * libmicrohttpd calls with the headers, then with pieces of the body, then once more: then the
 * route's handler is called. A handler either answers (exchange_answer, exchange_problem) or waits
 * for a job; the connection is suspended meanwhile and resumed when the job ends.
 *
 * What is wrong with a request is remembered and said after its body was read, so that the
 * connection can go on; only where the end of the body is in doubt, or it is too large, is it
 * answered at once and closed.
 */
#ifndef NEOCOMPUTE_API_EXCHANGE_H
#define NEOCOMPUTE_API_EXCHANGE_H

#include "api/api.h"
#include "api/libmicrohttpd.h"
#include "base/buf.h"
#include "base/secmem.h"

#define TRACE_MOST  128 /* bytes of a trace id */
#define ALLOW_BYTES 64  /* of an Allow header */

/* Headers that mean something here; each may come once. */
enum header {
    HEADER_HOST,
    HEADER_CONTENT_LENGTH,
    HEADER_TRANSFER_ENCODING,
    HEADER_CONTENT_ENCODING,
    HEADER_CONTENT_TYPE,
    HEADER_USER,
    HEADER_TRACE,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_USER_AGENT,
    HEADER_IF_MATCH,
    HEADER_IF_NONE_MATCH,
    HEADER_COUNT
};

struct exchange;
struct opening;
struct remembered;
struct route;

enum exchange_state {
    EXCHANGE_READING, /* headers checked, body arriving */
    EXCHANGE_WAITING, /* suspended until its job ends */
    EXCHANGE_READY,   /* `response` is to be queued */
    EXCHANGE_ANSWERED
};

struct exchange {
    struct api *api;
    struct MHD_Connection *connection;
    const struct route *route; /* NULL: no such path */
    struct span path_id;       /* the part of the path that {id} stands for */
    enum exchange_state state;
    bool suspended;              /* libmicrohttpd does not look at the connection */
    struct error_detail problem; /* code 0: none */
    char allow[ALLOW_BYTES];     /* for ERR_METHOD_NOT_ALLOWED */
    bool close;                  /* close the connection after the answer */

    struct span headers[HEADER_COUNT]; /* of libmicrohttpd, good as long as the exchange */
    const char *last_value_end;        /* of the headers looked at so far */
    struct span user;
    char trace[TRACE_MOST + 1];
    struct buf body;
    uint64_t body_expected; /* bytes announced; 0: unknown */
    uint64_t body_dropped;  /* bytes that nobody wants */
    uint64_t started_ns;

    uint64_t held; /* bytes of body or answer that count for transfer_bytes */

    struct MHD_Response *response; /* owned until queued */
    int status;
    int code;               /* for log and metrics */
    char job_id[UUID_SIZE]; /* "" if the answer is of no job */

    /* Of a sealed request (sealed.c). */
    struct opening *opening;   /* while it is being opened */
    struct secret_bytes reply; /* once it was: a struct envelope_reply, which seals the answer */
    struct remembered *remembered; /* until what it asked for is done */
    struct remembered *replayed;   /* or: the earlier one whose answer it waits for */
    struct exchange *replay_next;

    /* While it waits for the store of secrets, and what then makes its answer (secrets.c). */
    struct secret_ticket *ticket;
    void (*answer_secret)(void);
    size_t page_limit;

    /* While it waits. */
    struct job_waiter waiter;
    struct exchange *wait_next, *wait_prev; /* in api->waiting, the longest first */
    uint64_t wait_since_ms;
    bool watched; /* its descriptor is in api->watch_fd */

    /* While its body waits to be parsed (turn.c). */
    void (*turn_handle)(struct exchange *exchange);
    bool turn_waits;
    uint64_t turn_tag;
    struct exchange *turn_next, *turn_prev;

    struct exchange *next, *prev; /* in api->exchanges */
};

/* Makes an exchange of a request whose headers are here, and checks them. NULL without memory. */
struct exchange *exchange_new(struct api *api, struct MHD_Connection *connection, const char *url,
                              const char *method);
void exchange_free(struct exchange *exchange);
/* Frees those that are kept for later requests. */
void exchange_free_spare(struct api *api);

/* Headers that an answer may carry beside the usual ones. */
struct answer {
    int status;
    const char *type;
    struct buf body;      /* taken */
    struct span fixed;    /* or: a body that is there for good */
    bool no_store;        /* it carries outputs: nobody may keep it */
    const char *cache;    /* Cache-Control where it may be kept; NULL: none */
    bool wipe;            /* it carries a secret: overwrite `body` afterwards */
    bool sealed;          /* `body` is sealed already */
    const char *allow;    /* NULL: none */
    const char *link;     /* NULL: none */
    const char *etag;     /* NULL: none */
    unsigned retry_after; /* seconds; 0: none */
};

/* Sets the answer; a buffer that failed becomes the problem `no_memory`. */
void exchange_answer(struct exchange *exchange, struct answer *answer);

/* Sets a problem document as the answer. */
void exchange_problem(struct exchange *exchange, const struct error_detail *problem);

/* Waits for the job, or answers at once if it has ended. */
void exchange_wait(struct exchange *exchange, struct job *job);

/* Waits for something else than a job; exchange_resume sends the answer that was set meanwhile. Who
 * is suspended may wait for the next thing without being resumed. */
void exchange_suspend(struct exchange *exchange);
void exchange_resume(struct exchange *exchange);

/* Answers with one job: as GET /jobs/{id} does. */
void exchange_answer_job(struct exchange *exchange, const struct job *job);

/* Queues the answer with libmicrohttpd. */
enum MHD_Result exchange_send(struct exchange *exchange);

/* The caller's address as text into `text`, and what they call themselves; for the audit log. */
#define PEER_BYTES       46  /* of an address, with its NUL */
#define USER_AGENT_BYTES 256 /* longer ones are cut */
struct span exchange_address(const struct exchange *exchange, char text[PEER_BYTES]);
struct span exchange_user_agent(const struct exchange *exchange);

/* Counts and logs the exchange when the answer is out, or never will be. */
void exchange_report(const struct exchange *exchange);

#endif
