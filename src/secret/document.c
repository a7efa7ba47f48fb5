/*
 * Public documents of the service in the secrets' database: kept under their digest, found by it.
 * They need the store, not its key.
 */
#include "secret/service.h"

bool secret_has_documents(const struct secret_service *s)
{
    return s && s->store;
}

static int ask(struct secret_service *s, const struct store_document *document, bool store,
               secret_documented_fn *documented, void *ctx, struct secret_ticket **ret)
{
    if (!secret_has_documents(s))
        return ERR_STORE_DOWN;
    struct secret_ticket *t = secret_ticket_new(s);
    if (!t)
        return ERR_NO_MEMORY;
    t->documented = documented;
    t->ctx = ctx;
    t->store_document = store;
    t->document.not_after_unix_ms = document->not_after_unix_ms;
    int r = arena_copy(&t->arena, document->digest, &t->document.digest) &&
                    arena_copy(&t->arena, document->text, &t->document.text)
                ? secret_enqueue(s, t)
                : ERR_NO_MEMORY;
    if (r)
        secret_ticket_free(t);
    else
        *ret = t;
    return r;
}

int secret_document_put(struct secret_service *s, const struct store_document *document,
                        secret_documented_fn *documented, void *ctx, struct secret_ticket **ret)
{
    return ask(s, document, true, documented, ctx, ret);
}

int secret_document_get(struct secret_service *s, struct span digest,
                        secret_documented_fn *documented, void *ctx, struct secret_ticket **ret)
{
    const struct store_document document = {.digest = digest};
    return ask(s, &document, false, documented, ctx, ret);
}

static int put(struct store *store, const struct store_document *document)
{
    int r = store->ops->begin(store);
    if (!r)
        r = store->ops->put_document(store, document);
    if (!r)
        r = store->ops->commit(store);
    if (r)
        store->ops->rollback(store);
    return r;
}

void secret_document_one(struct secret_service *s, struct secret_ticket *t)
{
    int r = ERR_SYSTEM;
    if (!s->behind)
        r = t->store_document ? put(s->store, &t->document)
                              : s->store->ops->get_document(s->store, t->document.digest, &t->arena,
                                                            &t->document.text);
    secret_note_store(s, r);
    t->answer.code = r == ERR_SYSTEM ? ERR_STORE_DOWN : r;
}
