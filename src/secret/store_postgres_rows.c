/* The tables of the PostgreSQL store: rows in, rows out. */
#include "base/encode.h"
#include "base/limits.h"
#include "secret/store_postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MOST (8 * MIB) /* bytes of one statement's parameters */

static struct store_postgres *self(struct store *store)
{
    return (struct store_postgres *)store;
}

/* --- parameters and results --- */

static void begin_parameters(struct postgres_parameters *q)
{
    q->count = 0;
    arena_init(&q->arena, PARAMETERS_MOST);
}

static void add_null(struct postgres_parameters *q)
{
    q->values[q->count++] = NULL;
}

/* Without memory the parameter becomes NULL, and the tables refuse it. */
static void add_text(struct postgres_parameters *q, struct span text)
{
    struct span copy = {0};
    arena_copy(&q->arena, text, &copy);
    q->lengths[q->count] = (int)text.size;
    q->values[q->count++] = copy.data;
}

static void add_optional(struct postgres_parameters *q, struct span text)
{
    if (text.size)
        add_text(q, text);
    else
        add_null(q);
}

static void add_number(struct postgres_parameters *q, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    add_text(q, span_of(text));
}

static void add_bool(struct postgres_parameters *q, bool value)
{
    add_text(q, value ? SPAN("t") : SPAN("f"));
}

static void add_hex(struct postgres_parameters *q, const uint8_t *bytes, size_t size)
{
    char text[129];
    hex_encode(text, bytes, size);
    add_text(q, span_of(text));
}

static void place(struct postgres_parameters *q, struct span user, struct span name)
{
    begin_parameters(q);
    add_text(q, user);
    add_text(q, name);
}

/* Runs a statement without rows; wipes the parameters. */
static int change(struct store_postgres *p, enum postgres_statement which,
                  struct postgres_parameters *q, uint64_t *changed)
{
    int r = store_postgres_run(p, which, q, NULL, changed);
    arena_done(&q->arena);
    return r;
}

static int query(struct store_postgres *p, enum postgres_statement which,
                 struct postgres_parameters *q, PGresult **ret)
{
    int r = store_postgres_run(p, which, q, ret, NULL);
    arena_done(&q->arena);
    return r;
}

static struct span cell(const PGresult *result, int row, int column)
{
    return (struct span){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}

static bool read_text(const PGresult *result, int row, int column, struct arena *arena,
                      struct span *ret)
{
    return arena_copy(arena, cell(result, row, column), ret);
}

static int64_t read_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static bool read_bool(const PGresult *result, int row, int column)
{
    return PQgetvalue(result, row, column)[0] == 't';
}

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
    *secret = (struct store_secret){.version = (uint64_t)read_number(result, row, 4),
                                    .created_unix_ms = read_number(result, row, 5),
                                    .updated_unix_ms = read_number(result, row, 6),
                                    .policy_version = (uint64_t)read_number(result, row, 10)};
    struct secret_policy *policy = &secret->policy;
    policy->pinned = read_bool(result, row, 7);
    policy->allow_output = read_bool(result, row, 8);
    policy->guard = read_bool(result, row, 9);
    policy->services = arena_alloc(arena, SECRET_SERVICES_MOST * sizeof *policy->services);
    bool ok = policy->services && read_text(result, row, 1, arena, &secret->id) &&
              read_text(result, row, 2, arena, &secret->name) &&
              read_text(result, row, 3, arena, &secret->sealed);
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
        if (!read_text(result, row, 2, arena, &id))
            return ERR_NO_MEMORY;
        struct span *list = (struct span *)policy->services;
        list[policy->service_count++] = store_service_read(id, &policy->pinned);
        return 0;
    }
    if (!store_policy_room(policy, arena))
        return policy->scripts ? 0 : ERR_NO_MEMORY;
    struct secret_script *entry = (struct secret_script *)&policy->scripts[policy->script_count++];
    hex_decode(entry->sha256, SECRET_HASH_SIZE, cell(result, row, 2));
    entry->expires_unix_ms = read_number(result, row, 4);
    return read_text(result, row, 3, arena, &entry->entry_point) ? 0 : ERR_NO_MEMORY;
}

/* The first column says what a row is: the rows of the secrets themselves come last but are needed
 * first, so there are two passes. */
