/*
 * Which blocks of the SQLite store's audit log have rows of a user, and which rows of its table.
 *
 * The log is only appended to, and an index by user kept up with it would write as much again and
 * more: rows of many users go to as many pages. So secret_audit_users is brought up to date for
 * INDEX_ROWS rows at a time, in the transaction that writes the last of them; who asks for a user's
 * rows looks through what is behind it as well.
 *
 * An entry names a row of the table by its id, or blocks: one by its first id, and in `more` those
 * after it, two bytes each, big-endian: how far their first ids are from that of the one named. So
 * a user has one entry for all that the log was indexed for at a time.
 */
#include "secret/store_sqlite.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_ROWS   4096
#define FACT_INDEXED "audit_indexed" /* id of the last row that secret_audit_users knows */
#define USERS_MOST   (64 * MIB)      /* bytes of those who are indexed at a time */

/* --- writing --- */

/* One user in one block. */
struct place {
    struct span user;
    uint64_t block;
};

struct indexing {
    struct sqlite_block block;
    struct arena *arena;
    struct place *places; /* room for those of INDEX_ROWS rows and a block */
    size_t count, rows;
    uint64_t last; /* id of the last row that was looked at */
};

static int read_indexed(struct store_sqlite *s, int64_t *ret)
{
    struct arena arena;
    struct span text;
    arena_init(&arena, 4 * KIB);
    int r = s->store.ops->get_fact(&s->store, FACT_INDEXED, &arena, &text);
    *ret = r ? 0 : strtoll(text.data, NULL, 10);
    arena_done(&arena);
    return r == ERR_NOT_FOUND ? 0 : r;
}

static int write_indexed(struct store_sqlite *s, int64_t last)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, last);
    return s->store.ops->put_fact(&s->store, FACT_INDEXED, span_of(text));
}

/* The rows of a job stand together: a user comes more than once only with more than one job. */
static int note_users(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct indexing *indexing = ctx;
    struct sqlite_block *block = &indexing->block;
    sqlite_block_unpack(stmt, block);
    for (size_t i = 0; i < block->count; i++) {
        struct span user = block->rows[i].user;
        if (i > 0 && span_equal(user, block->rows[i - 1].user))
            continue;
        struct place *place = &indexing->places[indexing->count++];
        place->block = block->first_id;
        if (!arena_copy(indexing->arena, user, &place->user))
            return ERR_NO_MEMORY;
    }
    indexing->rows += block->count;
    indexing->last = block->first_id + (block->count ? block->count - 1 : 0);
    return indexing->rows < INDEX_ROWS ? 0 : SQLITE_ENOUGH;
}

/* As SQLite orders them. */
static int compare(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    size_t size = a->user.size < b->user.size ? a->user.size : b->user.size;
    int order = memcmp(a->user.data, b->user.data, size);
    if (order || a->user.size != b->user.size)
        return order ? order : a->user.size < b->user.size ? -1 : 1;
    return (a->block > b->block) - (a->block < b->block);
}

/* One entry, for the first of the places and those after it that belong to it; their number. */
static int add_entry(struct store_sqlite *s, const struct place *places, size_t count, size_t *ret)
{
    uint16_t more[INDEX_ROWS + AUDIT_BLOCK_ROWS];
    size_t n = 0, i = 1;
    for (; i < count && span_equal(places[i].user, places[0].user); i++) {
        uint64_t distance = places[i].block - places[0].block;
        if (distance > UINT16_MAX)
            break;
        if (places[i].block != places[i - 1].block)
            more[n++] = htobe16((uint16_t)distance);
    }
    sqlite3_stmt *stmt = s->statements[SQL_INDEX_BLOCKS];
    sqlite_bind_text(stmt, 1, places[0].user);
    sqlite3_bind_int64(stmt, 2, (int64_t)places[0].block);
    if (n)
        sqlite3_bind_blob(stmt, 3, more, (int)(n * sizeof *more), SQLITE_STATIC);
    *ret = i;
    return store_sqlite_run(s, SQL_INDEX_BLOCKS);
}

