/* Jobs ask for secrets: look up, decide, open, write down, and only then hand out. */
#include "secret/service.h"

#include "base/clock.h"
#include "base/encode.h"
#include <stdlib.h>
#include <string.h>

static const char *const reasons[] = {
    [SECRET_REASON_NOT_FOUND] = "not_found",
    [SECRET_REASON_NOT_ALLOWED] = "not_allowed",
    [SECRET_REASON_CANNOT_DECRYPT] = "cannot_decrypt",
    [SECRET_REASON_STORE_DOWN] = "store_down",
    [SECRET_REASON_TOO_MANY] = "too_many",
};

const char *secret_reason_name(enum secret_reason reason)
{
    return reasons[reason];
}

#define PREFIX "secrets:"

static struct span without_prefix(struct span name)
{
    const size_t size = sizeof PREFIX - 1;
    if (name.size > size && memcmp(name.data, PREFIX, size) == 0)
        return (struct span){name.data + size, name.size - size};
    return name;
}

/* No name has a NUL, and no database takes one: what is behind it does not matter. */
static struct span up_to_nul(struct span name)
{
    return (struct span){name.data, strnlen(name.data, name.size)};
}

/* --- asking, on the loop's thread --- */

static bool copy_names(struct secret_ticket *t, const struct secret_ask *ask)
{
    struct span *names = arena_alloc(&t->arena, (ask->count + 1) * sizeof *names);
    if (!names)
        return false;
    t->ask.count = 0;
    for (size_t i = 0; i < ask->count; i++) {
        struct span name = without_prefix(ask->names[i]);
        bool twice = false; /* compared whole: "A\0B" is not "A" */
        for (size_t k = 0; k < t->ask.count; k++)
            twice = twice || span_equal(names[k], name);
        if (!twice && !arena_copy(&t->arena, name, &names[t->ask.count++]))
            return false;
    }
    t->ask.names = names;
    return true;
}

int secret_resolve(struct secret_service *service, const struct secret_ask *ask,
                   secret_resolved_fn *resolved, void *ctx, struct secret_ticket **ret)
{
    struct secret_ticket *t = secret_ticket_new(service);
    if (!t)
        return ERR_NO_MEMORY;
    t->resolved = resolved;
    t->ctx = ctx;
    t->ask = *ask;
    bool ok = copy_names(t, ask) && arena_copy(&t->arena, ask->caller.user, &t->ask.caller.user) &&
              arena_copy(&t->arena, ask->caller.address, &t->ask.caller.address) &&
              arena_copy(&t->arena, ask->caller.user_agent, &t->ask.caller.user_agent) &&
              arena_copy(&t->arena, ask->entry_point, &t->ask.entry_point) &&
              arena_copy(&t->arena, ask->job_id, &t->ask.job_id);
    int r = ok ? secret_enqueue(service, t) : ERR_NO_MEMORY;
    if (r)
        secret_ticket_free(t);
    else
        *ret = t;
    return r;
}

/* --- answering, on the database's thread --- */

static void refuse(struct secret_ticket *t, struct span name, enum secret_reason reason,
                   const char *why)
{
    if (t->answer.code)
        return; /* the first reason is told */
    t->answer.code = error_set(&t->answer.detail, ERR_SECRET_UNAVAILABLE, "secret_refs",
                               "%s: %.*s: %s", reasons[reason], (int)name.size, name.data, why);
}

/* Takes what was opened back: nothing is handed out. */
static void withhold(struct secret_ticket *t)
{
    secret_set_free(t->set);
    t->set = NULL;
    for (size_t i = 0; i < t->audit_count; i++)
        if (t->audit[i].success) {
            t->audit[i].success = false;
            t->audit[i].error = SPAN("withheld: another secret of the job was refused");
        }
}

/* With a copy of each name that is asked for, where the value that is given belongs. */
static bool new_set(struct secret_ticket *t)
{
    size_t count = t->ask.count, size = sizeof *t->set + count * sizeof *t->set->values;
    for (size_t i = 0; i < count; i++)
        size += t->ask.names[i].size;
    struct secret_set *set = t->set = calloc(1, size);
    if (!set)
        return false;
    set->values = (struct secret_value *)(set + 1);
    char *at = (char *)(set->values + count);
    for (size_t i = 0; i < count; i++) {
        struct span name = t->ask.names[i];
        if (name.size)
            memcpy(at, name.data, name.size);
        set->values[i].name = (struct span){at, name.size};
        at += name.size;
    }
    return true;
}

/* What the tickets of one transaction share. */
struct batch {
    struct secret_service *service;
    struct secret_ticket **tickets;
    size_t count;
    int64_t now_unix_ms; /* of all decisions and audit rows */
    uint64_t now_ns;
    size_t cached;
    struct row_opener opener;
};

