/* Owners manage their secrets; every change and its audit row are one transaction. */
#include "secret/service.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/etag.h"
#include "secret/master_key.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 3 /* against others who write the same secret in the same moment */

/* --- asking, on the loop's thread --- */

static bool copy_policy(struct secret_ticket *t, const struct secret_policy *from)
{
    struct secret_policy *policy = arena_alloc(&t->arena, sizeof *policy);
    struct span *services = arena_alloc(&t->arena, (from->service_count + 1) * sizeof *services);
    struct secret_script *scripts =
        arena_alloc(&t->arena, (from->script_count + 1) * sizeof *scripts);
    if (!policy || !services || !scripts)
        return false;
    *policy = *from;
    policy->services = services;
    policy->scripts = scripts;
    bool ok = true;
    for (size_t i = 0; ok && i < from->service_count; i++)
        ok = arena_copy(&t->arena, from->services[i], &services[i]);
    for (size_t i = 0; ok && i < from->script_count; i++) {
        scripts[i] = from->scripts[i];
        ok = arena_copy(&t->arena, from->scripts[i].entry_point, &scripts[i].entry_point);
    }
    t->manage.policy = policy;
    return ok;
}

/* What is not there stays without data: an empty list is something else. */
static bool copy_list(struct arena *arena, struct span from, struct span *ret)
{
    return !from.data || arena_copy(arena, from, ret);
}

static int check(const struct secret_manage *m, struct error_detail *detail)
{
    if (m->operation == SECRET_PUT && span_equal(m->name, SPAN("audit")))
        return error_set(detail, ERR_INVALID_FIELD, "name",
                         "no secret can be called audit: GET /secrets/audit is the audit log");
    bool named = m->operation != SECRET_LIST && m->operation != SECRET_AUDIT;
    if (m->operation == SECRET_PUT && !secret_name_valid(m->name))
        return error_set(detail, ERR_INVALID_FIELD, "name",
                         "a secret's name is 1 to %d of A-Z a-z 0-9 _ . -, and begins with a "
                         "letter, a digit or _",
                         SECRET_NAME_MOST);
    if (named && (m->name.size == 0 || m->name.size > SECRET_NAME_MOST))
        return error_set(detail, ERR_NOT_FOUND, "name", "there is no such secret");
    if (m->operation == SECRET_PUT && m->value.size > SECRET_VALUE_MOST)
        return error_set(detail, ERR_INVALID_FIELD, "value",
                         "a secret has at most %d bytes of UTF-8; this one has %zu",
                         SECRET_VALUE_MOST, m->value.size);
    if (m->operation == SECRET_PUT && !utf8_valid(m->value))
        return error_set(detail, ERR_INVALID_FIELD, "value", "a secret's value is UTF-8");
    return 0;
}

int secret_manage(struct secret_service *service, const struct secret_manage *m,
                  secret_answered_fn *answered, void *ctx, struct secret_ticket **ret)
{
    struct secret_ticket *t = secret_ticket_new(service);
    if (!t)
        return ERR_NO_MEMORY;
    t->answered = answered;
    t->ctx = ctx;
    t->manage = *m;
    t->answer.code = check(m, &t->answer.detail);
    bool ok = arena_copy(&t->arena, m->caller.user, &t->manage.caller.user) &&
              arena_copy(&t->arena, m->caller.address, &t->manage.caller.address) &&
              arena_copy(&t->arena, m->caller.user_agent, &t->manage.caller.user_agent) &&
              arena_copy(&t->arena, m->name, &t->manage.name) &&
              arena_copy(&t->arena, m->after, &t->manage.after) &&
              copy_list(&t->arena, m->if_match, &t->manage.if_match) &&
              copy_list(&t->arena, m->if_none_match, &t->manage.if_none_match) &&
              (!m->policy || copy_policy(t, m->policy));
    if (ok && m->operation == SECRET_PUT && !t->answer.code) {
        ok = secret_bytes_init(&t->value, m->value.size ? m->value.size : 1) == 0;
        if (ok && m->value.size)
            memcpy(t->value.data, m->value.data, m->value.size);
    }
    int r = ok ? secret_enqueue(service, t) : ERR_NO_MEMORY;
    if (r)
        secret_ticket_free(t);
    else
        *ret = t;
    return r;
}

