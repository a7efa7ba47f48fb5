/*
 * Turns of large bodies. To parse a megabyte holds the loop for milliseconds, so an iteration of
 * the loop parses one such body and then looks after everybody else; and who comes next is decided
 * by what each user had so far, not by who was first: whoever sends twenty waits for twenty, a
 * neighbour for one or two.
 *
 * It is self-clocked fair queueing (Golestani 1994): a request's tag is its size, added to the tag
 * of its user's last one in the queue, or else to the tag that was served last; the least tag is
 * next. A user's requests stay in their order, and small ones overtake large ones of others.
 */
#include "api/server.h"

#define TURN_WORK_BYTES (256 * KIB) /* after this much an iteration has had its share */

/* There are at most `connections` in the queue. */
static uint64_t last_tag_of(const struct turns *turns, struct span user)
{
    for (const struct exchange *other = turns->last; other; other = other->turn_prev)
        if (span_equal(other->user, user))
            return other->turn_tag;
    return turns->served;
}

void turns_add(struct turns *turns, struct exchange *exchange)
{
    exchange->turn_tag = last_tag_of(turns, exchange->user) + exchange->body.size;
    struct exchange *before = turns->last;
    while (before && before->turn_tag > exchange->turn_tag)
        before = before->turn_prev;
    exchange->turn_prev = before;
    exchange->turn_next = before ? before->turn_next : turns->first;
    *(before ? &before->turn_next : &turns->first) = exchange;
    *(exchange->turn_next ? &exchange->turn_next->turn_prev : &turns->last) = exchange;
    exchange->turn_waits = true;
}

void turns_remove(struct turns *turns, struct exchange *exchange)
{
    if (!exchange->turn_waits)
        return;
    *(exchange->turn_prev ? &exchange->turn_prev->turn_next : &turns->first) = exchange->turn_next;
    *(exchange->turn_next ? &exchange->turn_next->turn_prev : &turns->last) = exchange->turn_prev;
    exchange->turn_waits = false;
}

struct exchange *turns_next(struct turns *turns)
{
    struct exchange *exchange = turns->first;
    if (exchange) {
        turns->served = exchange->turn_tag;
        turns_remove(turns, exchange);
    }
    return exchange;
}

/* One iteration of the loop. */
static void on_turn(uv_idle_t *idle)
{
    struct turns *turns = &((struct api *)idle->data)->turns;
    struct exchange *exchange;
    uint64_t work = 0;
    while (work < TURN_WORK_BYTES && (exchange = turns_next(turns))) {
        work += exchange->body.size;
        exchange->turn_handle(exchange);
        if (exchange->state == EXCHANGE_READY)
            exchange_resume(exchange);
    }
    if (!turns->first)
        uv_idle_stop(idle);
}

void turn_take(struct exchange *exchange, void (*handle)(struct exchange *exchange))
{
    struct api *api = exchange->api;
    if (exchange->body.size < TURN_BYTES) {
        handle(exchange);
        return;
    }
    exchange->turn_handle = handle;
    turns_add(&api->turns, exchange);
    exchange_suspend(exchange);
    uv_idle_start(api->turn_idle, on_turn);
}
