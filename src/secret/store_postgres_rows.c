/* The tables of the PostgreSQL store: rows in, rows out. */
#include "base/encode.h"
#include "base/limits.h"
#include "secret/store_postgres.h"

#include <stdlib.h>
#include <string.h>

/* One text of an array as PostgreSQL reads it: {"a","b"}. */
static void add_element(struct buf *out, struct span text)
{
    buf_add_str(out, out->size == 1 ? "\"" : ",\"");
    for (size_t k = 0; k < text.size; k++) {
        if (text.data[k] == '"' || text.data[k] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, text.data[k]);
    }
    buf_add_char(out, '"');
}

/* --- secrets and their rules --- */

static int read_secret(const PGresult *result, int row, struct arena *arena,
                       struct store_secret *secret)
{
    *secret =
        (struct store_secret){.version = (uint64_t)postgres_read_number(result, row, 4),
                              .created_unix_ms = postgres_read_number(result, row, 5),
                              .updated_unix_ms = postgres_read_number(result, row, 6),
                              .policy_version = (uint64_t)postgres_read_number(result, row, 10)};
    struct secret_policy *policy = &secret->policy;
    policy->pinned = postgres_read_bool(result, row, 7);
    policy->allow_output = postgres_read_bool(result, row, 8);
    policy->guard = postgres_read_bool(result, row, 9);
    policy->services = arena_alloc(arena, SECRET_SERVICES_MOST * sizeof *policy->services);
    bool ok = policy->services && postgres_read_text(result, row, 1, arena, &secret->id) &&
              postgres_read_text(result, row, 2, arena, &secret->name) &&
              postgres_read_text(result, row, 3, arena, &secret->sealed);
    return ok ? 0 : ERR_NO_MEMORY;
}

static int read_rule(const PGresult *result, int row, bool script, struct arena *arena,
                     struct store_secret *secret)
{
    struct secret_policy *policy = &secret->policy;
    if (!script) {
        struct span id;
        if (policy->service_count == SECRET_SERVICES_MOST)
            return 0;
        if (!postgres_read_text(result, row, 2, arena, &id))
            return ERR_NO_MEMORY;
        struct span *list = (struct span *)policy->services;
        list[policy->service_count++] = store_service_read(id, &policy->pinned);
        return 0;
    }
    if (!store_policy_room(policy, arena))
        return policy->scripts ? 0 : ERR_NO_MEMORY;
    struct secret_script *entry = (struct secret_script *)&policy->scripts[policy->script_count++];
    hex_decode(entry->sha256, SECRET_HASH_SIZE, postgres_cell(result, row, 2));
    entry->expires_unix_ms = postgres_read_number(result, row, 4);
    return postgres_read_text(result, row, 3, arena, &entry->entry_point) ? 0 : ERR_NO_MEMORY;
}

/* The first column says what a row is: the rows of the secrets themselves come last but are needed
 * first, so there are two passes. */
static int read_rows(const PGresult *result, struct arena *arena, struct store_secret *rows,
                     size_t most, size_t *count)
{
    size_t n = 0;
    int r = 0, total = libpq.PQntuples(result);
    for (int i = 0; !r && i < total && n < most; i++)
        if (span_equal(postgres_cell(result, i, 0), SPAN("secret")))
            r = read_secret(result, i, arena, &rows[n++]);
    for (int i = 0; !r && i < total; i++) {
        bool script = span_equal(postgres_cell(result, i, 0), SPAN("script"));
        if (!script && !span_equal(postgres_cell(result, i, 0), SPAN("service")))
            continue;
        for (size_t k = 0; !r && k < n; k++)
            if (span_equal(rows[k].name, postgres_cell(result, i, 1)))
                r = read_rule(result, i, script, arena, &rows[k]);
    }
    *count = n;
    return r;
}

/* One secret that is asked for: wanted->names[at]. */
struct wanted_one {
    struct store_wanted *wanted;
    size_t at;
};

/* Parameters of GET: everybody's users and names, in the order of `ones`. */
static int wanted_parameters(const struct wanted_one *ones, size_t count,
                             struct postgres_parameters *q)
{
    struct buf users = BUF_INIT(PG_PARAMETER_BYTES / 2), names = BUF_INIT(PG_PARAMETER_BYTES / 2);
    buf_add_char(&users, '{');
    buf_add_char(&names, '{');
    for (size_t i = 0; i < count; i++) {
        add_element(&users, ones[i].wanted->user);
        add_element(&names, ones[i].wanted->names[ones[i].at]);
    }
    buf_add_char(&users, '}');
    buf_add_char(&names, '}');
    int r = buf_failed(&users) || buf_failed(&names) ? ERR_NO_MEMORY : 0;
    if (!r)
        postgres_begin_place(q, (struct span){users.data, users.size},
                             (struct span){names.data, names.size});
    buf_done(&users);
    buf_done(&names);
    return r;
}

