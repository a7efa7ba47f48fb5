/*
 * Sealed requests, inside api: how one is received, and how its answer is sealed.
 *
 * A handler that takes them begins with sealed_receive. If it is true the request is sealed: it is
 * opened first, and the handler is called again with the plaintext as the body. From then on
 * whatever is set as the answer (exchange_answer, exchange_problem) is sealed: outside there is
 * only a 200. docs/protocol.md, "Sealed calls".
 */
#ifndef NEOCOMPUTE_API_SEALED_H
#define NEOCOMPUTE_API_SEALED_H

#include "api/exchange.h"
#include "api/opener.h"

/* True: the exchange waits, or has an answer. False: its body is there to be read. */
bool sealed_receive(struct exchange *exchange);

/* Is it a sealed request that was opened? */
static inline bool sealed_is_open(const struct exchange *exchange)
{
    return exchange->reply.data != NULL;
}

/* What seals its answer. */
static inline const struct envelope_reply *sealed_reply(const struct exchange *exchange)
{
    return (const struct envelope_reply *)(const void *)exchange->reply.data;
}

/* For the opener. */
void sealed_opened(struct opening *opening);

/*
 * The caller named the user that the request is for. ERR_USER_MISMATCH if it is another one: then
 * the request counts as if it had never come, so that the right user can still send it.
 */
int sealed_check_user(struct exchange *exchange, struct span expected, struct error_detail *detail);

/* The request has become this job, which keeps the sealed answer. */
void sealed_became_job(struct exchange *exchange, const struct job_id *job);

/* Replaces an answer by the same one, sealed. ERR_NO_MEMORY, ERR_INTERNAL: `answer` has no body. */
int sealed_wrap(struct exchange *exchange, struct answer *answer);

/* The exchange goes: nobody waits for what it has begun. */
void sealed_forget(struct exchange *exchange);

#endif
