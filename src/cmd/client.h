/*
 * The command line as a client of a server: one request, one answer.
 */
#ifndef NEOCOMPUTE_CMD_CLIENT_H
#define NEOCOMPUTE_CMD_CLIENT_H

#include "base/buf.h"
#include "base/error.h"
#include "cmd/options.h"

#define CLIENT_ANSWER_BYTES (64u * 1024 * 1024)
#define CLIENT_ETAG_BYTES   128 /* of an ETag with its quotes and NUL */

struct client_answer {
    long status; /* HTTP */
    struct buf body;
    char etag[CLIENT_ETAG_BYTES]; /* the ETag header; "" if there is none */
    char type[128];               /* the Content-Type header; "" if there is none */
    char next[1024]; /* the target of the Link header with rel="next"; "" if there is none */
};

void client_answer_done(struct client_answer *answer);

/*
 * GET of a whole http or https URL, without a user; an answer other than 200 is
 * ERR_PROTOCOL, none is ERR_SYSTEM. Appends the body to `ret`.
 */
int client_fetch(const char *url, struct buf *ret, struct error_detail *detail);

/* What a request and its answer may carry beside the usual. */
struct client_extra {
    const char *if_match, *if_none_match; /* the headers; NULL: none */
    const char *content_type;             /* of the body; NULL: application/json */
    char etag[CLIENT_ETAG_BYTES];         /* out: the answer's ETag, in quotes; "": none */
};

/* As client_call, with extras. */
int client_call_with(const struct client_options *options, const char *method, const char *target,
                     struct span body, struct client_extra *extra, struct client_answer *ret,
                     struct error_detail *detail);

/* Fills `detail` from a problem document that the server sent with this status; its code. */
int client_problem(long status, struct span problem, struct error_detail *detail);

/* Who is asking: as told, or the name under which they are logged in. Borrowed. */
const char *client_user(const struct client_options *options);

/* Can that be a user id? Every request asks; whoever works on a store has to. ERR_USAGE. */
int client_check_user(const struct client_options *options, struct error_detail *detail);

/*
 * Sends a request; `target` is the path with its query, `body` empty for none (GET and DELETE).
 * ERR_SYSTEM if there was no answer; one other than 2xx is an error with the server's message and
 * the code that it names.
 */
int client_call(const struct client_options *options, const char *method, const char *target,
                struct span body, struct client_answer *ret, struct error_detail *detail);

#endif