static int open_value(struct batch *batch, struct span user, const struct store_secret *row,
                      struct secret_value *ret)
{
    struct secret_service *s = batch->service;
    if (value_cache_get(s->values, user, row, batch->now_ns, &ret->bytes, &ret->size)) {
        batch->cached++;
        return 0;
    }
    int r = secret_open_row(&batch->opener, user, row, &ret->bytes, &ret->size);
    if (!r)
        value_cache_put(s->values, user, row, batch->now_ns, &ret->bytes, ret->size);
    return r;
}

/* Decides on the job's secret number `i` and opens it. Returns why not, or NULL. */
static const char *give(struct batch *batch, struct secret_ticket *t, size_t i,
                        const struct store_secret *row, enum secret_reason *reason)
{
    struct secret_request request = {.entry_point = t->ask.entry_point,
                                     .now_unix_ms = batch->now_unix_ms,
                                     .strict = batch->service->strict};
    memcpy(request.script_sha256, t->ask.script_sha256, SECRET_HASH_SIZE);
    *reason = SECRET_REASON_NOT_FOUND;
    if (!row->name.size)
        return "there is no such secret";
    enum secret_verdict verdict = secret_decide(&row->policy, &request);
    *reason = SECRET_REASON_NOT_ALLOWED;
    if (!secret_is_allowed(verdict))
        return secret_verdict_text(verdict);
    struct secret_value *value = &t->set->values[i];
    value->unlisted = verdict == SECRET_ALLOWED_UNLISTED;
    *reason = SECRET_REASON_CANNOT_DECRYPT;
    if (open_value(batch, t->ask.caller.user, row, value))
        return "the stored value does not open under the service's key";
    t->set->count = i + 1; /* those refused before it are empty, and the set is withheld */
    value->version = row->version;
    value->pinned = row->policy.pinned;
    value->guard = row->policy.guard;
    value->allow_output = row->policy.allow_output;
    return NULL;
}

static void write_row(const struct batch *batch, struct secret_ticket *t, struct span name,
                      enum secret_reason reason, const char *why, bool unlisted)
{
    struct store_audit *row = &t->audit[t->audit_count++];
    *row =
        (struct store_audit){.user = t->ask.caller.user,
                             .name = up_to_nul(name),
                             .action = STORE_READ,
                             .service = SPAN(SECRET_SERVICE),
                             .address = t->ask.caller.address,
                             .user_agent = t->ask.caller.user_agent,
                             .success = why == NULL,
                             .error = span_of(why        ? reasons[reason]
                                              : unlisted ? "allowed without a list of services"
                                                         : NULL),
                             .created_unix_ms = batch->now_unix_ms,
                             .job_id = t->ask.job_id,
                             .script_sha256 = t->ask.sealed ? (struct span){0} : t->script_sha256};
}

/* Room for what the ticket asks for; rows that are not found stay empty. */
static int prepare(struct secret_service *s, struct secret_ticket *t, struct store_wanted *wanted)
{
    size_t count = t->ask.count;
    struct span *names = arena_alloc(&t->arena, (count + 1) * sizeof *names);
    *wanted = (struct store_wanted){
        .user = t->ask.caller.user,
        .names = names,
        .count = s->store->ops->takes_user(s->store, t->ask.caller.user) ? count : 0,
        .arena = &t->arena,
        .found = arena_alloc(&t->arena, (count + 1) * sizeof *wanted->found),
    };
    char hash[2 * SECRET_HASH_SIZE + 1];
    hex_encode(hash, t->ask.script_sha256, SECRET_HASH_SIZE);
    t->audit = arena_alloc(&t->arena, (count + 1) * sizeof *t->audit);
    if (!arena_copy(&t->arena, span_of(hash), &t->script_sha256) || !names || !wanted->found ||
        !t->audit || !new_set(t))
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        names[i] = up_to_nul(t->ask.names[i]);
    return 0;
}

static void decide(struct batch *batch, struct secret_ticket *t, struct store_wanted *wanted)
{
    for (size_t i = 0; i < t->ask.count; i++) {
        enum secret_reason reason;
        struct span name = t->ask.names[i];
        struct store_secret *row = &wanted->found[i];
        if (wanted->names[i].size != name.size)
            *row = (struct store_secret){0};
        const char *why = give(batch, t, i, row, &reason);
        if (why)
            refuse(t, name, reason, why);
        write_row(batch, t, name, reason, why, t->set->values[i].unlisted);
    }
    if (t->answer.code)
        withhold(t);
    if (wanted->count == 0)
        t->audit_count = 0; /* the tables cannot even hold this user's id */
}

