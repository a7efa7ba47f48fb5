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

#define PREFIX "secrets:"

static struct span without_prefix(struct span name)
{
    const size_t size = sizeof PREFIX - 1;
    if (name.size > size && memcmp(name.data, PREFIX, size) == 0)
        return (struct span){name.data + size, name.size - size};
    return name;
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
        bool twice = false;
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

static bool new_set(struct secret_ticket *t)
{
    struct secret_set *set = t->set = calloc(1, sizeof *set);
    if (!set)
        return false;
    arena_init(&set->arena, TICKET_ARENA_MOST);
    set->values = calloc(t->ask.count + 1, sizeof *set->values);
    return set->values != NULL;
}

/* Decides on one secret and opens it. Returns why not, or NULL. */
static const char *give(struct secret_service *s, struct secret_ticket *t,
                        const struct store_secret *row, enum secret_reason *reason)
{
    struct secret_request request = {.entry_point = t->ask.entry_point,
                                     .now_unix_ms = (int64_t)clock_unix_ms(),
                                     .strict = s->strict};
    memcpy(request.script_sha256, t->ask.script_sha256, SECRET_HASH_SIZE);
    *reason = SECRET_REASON_NOT_FOUND;
    if (!row->name.size)
        return "there is no such secret";
    enum secret_verdict verdict = secret_decide(&row->policy, &request);
    *reason = SECRET_REASON_NOT_ALLOWED;
    if (!secret_is_allowed(verdict))
        return secret_verdict_text(verdict);
    struct secret_value *value = &t->set->values[t->set->count];
    *reason = SECRET_REASON_CANNOT_DECRYPT;
    if (secret_open_row(s, t->ask.caller.user, row, &value->bytes, &value->size))
        return "the stored value does not open under the service's key";
    t->set->count++;
    value->version = row->version;
    value->pinned = row->policy.pinned;
    value->guard = row->policy.guard;
    value->allow_output = row->policy.allow_output;
    *reason = SECRET_REASON_STORE_DOWN;
    return arena_copy(&t->set->arena, row->name, &value->name) ? NULL : "out of memory";
}

static void write_row(struct secret_ticket *t, struct span name, enum secret_reason reason,
                      const char *why)
{
    char hash[2 * SECRET_HASH_SIZE + 1];
    hex_encode(hash, t->ask.script_sha256, SECRET_HASH_SIZE);
    struct store_audit *row = &t->audit[t->audit_count++];
    *row = (struct store_audit){.user = t->ask.caller.user,
                                .name = name,
                                .action = STORE_READ,
                                .service = SPAN(SECRET_SERVICE),
                                .address = t->ask.caller.address,
                                .user_agent = t->ask.caller.user_agent,
                                .success = why == NULL,
                                .error = span_of(why ? reasons[reason] : NULL),
                                .created_unix_ms = (int64_t)clock_unix_ms(),
                                .job_id = t->ask.job_id};
    arena_copy(&t->arena, span_of(hash), &row->script_sha256);
}

static int resolve_one(struct secret_service *s, struct secret_ticket *t)
{
    size_t count = t->ask.count;
    struct store_secret *rows = arena_alloc(&t->arena, (count + 1) * sizeof *rows);
    t->audit = arena_alloc(&t->arena, (count + 1) * sizeof *t->audit);
    if (!rows || !t->audit || !new_set(t))
        return ERR_NO_MEMORY;
    int r = s->store->ops->get(s->store, t->ask.caller.user, t->ask.names, count, &t->arena, rows);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++) {
        enum secret_reason reason;
        const char *why = give(s, t, &rows[i], &reason);
        if (why)
            refuse(t, t->ask.names[i], reason, why);
        write_row(t, t->ask.names[i], reason, why);
    }
    if (t->answer.code)
        withhold(t);
    return 0;
}

static void store_down(struct secret_ticket *t, const char *why)
{
    secret_set_free(t->set);
    t->set = NULL;
    t->answer.code = 0;
    refuse(t, t->ask.count ? t->ask.names[0] : SPAN(""), SECRET_REASON_STORE_DOWN, why);
}

static void count_stats(struct secret_service *s, struct secret_ticket **tickets, size_t count,
                        bool up)
{
    uv_mutex_lock(&s->mutex);
    s->stats.store_up = up;
    s->stats.batches++;
    for (size_t i = 0; i < count; i++) {
        uint64_t *counter = !up                       ? &s->stats.failed
                            : tickets[i]->answer.code ? &s->stats.refused
                                                      : &s->stats.resolved;
        ++*counter;
        s->stats.audit_rows += up ? tickets[i]->audit_count : 0;
    }
    uv_mutex_unlock(&s->mutex);
}

void secret_resolve_batch(struct secret_service *s, struct secret_ticket **tickets, size_t count)
{
    int r = s->store && s->key ? 0 : ERR_SYSTEM;
    for (size_t i = 0; !r && i < count; i++)
        r = resolve_one(s, tickets[i]);
    struct audit_chain chain = s->chain;
    if (!r)
        r = s->store->ops->begin(s->store);
    if (!r) {
        r = secret_add_audit(s, &chain, tickets, count);
        if (!r)
            r = s->store->ops->commit(s->store);
        if (r)
            s->store->ops->rollback(s->store);
    }
    if (!r)
        s->chain = chain;
    for (size_t i = 0; r && i < count; i++)
        store_down(tickets[i], !s->key     ? "the service has no SECRETS_MASTER_KEY"
                               : !s->store ? "the service has no database for secrets"
                                           : "the database of secrets cannot be used now");
    count_stats(s, tickets, count, r == 0);
}
