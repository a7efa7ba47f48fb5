/* The audit log of the SQLite store. */
#include "secret/store_sqlite.h"

#include "base/limits.h"
#include "secret/audit_block.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * New rows stand in secret_audit_blocks, those of one transaction in one block. Older ones, and
 * what others may have written, stand in secret_audit_logs, a row each. Ids count through both.
 *
 * The log is only appended to, and an index by user kept up with it would write as much again and
 * more: rows of many users go to as many pages. So secret_audit_users, which names rows of the
 * table and blocks by their first id, is brought up to date for INDEX_ROWS rows at a time, in the
 * transaction that writes the last of them; who asks for a user's rows looks through what is behind
 * it as well.
 */
#define INDEX_ROWS   4096
#define FACT_INDEXED "audit_indexed" /* id of the last row that secret_audit_users knows */

/* --- writing --- */

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

/* A block as it was read; `rows` have room for AUDIT_BLOCK_ROWS. */
struct unpacked {
    struct store_audit *rows;
    size_t count;
    uint64_t first_id;
    bool whole;
};

static void unpack(sqlite3_stmt *stmt, struct unpacked *ret)
{
    const char *data = sqlite3_column_blob(stmt, 1);
    struct span block = {data, (size_t)sqlite3_column_bytes(stmt, 1)};
    ret->first_id = (uint64_t)sqlite3_column_int64(stmt, 0);
    ret->count = audit_block_read(block, ret->first_id, ret->rows, &ret->whole);
}

struct indexing {
    struct store_sqlite *store;
    struct unpacked block;
    size_t blocks;
    uint64_t last; /* id of the last row that was looked at */
};

/* The rows of a job stand together, so a user comes more than once only with more than one job. */
static int index_block(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct indexing *indexing = ctx;
    struct unpacked *block = &indexing->block;
    int r = 0;
    unpack(stmt, block);
    for (size_t i = 0; !r && i < block->count; i++) {
        struct span user = block->rows[i].user;
        if (i > 0 && span_equal(user, block->rows[i - 1].user))
            continue;
        sqlite3_stmt *add = indexing->store->statements[SQL_INDEX_BLOCK];
        sqlite_bind_text(add, 1, user);
        sqlite3_bind_int64(add, 2, (int64_t)block->first_id);
        r = store_sqlite_run(indexing->store, SQL_INDEX_BLOCK);
    }
    indexing->blocks++;
    indexing->last = block->first_id + (block->count ? block->count - 1 : 0);
    return r;
}

/* Of so many blocks at a time: what is left is for the next time, and *last then comes before it.
 */
static int index_blocks(struct store_sqlite *s, int64_t *last)
{
    struct indexing indexing = {.store = s,
                                .block.rows = calloc(AUDIT_BLOCK_ROWS, sizeof(struct store_audit))};
    if (!indexing.block.rows)
        return ERR_NO_MEMORY;
    sqlite3_stmt *stmt = s->statements[SQL_NEW_BLOCKS];
    sqlite3_bind_int64(stmt, 1, s->audit_indexed);
    sqlite3_bind_int64(stmt, 2, INDEX_ROWS);
    int r = sqlite_each_row(stmt, NULL, index_block, &indexing);
    if (indexing.blocks == INDEX_ROWS)
        *last = (int64_t)indexing.last;
    free(indexing.block.rows);
    return r;
}

/* In a transaction. Another server on this file may have done it already. */
static int index_log(struct store_sqlite *s, int64_t last)
{
    char text[24];
    int r = read_indexed(s, &s->audit_indexed);
    if (r || last - s->audit_indexed < INDEX_ROWS)
        return r;
    sqlite3_bind_int64(s->statements[SQL_INDEX_ROWS], 1, s->audit_indexed);
    r = store_sqlite_run(s, SQL_INDEX_ROWS);
    if (!r)
        r = index_blocks(s, &last);
    snprintf(text, sizeof text, "%" PRId64, last);
    if (!r)
        r = s->store.ops->put_fact(&s->store, FACT_INDEXED, span_of(text));
    s->audit_indexed = r ? 0 : last;
    return r;
}