static int read_rows(const PGresult *result, struct arena *arena, struct store_secret *rows,
                     size_t most, size_t *count)
{
    size_t n = 0;
    int r = 0, total = PQntuples(result);
    for (int i = 0; !r && i < total && n < most; i++)
        if (span_equal(cell(result, i, 0), SPAN("secret")))
            r = read_secret(result, i, arena, &rows[n++]);
    for (int i = 0; !r && i < total; i++) {
        bool script = span_equal(cell(result, i, 0), SPAN("script"));
        if (!script && !span_equal(cell(result, i, 0), SPAN("service")))
            continue;
        for (size_t k = 0; !r && k < n; k++)
            if (span_equal(rows[k].name, cell(result, i, 1)))
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
    struct buf users = BUF_INIT(PARAMETERS_MOST / 2), names = BUF_INIT(PARAMETERS_MOST / 2);
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
        place(q, (struct span){users.data, users.size}, (struct span){names.data, names.size});
    buf_done(&users);
    buf_done(&names);
    return r;
}

/* Who reads in a transaction is about to write: nobody else may in between. */
static int send_lock(struct store_postgres *p, const struct wanted_one *one)
{
    struct postgres_parameters q;
    place(&q, one->wanted->user, one->wanted->names[one->at]);
    int r = store_postgres_pipe_add(p, PG_LOCK, &q);
    arena_done(&q.arena);
    return r;
}

/* The first column says what a row is, the last whose. Rules come before the secrets themselves but
 * are needed after them, so there are two passes. */
static int take_found(const PGresult *result, const struct wanted_one *ones, size_t count)
{
    int r = 0, total = PQntuples(result);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; !r && i < total; i++) {
            bool secret = span_equal(cell(result, i, 0), SPAN("secret"));
            bool script = span_equal(cell(result, i, 0), SPAN("script"));
            size_t place = (size_t)read_number(result, i, PQnfields(result) - 1) - 1;
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
    for (size_t i = 0; i <= locks; i++)
        PQclear(results[i]);
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
    struct store_postgres *p = self(store);
    int r = get_once(p, wanted, count);
    return r == ERR_SYSTEM && store_postgres_again(p) ? get_once(p, wanted, count) : r;
}

static bool takes_user(struct store *store, struct span user)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (!self(store)->users_are_uuids)
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
    place(&q, user, page->after_name);
    add_number(&q, (int64_t)(page->limit < *count ? page->limit : *count));
    int r = query(self(store), PG_LIST, &q, &result);
    if (r)
        return r;
    size_t n = 0;
    r = read_rows(result, arena, rows, *count, &n);
    PQclear(result);
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
    begin_parameters(&q);
    add_text(&q, user);
    int r = query(self(store), PG_COUNT, &q, &result);
    if (r)
        return r;
    *ret = (uint64_t)read_number(result, 0, 0);
    PQclear(result);
    return 0;
}

static int clear(struct store_postgres *p, enum postgres_statement which, struct span user,
                 struct span name)
{
    struct postgres_parameters q;
    place(&q, user, name);
    return change(p, which, &q, NULL);
}

static int clear_rules(struct store_postgres *p, struct span user, struct span name)
{
    int r = clear(p, PG_CLEAR_SERVICES, user, name);
    return r ? r : clear(p, PG_CLEAR_SCRIPTS, user, name);
}

static int insert(struct store_postgres *p, struct span user, struct span name, struct span sealed)
{
    struct postgres_parameters q;
    uint64_t changed;
    place(&q, user, name);
    add_text(&q, sealed);
    int r = change(p, PG_INSERT, &q, &changed);
    if (!r && changed != 1)
        return ERR_CONFLICT;
    if (!r)
        r = clear_rules(p, user, name);
    return r ? r : clear(p, PG_CLEAR_RULES, user, name);
}

static int update(struct store_postgres *p, struct span user, struct span name, uint64_t version,
                  struct span sealed)
{
    struct postgres_parameters q;
    uint64_t changed;
    int r = clear(p, PG_KEEP, user, name);
    if (r)
        return r;
    place(&q, user, name);
    add_text(&q, sealed);
    add_number(&q, (int64_t)version);
    r = change(p, PG_UPDATE, &q, &changed);
    return !r && changed != 1 ? ERR_CONFLICT : r;
}

static int forget_versions(struct store_postgres *p, struct span user, struct span name,
                           int64_t up_to)
{
    struct postgres_parameters q;
    place(&q, user, name);
    add_number(&q, up_to);
    return change(p, PG_FORGET, &q, NULL);
}

static int put(struct store *store, struct span user, struct span name, uint64_t version,
               struct span sealed)
{
    struct store_postgres *p = self(store);
    int r = version == 1 ? insert(p, user, name, sealed) : update(p, user, name, version, sealed);
    if (!r && version > STORE_VERSIONS_KEPT)
        r = forget_versions(p, user, name, (int64_t)(version - STORE_VERSIONS_KEPT));
    return r;
}

static int remove_secret(struct store *store, struct span user, struct span name)
{
    struct store_postgres *p = self(store);
    struct postgres_parameters q;
    uint64_t changed;
    place(&q, user, name);
    int r = change(p, PG_REMOVE, &q, &changed);
    if (!r && changed != 1)
        return ERR_NOT_FOUND;
    if (!r)
        r = clear_rules(p, user, name);
    if (!r)
        r = forget_versions(p, user, name, INT64_MAX);
    return r ? r : clear(p, PG_CLEAR_RULES, user, name);
}

