/* Parameters into the statements of the PostgreSQL store, values out of their results. */
#include "base/encode.h"
#include "secret/store_postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void postgres_begin(struct postgres_parameters *q)
{
    q->count = 0;
    arena_init(&q->arena, PG_PARAMETER_BYTES);
}

void postgres_add_null(struct postgres_parameters *q)
{
    q->values[q->count++] = NULL;
}

void postgres_add_text(struct postgres_parameters *q, struct span text)
{
    struct span copy = {0};
    arena_copy(&q->arena, text, &copy);
    q->lengths[q->count] = (int)text.size;
    q->values[q->count++] = copy.data;
}

void postgres_add_optional(struct postgres_parameters *q, struct span text)
{
    if (text.size)
        postgres_add_text(q, text);
    else
        postgres_add_null(q);
}

void postgres_add_number(struct postgres_parameters *q, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    postgres_add_text(q, span_of(text));
}

void postgres_add_bool(struct postgres_parameters *q, bool value)
{
    postgres_add_text(q, value ? SPAN("t") : SPAN("f"));
}

void postgres_add_hex(struct postgres_parameters *q, const uint8_t *bytes, size_t size)
{
    char text[129];
    hex_encode(text, bytes, size);
    postgres_add_text(q, span_of(text));
}

void postgres_begin_place(struct postgres_parameters *q, struct span user, struct span name)
{
    postgres_begin(q);
    postgres_add_text(q, user);
    postgres_add_text(q, name);
}

int postgres_change(struct store_postgres *p, enum postgres_statement which,
                    struct postgres_parameters *q, uint64_t *changed)
{
    int r = store_postgres_run(p, which, q, NULL, changed);
    arena_done(&q->arena);
    return r;
}

int postgres_query(struct store_postgres *p, enum postgres_statement which,
                   struct postgres_parameters *q, PGresult **ret)
{
    int r = store_postgres_run(p, which, q, ret, NULL);
    arena_done(&q->arena);
    return r;
}

struct span postgres_cell(const PGresult *result, int row, int column)
{
    return (struct span){libpq.PQgetvalue(result, row, column),
                         (size_t)libpq.PQgetlength(result, row, column)};
}

bool postgres_read_text(const PGresult *result, int row, int column, struct arena *arena,
                        struct span *ret)
{
    return arena_copy(arena, postgres_cell(result, row, column), ret);
}

int64_t postgres_read_number(const PGresult *result, int row, int column)
{
    return strtoll(libpq.PQgetvalue(result, row, column), NULL, 10);
}

bool postgres_read_bool(const PGresult *result, int row, int column)
{
    return libpq.PQgetvalue(result, row, column)[0] == 't';
}
