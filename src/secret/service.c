/* The life of the secrets service: its start, its end, what it counts. */
#include "secret/service.h"

#include "base/uuid.h"
#include "secret/master_key.h"
#include <stdlib.h>
#include <unistd.h>

int secret_service_new(const struct secret_options *options, struct secret_service **ret,
                       struct error_detail *detail)
{
    struct secret_service *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NO_MEMORY;
    s->store = options->store;
    s->key = options->key;
    s->previous = options->previous;
    s->strict = options->strict;
    s->loop = options->loop;
    s->loop_thread = gettid();
    s->on_checkpoint = options->checkpoint;
    s->checkpoint_ctx = options->ctx;
    s->queue_tail = &s->queue;
    s->finished_tail = &s->finished;
    s->asked_tail = &s->asked;
    s->values = s->store && s->key ? value_cache_new(&options->cache) : NULL;
    s->stats.store = s->store && s->key ? SECRET_STORE_UP : SECRET_STORE_NONE;
    uv_mutex_init(&s->mutex);
    uv_cond_init(&s->cond);
    int r = uuid_new(s->boot_id);
    s->chain = (struct audit_chain){.key = options->audit_key, .boot_id = span_of(s->boot_id)};
    if (!r && s->store && s->key)
        r = secret_master_key_check(s, detail);
    if (!r)
        r = secret_queue_start(s, options->checkpoint_ms);
    if (r) {
        s->store = NULL; /* stays the caller's */
        secret_service_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct secret_service *s = handle->data;
    if (--s->handles > 0)
        return;
    uv_cond_destroy(&s->cond);
    uv_mutex_destroy(&s->mutex);
    free(s);
}

void secret_service_free(struct secret_service *s)
{
    if (!s)
        return;
    if (s->thread_runs) {
        secret_queue_drop(s);
        secret_service_stop(s, NULL, NULL);
        uv_thread_join(&s->thread);
        secret_checkpoint_tell(s);
    }
    for (struct secret_ticket *t = s->finished, *next; t; t = next) {
        next = t->next;
        secret_ticket_free(t);
    }
    for (struct secret_ticket *t = s->spare, *next; t; t = next) {
        next = t->next;
        secret_ticket_discard(t);
    }
    value_cache_free(s->values);
    if (s->doubts)
        buf_done(&s->doubted_user);
    if (s->store)
        s->store->ops->close(s->store);
    if (s->handles == 0) {
        uv_cond_destroy(&s->cond);
        uv_mutex_destroy(&s->mutex);
        free(s);
        return;
    }
    if (s->handles > 1) {
        uv_close((uv_handle_t *)&s->turn, on_closed);
        uv_close((uv_handle_t *)&s->checkpoint_timer, on_closed);
    }
    uv_close((uv_handle_t *)&s->async, on_closed);
}

void secret_service_stats(const struct secret_service *service, struct secret_stats *ret)
{
    *ret = (struct secret_stats){0};
    if (!service)
        return;
    struct secret_service *s = (struct secret_service *)service;
    uv_mutex_lock(&s->mutex);
    *ret = s->stats;
    uv_mutex_unlock(&s->mutex);
}
