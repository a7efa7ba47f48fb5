/* The chain of audit rows after a transaction of which nobody knows whether it was written. */
#include "secret/service.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define USER_BYTES 4096
#define LOOK_ROWS  100 /* a page; whoever wrote them, they fit an arena */

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

/*
 * The page's rows, newest first: is the doubted one there? Once it is, or one of this chain that is
 * older, there is no need to look further back.
 */
static bool look_through(struct secret_service *s, const struct store_audit *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_last(&s->doubted, &rows[i]))
            s->chain = s->doubted;
        if (rows[i].chained && span_equal(rows[i].boot_id, s->chain.boot_id))
            return true;
    }
    return false;
}

/* Others may have written any number of rows of this user meanwhile. */
static int look_back(struct secret_service *s, struct store_audit *rows)
{
    struct store_page page = {.limit = LOOK_ROWS};
    struct span user = {s->doubted_user.data, s->doubted_user.size};
    size_t count;
    bool found = false;
    int r;
    do {
        struct arena arena;
        arena_init(&arena, TICKET_ARENA_MOST);
        count = LOOK_ROWS;
        r = s->store->ops->list_audit(s->store, user, &page, &arena, rows, &count);
        if (!r && count > 0) {
            found = look_through(s, rows, count);
            page.after = rows[count - 1].id;
        }
        arena_done(&arena);
    } while (!r && !found && count == LOOK_ROWS);
    return r;
}

int secret_chain_settle(struct secret_service *s)
{
    if (!s->doubts)
        return 0;
    struct store_audit *rows = calloc(LOOK_ROWS, sizeof *rows);
    int r = rows ? look_back(s, rows) : ERR_NO_MEMORY;
    if (!r) {
        s->doubts = false;
        buf_done(&s->doubted_user);
    }
    free(rows);
    return r;
}
