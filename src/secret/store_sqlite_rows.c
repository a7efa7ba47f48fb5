/* The tables of the SQLite store: rows in, rows out. */
#include "base/clock.h"
#include "secret/store_sqlite.h"

#include <string.h>

static int64_t now_ms(void)
{
    return (int64_t)clock_unix_ms();
}

/* --- rules --- */

static int service_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct store_secret *secret = ctx;
    struct span *list = (struct span *)secret->policy.services, id;
    if (!sqlite_read_text(stmt, 0, arena, &id))
        return ERR_NO_MEMORY;
    if (secret->policy.service_count < SECRET_SERVICES_MOST)
        list[secret->policy.service_count++] = store_service_read(id, &secret->policy.pinned);
    return 0;
}

static int script_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct store_secret *secret = ctx;
    if (!store_policy_room(&secret->policy, arena))
        return secret->policy.scripts ? 0 : ERR_NO_MEMORY;
    struct secret_script *list = (struct secret_script *)secret->policy.scripts;
    struct secret_script *script = &list[secret->policy.script_count++];
    const void *hash = sqlite3_column_blob(stmt, 0);
    if (hash && sqlite3_column_bytes(stmt, 0) == SECRET_HASH_SIZE)
        memcpy(script->sha256, hash, SECRET_HASH_SIZE);
    script->expires_unix_ms = sqlite3_column_int64(stmt, 2);
    return sqlite_read_text(stmt, 1, arena, &script->entry_point) ? 0 : ERR_NO_MEMORY;
}

static int read_rules(struct store_sqlite *s, struct span user, struct arena *arena,
                      struct store_secret *secret)
{
    struct secret_policy *policy = &secret->policy;
    policy->services = arena_alloc(arena, SECRET_SERVICES_MOST * sizeof *policy->services);
    if (!policy->services)
        return ERR_NO_MEMORY;
    int r = sqlite_each_row(sqlite_bind_place(s, SQL_SERVICES, user, secret->name), arena,
                            service_row, secret);
    if (!r)
        r = sqlite_each_row(sqlite_bind_place(s, SQL_SCRIPTS, user, secret->name), arena,
                            script_row, secret);
    return r;
}

static int add_services(struct store_sqlite *s, struct span user, struct span name,
                        const struct secret_policy *policy)
{
    for (size_t i = 0; i < policy->service_count; i++) {
        sqlite3_stmt *stmt = sqlite_bind_place(s, SQL_ADD_SERVICE, user, name);
        sqlite_bind_text(stmt, 3, store_service_written(policy->services[i], policy->pinned));
        sqlite3_bind_int64(stmt, 4, now_ms());
        int r = store_sqlite_run(s, SQL_ADD_SERVICE);
        if (r)
            return r;
    }
    return 0;
}

static int add_scripts(struct store_sqlite *s, struct span user, struct span name,
                       const struct secret_policy *policy)
{
    for (size_t i = 0; i < policy->script_count; i++) {
        const struct secret_script *script = &policy->scripts[i];
        sqlite3_stmt *stmt = sqlite_bind_place(s, SQL_ADD_SCRIPT, user, name);
        sqlite3_bind_blob(stmt, 3, script->sha256, SECRET_HASH_SIZE, SQLITE_STATIC);
        sqlite_bind_text(stmt, 4, script->entry_point);
        if (script->expires_unix_ms)
            sqlite3_bind_int64(stmt, 5, script->expires_unix_ms);
        int r = store_sqlite_run(s, SQL_ADD_SCRIPT);
        if (r)
            return r;
    }
    return 0;
}

static int clear_rules(struct store_sqlite *s, struct span user, struct span name)
{
    sqlite_bind_place(s, SQL_CLEAR_SERVICES, user, name);
    int r = store_sqlite_run(s, SQL_CLEAR_SERVICES);
    sqlite_bind_place(s, SQL_CLEAR_SCRIPTS, user, name);
    return r ? r : store_sqlite_run(s, SQL_CLEAR_SCRIPTS);
}

