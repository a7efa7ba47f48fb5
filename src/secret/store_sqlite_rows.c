/* The tables of the SQLite store: rows in, rows out. */
#include "base/clock.h"
#include "secret/store_sqlite.h"

#include <string.h>

static struct store_sqlite *self(struct store *store)
{
    return (struct store_sqlite *)store;
}

/* --- binding and reading --- */

static void bind_text(sqlite3_stmt *stmt, int at, struct span text)
{
    sqlite3_bind_text(stmt, at, text.data ? text.data : "", (int)text.size, SQLITE_STATIC);
}

static void bind_optional(sqlite3_stmt *stmt, int at, struct span text)
{
    if (text.size)
        bind_text(stmt, at, text);
}

static sqlite3_stmt *bind_place(struct store_sqlite *s, enum sqlite_statement which,
                                struct span user, struct span name)
{
    sqlite3_stmt *stmt = s->statements[which];
    bind_text(stmt, 1, user);
    bind_text(stmt, 2, name);
    return stmt;
}

static bool read_text(sqlite3_stmt *stmt, int at, struct arena *arena, struct span *ret)
{
    const char *data = sqlite3_column_blob(stmt, at);
    return arena_copy(arena, (struct span){data, (size_t)sqlite3_column_bytes(stmt, at)}, ret);
}

static int64_t now_ms(void)
{
    return (int64_t)clock_unix_ms();
}

/*
 * Steps through the rows and gives each to `row`; ends the statement. ERR_SYSTEM, ERR_NO_MEMORY, or
 * what `row` returns.
 */
typedef int row_fn(sqlite3_stmt *stmt, struct arena *arena, void *ctx);

static int each_row(sqlite3_stmt *stmt, struct arena *arena, row_fn *row, void *ctx)
{
    int r = 0, rc;
    while (!r && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        r = row(stmt, arena, ctx);
    if (!r && rc != SQLITE_DONE)
        r = rc == SQLITE_NOMEM ? ERR_NO_MEMORY : ERR_SYSTEM;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return r;
}

/* --- rules --- */

static int service_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    struct store_secret *secret = ctx;
    struct span *list = (struct span *)secret->policy.services, id;
    if (!read_text(stmt, 0, arena, &id))
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
    return read_text(stmt, 1, arena, &script->entry_point) ? 0 : ERR_NO_MEMORY;
}

static int read_rules(struct store_sqlite *s, struct span user, struct arena *arena,
                      struct store_secret *secret)
{
    struct secret_policy *policy = &secret->policy;
    policy->services = arena_alloc(arena, SECRET_SERVICES_MOST * sizeof *policy->services);
    if (!policy->services)
        return ERR_NO_MEMORY;
    int r = each_row(bind_place(s, SQL_SERVICES, user, secret->name), arena, service_row, secret);
    if (!r)
        r = each_row(bind_place(s, SQL_SCRIPTS, user, secret->name), arena, script_row, secret);
    return r;
}

