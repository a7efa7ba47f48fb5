/* The audit log of the PostgreSQL store. */
#include "base/encode.h"
#include "secret/store_postgres.h"

/* PG_AUDIT_PARAMETERS of them. */
static void add_audit_row(struct postgres_parameters *q, const struct store_audit *a)
{
    postgres_add_text(q, a->user);
    postgres_add_text(q, a->name);
    postgres_add_text(q, span_of(store_action_name(a->action)));
    postgres_add_optional(q, a->service);
    postgres_add_optional(q, a->address);
    postgres_add_optional(q, a->user_agent);
    postgres_add_bool(q, a->success);
    postgres_add_optional(q, a->error);
    postgres_add_number(q, a->created_unix_ms);
    postgres_add_optional(q, a->job_id);
    postgres_add_optional(q, a->script_sha256);
    if (a->chained) {
        postgres_add_text(q, a->boot_id);
        postgres_add_number(q, (int64_t)a->seq);
        postgres_add_hex(q, a->mac, STORE_MAC_SIZE);
        return;
    }
    for (int i = 0; i < 3; i++)
        postgres_add_null(q);
}

int store_postgres_add_audit(struct store *store, const struct store_audit *rows, size_t count)
{
    int r = 0;
    for (size_t i = 0; !r && i < count; i++) {
        struct postgres_parameters q;
        postgres_begin(&q);
        add_audit_row(&q, &rows[i]);
        r = postgres_change(postgres_self(store), PG_ADD_AUDIT, &q, NULL);
    }
    return r;
}

/* Written once: if the connection is lost on the way, nobody can say whether it is there. */
int store_postgres_commit_audit(struct store *store, const struct store_audit *const *rows,
                                size_t count)
{
    struct store_postgres *p = postgres_self(store);
    int r = store_postgres_pipe_start(p);
    store->in_doubt = r == 0;
    if (!r)
        r = store_postgres_pipe_word(p, "BEGIN");
    size_t sent = 0;
    for (size_t i = 0, step; !r && i < count; i += step, sent++) {
        struct postgres_parameters q;
        step = count - i >= PG_AUDIT_ROWS ? PG_AUDIT_ROWS : 1;
        postgres_begin(&q);
        for (size_t k = 0; k < step; k++)
            add_audit_row(&q, rows[i + k]);
        r = step > 1 ? store_postgres_pipe_audits(p, &q)
                     : store_postgres_pipe_add(p, PG_ADD_AUDIT, &q);
        arena_done(&q.arena);
    }
    if (!r)
        r = store_postgres_pipe_word(p, "COMMIT");
    int ended = store_postgres_pipe_end(p, sent + 2, NULL);
    return r ? r : ended;
}

static int read_audit(const PGresult *result, int row, struct arena *arena, struct store_audit *a)
{
    *a = (struct store_audit){.id = (uint64_t)postgres_read_number(result, row, 0),
                              .action = store_action_of(postgres_cell(result, row, 3)),
                              .success = postgres_read_bool(result, row, 7),
                              .created_unix_ms = postgres_read_number(result, row, 9),
                              .seq = (uint64_t)postgres_read_number(result, row, 13)};
    a->chained = hex_decode(a->mac, STORE_MAC_SIZE, postgres_cell(result, row, 14)) == 0;
    bool ok = postgres_read_text(result, row, 1, arena, &a->user) &&
              postgres_read_text(result, row, 2, arena, &a->name) &&
              postgres_read_text(result, row, 4, arena, &a->service) &&
              postgres_read_text(result, row, 5, arena, &a->address) &&
              postgres_read_text(result, row, 6, arena, &a->user_agent) &&
              postgres_read_text(result, row, 8, arena, &a->error) &&
              postgres_read_text(result, row, 10, arena, &a->job_id) &&
              postgres_read_text(result, row, 11, arena, &a->script_sha256) &&
              postgres_read_text(result, row, 12, arena, &a->boot_id);
    return ok ? 0 : ERR_NO_MEMORY;
}

int store_postgres_list_audit(struct store *store, struct span user, const struct store_page *page,
                              struct arena *arena, struct store_audit *rows, size_t *count)
{
    struct postgres_parameters q;
    PGresult *result;
    postgres_begin(&q);
    if (user.size) {
        postgres_add_text(&q, user);
        postgres_add_number(&q, page->after ? (int64_t)page->after : INT64_MAX);
    } else {
        postgres_add_number(&q, (int64_t)page->after);
    }
    postgres_add_number(&q, (int64_t)(page->limit < *count ? page->limit : *count));
    int r = postgres_query(postgres_self(store), user.size ? PG_AUDIT_OF_USER : PG_AUDIT_OF_ALL, &q,
                           &result);
    if (r)
        return r;
    size_t n = (size_t)libpq.PQntuples(result);
    for (size_t i = 0; !r && i < n && i < *count; i++)
        r = read_audit(result, (int)i, arena, &rows[i]);
    libpq.PQclear(result);
    if (!r)
        *count = n < *count ? n : *count;
    return r;
}