static int put_policy(struct store *store, struct span user, const struct store_secret *row,
                      const struct secret_policy *policy)
{
    struct store_sqlite *s = sqlite_self(store);
    struct span name = row->name;
    uint64_t expected = row->policy_version;
    sqlite_cache_drop(s->cache, user, name);
    enum sqlite_statement which = expected ? SQL_SET_RULES : SQL_NEW_RULES;
    sqlite3_stmt *stmt = sqlite_bind_place(s, which, user, name);
    sqlite3_bind_int(stmt, 3, policy->pinned);
    sqlite3_bind_int(stmt, 4, policy->allow_output);
    sqlite3_bind_int(stmt, 5, policy->guard);
    if (expected)
        sqlite3_bind_int64(stmt, 6, (int64_t)expected);
    int r = store_sqlite_run(s, which);
    if (!r && sqlite3_changes(s->db) != 1)
        r = ERR_CONFLICT;
    if (!r)
        r = clear_rules(s, user, name);
    if (!r)
        r = add_services(s, user, name, policy);
    return r ? r : add_scripts(s, user, name, policy);
}

/* --- secrets --- */

static int secret_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct store_secret *row = ctx;
    *row = (struct store_secret){.version = (uint64_t)sqlite3_column_int64(stmt, 3),
                                 .created_unix_ms = sqlite3_column_int64(stmt, 4),
                                 .updated_unix_ms = sqlite3_column_int64(stmt, 5),
                                 .policy_version = (uint64_t)sqlite3_column_int64(stmt, 9)};
    row->policy.pinned = sqlite3_column_int(stmt, 6);
    row->policy.allow_output = sqlite3_column_int(stmt, 7);
    row->policy.guard = sqlite3_column_int(stmt, 8);
    bool ok = sqlite_read_text(stmt, 0, arena, &row->id) &&
              sqlite_read_text(stmt, 1, arena, &row->name) &&
              sqlite_read_text(stmt, 2, arena, &row->sealed);
    return ok ? 0 : ERR_NO_MEMORY;
}

static int get_one(struct store_sqlite *s, struct store_wanted *w, size_t i)
{
    struct store_secret *row = &w->found[i];
    *row = (struct store_secret){0};
    int r = sqlite_each_row(sqlite_bind_place(s, SQL_GET, w->user, w->names[i]), w->arena,
                            secret_row, row);
    return r || !row->name.size ? r : read_rules(s, w->user, w->arena, row);
}

static int number_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    *(uint64_t *)ctx = (uint64_t)sqlite3_column_int64(stmt, 0);
    return 0;
}

/* A number that changes with every commit of another connection; -1 if it cannot be had. */
static int64_t data_version(struct store_sqlite *s)
{
    uint64_t version = 0;
    int r = sqlite_each_row(s->statements[SQL_DATA_VERSION], NULL, number_row, &version);
    return r ? -1 : (int64_t)version;
}

/* In a transaction, whose view of the file then is the cache's. */
static int renew_cache(struct store_sqlite *s)
{
    int64_t version = data_version(s);
    if (version < 0 || version != s->data_version)
        sqlite_cache_clear(s->cache);
    s->data_version = version;
    return version < 0 ? ERR_SYSTEM : 0;
}

static bool changed(struct store *store)
{
    struct store_sqlite *s = sqlite_self(store);
    int64_t before = s->told_version;
    s->told_version = data_version(s);
    return s->told_version < 0 || s->told_version != before;
}

static int get_cached(struct store_sqlite *s, struct store_wanted *w, size_t i)
{
    int r = sqlite_cache_get(s->cache, w->user, w->names[i], w->arena, &w->found[i]);
    if (r != ERR_NOT_FOUND)
        return r;
    r = get_one(s, w, i);
    if (!r && w->found[i].name.size)
        sqlite_cache_put(s->cache, w->user, &w->found[i]);
    return r;
}

