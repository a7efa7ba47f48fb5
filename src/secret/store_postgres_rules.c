/* The rules of secrets in the PostgreSQL store: replaced as a whole. */
#include "secret/store_postgres.h"

static int clear(struct store_postgres *p, enum postgres_statement which, struct span user,
                 struct span name)
{
    struct postgres_parameters q;
    postgres_begin_place(&q, user, name);
    return postgres_change(p, which, &q, NULL);
}

int store_postgres_clear_rules(struct store_postgres *p, struct span user, struct span name)
{
    int r = clear(p, PG_CLEAR_SERVICES, user, name);
    if (!r)
        r = clear(p, PG_CLEAR_SCRIPTS, user, name);
    return r ? r : clear(p, PG_CLEAR_RULES, user, name);
}

/* Are these the services that were read? Of a list that was longer, those that were not are too. */
static bool were_read(const PGresult *result, const struct secret_policy *read)
{
    size_t rows = (size_t)libpq.PQntuples(result);
    if (read->service_count == SECRET_SERVICES_MOST)
        return rows >= read->service_count;
    for (size_t i = 0; i < rows; i++) {
        bool pinned = false, known = false;
        struct span service = store_service_read(postgres_cell(result, (int)i, 0), &pinned);
        for (size_t k = 0; !known && k < read->service_count; k++)
            known = span_equal(service, read->services[k]);
        if (!known)
            return false;
    }
    return rows == read->service_count;
}

/* Another service may have granted or revoked since the row was read: that must not be undone. */
static int clear_read_services(struct store_postgres *p, struct span user,
                               const struct store_secret *row)
{
    struct postgres_parameters q;
    PGresult *result;
    postgres_begin_place(&q, user, row->name);
    int r = postgres_query(p, PG_CLEAR_SERVICES, &q, &result);
    if (r)
        return r;
    r = were_read(result, &row->policy) ? 0 : ERR_CONFLICT;
    libpq.PQclear(result);
    return r;
}

static int add_rules(struct store_postgres *p, struct span user, struct span name,
                     const struct secret_policy *policy)
{
    struct postgres_parameters q;
    uint64_t added;
    int r = 0;
    for (size_t i = 0; !r && i < policy->service_count; i++) {
        postgres_begin_place(&q, user, name);
        postgres_add_text(&q, store_service_written(policy->services[i], policy->pinned));
        r = postgres_change(p, PG_ADD_SERVICE, &q, &added);
        if (!r && added != 1)
            r = ERR_CONFLICT; /* another service has granted it since the list was cleared */
    }
    for (size_t i = 0; !r && i < policy->script_count; i++) {
        postgres_begin_place(&q, user, name);
        postgres_add_hex(&q, policy->scripts[i].sha256, SECRET_HASH_SIZE);
        postgres_add_text(&q, policy->scripts[i].entry_point);
        if (policy->scripts[i].expires_unix_ms)
            postgres_add_number(&q, policy->scripts[i].expires_unix_ms);
        else
            postgres_add_null(&q);
        r = postgres_change(p, PG_ADD_SCRIPT, &q, NULL);
    }
    return r;
}

int store_postgres_put_policy(struct store *store, struct span user, const struct store_secret *row,
                              const struct secret_policy *policy)
{
    struct store_postgres *p = postgres_self(store);
    struct postgres_parameters q;
    uint64_t changed;
    postgres_begin_place(&q, user, row->name);
    postgres_add_bool(&q, policy->pinned);
    postgres_add_bool(&q, policy->allow_output);
    postgres_add_bool(&q, policy->guard);
    if (row->policy_version)
        postgres_add_number(&q, (int64_t)row->policy_version);
    enum postgres_statement which = row->policy_version ? PG_SET_RULES : PG_NEW_RULES;
    int r = postgres_change(p, which, &q, &changed);
    if (!r && changed != 1)
        r = ERR_CONFLICT;
    if (!r)
        r = clear_read_services(p, user, row);
    if (!r)
        r = clear(p, PG_CLEAR_SCRIPTS, user, row->name);
    return r ? r : add_rules(p, user, row->name, policy);
}
