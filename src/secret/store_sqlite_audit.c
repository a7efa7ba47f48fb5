/* The audit log of the SQLite store. */
#include "secret/store_sqlite.h"

#include "base/limits.h"
#include "secret/audit_block.h"
#include <stdlib.h>
#include <string.h>

/*
 * New rows stand in secret_audit_blocks, those of one transaction in one block. Older ones, and
 * what others may have written, stand in secret_audit_logs, a row each. Ids count through both.
 * store_sqlite_index.c finds those of a user.
 */

/* --- writing --- */

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
    int r = 0;
    for (size_t at = 0, n; !r && at < count; at += n) {
        n = count - at < AUDIT_BLOCK_ROWS ? count - at : AUDIT_BLOCK_ROWS;
        r = add_block(s, rows + at, n);
        int64_t last = sqlite3_last_insert_rowid(s->db) + (int64_t)n - 1;
        if (!r)
            r = sqlite_index_follow(s, last);
    }
    return r;
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
    store->in_doubt = false;
    int r = store_sqlite_begin(store);
    if (!r)
        r = add_rows(s, rows, count);
    store->in_doubt = r == 0;
    if (!r)
        r = store_sqlite_commit(store);
    if (r)
        store_sqlite_rollback(store);
    return r;
}

/* --- reading --- */

void sqlite_block_unpack(sqlite3_stmt *stmt, struct sqlite_block *ret)
{
    const char *data = sqlite3_column_blob(stmt, 1);
    struct span block = {data, (size_t)sqlite3_column_bytes(stmt, 1)};
    ret->first_id = (uint64_t)sqlite3_column_int64(stmt, 0);
    ret->count = audit_block_read(block, ret->first_id, ret->rows, &ret->whole);
}

/* A page as it is filled: of one user, newest first, or of all, oldest first. */
struct reading {
    struct span user; /* empty: of all */
    uint64_t beyond;  /* ids below this, or above it */
    struct store_audit *rows;
    size_t count, max;
    struct sqlite_block block;
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
    struct sqlite_block *block = &reading->block;
    bool backwards = reading->user.size > 0;
    sqlite_block_unpack(stmt, block);
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
    sqlite3_stmt *packed = s->statements[SQL_BLOCKS_OF_ALL];
    if (!r && !all)
        r = sqlite_index_find(s, blocks->user, (int64_t)blocks->beyond, arena, block_rows, blocks);
    else if (!r) {
        bind_reading(packed, blocks);
        r = sqlite_each_row(packed, arena, block_rows, blocks);
    }
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
    int r = alone ? store_sqlite_run(s, SQL_READ) : 0;
    bool begun = alone && r == 0;
    if (!r && reading.max > 0)
        r = read_page(s, &reading, arena);
    if (begun)
        store_sqlite_run(s, SQL_ROLLBACK);
    if (!r)
        *count = reading.count;
    return r;
}
