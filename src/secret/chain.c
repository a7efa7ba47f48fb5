/* The chain of audit rows after a transaction of which nobody knows whether it was written. */
#include "secret/service.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define USER_BYTES 4096

void secret_chain_doubt(struct secret_service *s, const struct audit_chain *chain, struct span user)
{
    s->doubted = *chain;
    s->doubted_user = BUF_INIT(USER_BYTES);
    s->doubts = buf_add(&s->doubted_user, user.data, user.size) == 0;
}

static bool is_last(const struct audit_chain *chain, const struct store_audit *row)
{
    return row->chained && row->seq == chain->seq && span_equal(row->boot_id, chain->boot_id) &&
           CRYPTO_memcmp(row->mac, chain->mac, sizeof chain->mac) == 0;
}

int secret_chain_settle(struct secret_service *s)
{
    if (!s->doubts)
        return 0;
    struct arena arena;
    struct store_page page = {.limit = STORE_PAGE_MOST};
    size_t count = STORE_PAGE_MOST;
    struct store_audit *rows = calloc(count, sizeof *rows);
    arena_init(&arena, TICKET_ARENA_MOST);
    int r = ERR_NO_MEMORY;
    if (rows)
        r = s->store->ops->list_audit(s->store,
                                      (struct span){s->doubted_user.data, s->doubted_user.size},
                                      &page, &arena, rows, &count);
    for (size_t i = 0; !r && i < count; i++)
        if (is_last(&s->doubted, &rows[i]))
            s->chain = s->doubted;
    if (!r) {
        s->doubts = false;
        buf_done(&s->doubted_user);
    }
    arena_done(&arena);
    free(rows);
    return r;
}
