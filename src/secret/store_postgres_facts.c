/* Facts, documents and the rows of rotation of the PostgreSQL store. */
#include "secret/store_postgres.h"

/* --- facts --- */

/* The one text that a statement has for a key. ERR_NOT_FOUND. */
static int get_text(struct store *store, enum postgres_statement statement, struct span key,
                    struct arena *arena, struct span *ret)
{
    struct postgres_parameters q;
    PGresult *result;
    postgres_begin(&q);
    postgres_add_text(&q, key);
    int r = postgres_query(postgres_self(store), statement, &q, &result);
    if (r)
        return r;
    if (libpq.PQntuples(result) == 0)
        r = ERR_NOT_FOUND;
    else if (!postgres_read_text(result, 0, 0, arena, ret))
        r = ERR_NO_MEMORY;
    libpq.PQclear(result);
    return r;
}

int store_postgres_get_fact(struct store *store, const char *name, struct arena *arena,
                            struct span *ret)
{
    return get_text(store, PG_GET_FACT, span_of(name), arena, ret);
}

int store_postgres_put_fact(struct store *store, const char *name, struct span value)
{
    struct postgres_parameters q;
    postgres_begin_place(&q, span_of(name), value);
    return postgres_change(postgres_self(store), PG_PUT_FACT, &q, NULL);
}

int store_postgres_list_facts(struct store *store, const char *prefix, struct span after,
                              struct arena *arena, struct span *names, struct span *values,
                              size_t *count)
{
    struct postgres_parameters q;
    PGresult *result;
    postgres_begin_place(&q, after, span_of(prefix));
    postgres_add_number(&q, (int64_t)*count);
    int r = postgres_query(postgres_self(store), PG_LIST_FACTS, &q, &result);
    if (r)
        return r;
    size_t n = (size_t)libpq.PQntuples(result);
    for (size_t i = 0; !r && i < n; i++)
        if (!postgres_read_text(result, (int)i, 0, arena, &names[i]) ||
            !postgres_read_text(result, (int)i, 1, arena, &values[i]))
            r = ERR_NO_MEMORY;
    libpq.PQclear(result);
    if (!r)
        *count = n;
    return r;
}

/* --- documents --- */

int store_postgres_put_document(struct store *store, const struct store_document *document)
{
    struct postgres_parameters q;
    postgres_begin_place(&q, document->digest, document->text);
    postgres_add_number(&q, document->not_after_unix_ms);
    return postgres_change(postgres_self(store), PG_PUT_DOCUMENT, &q, NULL);
}

int store_postgres_get_document(struct store *store, struct span digest, struct arena *arena,
                                struct span *ret)
{
    return get_text(store, PG_GET_DOCUMENT, digest, arena, ret);
}

/* --- rotation --- */

int store_postgres_next_sealed(struct store *store, struct span cursor, struct arena *arena,
                               struct store_sealed_row *rows, size_t *count)
{
    struct postgres_parameters q;
    PGresult *result;
    postgres_begin(&q);
    postgres_add_text(&q, cursor);
    postgres_add_number(&q, (int64_t)*count);
    int r = postgres_query(postgres_self(store), PG_NEXT_SEALED, &q, &result);
    if (r)
        return r;
    size_t n = (size_t)libpq.PQntuples(result);
    for (size_t i = 0; !r && i < n; i++) {
        int at = (int)i;
        rows[i].version = (uint64_t)postgres_read_number(result, at, 3);
        bool ok = postgres_read_text(result, at, 0, arena, &rows[i].cursor) &&
                  postgres_read_text(result, at, 1, arena, &rows[i].user) &&
                  postgres_read_text(result, at, 2, arena, &rows[i].name) &&
                  postgres_read_text(result, at, 4, arena, &rows[i].sealed);
        rows[i].current = ok && rows[i].cursor.data[0] == 'c';
        r = ok ? 0 : ERR_NO_MEMORY;
    }
    libpq.PQclear(result);
    if (!r)
        *count = n;
    return r;
}

int store_postgres_replace_sealed(struct store *store, const struct store_sealed_row *row,
                                  struct span sealed)
{
    struct postgres_parameters q;
    uint64_t changed;
    postgres_begin_place(&q, sealed, row->user);
    postgres_add_text(&q, row->name);
    postgres_add_number(&q, (int64_t)row->version);
    postgres_add_text(&q, row->sealed);
    int r = postgres_change(postgres_self(store), row->current ? PG_SWAP_CURRENT : PG_SWAP_KEPT, &q,
                            &changed);
    return !r && changed != 1 ? ERR_CONFLICT : r;
}