/*
 * One look at the file for all, rather than a lock for each statement. Who is in a transaction
 * already is about to write, and reads the tables themselves.
 */
static int get(struct store *store, struct store_wanted *wanted, size_t count)
{
    struct store_sqlite *s = sqlite_self(store);
    bool alone = !s->in_transaction;
    int r = alone ? store_sqlite_run(s, SQL_READ) : 0;
    if (r)
        return r;
    if (alone)
        r = renew_cache(s);
    for (size_t i = 0; !r && i < count; i++)
        for (size_t k = 0; !r && k < wanted[i].count; k++)
            r = alone ? get_cached(s, &wanted[i], k) : get_one(s, &wanted[i], k);
    if (alone)
        store_sqlite_run(s, SQL_ROLLBACK);
    return r;
}

static bool takes_user(struct store *store, struct span user)
{
    return true;
}

struct rows {
    struct store_secret *rows;
    size_t count, max;
};

static int list_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct rows *rows = ctx;
    return rows->count < rows->max ? secret_row(stmt, arena, &rows->rows[rows->count++]) : 0;
}

static int list(struct store *store, struct span user, const struct store_page *page,
                struct arena *arena, struct store_secret *rows, size_t *count)
{
    struct store_sqlite *s = sqlite_self(store);
    struct rows found = {rows, 0, page->limit < *count ? page->limit : *count};
    sqlite3_stmt *stmt = sqlite_bind_place(s, SQL_LIST, user, page->after_name);
    sqlite3_bind_int64(stmt, 3, (int64_t)found.max);
    int r = sqlite_each_row(stmt, arena, list_row, &found);
    for (size_t i = 0; !r && i < found.count; i++)
        r = read_rules(s, user, arena, &rows[i]);
    if (!r)
        *count = found.count;
    return r;
}

static int count_of(struct store *store, struct span user, uint64_t *ret)
{
    sqlite3_stmt *stmt = sqlite_self(store)->statements[SQL_COUNT];
    sqlite_bind_text(stmt, 1, user);
    return sqlite_each_row(stmt, NULL, number_row, ret);
}

static int insert(struct store_sqlite *s, struct span user, struct span name, struct span sealed)
{
    sqlite3_stmt *stmt = sqlite_bind_place(s, SQL_INSERT, user, name);
    sqlite_bind_text(stmt, 3, sealed);
    sqlite3_bind_int64(stmt, 4, now_ms());
    int r = store_sqlite_run(s, SQL_INSERT);
    if (!r && sqlite3_changes(s->db) != 1)
        return ERR_CONFLICT;
    if (!r)
        r = clear_rules(s, user, name);
    sqlite_bind_place(s, SQL_CLEAR_RULES, user, name);
    return r ? r : store_sqlite_run(s, SQL_CLEAR_RULES);
}

static int update(struct store_sqlite *s, struct span user, struct span name, uint64_t version,
                  struct span sealed)
{
    sqlite_bind_place(s, SQL_KEEP, user, name);
    int r = store_sqlite_run(s, SQL_KEEP);
    if (r)
        return r;
    sqlite3_stmt *stmt = sqlite_bind_place(s, SQL_UPDATE, user, name);
    sqlite_bind_text(stmt, 3, sealed);
    sqlite3_bind_int64(stmt, 4, (int64_t)version);
    sqlite3_bind_int64(stmt, 5, now_ms());
    r = store_sqlite_run(s, SQL_UPDATE);
    return !r && sqlite3_changes(s->db) != 1 ? ERR_CONFLICT : r;
}

/* Drops the kept versions that are too old; all of them for UINT64_MAX. */
static int forget_versions(struct store_sqlite *s, struct span user, struct span name,
                           uint64_t up_to)
{
    sqlite3_stmt *stmt = sqlite_bind_place(s, SQL_FORGET, user, name);
    sqlite3_bind_int64(stmt, 3, up_to > INT64_MAX ? INT64_MAX : (int64_t)up_to);
    return store_sqlite_run(s, SQL_FORGET);
}

