/* The thread that speaks to the database, the queue to it and the way back. */
#include "secret/service.h"

#include "base/clock.h"
#include "base/guard.h"
#include "base/uuid.h"
#include "secret/rotate.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- tickets --- */

struct secret_ticket *secret_ticket_new(struct secret_service *service)
{
    struct secret_ticket *t = service->spare;
    if (t) {
        service->spare = t->next;
        service->spare_count--;
        t->next = NULL;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->service = service;
    arena_init(&t->arena, TICKET_ARENA_MOST);
    return t;
}

static void free_ticket(struct secret_ticket *t)
{
    arena_done(&t->arena);
    free(t);
}

void secret_ticket_free(struct secret_ticket *t)
{
    if (!t)
        return;
    secret_set_free(t->set);
    secret_bytes_done(&t->value);
    secret_bytes_done(&t->answer.value);
    struct secret_service *s = t->service;
    if (s->spare_count >= SPARE_TICKETS_MOST) {
        free_ticket(t);
        return;
    }
    arena_reset(&t->arena);
    *t = (struct secret_ticket){.next = s->spare, .service = s, .arena = t->arena};
    s->spare = t;
    s->spare_count++;
}

void secret_set_free(struct secret_set *set)
{
    if (!set)
        return;
    if (set->output_guard != set->guard)
        guard_free(set->output_guard);
    guard_free(set->guard);
    for (size_t i = 0; i < set->count; i++)
        secret_bytes_done(&set->values[i].bytes);
    free(set);
}

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

void secret_rows_begin(const struct secret_service *s, struct row_opener *opener)
{
    secret_opener_init(&opener->current, s->key);
    secret_opener_init(&opener->previous, s->previous);
    opener->has_previous = s->previous != NULL;
}

void secret_rows_end(struct row_opener *opener)
{
    secret_opener_done(&opener->current);
    secret_opener_done(&opener->previous);
}

int secret_open_row(struct row_opener *opener, struct span user, const struct store_secret *row,
                    struct secret_bytes *ret, size_t *size)
{
    struct secret_place place = {user, row->name, row->version};
    int r = secret_opener_open(&opener->current, &place, row->sealed, ret, size);
    if (r && opener->has_previous)
        r = secret_opener_open(&opener->previous, &place, row->sealed, ret, size);
    return r;
}

void secret_note_store(struct secret_service *s, int code)
{
    uv_mutex_lock(&s->mutex);
    if (s->stats.store != SECRET_STORE_NONE)
        s->stats.store = code == ERR_SYSTEM ? SECRET_STORE_DOWN : SECRET_STORE_UP;
    uv_mutex_unlock(&s->mutex);
}

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
static void write_checkpoint(struct secret_service *s)
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

static void thread_main(void *arg)
{
    struct secret_service *s = arg;
    struct secret_ticket *batch[SECRET_BATCH_MOST];
    uv_mutex_lock(&s->mutex);
    for (;;) {
        wait_for_work(s);
        size_t n = take(s, batch);
        bool checkpoint = s->checkpoint_due || (s->stopping && !s->queue);
        s->checkpoint_due = false;
        uv_mutex_unlock(&s->mutex);
        follow_loop(s);
        if (n && batch[0]->resolved)
            secret_resolve_batch(s, batch, n);
        else if (n && batch[0]->documented)
            secret_document_one(s, batch[0]);
        else if (n)
            secret_manage_one(s, batch[0]);
        if (checkpoint)
            write_checkpoint(s);
        uv_mutex_lock(&s->mutex);
        if (n)
            finish(s, batch, n);
        uv_mutex_unlock(&s->mutex);
        if (n)
            uv_async_send(&s->async);
        look_at_values(s);
        uv_mutex_lock(&s->mutex);
        if (s->stopping && !s->queue)
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

/* Into the log with it. */
static void tell_checkpoint(struct secret_service *s)
{
    char checkpoint[sizeof s->checkpoint];
    uv_mutex_lock(&s->mutex);
    memcpy(checkpoint, s->checkpoint, sizeof checkpoint);
    s->checkpoint[0] = 0;
    uv_mutex_unlock(&s->mutex);
    if (checkpoint[0] && s->on_checkpoint)
        s->on_checkpoint(s->checkpoint_ctx, s->boot_id, checkpoint);
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
    tell_checkpoint(s);
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

static void on_checkpoint_timer(uv_timer_t *timer)
{
    struct secret_service *s = timer->data;
    uv_mutex_lock(&s->mutex);
    s->checkpoint_due = true;
    uv_cond_signal(&s->cond);
    uv_mutex_unlock(&s->mutex);
}

/* --- life cycle --- */

static bool key_opens(const struct secret_key *key, const struct secret_place *place,
                      struct span sealed)
{
    struct secret_bytes value;
    size_t size;
    if (!key || secret_open(key, place, sealed, &value, &size))
        return false;
    secret_bytes_done(&value);
    return true;
}

static int wrong_key(struct error_detail *detail)
{
    return error_set(
        detail, ERR_USAGE, "SECRETS_MASTER_KEY",
        "does not open the secrets in this database; nothing was changed. Give the key "
        "they were sealed with, as SECRETS_MASTER_KEY or SECRETS_MASTER_KEY_PREVIOUS");
}

/* What the database says of itself at start. */
struct database {
    bool has_check, has_format, has_rows;
    struct span check, format;
    struct store_sealed_row row;
};

static int look(struct secret_service *s, struct arena *arena, struct database *db)
{
    size_t rows = 1;
    int r = s->store->ops->next_sealed(s->store, (struct span){0}, arena, &db->row, &rows);
    if (r)
        return r;
    db->has_rows = rows > 0;
    r = s->store->ops->get_fact(s->store, SECRET_FACT_KEY_CHECK, arena, &db->check);
    db->has_check = r == 0;
    if (r && r != ERR_NOT_FOUND)
        return r;
    r = s->store->ops->get_fact(s->store, SECRET_FACT_FORMAT, arena, &db->format);
    db->has_format = r == 0;
    return r == ERR_NOT_FOUND ? 0 : r;
}

static bool key_fits(const struct secret_service *s, const struct database *db)
{
    struct secret_place place = {db->row.user, db->row.name, db->row.version};
    if (db->has_check)
        return secret_key_check_opens(s->key, db->check) ||
               secret_key_check_opens(s->previous, db->check);
    return !db->has_rows || key_opens(s->key, &place, db->row.sealed) ||
           key_opens(s->previous, &place, db->row.sealed);
}

static int write_facts(struct secret_service *s, const struct database *db)
{
    const struct store_ops *ops = s->store->ops;
    int r = ops->begin(s->store);
    if (!r && !db->has_check)
        r = secret_put_key_check(s->store, s->key);
    if (!r && !db->has_format)
        r = ops->put_fact(s->store, SECRET_FACT_FORMAT,
                          s->format == SECRET_FORMAT_V2 ? SPAN("2") : SPAN("1"));
    r = r ? r : ops->commit(s->store);
    if (r)
        ops->rollback(s->store);
    return r;
}

/*
 * Does the key belong to the database, and in which format are new rows written? A database whose
 * rows others read as v1 stays v1 until its operator says otherwise.
 */
static int check_key(struct secret_service *s, struct error_detail *detail)
{
    struct arena arena;
    struct database db = {0};
    arena_init(&arena, TICKET_ARENA_MOST);
    int r = look(s, &arena, &db);
    if (!r && !key_fits(s, &db)) {
        r = wrong_key(detail);
        goto out;
    }
    bool v1 = db.has_format ? span_equal(db.format, SPAN("1"))
                            : db.has_rows && secret_format_of(db.row.sealed) == SECRET_FORMAT_V1;
    s->format = v1 ? SECRET_FORMAT_V1 : SECRET_FORMAT_V2;
    if (!r && (!db.has_check || !db.has_format))
        r = write_facts(s, &db);
    if (r)
        error_set(detail, r, "data-dir", "the secrets' database cannot be used");
out:
    arena_done(&arena);
    return r;
}

static int start_thread(struct secret_service *s, uint64_t checkpoint_ms)
{
    if (uv_async_init(s->loop, &s->async, on_async))
        return ERR_SYSTEM;
    s->async.data = s;
    s->handles = 1;
    uv_prepare_init(s->loop, &s->turn);
    s->turn.data = s;
    uv_prepare_start(&s->turn, on_turn);
    uv_unref((uv_handle_t *)&s->turn);
    uv_timer_init(s->loop, &s->checkpoint_timer);
    s->checkpoint_timer.data = s;
    s->handles = 3;
    uv_unref((uv_handle_t *)&s->checkpoint_timer);
    if (checkpoint_ms)
        uv_timer_start(&s->checkpoint_timer, on_checkpoint_timer, checkpoint_ms, checkpoint_ms);
    if (uv_thread_create(&s->thread, thread_main, s))
        return ERR_SYSTEM;
    s->thread_runs = true;
    return 0;
}

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
        r = check_key(s, detail);
    if (!r)
        r = start_thread(s, options->checkpoint_ms);
    if (r) {
        s->store = NULL; /* stays the caller's */
        secret_service_free(s);
        return r;
    }
    *ret = s;
    return 0;
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
        secret_service_stop(s, NULL, NULL);
        uv_thread_join(&s->thread);
        tell_checkpoint(s);
    }
    for (struct secret_ticket *t = s->finished, *next; t; t = next) {
        next = t->next;
        secret_ticket_free(t);
    }
    for (struct secret_ticket *t = s->spare, *next; t; t = next) {
        next = t->next;
        free_ticket(t);
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