static int look_up(struct batch *batch)
{
    struct store *store = batch->service->store;
    struct store_wanted wanted[SECRET_BATCH_MOST];
    int r = 0;
    for (size_t i = 0; !r && i < batch->count; i++)
        r = prepare(batch->service, batch->tickets[i], &wanted[i]);
    if (!r)
        r = store->ops->get(store, wanted, batch->count);
    for (size_t i = 0; !r && i < batch->count; i++)
        decide(batch, batch->tickets[i], &wanted[i]);
    return r;
}

/* Chains the rows of all tickets; their number, and a list of them that the caller frees. */
static int chain_rows(struct batch *batch, struct audit_chain *chain, struct store_audit ***ret,
                      size_t *count)
{
    struct audit_mac mac;
    size_t rows = 0, n = 0;
    for (size_t i = 0; i < batch->count; i++)
        rows += batch->tickets[i]->audit_count;
    struct store_audit **list = calloc(rows + 1, sizeof *list);
    int r = list ? 0 : ERR_NO_MEMORY;
    audit_mac_init(&mac, chain->key);
    for (size_t i = 0; !r && i < batch->count; i++)
        for (size_t k = 0; !r && k < batch->tickets[i]->audit_count; k++) {
            list[n] = &batch->tickets[i]->audit[k];
            r = audit_chain_add(chain, &mac, list[n++]);
        }
    audit_mac_done(&mac);
    *ret = list;
    *count = n;
    return r;
}

/* Makes them durable, all or none. */
static int write_down(struct batch *batch)
{
    struct secret_service *s = batch->service;
    struct store_audit **list;
    size_t count;
    int r = secret_chain_settle(s);
    if (r)
        return r;
    struct audit_chain chain = s->chain;
    r = chain_rows(batch, &chain, &list, &count);
    if (!r && count > 0) {
        r = s->store->ops->commit_audit(s->store, (const struct store_audit *const *)list, count);
        if (r && s->store->in_doubt)
            secret_chain_doubt(s, &chain, list[count - 1]->user);
    }
    if (!r)
        s->chain = chain;
    free(list);
    return r;
}

/* Without a store or its key it is the operator's to mend; else asking again may help. */
static void store_down(struct secret_ticket *t, bool for_now, const char *why)
{
    secret_set_free(t->set);
    t->set = NULL;
    t->answer.code = 0;
    refuse(t, t->ask.count ? t->ask.names[0] : SPAN(""), SECRET_REASON_STORE_DOWN, why);
    if (for_now)
        t->answer.code = t->answer.detail.code = ERR_STORE_DOWN;
}

static void count_stats(const struct batch *batch, bool up)
{
    struct secret_service *s = batch->service;
    uv_mutex_lock(&s->mutex);
    s->stats.batches++;
    s->stats.cached += batch->cached;
    for (size_t i = 0; i < batch->count; i++) {
        const struct secret_ticket *t = batch->tickets[i];
        uint64_t *counter = !up              ? &s->stats.failed
                            : t->answer.code ? &s->stats.refused
                                             : &s->stats.resolved;
        ++*counter;
        s->stats.audit_rows += up ? t->audit_count : 0;
    }
    uv_mutex_unlock(&s->mutex);
}

static int resolve(struct batch *batch)
{
    struct secret_service *s = batch->service;
    if (s->values && !s->look_ns)
        s->store->ops->changed(s->store); /* what changed before there are values is old news */
    secret_rows_begin(s, &batch->opener);
    int r = look_up(batch);
    secret_rows_end(&batch->opener);
    return r ? r : write_down(batch);
}

/* Half of a guard is none: without memory for it nothing is handed out. */
static void guard(struct secret_ticket *t)
{
    if (!t->set || !secret_set_guard(t->set, t->ask.allow_output))
        return;
    secret_set_free(t->set);
    t->set = NULL;
    t->answer.code = error_set(&t->answer.detail, ERR_RESOURCE_EXHAUSTED, "secret_refs",
                               "no memory for the leak guard");
}

void secret_resolve_batch(struct secret_service *s, struct secret_ticket **tickets, size_t count)
{
    struct batch batch = {s, tickets, count, .now_unix_ms = (int64_t)clock_unix_ms(),
                          .now_ns = clock_now_ns()};
    bool usable = s->store && s->key;
    int r = usable && !s->behind ? resolve(&batch) : ERR_SYSTEM;
    for (size_t i = 0; r && i < count; i++)
        store_down(tickets[i], usable,
                   !s->key     ? "the service has no SECRETS_MASTER_KEY"
                   : !s->store ? "the service has no database for secrets"
                               : "the database of secrets cannot be used now");
    for (size_t i = 0; !r && i < count; i++)
        guard(tickets[i]);
    secret_note_store(s, r);
    count_stats(&batch, r == 0);
}