/* --- answering, on the database's thread --- */

static int not_found(struct secret_ticket *t)
{
    return error_set(&t->answer.detail, ERR_NOT_FOUND, "name", "there is no such secret");
}

/* Of what a tag is that an operation asks for, or gives. */
static void (*const tag_of[])(const struct store_secret *row, char ret[SECRET_ETAG_SIZE]) = {
    [SECRET_SHOW] = secret_etag_value,
    [SECRET_PUT] = secret_etag_value,
    [SECRET_REVEAL] = secret_etag_value,
    [SECRET_DELETE] = secret_etag_value,
    [SECRET_SHOW_POLICY] = secret_etag_policy,
    [SECRET_SET_POLICY] = secret_etag_policy,
    [SECRET_AUDIT] = NULL,
};

/* What is there is not what If-Match asks for. */
static int changed_since(struct secret_ticket *t, const struct store_secret *row)
{
    struct error_detail *detail = &t->answer.detail;
    if (!row)
        return error_set(detail, ERR_PRECONDITION_FAILED, "If-Match",
                         "there is no such secret now");
    if (tag_of[t->manage.operation] == secret_etag_policy)
        return error_set(detail, ERR_PRECONDITION_FAILED, "If-Match",
                         "the rules are others now: read them again, then change them");
    return error_set(detail, ERR_PRECONDITION_FAILED, "If-Match",
                     "the secret is another now, at version %" PRIu64
                     ": read it again, then change it",
                     row->version);
}

static int exists_already(struct secret_ticket *t, const struct store_secret *row)
{
    bool rules = tag_of[t->manage.operation] == secret_etag_policy;
    return error_set(&t->answer.detail, ERR_PRECONDITION_FAILED, "If-None-Match",
                     rules ? "the secret has rules already, at version %" PRIu64
                           : "the secret is there already, at version %" PRIu64,
                     rules ? row->policy_version : row->version);
}

/* RFC 9110, 13.2.2, of the row as it is in this transaction; NULL: there is none. */
static int check_conditions(struct secret_ticket *t, const struct store_secret *row)
{
    const struct secret_manage *m = &t->manage;
    char text[SECRET_ETAG_SIZE] = "";
    if (row && (m->if_match.data || m->if_none_match.data))
        tag_of[m->operation](row, text);
    struct span tag = span_of(text);
    if (m->if_match.data && !(row && etag_list_has(m->if_match, tag, ETAG_STRONG)))
        return changed_since(t, row);
    bool shows = m->operation == SECRET_SHOW || m->operation == SECRET_SHOW_POLICY;
    if (m->if_none_match.data && !shows && row && etag_list_has(m->if_none_match, tag, ETAG_WEAK))
        return exists_already(t, row);
    return 0;
}

/* The current row into answer.rows[0]; ERR_NOT_FOUND. */
static int read_row(struct secret_service *s, struct secret_ticket *t)
{
    struct store_secret *row = arena_alloc(&t->arena, sizeof *row);
    if (!row)
        return ERR_NO_MEMORY;
    struct store_wanted wanted = {t->manage.caller.user, &t->manage.name, 1, &t->arena, row};
    int r = s->store->ops->get(s->store, &wanted, 1);
    if (r)
        return r;
    t->answer.rows = row;
    t->answer.count = row->name.size ? 1 : 0;
    return row->name.size ? 0 : not_found(t);
}

/* The row, if it is there and as the caller says. */
static int read_expected(struct secret_service *s, struct secret_ticket *t)
{
    int r = read_row(s, t);
    return r ? r : check_conditions(t, t->answer.rows);
}

static int list(struct secret_service *s, struct secret_ticket *t)
{
    size_t limit =
        t->manage.limit && t->manage.limit < STORE_PAGE_MOST ? t->manage.limit : STORE_PAGE_MOST;
    struct store_page page = {.after_name = t->manage.after, .limit = limit};
    t->answer.rows = arena_alloc(&t->arena, limit * sizeof *t->answer.rows);
    t->answer.count = limit;
    if (!t->answer.rows)
        return ERR_NO_MEMORY;
    return s->store->ops->list(s->store, t->manage.caller.user, &page, &t->arena, t->answer.rows,
                               &t->answer.count);
}

