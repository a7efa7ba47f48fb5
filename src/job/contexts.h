/*
 * HPKE contexts of sealed requests that were opened lately, so that the next request of the same
 * sender opens without a Diffie-Hellman result, which takes as long as a small job.
 *
 * It is a cache and no more: a context can always be derived again from its request and the private
 * key, so nothing is refused because one is not here. There are at most so many; the one that has
 * gone longest without opening a request goes first. Only one that has opened a request comes in,
 * and only opening moves it up: who does not know what a sender knows changes nothing here. None
 * outlives its key (contexts_sweep). They lie in locked memory and are wiped when they go.
 *
 * Of the loop's thread. Life cycle: contexts_new -> contexts_find, contexts_keep ... ->
 * contexts_free.
 */
#ifndef NEOCOMPUTE_JOB_CONTEXTS_H
#define NEOCOMPUTE_JOB_CONTEXTS_H

#include "base/secmem.h"
#include "protect/envelope.h"

struct contexts;

/* At most `most` are kept, which may be 0. ERR_NO_MEMORY, ERR_SYSTEM. */
int contexts_new(uint64_t most, struct contexts **ret);
void contexts_free(struct contexts *contexts); /* NULL is fine */

/* The context of an envelope's origin; NULL if it is not here. Borrowed until the next call of
 * another function. */
const struct hpke_context *contexts_find(const struct contexts *contexts, struct span origin);

/*
 * A request of this origin has opened: its context is now the last to go. Where it is not here yet
 * `context` (a struct hpke_context) is taken, if there is memory; else it is left as it is.
 */
void contexts_keep(struct contexts *contexts, struct span origin, struct secret_bytes *context);

/* Wipes those whose key is gone. */
void contexts_sweep(struct contexts *contexts, bool (*has_key)(void *ctx, const uint8_t *key_id),
                    void *ctx);

uint64_t contexts_count(const struct contexts *contexts);

#endif