static int add_block(struct store_sqlite *s, const struct store_audit *const *rows, size_t count)
{
    buf_reset(&s->block);
    int r = audit_block_write(rows, count, &s->block);
    if (r)
        return r;
    sqlite3_stmt *stmt = s->statements[SQL_ADD_BLOCK];
    sqlite3_bind_int64(stmt, 1, (int64_t)count);
    sqlite3_bind_blob64(stmt, 2, s->block.data, s->block.size, SQLITE_STATIC);
    return store_sqlite_run(s, SQL_ADD_BLOCK);
}

/* In a transaction. */
static int add_rows(struct store_sqlite *s, const struct store_audit *const *rows, size_t count)
{
    int64_t last = 0;
    int r = 0;
    for (size_t at = 0, n; !r && at < count; at += n) {
        n = count - at < AUDIT_BLOCK_ROWS ? count - at : AUDIT_BLOCK_ROWS;
        r = add_block(s, rows + at, n);
        last = sqlite3_last_insert_rowid(s->db) + (int64_t)n - 1;
    }
    return !r && last - s->audit_indexed >= INDEX_ROWS ? index_log(s, last) : r;
}

int store_sqlite_add_audit(struct store *store, const struct store_audit *rows, size_t count)
{
    int r = 0;
    for (size_t i = 0; !r && i < count; i++) {
        const struct store_audit *row = &rows[i];
        r = add_rows(sqlite_self(store), &row, 1);
    }
    return r;
}

int store_sqlite_commit_audit(struct store *store, const struct store_audit *const *rows,
                              size_t count)
{
    struct store_sqlite *s = sqlite_self(store);
    int r = store_sqlite_begin(store);
    if (!r)
        r = add_rows(s, rows, count);
    if (!r)
        r = store_sqlite_commit(store);
    if (r)
        store_sqlite_rollback(store);
    return r;
}

/* --- reading --- */

/* A page as it is filled: of one user, newest first, or of all, oldest first. */
struct reading {
    struct span user; /* empty: of all */
    uint64_t beyond;  /* ids below this, or above it */
    struct store_audit *rows;
    size_t count, max;
    struct unpacked block;
};

static int table_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct reading *reading = ctx;
    if (reading->count == reading->max)
        return 0;
    struct store_audit *a = &reading->rows[reading->count++];
    struct span action;
    *a = (struct store_audit){.id = (uint64_t)sqlite3_column_int64(stmt, 0),
                              /* what is neither 0 nor 1 others read in their own way */
                              .success = sqlite3_column_int(stmt, 7) == 1,
                              .created_unix_ms = sqlite3_column_int64(stmt, 9),
                              .seq = (uint64_t)sqlite3_column_int64(stmt, 13)};
    bool ok = sqlite_read_text(stmt, 1, arena, &a->user) &&
              sqlite_read_text(stmt, 2, arena, &a->name) &&
              sqlite_read_text(stmt, 3, arena, &action) &&
              sqlite_read_text(stmt, 4, arena, &a->service) &&
              sqlite_read_text(stmt, 5, arena, &a->address) &&
              sqlite_read_text(stmt, 6, arena, &a->user_agent) &&
              sqlite_read_text(stmt, 8, arena, &a->error) &&
              sqlite_read_text(stmt, 10, arena, &a->job_id) &&
              sqlite_read_text(stmt, 11, arena, &a->script_sha256) &&
              sqlite_read_text(stmt, 12, arena, &a->boot_id);
    if (!ok)
        return ERR_NO_MEMORY;
    a->action = store_action_of(action);
    const void *mac = sqlite3_column_blob(stmt, 14);
    a->chained = mac && sqlite3_column_bytes(stmt, 14) == STORE_MAC_SIZE;
    if (a->chained)
        memcpy(a->mac, mac, STORE_MAC_SIZE);
    return 0;
}

static bool copy_row(struct arena *arena, const struct store_audit *from, struct store_audit *to)
{
    *to = *from;
    return arena_copy(arena, from->user, &to->user) && arena_copy(arena, from->name, &to->name) &&
           arena_copy(arena, from->service, &to->service) &&
           arena_copy(arena, from->address, &to->address) &&
           arena_copy(arena, from->user_agent, &to->user_agent) &&
           arena_copy(arena, from->error, &to->error) &&
           arena_copy(arena, from->job_id, &to->job_id) &&
           arena_copy(arena, from->script_sha256, &to->script_sha256) &&
           arena_copy(arena, from->boot_id, &to->boot_id);
}

