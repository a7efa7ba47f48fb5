#include "api/opener.h"

#include <stdlib.h>
#include <string.h>

/*
 * Opened in one go before the loop is told. A loop that is woken for each would hand out one job at
 * a time, and jobs that do not end together do not share a signature.
 */
#define BATCH_MOST 16

#define SPARE_OPENINGS 64 /* kept for the next requests */

struct queue {
    struct opening *first, **last;
};

struct opener {
    void (*opened)(struct opening *opening);
    uv_async_t *async; /* freed by its close callback */
    uv_thread_t thread;
    bool thread_runs;
    struct queue collected; /* of this turn of the loop */
    struct opening *spare;
    size_t spare_count;

    uv_mutex_t mutex; /* of what follows */
    uv_cond_t cond;
    struct queue waiting, done;
    bool stopping;
};

/* An opening is more than malloc keeps at hand. */
struct opening *opening_new(struct opener *opener)
{
    struct opening *opening = opener->spare;
    if (opening) {
        opener->spare = opening->next;
        opener->spare_count--;
    } else {
        opening = malloc(sizeof *opening);
    }
    if (!opening)
        return NULL;
    memset(opening, 0, sizeof *opening);
    if (secret_bytes_init(&opening->reply, sizeof(struct envelope_reply)) ||
        secret_bytes_init(&opening->context, sizeof(struct hpke_context))) {
        secret_bytes_done(&opening->reply);
        free(opening);
        return NULL;
    }
    return opening;
}

static void opening_done(struct opening *opening)
{
    EVP_PKEY_free(opening->key);
    buf_done(&opening->request);
    buf_wipe(&opening->text);
    secret_bytes_done(&opening->reply);
    secret_bytes_done(&opening->context);
}

void opening_free(struct opener *opener, struct opening *opening)
{
    opening_done(opening);
    if (opener->spare_count == SPARE_OPENINGS) {
        free(opening);
        return;
    }
    opening->next = opener->spare;
    opener->spare = opening;
    opener->spare_count++;
}

void opening_open(struct opening *o)
{
    struct hpke_context *context = (struct hpke_context *)(void *)o->context.data;
    buf_init(&o->text, o->request.size);
    o->code = 0;
    if (!o->derived)
        o->code = envelope_derive(&o->envelope, o->kem, o->key, context, &o->detail);
    if (!o->code)
        o->code = envelope_open(&o->envelope, context, span_of(o->route), &o->text,
                                (struct envelope_reply *)(void *)o->reply.data, &o->detail);
}

/* --- queues --- */

static void queue_clear(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_add(struct queue *queue, struct opening *opening)
{
    opening->next = NULL;
    *queue->last = opening;
    queue->last = &opening->next;
}

static void queue_move_all(struct queue *to, struct queue *from)
{
    *to->last = from->first;
    to->last = from->last;
    queue_clear(from);
}

static struct opening *queue_take_all(struct queue *queue)
{
    struct opening *first = queue->first;
    queue_clear(queue);
    return first;
}

/* --- the thread --- */

static size_t take_batch(struct queue *queue, struct opening *batch[BATCH_MOST])
{
    size_t count = 0;
    while (queue->first && count < BATCH_MOST) {
        batch[count++] = queue->first;
        queue->first = queue->first->next;
    }
    if (!queue->first)
        queue_clear(queue);
    return count;
}

static void open_batch(struct opening *batch[BATCH_MOST], size_t count)
{
    for (size_t i = 0; i < count; i++)
        opening_open(batch[i]);
    secret_stack_wipe();
}

static void thread_main(void *arg)
{
    struct opener *opener = arg;
    uv_mutex_lock(&opener->mutex);
    for (;;) {
        while (!opener->waiting.first && !opener->stopping)
            uv_cond_wait(&opener->cond, &opener->mutex);
        if (opener->stopping)
            break;
        struct opening *batch[BATCH_MOST];
        size_t count = take_batch(&opener->waiting, batch);
        uv_mutex_unlock(&opener->mutex);
        open_batch(batch, count);
        uv_mutex_lock(&opener->mutex);
        for (size_t i = 0; i < count; i++)
            queue_add(&opener->done, batch[i]);
        uv_async_send(opener->async);
    }
    uv_mutex_unlock(&opener->mutex);
}

/* --- the loop's side --- */

static void on_async(uv_async_t *async)
{
    struct opener *opener = async->data;
    uv_mutex_lock(&opener->mutex);
    struct opening *opening = queue_take_all(&opener->done), *next;
    uv_mutex_unlock(&opener->mutex);
    for (; opening; opening = next) {
        next = opening->next;
        if (opening->ctx)
            opener->opened(opening);
        opening_free(opener, opening);
    }
}

void opener_open(struct opener *opener, struct opening *opening)
{
    queue_add(&opener->collected, opening);
}

void opener_hand_over(struct opener *opener)
{
    if (!opener->collected.first)
        return;
    uv_mutex_lock(&opener->mutex);
    queue_move_all(&opener->waiting, &opener->collected);
    uv_cond_signal(&opener->cond);
    uv_mutex_unlock(&opener->mutex);
}

static void free_async(uv_handle_t *handle)
{
    free(handle);
}

static int make_async(struct opener *opener, uv_loop_t *loop)
{
    uv_async_t *async = calloc(1, sizeof *async);
    if (!async || uv_async_init(loop, async, on_async)) {
        free(async);
        return ERR_NO_MEMORY;
    }
    async->data = opener;
    uv_unref((uv_handle_t *)async); /* no reason by itself to keep the loop running */
    opener->async = async;
    return 0;
}

int opener_new(uv_loop_t *loop, void (*opened)(struct opening *opening), struct opener **ret)
{
    struct opener *opener = calloc(1, sizeof *opener);
    if (!opener)
        return ERR_NO_MEMORY;
    opener->opened = opened;
    queue_clear(&opener->collected);
    queue_clear(&opener->waiting);
    queue_clear(&opener->done);
    uv_mutex_init(&opener->mutex);
    uv_cond_init(&opener->cond);
    int r = make_async(opener, loop);
    if (!r) {
        opener->thread_runs = uv_thread_create(&opener->thread, thread_main, opener) == 0;
        r = opener->thread_runs ? 0 : ERR_SYSTEM;
    }
    if (r)
        opener_free(opener);
    else
        *ret = opener;
    return r;
}

static void free_all(struct queue *queue)
{
    for (struct opening *opening = queue_take_all(queue), *next; opening; opening = next) {
        next = opening->next;
        opening_done(opening);
        free(opening);
    }
}

static void free_spare(struct opener *opener)
{
    for (struct opening *opening; (opening = opener->spare);) {
        opener->spare = opening->next;
        free(opening);
    }
}

void opener_free(struct opener *opener)
{
    if (!opener)
        return;
    if (opener->thread_runs) {
        uv_mutex_lock(&opener->mutex);
        opener->stopping = true;
        uv_cond_signal(&opener->cond);
        uv_mutex_unlock(&opener->mutex);
        uv_thread_join(&opener->thread);
    }
    free_all(&opener->collected);
    free_all(&opener->waiting);
    free_all(&opener->done);
    free_spare(opener);
    if (opener->async)
        uv_close((uv_handle_t *)opener->async, free_async);
    uv_cond_destroy(&opener->cond);
    uv_mutex_destroy(&opener->mutex);
    free(opener);
}