static int put(struct store *store, struct span user, struct span name, uint64_t version,
               struct span sealed)
{
    struct store_sqlite *s = sqlite_self(store);
    sqlite_cache_drop(s->cache, user, name);
    int r = version == 1 ? insert(s, user, name, sealed) : update(s, user, name, version, sealed);
    if (!r && version > STORE_VERSIONS_KEPT)
        r = forget_versions(s, user, name, version - STORE_VERSIONS_KEPT);
    return r;
}

static int remove_secret(struct store *store, struct span user, struct span name)
{
    struct store_sqlite *s = sqlite_self(store);
    sqlite_cache_drop(s->cache, user, name);
    sqlite_bind_place(s, SQL_REMOVE, user, name);
    int r = store_sqlite_run(s, SQL_REMOVE);
    if (!r && sqlite3_changes(s->db) != 1)
        return ERR_NOT_FOUND;
    if (!r)
        r = clear_rules(s, user, name);
    if (!r)
        r = forget_versions(s, user, name, UINT64_MAX);
    sqlite_bind_place(s, SQL_CLEAR_RULES, user, name);
    return r ? r : store_sqlite_run(s, SQL_CLEAR_RULES);
}

/* --- facts --- */

static int fact_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    return sqlite_read_text(stmt, 0, arena, ctx) ? 0 : ERR_NO_MEMORY;
}

static int get_fact(struct store *store, const char *name, struct arena *arena, struct span *ret)
{
    sqlite3_stmt *stmt = sqlite_self(store)->statements[SQL_GET_FACT];
    struct span found = {0};
    sqlite_bind_text(stmt, 1, span_of(name));
    int r = sqlite_each_row(stmt, arena, fact_row, &found);
    if (!r && !found.data)
        r = ERR_NOT_FOUND;
    if (!r)
        *ret = found;
    return r;
}

static int put_fact(struct store *store, const char *name, struct span value)
{
    sqlite_bind_place(sqlite_self(store), SQL_PUT_FACT, span_of(name), value);
    return store_sqlite_run(sqlite_self(store), SQL_PUT_FACT);
}

struct facts {
    struct span *names, *values;
    size_t count, max;
};

static int facts_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct facts *facts = ctx;
    if (facts->count == facts->max)
        return 0;
    size_t i = facts->count++;
    bool ok = sqlite_read_text(stmt, 0, arena, &facts->names[i]) &&
              sqlite_read_text(stmt, 1, arena, &facts->values[i]);
    return ok ? 0 : ERR_NO_MEMORY;
}

static int list_facts(struct store *store, const char *prefix, struct span after,
                      struct arena *arena, struct span *names, struct span *values, size_t *count)
{
    struct facts facts = {names, values, 0, *count};
    sqlite3_stmt *stmt =
        sqlite_bind_place(sqlite_self(store), SQL_LIST_FACTS, after, span_of(prefix));
    sqlite3_bind_int64(stmt, 3, (int64_t)*count);
    int r = sqlite_each_row(stmt, arena, facts_row, &facts);
    if (!r)
        *count = facts.count;
    return r;
}

/* --- documents --- */

static int put_document(struct store *store, const struct store_document *document)
{
    sqlite3_stmt *stmt =
        sqlite_bind_place(sqlite_self(store), SQL_PUT_DOCUMENT, document->digest, document->text);
    sqlite3_bind_int64(stmt, 3, document->not_after_unix_ms);
    sqlite3_bind_int64(stmt, 4, now_ms());
    return store_sqlite_run(sqlite_self(store), SQL_PUT_DOCUMENT);
}

static int get_document(struct store *store, struct span digest, struct arena *arena,
                        struct span *ret)
{
    sqlite3_stmt *stmt = sqlite_self(store)->statements[SQL_GET_DOCUMENT];
    struct span found = {0};
    sqlite_bind_text(stmt, 1, digest);
    int r = sqlite_each_row(stmt, arena, fact_row, &found);
    if (!r && !found.data)
        r = ERR_NOT_FOUND;
    if (!r)
        *ret = found;
    return r;
}