static int add_services(struct store_sqlite *s, struct span user, struct span name,
                        const struct secret_policy *policy)
{
    for (size_t i = 0; i < policy->service_count; i++) {
        sqlite3_stmt *stmt = bind_place(s, SQL_ADD_SERVICE, user, name);
        bind_text(stmt, 3, store_service_written(policy->services[i], policy->pinned));
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
        sqlite3_stmt *stmt = bind_place(s, SQL_ADD_SCRIPT, user, name);
        sqlite3_bind_blob(stmt, 3, script->sha256, SECRET_HASH_SIZE, SQLITE_STATIC);
        bind_text(stmt, 4, script->entry_point);
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
    bind_place(s, SQL_CLEAR_SERVICES, user, name);
    int r = store_sqlite_run(s, SQL_CLEAR_SERVICES);
    bind_place(s, SQL_CLEAR_SCRIPTS, user, name);
    return r ? r : store_sqlite_run(s, SQL_CLEAR_SCRIPTS);
}

static int put_policy(struct store *store, struct span user, struct span name,
                      const struct secret_policy *policy, uint64_t expected)
{
    struct store_sqlite *s = self(store);
    enum sqlite_statement which = expected ? SQL_SET_RULES : SQL_NEW_RULES;
    sqlite3_stmt *stmt = bind_place(s, which, user, name);
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
    bool ok = read_text(stmt, 0, arena, &row->id) && read_text(stmt, 1, arena, &row->name) &&
              read_text(stmt, 2, arena, &row->sealed);
    return ok ? 0 : ERR_NO_MEMORY;
}

static int get_one(struct store_sqlite *s, struct store_wanted *w, size_t i)
{
    struct store_secret *row = &w->found[i];
    *row = (struct store_secret){0};
    int r = each_row(bind_place(s, SQL_GET, w->user, w->names[i]), w->arena, secret_row, row);
    return r || !row->name.size ? r : read_rules(s, w->user, w->arena, row);
}

static int get(struct store *store, struct store_wanted *wanted, size_t count)
{
    struct store_sqlite *s = self(store);
    /* One look at the file for all, rather than a lock for each statement. */
    bool alone = !s->in_transaction;
    int r = alone ? store_sqlite_run(s, SQL_READ) : 0;
    if (r)
        return r;
    for (size_t i = 0; !r && i < count; i++)
        for (size_t k = 0; !r && k < wanted[i].count; k++)
            r = get_one(s, &wanted[i], k);
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
    struct store_sqlite *s = self(store);
    struct rows found = {rows, 0, page->limit < *count ? page->limit : *count};
    sqlite3_stmt *stmt = bind_place(s, SQL_LIST, user, page->after_name);
    sqlite3_bind_int64(stmt, 3, (int64_t)found.max);
    int r = each_row(stmt, arena, list_row, &found);
    for (size_t i = 0; !r && i < found.count; i++)
        r = read_rules(s, user, arena, &rows[i]);
    if (!r)
        *count = found.count;
    return r;
}

static int number_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    *(uint64_t *)ctx = (uint64_t)sqlite3_column_int64(stmt, 0);
    return 0;
}

static int count_of(struct store *store, struct span user, uint64_t *ret)
{
    sqlite3_stmt *stmt = self(store)->statements[SQL_COUNT];
    bind_text(stmt, 1, user);
    return each_row(stmt, NULL, number_row, ret);
}

static int insert(struct store_sqlite *s, struct span user, struct span name, struct span sealed)
{
    sqlite3_stmt *stmt = bind_place(s, SQL_INSERT, user, name);
    bind_text(stmt, 3, sealed);
    sqlite3_bind_int64(stmt, 4, now_ms());
    int r = store_sqlite_run(s, SQL_INSERT);
    if (!r && sqlite3_changes(s->db) != 1)
        return ERR_CONFLICT;
    if (!r)
        r = clear_rules(s, user, name);
    bind_place(s, SQL_CLEAR_RULES, user, name);
    return r ? r : store_sqlite_run(s, SQL_CLEAR_RULES);
}

static int update(struct store_sqlite *s, struct span user, struct span name, uint64_t version,
                  struct span sealed)
{
    bind_place(s, SQL_KEEP, user, name);
    int r = store_sqlite_run(s, SQL_KEEP);
    if (r)
        return r;
    sqlite3_stmt *stmt = bind_place(s, SQL_UPDATE, user, name);
    bind_text(stmt, 3, sealed);
    sqlite3_bind_int64(stmt, 4, (int64_t)version);
    sqlite3_bind_int64(stmt, 5, now_ms());
    r = store_sqlite_run(s, SQL_UPDATE);
    return !r && sqlite3_changes(s->db) != 1 ? ERR_CONFLICT : r;
}

/* Drops the kept versions that are too old; all of them for UINT64_MAX. */
static int forget_versions(struct store_sqlite *s, struct span user, struct span name,
                           uint64_t up_to)
{
    sqlite3_stmt *stmt = bind_place(s, SQL_FORGET, user, name);
    sqlite3_bind_int64(stmt, 3, up_to > INT64_MAX ? INT64_MAX : (int64_t)up_to);
    return store_sqlite_run(s, SQL_FORGET);
}

static int put(struct store *store, struct span user, struct span name, uint64_t version,
               struct span sealed)
{
    struct store_sqlite *s = self(store);
    int r = version == 1 ? insert(s, user, name, sealed) : update(s, user, name, version, sealed);
    if (!r && version > STORE_VERSIONS_KEPT)
        r = forget_versions(s, user, name, version - STORE_VERSIONS_KEPT);
    return r;
}