static int put_policy(struct store *store, struct span user, struct span name,
                      const struct secret_policy *policy, uint64_t expected)
{
    struct store_postgres *p = self(store);
    struct postgres_parameters q;
    uint64_t changed;
    place(&q, user, name);
    add_bool(&q, policy->pinned);
    add_bool(&q, policy->allow_output);
    add_bool(&q, policy->guard);
    if (expected)
        add_number(&q, (int64_t)expected);
    int r = change(p, expected ? PG_SET_RULES : PG_NEW_RULES, &q, &changed);
    if (!r && changed != 1)
        return ERR_CONFLICT;
    if (!r)
        r = clear_rules(p, user, name);
    for (size_t i = 0; !r && i < policy->service_count; i++) {
        place(&q, user, name);
        add_text(&q, store_service_written(policy->services[i], policy->pinned));
        r = change(p, PG_ADD_SERVICE, &q, NULL);
    }
    for (size_t i = 0; !r && i < policy->script_count; i++) {
        place(&q, user, name);
        add_hex(&q, policy->scripts[i].sha256, SECRET_HASH_SIZE);
        add_text(&q, policy->scripts[i].entry_point);
        if (policy->scripts[i].expires_unix_ms)
            add_number(&q, policy->scripts[i].expires_unix_ms);
        else
            add_null(&q);
        r = change(p, PG_ADD_SCRIPT, &q, NULL);
    }
    return r;
}

/* --- audit --- */

/* PG_AUDIT_PARAMETERS of them. */
static void add_audit_row(struct postgres_parameters *q, const struct store_audit *a)
{
    add_text(q, a->user);
    add_text(q, a->name);
    add_text(q, span_of(store_action_name(a->action)));
    add_optional(q, a->service);
    add_optional(q, a->address);
    add_optional(q, a->user_agent);
    add_bool(q, a->success);
    add_optional(q, a->error);
    add_number(q, a->created_unix_ms);
    add_optional(q, a->job_id);
    add_optional(q, a->script_sha256);
    if (a->chained) {
        add_text(q, a->boot_id);
        add_number(q, (int64_t)a->seq);
        add_hex(q, a->mac, STORE_MAC_SIZE);
        return;
    }
    for (int i = 0; i < 3; i++)
        add_null(q);
}

static int add_audit(struct store *store, const struct store_audit *rows, size_t count)
{
    int r = 0;
    for (size_t i = 0; !r && i < count; i++) {
        struct postgres_parameters q;
        begin_parameters(&q);
        add_audit_row(&q, &rows[i]);
        r = change(self(store), PG_ADD_AUDIT, &q, NULL);
    }
    return r;
}