/* Who reads in a transaction is about to write: nobody else may in between. */
static int send_lock(struct store_postgres *p, const struct wanted_one *one)
{
    struct postgres_parameters q;
    postgres_begin_place(&q, one->wanted->user, one->wanted->names[one->at]);
    int r = store_postgres_pipe_add(p, PG_LOCK, &q);
    arena_done(&q.arena);
    return r;
}

/* The first column says what a row is, the last whose. Rules come before the secrets themselves but
 * are needed after them, so there are two passes. */
static int take_found(const PGresult *result, const struct wanted_one *ones, size_t count)
{
    int r = 0, total = libpq.PQntuples(result);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; !r && i < total; i++) {
            bool secret = span_equal(postgres_cell(result, i, 0), SPAN("secret"));
            bool script = span_equal(postgres_cell(result, i, 0), SPAN("script"));
            size_t place = (size_t)postgres_read_number(result, i, libpq.PQnfields(result) - 1) - 1;
            if (secret != (pass == 0) || place >= count)
                continue;
            struct store_wanted *w = ones[place].wanted;
            struct store_secret *found = &w->found[ones[place].at];
            if (secret)
                r = read_secret(result, i, w->arena, found);
            else if (found->name.size)
                r = read_rule(result, i, script, w->arena, found);
        }
    return r;
}

/*
 * A lock on a row that is deleted while it is waited for locks nothing. If then there is one, it is
 * a namesake, made in the same transaction, and anybody may change it before we do.
 */
static bool all_locked(const struct wanted_one *ones, PGresult **locks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ones[i].wanted->found[ones[i].at].name.size && libpq.PQntuples(locks[i]) == 0)
            return false;
    return true;
}

static int ask_for(struct store_postgres *p, const struct wanted_one *ones, size_t count)
{
    struct postgres_parameters q;
    size_t locks = p->in_transaction ? count : 0;
    PGresult **results = calloc(locks + 1, sizeof *results);
    int r = results ? wanted_parameters(ones, count, &q) : ERR_NO_MEMORY;
    if (r)
        goto out;
    r = store_postgres_pipe_start(p);
    for (size_t i = 0; !r && i < locks; i++)
        r = send_lock(p, &ones[i]);
    if (!r)
        r = store_postgres_pipe_add(p, p->users_are_uuids ? PG_GET_UUIDS : PG_GET, &q);
    arena_done(&q.arena);
    int ended = store_postgres_pipe_end(p, locks + 1, results);
    r = r ? r : ended;
    if (!r)
        r = take_found(results[locks], ones, count);
    if (!r && !all_locked(ones, results, locks))
        r = ERR_CONFLICT;
    for (size_t i = 0; i <= locks; i++)
        libpq.PQclear(results[i]);
out:
    free(results);
    return r;
}

static int get_once(struct store_postgres *p, struct store_wanted *wanted, size_t count)
{
    size_t n = 0, all = 0;
    for (size_t i = 0; i < count; i++)
        all += wanted[i].count;
    struct wanted_one *ones = calloc(all + 1, sizeof *ones);
    if (!ones)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < wanted[i].count; k++) {
            wanted[i].found[k] = (struct store_secret){0};
            ones[n++] = (struct wanted_one){&wanted[i], k};
        }
    int r = n > 0 ? ask_for(p, ones, n) : 0;
    free(ones);
    return r;
}

static int get(struct store *store, struct store_wanted *wanted, size_t count)
{
    struct store_postgres *p = postgres_self(store);
    int r = get_once(p, wanted, count);
    return r == ERR_SYSTEM && store_postgres_again(p) ? get_once(p, wanted, count) : r;
}

static bool takes_user(struct store *store, struct span user)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (!postgres_self(store)->users_are_uuids)
        return true;
    if (user.size != sizeof form - 1)
        return false;
    for (size_t i = 0; i < user.size; i++)
        if (form[i] == '-' ? user.data[i] != '-'
                           : !user.data[i] || !strchr("0123456789abcdef", user.data[i]))
            return false;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct store_secret *)a)->name.data,
                  ((const struct store_secret *)b)->name.data);
}