static int remove_secret(struct store *store, struct span user, struct span name)
{
    struct store_sqlite *s = self(store);
    bind_place(s, SQL_REMOVE, user, name);
    int r = store_sqlite_run(s, SQL_REMOVE);
    if (!r && sqlite3_changes(s->db) != 1)
        return ERR_NOT_FOUND;
    if (!r)
        r = clear_rules(s, user, name);
    if (!r)
        r = forget_versions(s, user, name, UINT64_MAX);
    bind_place(s, SQL_CLEAR_RULES, user, name);
    return r ? r : store_sqlite_run(s, SQL_CLEAR_RULES);
}

/* --- audit --- */

static int add_audit(struct store *store, const struct store_audit *rows, size_t count)
{
    struct store_sqlite *s = self(store);
    int r = 0;
    for (size_t i = 0; !r && i < count; i++) {
        const struct store_audit *a = &rows[i];
        sqlite3_stmt *stmt = bind_place(s, SQL_ADD_AUDIT, a->user, a->name);
        bind_text(stmt, 3, span_of(store_action_name(a->action)));
        bind_optional(stmt, 4, a->service);
        bind_optional(stmt, 5, a->address);
        bind_optional(stmt, 6, a->user_agent);
        sqlite3_bind_int(stmt, 7, a->success);
        bind_optional(stmt, 8, a->error);
        sqlite3_bind_int64(stmt, 9, a->created_unix_ms);
        bind_optional(stmt, 10, a->job_id);
        bind_optional(stmt, 11, a->script_sha256);
        if (a->chained) {
            bind_text(stmt, 12, a->boot_id);
            sqlite3_bind_int64(stmt, 13, (int64_t)a->seq);
            sqlite3_bind_blob(stmt, 14, a->mac, STORE_MAC_SIZE, SQLITE_STATIC);
        }
        r = store_sqlite_run(s, SQL_ADD_AUDIT);
    }
    return r;
}

static int commit_audit(struct store *store, const struct store_audit *const *rows, size_t count)
{
    int r = store_sqlite_begin(store);
    for (size_t i = 0; !r && i < count; i++)
        r = add_audit(store, rows[i], 1);
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
    bool ok = read_text(stmt, 1, arena, &a->user) && read_text(stmt, 2, arena, &a->name) &&
              read_text(stmt, 3, arena, &action) && read_text(stmt, 4, arena, &a->service) &&
              read_text(stmt, 5, arena, &a->address) && read_text(stmt, 6, arena, &a->user_agent) &&
              read_text(stmt, 8, arena, &a->error) && read_text(stmt, 10, arena, &a->job_id) &&
              read_text(stmt, 11, arena, &a->script_sha256) &&
              read_text(stmt, 12, arena, &a->boot_id);
    if (!ok)
        return ERR_NO_MEMORY;
    a->action = store_action_of(action);
    const void *mac = sqlite3_column_blob(stmt, 14);
    a->chained = mac && sqlite3_column_bytes(stmt, 14) == STORE_MAC_SIZE;
    if (a->chained)
        memcpy(a->mac, mac, STORE_MAC_SIZE);
    return 0;
}

static int list_audit(struct store *store, struct span user, const struct store_page *page,
                      struct arena *arena, struct store_audit *rows, size_t *count)
{
    struct store_sqlite *s = self(store);
    struct audit_rows found = {rows, 0, page->limit < *count ? page->limit : *count};
    sqlite3_stmt *stmt = s->statements[user.size ? SQL_AUDIT_OF_USER : SQL_AUDIT_OF_ALL];
    int at = 1;
    if (user.size) {
        bind_text(stmt, at++, user);
        sqlite3_bind_int64(stmt, at++, page->after ? (int64_t)page->after : INT64_MAX);
    } else {
        sqlite3_bind_int64(stmt, at++, (int64_t)page->after);
    }
    sqlite3_bind_int64(stmt, at, (int64_t)found.max);
    int r = each_row(stmt, arena, audit_row, &found);
    if (!r)
        *count = found.count;
    return r;
}

/* --- facts --- */

