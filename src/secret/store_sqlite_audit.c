/* The audit log of the SQLite store. */
#include "secret/store_sqlite.h"

#include "base/limits.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The log is only appended to, and an index by user kept up with each row would write as much again
 * and more: rows of many users go to as many pages. So secret_audit_users is brought up to date for
 * INDEX_ROWS rows at a time, in the transaction that writes the last of them; who asks for a user's
 * rows looks through the rows behind it as well.
 */
#define INDEX_ROWS   4096
#define FACT_INDEXED "audit_indexed" /* id of the last row in secret_audit_users */

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

/* In a transaction. Another server on this file may have done it already. */
static int index_rows(struct store_sqlite *s, int64_t last)
{
    char text[24];
    int r = read_indexed(s, &s->audit_indexed);
    if (r || last - s->audit_indexed < INDEX_ROWS)
        return r;
    sqlite3_bind_int64(s->statements[SQL_INDEX_AUDIT], 1, s->audit_indexed);
    r = store_sqlite_run(s, SQL_INDEX_AUDIT);
    snprintf(text, sizeof text, "%" PRId64, last);
    if (!r)
        r = s->store.ops->put_fact(&s->store, FACT_INDEXED, span_of(text));
    s->audit_indexed = r ? 0 : last;
    return r;
}

static int add_row(struct store_sqlite *s, const struct store_audit *a)
{
    sqlite3_stmt *stmt = sqlite_bind_place(s, SQL_ADD_AUDIT, a->user, a->name);
    sqlite_bind_text(stmt, 3, span_of(store_action_name(a->action)));
    sqlite_bind_optional(stmt, 4, a->service);
    sqlite_bind_optional(stmt, 5, a->address);
    sqlite_bind_optional(stmt, 6, a->user_agent);
    sqlite3_bind_int(stmt, 7, a->success);
    sqlite_bind_optional(stmt, 8, a->error);
    sqlite3_bind_int64(stmt, 9, a->created_unix_ms);
    sqlite_bind_optional(stmt, 10, a->job_id);
    sqlite_bind_optional(stmt, 11, a->script_sha256);
    if (a->chained) {
        sqlite_bind_text(stmt, 12, a->boot_id);
        sqlite3_bind_int64(stmt, 13, (int64_t)a->seq);
        sqlite3_bind_blob(stmt, 14, a->mac, STORE_MAC_SIZE, SQLITE_STATIC);
    }
    return store_sqlite_run(s, SQL_ADD_AUDIT);
}

static int added(struct store_sqlite *s)
{
    int64_t last = sqlite3_last_insert_rowid(s->db);
    return last - s->audit_indexed >= INDEX_ROWS ? index_rows(s, last) : 0;
}

int store_sqlite_add_audit(struct store *store, const struct store_audit *rows, size_t count)
{
    struct store_sqlite *s = sqlite_self(store);
    int r = 0;
    for (size_t i = 0; !r && i < count; i++)
        r = add_row(s, &rows[i]);
    return r ? r : added(s);
}

int store_sqlite_commit_audit(struct store *store, const struct store_audit *const *rows,
                              size_t count)
{
    struct store_sqlite *s = sqlite_self(store);
    int r = store_sqlite_begin(store);
    for (size_t i = 0; !r && i < count; i++)
        r = add_row(s, rows[i]);
    if (!r)
        r = added(s);
    if (!r)
        r = store_sqlite_commit(store);
    if (r)
        store_sqlite_rollback(store);
    return r;
}

struct audit_rows {
    struct store_audit *rows;
    size_t count, max;
};

static int audit_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct audit_rows *rows = ctx;
    if (rows->count == rows->max)
        return 0;
    struct store_audit *a = &rows->rows[rows->count++];
    struct span action;
    *a = (struct store_audit){.id = (uint64_t)sqlite3_column_int64(stmt, 0),
                              .success = sqlite3_column_int(stmt, 7),
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

int store_sqlite_list_audit(struct store *store, struct span user, const struct store_page *page,
                            struct arena *arena, struct store_audit *rows, size_t *count)
{
    struct store_sqlite *s = sqlite_self(store);
    struct audit_rows found = {rows, 0, page->limit < *count ? page->limit : *count};
    sqlite3_stmt *stmt = s->statements[user.size ? SQL_AUDIT_OF_USER : SQL_AUDIT_OF_ALL];
    int at = 1;
    if (user.size) {
        sqlite_bind_text(stmt, at++, user);
        sqlite3_bind_int64(stmt, at++, page->after ? (int64_t)page->after : INT64_MAX);
    } else {
        sqlite3_bind_int64(stmt, at++, (int64_t)page->after);
    }
    sqlite3_bind_int64(stmt, at, (int64_t)found.max);
    int r = sqlite_each_row(stmt, arena, audit_row, &found);
    if (!r)
        *count = found.count;
    return r;
}