static int list(struct store *store, struct span user, const struct store_page *page,
                struct arena *arena, struct store_secret *rows, size_t *count)
{
    struct postgres_parameters q;
    PGresult *result;
    postgres_begin_place(&q, user, page->after_name);
    postgres_add_number(&q, (int64_t)(page->limit < *count ? page->limit : *count));
    int r = postgres_query(postgres_self(store), PG_LIST, &q, &result);
    if (r)
        return r;
    size_t n = 0;
    r = read_rows(result, arena, rows, *count, &n);
    libpq.PQclear(result);
    if (!r) {
        qsort(rows, n, sizeof *rows, compare_names);
        *count = n;
    }
    return r;
}

static int count_of(struct store *store, struct span user, uint64_t *ret)
{
    struct postgres_parameters q;
    PGresult *result;
    postgres_begin(&q);
    postgres_add_text(&q, user);
    int r = postgres_query(postgres_self(store), PG_COUNT, &q, &result);
    if (r)
        return r;
    *ret = (uint64_t)postgres_read_number(result, 0, 0);
    libpq.PQclear(result);
    return 0;
}

static int insert(struct store_postgres *p, struct span user, struct span name, struct span sealed)
{
    struct postgres_parameters q;
    uint64_t changed;
    postgres_begin_place(&q, user, name);
    postgres_add_text(&q, sealed);
    int r = postgres_change(p, PG_INSERT, &q, &changed);
    if (!r && changed != 1)
        return ERR_CONFLICT;
    if (!r)
        r = store_postgres_clear_rules(p, user, name);
    return r;
}

static int update(struct store_postgres *p, struct span user, struct span name, uint64_t version,
                  struct span sealed)
{
    struct postgres_parameters q;
    uint64_t changed;
    postgres_begin_place(&q, user, name);
    int r = postgres_change(p, PG_KEEP, &q, NULL);
    if (r)
        return r;
    postgres_begin_place(&q, user, name);
    postgres_add_text(&q, sealed);
    postgres_add_number(&q, (int64_t)version);
    r = postgres_change(p, PG_UPDATE, &q, &changed);
    return !r && changed != 1 ? ERR_CONFLICT : r;
}

static int forget_versions(struct store_postgres *p, struct span user, struct span name,
                           int64_t up_to)
{
    struct postgres_parameters q;
    postgres_begin_place(&q, user, name);
    postgres_add_number(&q, up_to);
    return postgres_change(p, PG_FORGET, &q, NULL);
}

static int put(struct store *store, struct span user, struct span name, uint64_t version,
               struct span sealed)
{
    struct store_postgres *p = postgres_self(store);
    int r = version == 1 ? insert(p, user, name, sealed) : update(p, user, name, version, sealed);
    if (!r && version > STORE_VERSIONS_KEPT)
        r = forget_versions(p, user, name, (int64_t)(version - STORE_VERSIONS_KEPT));
    return r;
}

static int remove_secret(struct store *store, struct span user, struct span name)
{
    struct store_postgres *p = postgres_self(store);
    struct postgres_parameters q;
    uint64_t changed;
    postgres_begin_place(&q, user, name);
    int r = postgres_change(p, PG_REMOVE, &q, &changed);
    if (!r && changed != 1)
        return ERR_NOT_FOUND;
    if (!r)
        r = store_postgres_clear_rules(p, user, name);
    return r ? r : forget_versions(p, user, name, INT64_MAX);
}

const struct store_ops store_postgres_ops = {
    .close = store_postgres_close,
    .begin = store_postgres_begin,
    .commit = store_postgres_commit,
    .rollback = store_postgres_rollback,
    .takes_user = takes_user,
    .get = get,
    .changed = store_postgres_changed,
    .list = list,
    .count = count_of,
    .put = put,
    .remove = remove_secret,
    .put_policy = store_postgres_put_policy,
    .add_audit = store_postgres_add_audit,
    .commit_audit = store_postgres_commit_audit,
    .list_audit = store_postgres_list_audit,
    .get_fact = store_postgres_get_fact,
    .put_fact = store_postgres_put_fact,
    .list_facts = store_postgres_list_facts,
    .put_document = store_postgres_put_document,
    .get_document = store_postgres_get_document,
    .next_sealed = store_postgres_next_sealed,
    .replace_sealed = store_postgres_replace_sealed,
};