/* Blocks of INDEX_ROWS rows: what is left is for the next time. *last: of the rows of those. */
static int index_blocks(struct store_sqlite *s, struct arena *arena, int64_t *last)
{
    const size_t most = INDEX_ROWS + AUDIT_BLOCK_ROWS;
    struct indexing indexing = {.arena = arena,
                                .places = arena_alloc(arena, most * sizeof(struct place))};
    indexing.block.rows = arena_alloc(arena, AUDIT_BLOCK_ROWS * sizeof *indexing.block.rows);
    if (!indexing.places || !indexing.block.rows)
        return ERR_NO_MEMORY;
    sqlite3_bind_int64(s->statements[SQL_NEW_BLOCKS], 1, s->audit_indexed);
    int r = sqlite_each_row(s->statements[SQL_NEW_BLOCKS], NULL, note_users, &indexing);
    qsort(indexing.places, indexing.count, sizeof *indexing.places, compare);
    for (size_t i = 0, n; !r && i < indexing.count; i += n)
        r = add_entry(s, indexing.places + i, indexing.count - i, &n);
    *last = (int64_t)indexing.last;
    return r;
}

/* Rows of the table, which others may have written, up to `last`. */
static int index_rows(struct store_sqlite *s, int64_t last)
{
    sqlite3_bind_int64(s->statements[SQL_INDEX_ROWS], 1, s->audit_indexed);
    sqlite3_bind_int64(s->statements[SQL_INDEX_ROWS], 2, last);
    return store_sqlite_run(s, SQL_INDEX_ROWS);
}

int sqlite_index_follow(struct store_sqlite *s, int64_t last)
{
    struct arena arena;
    if (last - s->audit_indexed < INDEX_ROWS)
        return 0;
    int r = read_indexed(s, &s->audit_indexed); /* another server may have done it already */
    if (r || last - s->audit_indexed < INDEX_ROWS)
        return r;
    arena_init(&arena, USERS_MOST);
    r = index_blocks(s, &arena, &last);
    arena_done(&arena);
    if (!r)
        r = index_rows(s, last);
    if (!r)
        r = write_indexed(s, last);
    s->audit_indexed = r ? 0 : last;
    return r;
}

/* --- reading --- */

/* Blocks on their way to who asked for them. */
struct finding {
    struct store_sqlite *store;
    int64_t below;
    sqlite_row_fn *row;
    void *ctx;
    bool enough;
};

static int found(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct finding *finding = ctx;
    int r = finding->row(stmt, arena, finding->ctx);
    finding->enough = r == SQLITE_ENOUGH;
    return r;
}

static int find_block(struct finding *finding, struct arena *arena, int64_t id)
{
    sqlite3_stmt *stmt = finding->store->statements[SQL_BLOCK];
    if (id >= finding->below)
        return 0;
    sqlite3_bind_int64(stmt, 1, id);
    int r = sqlite_each_row(stmt, arena, found, finding);
    return r ? r : finding->enough ? SQLITE_ENOUGH : 0;
}

static int entry_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    int64_t id = sqlite3_column_int64(stmt, 0);
    const char *more = sqlite3_column_blob(stmt, 1);
    size_t count = (size_t)sqlite3_column_bytes(stmt, 1) / sizeof(uint16_t);
    int r = 0;
    for (size_t i = count; !r && i > 0; i--) {
        uint16_t distance;
        memcpy(&distance, more + (i - 1) * sizeof distance, sizeof distance);
        r = find_block(ctx, arena, id + be16toh(distance));
    }
    return r ? r : find_block(ctx, arena, id);
}

int sqlite_index_find(struct store_sqlite *s, struct span user, int64_t below, struct arena *arena,
                      sqlite_row_fn *row, void *ctx)
{
    struct finding finding = {s, below, row, ctx, false};
    sqlite3_stmt *behind = s->statements[SQL_BLOCKS_BEHIND];
    sqlite3_bind_int64(behind, 1, below);
    int r = sqlite_each_row(behind, arena, found, &finding);
    if (r || finding.enough)
        return r;
    sqlite3_stmt *entries = s->statements[SQL_ENTRIES_OF_USER];
    sqlite_bind_text(entries, 1, user);
    sqlite3_bind_int64(entries, 2, below);
    return sqlite_each_row(entries, arena, entry_row, &finding);
}
