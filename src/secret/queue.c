/*
 * The queue to the thread that speaks to the database, the thread, and the way back to the loop.
 *
 * asked (this turn of the loop) -> queue -> [thread] -> finished -> the asker's callback, on the
 * loop. The mutex is over the two lists in the middle.
 */
#include "secret/service.h"

#include "base/clock.h"
#include "base/log.h"
#include <sched.h>
#include <string.h>

/* --- to the thread --- */

int secret_enqueue(struct secret_service *s, struct secret_ticket *t)
{
    if (s->stopping) /* only this thread sets it */
        return ERR_SHUTTING_DOWN;
    if (s->queued + s->asked_count >= SECRET_QUEUED_MOST)
        return ERR_QUEUE_FULL;
    *s->asked_tail = t;
    s->asked_tail = &t->next;
    s->asked_count++;
    return 0;
}

/* Hands what was asked in this turn to the thread. */
static void flush(struct secret_service *s)
{
    if (!s->asked)
        return;
    uv_mutex_lock(&s->mutex);
    *s->queue_tail = s->asked;
    s->queue_tail = s->asked_tail;
    s->queued += s->asked_count;
    uv_mutex_unlock(&s->mutex);
    uv_cond_signal(&s->cond);
    s->asked = NULL;
    s->asked_tail = &s->asked;
    s->asked_count = 0;
}

static void on_turn(uv_prepare_t *turn)
{
    flush(turn->data);
}

void secret_forget(struct secret_ticket *t)
{
    t->forgotten = true;
}

/* --- the thread --- */

void secret_note_store(struct secret_service *s, int code)
{
    uv_mutex_lock(&s->mutex);
    if (s->stats.store != SECRET_STORE_NONE)
        s->stats.store = code == ERR_SYSTEM ? SECRET_STORE_DOWN : SECRET_STORE_UP;
    if (code == ERR_SYSTEM && s->store)
        memcpy(s->trouble, s->store->trouble, sizeof s->trouble);
    uv_mutex_unlock(&s->mutex);
}

/* Takes what waits: one owner's ticket, or as many jobs' in a row as fit one transaction. */
static size_t take(struct secret_service *s, struct secret_ticket **batch)
{
    size_t n = 0;
    while (s->queue && n < SECRET_BATCH_MOST &&
           (n == 0 || (batch[0]->resolved && s->queue->resolved))) {
        batch[n] = s->queue;
        s->queue = s->queue->next;
        batch[n++]->next = NULL;
    }
    if (!s->queue)
        s->queue_tail = &s->queue;
    s->queued -= n;
    return n;
}

static void finish(struct secret_service *s, struct secret_ticket **batch, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *s->finished_tail = batch[i];
        s->finished_tail = &batch[i]->next;
    }
}

/* Drops kept values that are too old, and all of them once anybody has changed anything. */
static void look_at_values(struct secret_service *s)
{
    uint64_t now = clock_now_ns();
    if (!s->values || (s->look_ns && now < s->look_ns))
        return;
    bool some = value_cache_expire(s->values, now);
    if (some && s->store->ops->changed(s->store)) {
        value_cache_clear(s->values);
        some = false;
    }
    s->look_ns = some ? now + SECRET_LOOK_MS * NS_PER_MS : 0;
}

/*
 * The thread is as patient as the loop, which does not take a processor from those that work while
 * all jobs are short (exec/pool_watch.c): woken in the middle of a turn it would do the same to the
 * loop. About time alone, so nothing is lost where it cannot be done.
 */
static void follow_loop(struct secret_service *s)
{
    int policy = sched_getscheduler(s->loop_thread);
    if (policy < 0 || policy == s->scheduled)
        return;
    s->scheduled = policy;
    sched_setscheduler(0, policy, &(struct sched_param){0});
}

/* Until there is something to do. Holds the mutex. */
static void wait_for_work(struct secret_service *s)
{
    while (!s->queue && !s->stopping && !s->checkpoint_due) {
        if (!s->look_ns)
            uv_cond_wait(&s->cond, &s->mutex);
        else if (uv_cond_timedwait(&s->cond, &s->mutex, SECRET_LOOK_MS * NS_PER_MS))
            return;
    }
}

static void run(struct secret_service *s, struct secret_ticket **batch, size_t n)
{
    if (batch[0]->resolved)
        secret_resolve_batch(s, batch, n);
    else if (batch[0]->documented)
        secret_document_one(s, batch[0]);
    else
        secret_manage_one(s, batch[0]);
}

/*
 * A database that is locked takes all its time for each call. So whoever came while one call took
 * long and failed is told so: nobody waits for more than two.
 */
static void note_behind(struct secret_service *s, size_t n, uint64_t since_ns)
{
    s->behind -= n < s->behind ? n : s->behind;
    uv_mutex_lock(&s->mutex);
    if (s->stats.store == SECRET_STORE_DOWN &&
        clock_now_ns() - since_ns >= SECRET_STUCK_MS * NS_PER_MS)
        s->behind = s->queued;
    uv_mutex_unlock(&s->mutex);
}