/* Written once: if the connection is lost on the way, nobody can say whether it is there. */
static int commit_audit(struct store *store, const struct store_audit *const *rows, size_t count)
{
    struct store_postgres *p = self(store);
    int r = store_postgres_pipe_start(p);
    if (!r)
        r = store_postgres_pipe_word(p, "BEGIN");
    size_t sent = 0;
    for (size_t i = 0, step; !r && i < count; i += step, sent++) {
        struct postgres_parameters q;
        step = count - i >= PG_AUDIT_ROWS ? PG_AUDIT_ROWS : 1;
        begin_parameters(&q);
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
    *a = (struct store_audit){.id = (uint64_t)read_number(result, row, 0),
                              .action = store_action_of(cell(result, row, 3)),
                              .success = read_bool(result, row, 7),
                              .created_unix_ms = read_number(result, row, 9),
                              .seq = (uint64_t)read_number(result, row, 13)};
    a->chained = hex_decode(a->mac, STORE_MAC_SIZE, cell(result, row, 14)) == 0;
    bool ok = read_text(result, row, 1, arena, &a->user) &&
              read_text(result, row, 2, arena, &a->name) &&
              read_text(result, row, 4, arena, &a->service) &&
              read_text(result, row, 5, arena, &a->address) &&
              read_text(result, row, 6, arena, &a->user_agent) &&
              read_text(result, row, 8, arena, &a->error) &&
              read_text(result, row, 10, arena, &a->job_id) &&
              read_text(result, row, 11, arena, &a->script_sha256) &&
              read_text(result, row, 12, arena, &a->boot_id);
    return ok ? 0 : ERR_NO_MEMORY;
}

static int list_audit(struct store *store, struct span user, const struct store_page *page,
                      struct arena *arena, struct store_audit *rows, size_t *count)
{
    struct postgres_parameters q;
    PGresult *result;
    begin_parameters(&q);
    if (user.size) {
        add_text(&q, user);
        add_number(&q, page->after ? (int64_t)page->after : INT64_MAX);
    } else {
        add_number(&q, (int64_t)page->after);
    }
    add_number(&q, (int64_t)(page->limit < *count ? page->limit : *count));
    int r = query(self(store), user.size ? PG_AUDIT_OF_USER : PG_AUDIT_OF_ALL, &q, &result);
    if (r)
        return r;
    size_t n = (size_t)PQntuples(result);
    for (size_t i = 0; !r && i < n && i < *count; i++)
        r = read_audit(result, (int)i, arena, &rows[i]);
    PQclear(result);
    if (!r)
        *count = n < *count ? n : *count;
    return r;
}

/* --- facts --- */

static int get_fact(struct store *store, const char *name, struct arena *arena, struct span *ret)
{
    struct postgres_parameters q;
    PGresult *result;
    begin_parameters(&q);
    add_text(&q, span_of(name));
    int r = query(self(store), PG_GET_FACT, &q, &result);
    if (r)
        return r;
    if (PQntuples(result) == 0)
        r = ERR_NOT_FOUND;
    else if (!read_text(result, 0, 0, arena, ret))
        r = ERR_NO_MEMORY;
    PQclear(result);
    return r;
}

static int put_fact(struct store *store, const char *name, struct span value)
{
    struct postgres_parameters q;
    place(&q, span_of(name), value);
    return change(self(store), PG_PUT_FACT, &q, NULL);
}

static int list_facts(struct store *store, const char *prefix, struct span after,
                      struct arena *arena, struct span *names, struct span *values, size_t *count)
{
    struct postgres_parameters q;
    PGresult *result;
    place(&q, after, span_of(prefix));
    add_number(&q, (int64_t)*count);
    int r = query(self(store), PG_LIST_FACTS, &q, &result);
    if (r)
        return r;
    size_t n = (size_t)PQntuples(result);
    for (size_t i = 0; !r && i < n; i++)
        if (!read_text(result, (int)i, 0, arena, &names[i]) ||
            !read_text(result, (int)i, 1, arena, &values[i]))
            r = ERR_NO_MEMORY;
    PQclear(result);
    if (!r)
        *count = n;
    return r;
}

/* --- documents --- */

static int put_document(struct store *store, const struct store_document *document)
{
    struct postgres_parameters q;
    place(&q, document->digest, document->text);
    add_number(&q, document->not_after_unix_ms);
    return change(self(store), PG_PUT_DOCUMENT, &q, NULL);
}

static int get_document(struct store *store, struct span digest, struct arena *arena,
                        struct span *ret)
{
    struct postgres_parameters q;
    PGresult *result;
    begin_parameters(&q);
    add_text(&q, digest);
    int r = query(self(store), PG_GET_DOCUMENT, &q, &result);
    if (r)
        return r;
    if (PQntuples(result) == 0)
        r = ERR_NOT_FOUND;
    else if (!read_text(result, 0, 0, arena, ret))
        r = ERR_NO_MEMORY;
    PQclear(result);
    return r;
}

/* --- rotation --- */

static int next_sealed(struct store *store, struct span cursor, struct arena *arena,
                       struct store_sealed_row *rows, size_t *count)
{
    struct postgres_parameters q;
    PGresult *result;
    begin_parameters(&q);
    add_text(&q, cursor);
    add_number(&q, (int64_t)*count);
    int r = query(self(store), PG_NEXT_SEALED, &q, &result);
    if (r)
        return r;
    size_t n = (size_t)PQntuples(result);
    for (size_t i = 0; !r && i < n; i++) {
        int at = (int)i;
        rows[i].version = (uint64_t)read_number(result, at, 3);
        bool ok = read_text(result, at, 0, arena, &rows[i].cursor) &&
                  read_text(result, at, 1, arena, &rows[i].user) &&
                  read_text(result, at, 2, arena, &rows[i].name) &&
                  read_text(result, at, 4, arena, &rows[i].sealed);
        rows[i].current = ok && rows[i].cursor.data[0] == 'c';
        r = ok ? 0 : ERR_NO_MEMORY;
    }
    PQclear(result);
    if (!r)
        *count = n;
    return r;
}

static int replace_sealed(struct store *store, const struct store_sealed_row *row,
                          struct span sealed)
{
    struct postgres_parameters q;
    uint64_t changed;
    place(&q, sealed, row->user);
    add_text(&q, row->name);
    add_number(&q, (int64_t)row->version);
    add_text(&q, row->sealed);
    int r = change(self(store), row->current ? PG_SWAP_CURRENT : PG_SWAP_KEPT, &q, &changed);
    return !r && changed != 1 ? ERR_CONFLICT : r;
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