static int audit(struct secret_service *s, struct secret_ticket *t)
{
    size_t limit =
        t->manage.limit && t->manage.limit < STORE_PAGE_MOST ? t->manage.limit : STORE_PAGE_MOST;
    struct store_page page = {.after = t->manage.before, .limit = limit};
    t->answer.audit = arena_alloc(&t->arena, limit * sizeof *t->answer.audit);
    t->answer.count = limit;
    if (!t->answer.audit)
        return ERR_NO_MEMORY;
    return s->store->ops->list_audit(s->store, t->manage.caller.user, &page, &t->arena,
                                     t->answer.audit, &t->answer.count);
}

static int has_room(struct secret_service *s, struct secret_ticket *t)
{
    uint64_t count = 0;
    int r = s->store->ops->count(s->store, t->manage.caller.user, &count);
    if (!r && count >= SECRET_USER_MOST)
        r = error_set(&t->answer.detail, ERR_INVALID_FIELD, "name",
                      "secrets of a user: %" PRIu64 " of %d used", count, SECRET_USER_MOST);
    return r;
}

static int put(struct secret_service *s, struct secret_ticket *t)
{
    struct secret_manage *m = &t->manage;
    struct buf sealed = BUF_INIT(SECRET_SEALED_MOST);
    int r = read_row(s, t);
    t->answer.created = r == ERR_NOT_FOUND;
    if (r && r != ERR_NOT_FOUND)
        return r;
    uint64_t current = t->answer.created ? 0 : t->answer.rows->version;
    r = t->answer.created ? has_room(s, t) : 0;
    if (!r)
        r = check_conditions(t, t->answer.created ? NULL : t->answer.rows);
    if (r)
        return r;
    struct secret_place place = {m->caller.user, m->name, current + 1};
    struct span value = {(char *)t->value.data, m->value.size};
    enum secret_format format;
    r = secret_format_to_write(s, &format, &t->answer.detail);
    if (!r)
        r = secret_seal(s->key, format, &place, value, &sealed);
    if (!r)
        r = s->store->ops->put(s->store, m->caller.user, m->name, current + 1,
                               (struct span){sealed.data, sealed.size});
    buf_done(&sealed);
    if (!r)
        r = read_row(s, t);
    return r;
}

static int reveal(struct secret_service *s, struct secret_ticket *t)
{
    struct row_opener opener;
    int r = read_expected(s, t);
    if (r)
        return r;
    secret_rows_begin(s, &opener);
    if (secret_open_row(&opener, t->manage.caller.user, t->answer.rows, &t->answer.value,
                        &t->answer.value_size))
        r = error_set(&t->answer.detail, ERR_SECRET_UNREADABLE, "name",
                      "the stored value does not open under the service's key");
    secret_rows_end(&opener);
    return r;
}

static int remove_secret(struct secret_service *s, struct secret_ticket *t)
{
    int r = read_expected(s, t);
    return r ? r : s->store->ops->remove(s->store, t->manage.caller.user, t->manage.name);
}

static int set_policy(struct secret_service *s, struct secret_ticket *t)
{
    int r = read_expected(s, t);
    if (r)
        return r;
    const struct secret_policy *before = &t->answer.rows->policy, *after = t->manage.policy;
    t->narrowed = secret_policy_widens(after, before) && !secret_policy_widens(before, after);
    r = s->store->ops->put_policy(s->store, t->manage.caller.user, t->answer.rows, after);
    return r ? r : read_row(s, t);
}

static const struct {
    int (*run)(struct secret_service *s, struct secret_ticket *t);
    bool audited;
    enum store_action action;
} operations[] = {
    [SECRET_LIST] = {list, false, STORE_READ},
    [SECRET_SHOW] = {read_expected, false, STORE_READ},
    [SECRET_PUT] = {put, true, STORE_UPDATE},
    [SECRET_REVEAL] = {reveal, true, STORE_READ},
    [SECRET_DELETE] = {remove_secret, true, STORE_DELETE},
    [SECRET_SHOW_POLICY] = {read_expected, false, STORE_READ},
    [SECRET_SET_POLICY] = {set_policy, true, STORE_GRANT},
    [SECRET_AUDIT] = {audit, false, STORE_READ},
};