static void thread_main(void *arg)
{
    struct secret_service *s = arg;
    struct secret_ticket *batch[SECRET_BATCH_MOST];
    uv_mutex_lock(&s->mutex);
    for (;;) {
        wait_for_work(s);
        size_t n = take(s, batch);
        bool last = s->stopping && !s->queue; /* nothing comes behind it */
        bool checkpoint = s->checkpoint_due || last;
        s->checkpoint_due = false;
        uv_mutex_unlock(&s->mutex);
        follow_loop(s);
        uint64_t since_ns = clock_now_ns();
        if (n)
            run(s, batch, n);
        note_behind(s, n, since_ns);
        if (checkpoint)
            secret_checkpoint_write(s);
        uv_mutex_lock(&s->mutex);
        if (n)
            finish(s, batch, n);
        uv_mutex_unlock(&s->mutex);
        if (n)
            uv_async_send(&s->async);
        look_at_values(s);
        uv_mutex_lock(&s->mutex);
        if (last)
            break;
    }
    s->stopped = true;
    uv_async_send(&s->async);
    uv_mutex_unlock(&s->mutex);
}

/* --- the way back --- */

static void answer(struct secret_ticket *t)
{
    struct secret_answer *a = &t->answer;
    if (!t->forgotten && t->resolved) {
        struct secret_set *set = t->set;
        t->set = NULL;
        t->resolved(t->ctx, a->code, set, &a->detail);
    } else if (!t->forgotten && t->documented) {
        t->documented(t->ctx, a->code, t->document.text);
    } else if (!t->forgotten) {
        t->answered(t->ctx, a);
    }
    secret_ticket_free(t);
}

/* Into the log when it goes down, not more often than SECRET_TELL_MS, and when it is up again. */
static void tell_store(struct secret_service *s)
{
    char trouble[sizeof s->trouble];
    uint64_t now = clock_now_ns();
    uv_mutex_lock(&s->mutex);
    bool down = s->stats.store == SECRET_STORE_DOWN;
    memcpy(trouble, s->trouble, sizeof trouble);
    uv_mutex_unlock(&s->mutex);
    if (down == s->told_down ||
        (down && s->told_down_at_ns && now - s->told_down_at_ns < SECRET_TELL_MS * NS_PER_MS))
        return;
    s->told_down = down;
    if (!down) {
        log_info("the database of secrets can be used again");
        return;
    }
    s->told_down_at_ns = now;
    log_warn("the database of secrets cannot be used", log_str("reason", trouble));
}

static void on_async(uv_async_t *async)
{
    struct secret_service *s = async->data;
    uv_mutex_lock(&s->mutex);
    struct secret_ticket *t = s->finished, *next;
    s->finished = NULL;
    s->finished_tail = &s->finished;
    bool stopped = s->stopped;
    uv_mutex_unlock(&s->mutex);
    secret_checkpoint_tell(s);
    tell_store(s);
    for (; t; t = next) {
        next = t->next;
        answer(t);
    }
    if (stopped && s->on_stopped) {
        void (*done)(void *) = s->on_stopped;
        s->on_stopped = NULL;
        done(s->on_stopped_ctx);
    }
}

/* --- start and stop --- */

int secret_queue_start(struct secret_service *s, uint64_t checkpoint_ms)
{
    if (uv_async_init(s->loop, &s->async, on_async))
        return ERR_SYSTEM;
    s->async.data = s;
    s->handles = 1;
    uv_prepare_init(s->loop, &s->turn);
    s->turn.data = s;
    uv_prepare_start(&s->turn, on_turn);
    uv_unref((uv_handle_t *)&s->turn);
    secret_checkpoint_start(s, checkpoint_ms);
    s->handles = 3;
    if (uv_thread_create(&s->thread, thread_main, s))
        return ERR_SYSTEM;
    s->thread_runs = true;
    return 0;
}

void secret_queue_drop(struct secret_service *s)
{
    flush(s);
    uv_mutex_lock(&s->mutex);
    struct secret_ticket *t = s->queue, *next;
    s->queue = NULL;
    s->queue_tail = &s->queue;
    s->queued = 0;
    for (; t; t = next) {
        next = t->next;
        t->next = NULL;
        if (!t->documented) {
            finish(s, &t, 1);
            continue;
        }
        *s->queue_tail = t;
        s->queue_tail = &t->next;
        s->queued++;
    }
    uv_mutex_unlock(&s->mutex);
}

void secret_service_stop(struct secret_service *s, void (*done)(void *ctx), void *ctx)
{
    flush(s);
    uv_mutex_lock(&s->mutex);
    s->on_stopped = done;
    s->on_stopped_ctx = ctx;
    s->stopping = true;
    uv_cond_signal(&s->cond);
    uv_mutex_unlock(&s->mutex);
}
