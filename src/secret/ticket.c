/* Tickets: one request on its way through the thread and back. Ended ones are wiped and kept. */
#include "secret/service.h"

#include <stdlib.h>

struct secret_ticket *secret_ticket_new(struct secret_service *service)
{
    struct secret_ticket *t = service->spare;
    if (t) {
        service->spare = t->next;
        service->spare_count--;
        t->next = NULL;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->service = service;
    arena_init(&t->arena, TICKET_ARENA_MOST);
    return t;
}

void secret_ticket_discard(struct secret_ticket *t)
{
    arena_done(&t->arena);
    free(t);
}

void secret_ticket_free(struct secret_ticket *t)
{
    if (!t)
        return;
    secret_set_free(t->set);
    secret_bytes_done(&t->value);
    secret_bytes_done(&t->answer.value);
    struct secret_service *s = t->service;
    if (s->spare_count >= SPARE_TICKETS_MOST) {
        secret_ticket_discard(t);
        return;
    }
    arena_reset(&t->arena);
    *t = (struct secret_ticket){.next = s->spare, .service = s, .arena = t->arena};
    s->spare = t;
    s->spare_count++;
}
