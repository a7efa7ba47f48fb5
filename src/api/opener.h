/*
 * Opens sealed requests on a thread of its own. The first one of a sender takes about as long as a
 * small job does; on the loop's thread it would hold up every other request, and use one core where
 * there are more. Where the sender's context is known and the request small it takes microseconds,
 * less than to wake a thread: that is done at once (opening_open).
 *
 * Life cycle: opener_new -> opening_new, opener_open ..., opener_hand_over at the end of a turn of
 * the loop -> opener_free (what has not come back by then never does). All of the loop's thread.
 */
#ifndef NEOCOMPUTE_API_OPENER_H
#define NEOCOMPUTE_API_OPENER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/secmem.h"
#include "job/envelopes.h"
#include "protect/envelope.h"
#include <uv.h>

#define OPENING_ROUTE_BYTES 512 /* of method and path */

/* One request on its way to the thread and back. */
struct opening {
    struct opening *next;
    void *ctx; /* NULL: nobody waits for it any more */

    /* What is to be opened. */
    struct buf request;       /* owned */
    struct envelope envelope; /* of `request` */
    uint16_t kem;
    EVP_PKEY *key; /* held */
    char route[OPENING_ROUTE_BYTES];
    struct secret_bytes context; /* a struct hpke_context */
    bool derived;                /* it is that of the envelope's origin already */

    /* What came of it. */
    int code; /* 0, ERR_SEALED_UNOPENED, ERR_NO_MEMORY, ERR_INTERNAL */
    struct error_detail detail;
    struct buf text;           /* owned; wiped with the rest */
    struct secret_bytes reply; /* a struct envelope_reply */
};

struct opener;

/* `opened` is called for each one whose ctx is set; it may take text, reply and context by moving
 * them. */
int opener_new(uv_loop_t *loop, void (*opened)(struct opening *opening), struct opener **ret);

/* The caller fills in what is to be opened. NULL without memory. */
struct opening *opening_new(struct opener *opener);
void opening_free(struct opener *opener, struct opening *opening);

/* Opens it here and now, of any thread; what it leaves on the stack is for the caller to wipe. */
void opening_open(struct opening *opening);

/* Takes it, and gives the thread all those of a turn of the loop at once: it is woken once for
 * them, and their jobs begin together. */
void opener_open(struct opener *opener, struct opening *opening);
void opener_hand_over(struct opener *opener);

void opener_free(struct opener *opener); /* NULL is fine; the loop must turn once more */

#endif
