/*
 * Checkpoints: how long the audit chain is, written down in the database and in the log from time
 * to time, so that rows cut off its end are missed.
 */
#include "secret/service.h"

#include "base/clock.h"
#include <stdio.h>
#include <string.h>

/* An empty transaction where there is nothing to put down: is the store up? */
static int put_checkpoint(struct secret_service *s, struct span text)
{
    char name[AUDIT_CHECKPOINT_NAME];
    snprintf(name, sizeof name, AUDIT_CHECKPOINT_PREFIX "%s", s->boot_id);
    int r = s->store->ops->begin(s->store);
    if (!r && text.size > 0)
        r = s->store->ops->put_fact(s->store, name, text);
    if (!r)
        r = s->store->ops->commit(s->store);
    if (r)
        s->store->ops->rollback(s->store);
    return r;
}

/* Writes down how long the chain is; the loop's thread puts it into the log. */
void secret_checkpoint_write(struct secret_service *s)
{
    struct buf text = BUF_INIT(sizeof s->checkpoint - 1);
    if (!s->store || !s->key)
        return;
    if (s->chain.seq > 0 && audit_checkpoint_write(&s->chain, (int64_t)clock_unix_ms(), &text))
        goto out;
    secret_note_store(s, put_checkpoint(s, (struct span){text.data, text.size}));
    if (text.size == 0)
        goto out;
    uv_mutex_lock(&s->mutex);
    memcpy(s->checkpoint, text.data, text.size);
    s->checkpoint[text.size] = 0;
    uv_mutex_unlock(&s->mutex);
    uv_async_send(&s->async);
out:
    buf_done(&text);
}

/* Into the log with it. */
void secret_checkpoint_tell(struct secret_service *s)
{
    char checkpoint[sizeof s->checkpoint];
    uv_mutex_lock(&s->mutex);
    memcpy(checkpoint, s->checkpoint, sizeof checkpoint);
    s->checkpoint[0] = 0;
    uv_mutex_unlock(&s->mutex);
    if (checkpoint[0] && s->on_checkpoint)
        s->on_checkpoint(s->checkpoint_ctx, s->boot_id, checkpoint);
}

static void on_timer(uv_timer_t *timer)
{
    struct secret_service *s = timer->data;
    uv_mutex_lock(&s->mutex);
    s->checkpoint_due = true;
    uv_cond_signal(&s->cond);
    uv_mutex_unlock(&s->mutex);
}

void secret_checkpoint_start(struct secret_service *s, uint64_t checkpoint_ms)
{
    uv_timer_init(s->loop, &s->checkpoint_timer);
    s->checkpoint_timer.data = s;
    uv_unref((uv_handle_t *)&s->checkpoint_timer);
    if (checkpoint_ms)
        uv_timer_start(&s->checkpoint_timer, on_timer, checkpoint_ms, checkpoint_ms);
}