/* create or update, grant or revoke: which it was is known afterwards. */
static enum store_action action_of(const struct secret_ticket *t)
{
    enum store_action action = operations[t->manage.operation].action;
    if (t->manage.operation == SECRET_PUT && t->answer.created)
        return STORE_CREATE;
    if (t->manage.operation == SECRET_SET_POLICY && t->narrowed)
        return STORE_REVOKE;
    return action;
}

static int write_audit(struct secret_service *s, struct secret_ticket *t, int code)
{
    struct store_audit row = {.user = t->manage.caller.user,
                              .name = t->manage.name,
                              .action = action_of(t),
                              .service = SPAN(SECRET_SERVICE),
                              .address = t->manage.caller.address,
                              .user_agent = t->manage.caller.user_agent,
                              .success = code == 0,
                              .error = span_of(code ? error_name(code) : NULL),
                              .created_unix_ms = (int64_t)clock_unix_ms()};
    struct audit_chain chain = s->chain;
    struct audit_mac mac;
    audit_mac_init(&mac, chain.key);
    int r = audit_chain_add(&chain, &mac, &row);
    audit_mac_done(&mac);
    if (!r)
        r = s->store->ops->add_audit(s->store, &row, 1);
    if (!r) {
        r = s->store->ops->commit(s->store);
        if (r)
            secret_chain_doubt(s, &chain, row.user);
    }
    if (!r)
        s->chain = chain;
    return r;
}

/* Does it and writes it down. A refusal changes nothing, and is written down by itself. */
static int run_audited(struct secret_service *s, struct secret_ticket *t)
{
    int r = secret_chain_settle(s);
    if (!r)
        r = s->store->ops->begin(s->store);
    if (r)
        return r;
    int code = operations[t->manage.operation].run(s, t);
    if (code && code != ERR_NOT_FOUND)
        s->store->ops->rollback(s->store);
    if (code == ERR_SYSTEM || code == ERR_NO_MEMORY)
        return code;
    if (code && code != ERR_NOT_FOUND)
        r = s->store->ops->begin(s->store);
    if (!r)
        r = write_audit(s, t, code);
    if (r) {
        s->store->ops->rollback(s->store);
        secret_bytes_done(&t->answer.value);
        return r;
    }
    return code;
}

/* Who cannot have anything here: see takes_user in store.h. */
static int answer_unknown_user(struct secret_ticket *t)
{
    enum secret_operation operation = t->manage.operation;
    if (operation == SECRET_LIST || operation == SECRET_AUDIT)
        return 0;
    if (operation != SECRET_PUT)
        return not_found(t);
    return error_set(&t->answer.detail, ERR_INVALID_FIELD, "X-User-ID",
                     "in this database a user's id is a UUID in small letters");
}

void secret_manage_one(struct secret_service *s, struct secret_ticket *t)
{
    if (t->answer.code)
        return; /* refused before it came here */
    if (s->store && s->key && !s->store->ops->takes_user(s->store, t->manage.caller.user)) {
        t->answer.code = answer_unknown_user(t);
        return;
    }
    int r = ERR_SYSTEM;
    if (s->store && s->key && !s->behind)
        for (int tries = 0; tries == 0 || (r == ERR_CONFLICT && tries < TRIES); tries++)
            r = operations[t->manage.operation].audited ? run_audited(s, t)
                                                        : operations[t->manage.operation].run(s, t);
    if (t->manage.operation != SECRET_REVEAL && operations[t->manage.operation].audited)
        value_cache_drop(s->values, t->manage.caller.user, t->manage.name);
    secret_note_store(s, r);
    if (r == ERR_SYSTEM)
        r = error_set(&t->answer.detail, ERR_STORE_DOWN, "", "%s",
                      s->store && s->key ? "the database of secrets cannot be used now"
                                         : "this service has no store of secrets");
    if (r == ERR_CONFLICT)
        r = error_set(&t->answer.detail, ERR_CONFLICT, "name", "others keep changing this secret");
    if (r && t->answer.detail.code != r) /* what was said on the way is not how it ended */
        error_set(&t->answer.detail, r, "", "%s", error_text(r));
    t->answer.code = r;
    if (r)
        t->answer.count = 0;
    else if (tag_of[t->manage.operation] && t->manage.operation != SECRET_DELETE)
        tag_of[t->manage.operation](t->answer.rows, t->answer.tag);
}