static bool wanted(const struct reading *reading, const struct store_audit *row)
{
    return reading->user.size ? row->id < reading->beyond && span_equal(row->user, reading->user)
                              : row->id > reading->beyond;
}

static int block_rows(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct reading *reading = ctx;
    struct unpacked *block = &reading->block;
    bool backwards = reading->user.size > 0;
    unpack(stmt, block);
    if (!block->whole && !backwards && block->count < AUDIT_BLOCK_ROWS) {
        block->rows[block->count] =
            (struct store_audit){.id = block->first_id + block->count, .damaged = true};
        block->count++;
    }
    for (size_t i = 0; i < block->count && reading->count < reading->max; i++) {
        const struct store_audit *row = &block->rows[backwards ? block->count - 1 - i : i];
        if (wanted(reading, row) && !copy_row(arena, row, &reading->rows[reading->count++]))
            return ERR_NO_MEMORY;
    }
    return reading->count < reading->max ? 0 : SQLITE_ENOUGH;
}

static void bind_reading(sqlite3_stmt *stmt, const struct reading *reading)
{
    int at = 1;
    if (reading->user.size)
        sqlite_bind_text(stmt, at++, reading->user);
    sqlite3_bind_int64(stmt, at, (int64_t)reading->beyond);
}

/* Both sources may have a whole page: the better half of their rows, in order, into `rows`. */
static int merge(struct reading *blocks, const struct reading *table, struct arena *arena)
{
    size_t b = 0, t = 0, n = 0;
    size_t most =
        blocks->count + table->count < blocks->max ? blocks->count + table->count : blocks->max;
    if (table->count == 0)
        return 0;
    struct store_audit *merged = arena_alloc(arena, most * sizeof *merged);
    if (!merged)
        return ERR_NO_MEMORY;
    for (; n < most; n++) {
        bool first = b < blocks->count && t < table->count &&
                     (blocks->rows[b].id > table->rows[t].id) == (blocks->user.size > 0);
        merged[n] = t == table->count || first ? blocks->rows[b++] : table->rows[t++];
    }
    memcpy(blocks->rows, merged, n * sizeof *merged);
    blocks->count = n;
    return 0;
}

static int read_page(struct store_sqlite *s, struct reading *blocks, struct arena *arena)
{
    bool all = blocks->user.size == 0;
    struct reading table = *blocks;
    table.rows = arena_alloc(arena, table.max * sizeof *table.rows);
    blocks->block.rows = calloc(AUDIT_BLOCK_ROWS, sizeof *blocks->block.rows);
    int r = table.rows && blocks->block.rows ? 0 : ERR_NO_MEMORY;
    sqlite3_stmt *rows = s->statements[all ? SQL_ROWS_OF_ALL : SQL_ROWS_OF_USER];
    bind_reading(rows, &table);
    sqlite3_bind_int64(rows, all ? 2 : 3, (int64_t)table.max);
    if (!r)
        r = sqlite_each_row(rows, arena, table_row, &table);
    sqlite3_stmt *packed = s->statements[all ? SQL_BLOCKS_OF_ALL : SQL_BLOCKS_OF_USER];
    bind_reading(packed, blocks);
    if (!r)
        r = sqlite_each_row(packed, arena, block_rows, blocks);
    free(blocks->block.rows);
    return r ? r : merge(blocks, &table, arena);
}

int store_sqlite_list_audit(struct store *store, struct span user, const struct store_page *page,
                            struct arena *arena, struct store_audit *rows, size_t *count)
{
    struct store_sqlite *s = sqlite_self(store);
    uint64_t last = user.size ? INT64_MAX : 0;
    struct reading reading = {.user = user,
                              .beyond = page->after ? page->after : last,
                              .rows = rows,
                              .max = page->limit < *count ? page->limit : *count};
    bool alone = !s->in_transaction; /* then one look at the file for both sources */
    int r = reading.max == 0 ? 0 : alone ? store_sqlite_run(s, SQL_READ) : 0;
    if (!r && reading.max > 0)
        r = read_page(s, &reading, arena);
    if (alone)
        store_sqlite_run(s, SQL_ROLLBACK);
    if (!r)
        *count = reading.count;
    return r;
}