/* --- rotation --- */

struct sealed_rows {
    struct store_sealed_row *rows;
    size_t count, max;
};

static int sealed_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct sealed_rows *rows = ctx;
    if (rows->count == rows->max)
        return 0;
    struct store_sealed_row *row = &rows->rows[rows->count++];
    row->version = (uint64_t)sqlite3_column_int64(stmt, 3);
    bool ok = sqlite_read_text(stmt, 0, arena, &row->cursor) &&
              sqlite_read_text(stmt, 1, arena, &row->user) &&
              sqlite_read_text(stmt, 2, arena, &row->name) &&
              sqlite_read_text(stmt, 4, arena, &row->sealed);
    row->current = ok && row->cursor.data[0] == 'c';
    return ok ? 0 : ERR_NO_MEMORY;
}

static int sealed_page(struct store_sqlite *s, enum sqlite_statement which, struct span after,
                       struct arena *arena, struct sealed_rows *found)
{
    sqlite3_stmt *stmt = s->statements[which];
    sqlite_bind_text(stmt, 1, after);
    sqlite3_bind_int64(stmt, 2, (int64_t)(found->max - found->count));
    return sqlite_each_row(stmt, arena, sealed_row, found);
}

/* Current values by id first, then kept ones by rowid: 'c' or 'v' in the cursor says which. */
static int next_sealed(struct store *store, struct span cursor, struct arena *arena,
                       struct store_sealed_row *rows, size_t *count)
{
    struct store_sqlite *s = sqlite_self(store);
    struct sealed_rows found = {rows, 0, *count};
    struct span after = cursor.size ? (struct span){cursor.data + 1, cursor.size - 1} : SPAN("");
    bool kept = cursor.size > 0 && cursor.data[0] == 'v';
    int r = kept ? 0 : sealed_page(s, SQL_NEXT_CURRENT, after, arena, &found);
    if (!r && found.count < found.max)
        r = sealed_page(s, SQL_NEXT_KEPT, kept ? after : SPAN("0"), arena, &found);
    if (!r)
        *count = found.count;
    return r;
}

static int replace_sealed(struct store *store, const struct store_sealed_row *row,
                          struct span sealed)
{
    struct store_sqlite *s = sqlite_self(store);
    sqlite_cache_drop(s->cache, row->user, row->name);
    enum sqlite_statement which = row->current ? SQL_SWAP_CURRENT : SQL_SWAP_KEPT;
    sqlite3_stmt *stmt = s->statements[which];
    sqlite_bind_text(stmt, 1, sealed);
    sqlite_bind_text(stmt, 2, row->user);
    sqlite_bind_text(stmt, 3, row->name);
    sqlite3_bind_int64(stmt, 4, (int64_t)row->version);
    sqlite_bind_text(stmt, 5, row->sealed);
    int r = store_sqlite_run(s, which);
    return !r && sqlite3_changes(s->db) != 1 ? ERR_CONFLICT : r;
}

const struct store_ops store_sqlite_ops = {
    .close = store_sqlite_close,
    .begin = store_sqlite_begin,
    .commit = store_sqlite_commit,
    .rollback = store_sqlite_rollback,
    .takes_user = takes_user,
    .get = get,
    .changed = changed,
    .list = list,
    .count = count_of,
    .put = put,
    .remove = remove_secret,
    .put_policy = put_policy,
    .add_audit = store_sqlite_add_audit,
    .commit_audit = store_sqlite_commit_audit,
    .list_audit = store_sqlite_list_audit,
    .get_fact = get_fact,
    .put_fact = put_fact,
    .list_facts = list_facts,
    .put_document = put_document,
    .get_document = get_document,
    .next_sealed = next_sealed,
    .replace_sealed = replace_sealed,
};