static int fact_row(sqlite3_stmt *stmt, struct arena *arena, void *ctx)
{
    return read_text(stmt, 0, arena, ctx) ? 0 : ERR_NO_MEMORY;
}

static int get_fact(struct store *store, const char *name, struct arena *arena, struct span *ret)
{
    sqlite3_stmt *stmt = self(store)->statements[SQL_GET_FACT];
    struct span found = {0};
    bind_text(stmt, 1, span_of(name));
    int r = each_row(stmt, arena, fact_row, &found);
    if (!r && !found.data)
        r = ERR_NOT_FOUND;
    if (!r)
        *ret = found;
    return r;
}

static int put_fact(struct store *store, const char *name, struct span value)
{
    bind_place(self(store), SQL_PUT_FACT, span_of(name), value);
    return store_sqlite_run(self(store), SQL_PUT_FACT);
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
    bool ok =
        read_text(stmt, 0, arena, &facts->names[i]) && read_text(stmt, 1, arena, &facts->values[i]);
    return ok ? 0 : ERR_NO_MEMORY;
}

static int list_facts(struct store *store, const char *prefix, struct span after,
                      struct arena *arena, struct span *names, struct span *values, size_t *count)
{
    struct facts facts = {names, values, 0, *count};
    sqlite3_stmt *stmt = bind_place(self(store), SQL_LIST_FACTS, after, span_of(prefix));
    sqlite3_bind_int64(stmt, 3, (int64_t)*count);
    int r = each_row(stmt, arena, facts_row, &facts);
    if (!r)
        *count = facts.count;
    return r;
}

/* --- documents --- */

static int put_document(struct store *store, const struct store_document *document)
{
    sqlite3_stmt *stmt =
        bind_place(self(store), SQL_PUT_DOCUMENT, document->digest, document->text);
    sqlite3_bind_int64(stmt, 3, document->not_after_unix_ms);
    sqlite3_bind_int64(stmt, 4, now_ms());
    return store_sqlite_run(self(store), SQL_PUT_DOCUMENT);
}

static int get_document(struct store *store, struct span digest, struct arena *arena,
                        struct span *ret)
{
    sqlite3_stmt *stmt = self(store)->statements[SQL_GET_DOCUMENT];
    struct span found = {0};
    bind_text(stmt, 1, digest);
    int r = each_row(stmt, arena, fact_row, &found);
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
    bool ok = read_text(stmt, 0, arena, &row->cursor) && read_text(stmt, 1, arena, &row->user) &&
              read_text(stmt, 2, arena, &row->name) && read_text(stmt, 4, arena, &row->sealed);
    row->current = ok && row->cursor.data[0] == 'c';
    return ok ? 0 : ERR_NO_MEMORY;
}

static int next_sealed(struct store *store, struct span cursor, struct arena *arena,
                       struct store_sealed_row *rows, size_t *count)
{
    struct sealed_rows found = {rows, 0, *count};
    sqlite3_stmt *stmt = self(store)->statements[SQL_NEXT_SEALED];
    bind_text(stmt, 1, cursor);
    sqlite3_bind_int64(stmt, 2, (int64_t)*count);
    int r = each_row(stmt, arena, sealed_row, &found);
    if (!r)
        *count = found.count;
    return r;
}

static int replace_sealed(struct store *store, const struct store_sealed_row *row,
                          struct span sealed)
{
    struct store_sqlite *s = self(store);
    enum sqlite_statement which = row->current ? SQL_SWAP_CURRENT : SQL_SWAP_KEPT;
    sqlite3_stmt *stmt = s->statements[which];
    bind_text(stmt, 1, sealed);
    bind_text(stmt, 2, row->user);
    bind_text(stmt, 3, row->name);
    sqlite3_bind_int64(stmt, 4, (int64_t)row->version);
    bind_text(stmt, 5, row->sealed);
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
    .list = list,
    .count = count_of,
    .put = put,
    .remove = remove_secret,
    .put_policy = put_policy,
    .add_audit = add_audit,
    .commit_audit = commit_audit,
    .list_audit = list_audit,
    .get_fact = get_fact,
    .put_fact = put_fact,
    .list_facts = list_facts,
    .put_document = put_document,
    .get_document = get_document,
    .next_sealed = next_sealed,
    .replace_sealed = replace_sealed,
};
