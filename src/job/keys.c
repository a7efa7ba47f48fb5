#include "job/keys.h"

#include "base/clock.h"
#include "base/log.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000 /* until a bundle is offered to the store again, or a keyring made again */

/* One keyring and its bundle, from its making until nothing of it is needed here. */
struct period {
    struct period *older;
    struct keys *keys;
    struct keyring *keyring; /* held until its HPKE keys are wiped; then NULL */
    uint64_t not_after_ms;
    char digest[KEYRING_DIGEST_TEXT];
    struct buf bundle;
    bool stored;
    struct secret_ticket *ticket;     /* while the store is asked */
    uint64_t retired_ns, store_at_ns; /* monotonic; retired_ns 0: not retired */
};

struct keys {
    struct keys_options options;
    char *isolation, *isolation_of_receipt; /* owned */
    struct period *newest;                  /* all, down to the oldest */
    struct period *current;                 /* NULL until the first is in force */
    struct contexts *contexts;              /* derived from their HPKE keys */
    uint64_t rotate_at_ns;
    uint64_t rotations;
    uv_timer_t *timer;
};

static uint64_t limit_ns(const struct keys *keys, enum limit limit)
{
    return keys->options.limits->value[limit] * NS_PER_MS;
}

static bool has_store(const struct keys *keys)
{
    return secret_has_documents(keys->options.secrets);
}

/* --- periods --- */

static void period_free(struct period *period)
{
    if (period->ticket)
        secret_forget(period->ticket);
    keyring_release(period->keyring);
    buf_done(&period->bundle);
    free(period);
}

static int period_new(struct keys *keys, struct period **ret)
{
    struct keyring_options options = {
        .protect = keys->options.protect,
        .previous = keys->options.previous,
        .engine_digest = keys->options.engine_digest,
        .isolation = keys->isolation,
        .isolation_of_receipt = keys->isolation_of_receipt,
        .lifetime_ms = keys->options.limits->value[LIMIT_KEY_LIFETIME],
        .now_unix_ms = clock_unix_ms(),
    };
    struct period *period = calloc(1, sizeof *period);
    if (!period)
        return ERR_NO_MEMORY;
    period->keys = keys;
    int r = keyring_new(&options, &period->keyring);
    if (!r) {
        struct span bundle = keyring_bundle(period->keyring);
        period->not_after_ms = keyring_not_after(period->keyring);
        memcpy(period->digest, keyring_claims_digest(period->keyring), sizeof period->digest);
        buf_init(&period->bundle, bundle.size);
        r = buf_add(&period->bundle, bundle.data, bundle.size);
    }
    if (r)
        period_free(period);
    else
        *ret = period;
    return r;
}

/* The bundle is safe, or the store had its chance: the keyring is in force. */
static void come_into_force(struct period *period)
{
    struct keys *keys = period->keys;
    if (keys->current)
        keys->current->retired_ns = clock_now_ns();
    keys->current = period;
    log_info("new keys", log_str("claims_sha256", period->digest),
             log_str("result_kid", keyring_result_key(period->keyring)->kid),
             log_str("identity_kid", keyring_identity(period->keyring)->kid));
}

/* --- the store --- */

static void arm(struct keys *keys);

static void on_stored(void *ctx, int code, struct span text)
{
    struct period *period = ctx;
    struct keys *keys = period->keys;
    period->ticket = NULL;
    period->stored = code == 0;
    period->store_at_ns = clock_now_ns() + RETRY_MS * NS_PER_MS;
    if (code)
        log_warn("the bundle of new keys is not stored yet; it is tried again",
                 log_str("claims_sha256", period->digest), log_str("error", error_name(code)));
    if (period == keys->newest && period != keys->current)
        come_into_force(period);
    arm(keys);
}

static bool waits_for_store(const struct period *period)
{
    return has_store(period->keys) && !period->stored && !period->ticket;
}

/* True: the store has been asked, and on_stored will be called. */
static bool ask_store(struct period *period)
{
    struct keys *keys = period->keys;
    const struct store_document document = {
        .digest = span_of(period->digest),
        .text = {period->bundle.data, period->bundle.size},
        .not_after_unix_ms = (int64_t)period->not_after_ms,
    };
    period->store_at_ns = clock_now_ns() + RETRY_MS * NS_PER_MS;
    return secret_document_put(keys->options.secrets, &document, on_stored, period,
                               &period->ticket) == 0;
}

/* --- the clock --- */

/* `newer`: how many are kept that came after it. */
static bool is_needed(const struct period *period, size_t newer)
{
    return period->keyring || period->ticket || (!period->stored && newer < KEYS_BUNDLES_MOST);
}

static bool has_hpke_key(void *ctx, const uint8_t *key_id)
{
    uint16_t kem;
    return keys_hpke_key(ctx, key_id, &kem) != NULL;
}

static void wipe(struct period *period)
{
    keyring_wipe_hpke(period->keyring);
    keyring_release(period->keyring);
    period->keyring = NULL;
    contexts_sweep(period->keys->contexts, has_hpke_key, period->keys);
}

bool keys_wipe_oldest(struct keys *keys)
{
    struct period *oldest = NULL;
    for (struct period *period = keys->newest; period; period = period->older)
        if (period->keyring && period->retired_ns)
            oldest = period;
    if (oldest)
        wipe(oldest);
    return oldest != NULL;
}

static void sweep(struct keys *keys)
{
    uint64_t now = clock_now_ns(), overlap = limit_ns(keys, LIMIT_KEY_OVERLAP);
    size_t newer = 0;
    for (struct period **at = &keys->newest, *period; (period = *at);) {
        if (waits_for_store(period) && now >= period->store_at_ns)
            ask_store(period);
        if (period->keyring && period->retired_ns && now - period->retired_ns >= overlap)
            wipe(period);
        if (is_needed(period, newer)) {
            at = &period->older;
            newer++;
            continue;
        }
        *at = period->older;
        period_free(period);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct keys *keys = timer->data;
    sweep(keys);
    if (clock_now_ns() >= keys->rotate_at_ns && keys_rotate(keys)) {
        log_error("no new keys could be made; the old ones stay in force, and it is tried again");
        keys->rotate_at_ns = clock_now_ns() + RETRY_MS * NS_PER_MS;
    }
    arm(keys);
}

/* When is something to be done? */
static uint64_t next_ns(const struct keys *keys)
{
    uint64_t next = keys->rotate_at_ns, overlap = limit_ns(keys, LIMIT_KEY_OVERLAP);
    for (const struct period *period = keys->newest; period; period = period->older) {
        if (waits_for_store(period) && period->store_at_ns < next)
            next = period->store_at_ns;
        if (period->keyring && period->retired_ns && period->retired_ns + overlap < next)
            next = period->retired_ns + overlap;
    }
    return next;
}

static void arm(struct keys *keys)
{
    uint64_t now = clock_now_ns(), next = next_ns(keys);
    uv_timer_start(keys->timer, on_timer, next > now ? (next - now) / NS_PER_MS + 1 : 1, 0);
}

int keys_rotate(struct keys *keys)
{
    struct period *period = NULL;
    if (keys->newest && keys->newest != keys->current)
        return 0; /* one is on its way */
    int r = period_new(keys, &period);
    if (r)
        return r;
    if (keys->current)
        keys->rotations++;
    keys->rotate_at_ns = clock_now_ns() + limit_ns(keys, LIMIT_KEY_LIFETIME);
    period->older = keys->newest;
    keys->newest = period;
    if (!ask_store(period))
        come_into_force(period);
    arm(keys);
    return 0;
}

/* --- life cycle --- */

int keys_new(const struct keys_options *options, struct keys **ret)
{
    struct keys *keys = calloc(1, sizeof *keys);
    uv_timer_t *timer = calloc(1, sizeof *timer);
    if (!keys || !timer ||
        contexts_new(options->limits->value[LIMIT_SEALED_CONTEXTS], &keys->contexts) ||
        uv_timer_init(options->loop, timer)) {
        if (keys)
            contexts_free(keys->contexts);
        free(keys);
        free(timer);
        return ERR_NO_MEMORY;
    }
    timer->data = keys;
    uv_unref((uv_handle_t *)timer);
    keys->options = *options;
    keys->timer = timer;
    *ret = keys;
    return 0;
}

int keys_start(struct keys *keys, const char *isolation, const char *isolation_of_receipt)
{
    keys->isolation = strdup(isolation);
    keys->isolation_of_receipt = strdup(isolation_of_receipt);
    if (!keys->isolation || !keys->isolation_of_receipt)
        return ERR_NO_MEMORY;
    return keys_rotate(keys);
}

bool keys_settled(const struct keys *keys)
{
    return keys->current != NULL;
}

static void close_timer(uv_handle_t *timer)
{
    free(timer);
}

void keys_free(struct keys *keys)
{
    if (!keys)
        return;
    for (struct period *period = keys->newest, *older; period; period = older) {
        older = period->older;
        period_free(period);
    }
    contexts_free(keys->contexts);
    uv_close((uv_handle_t *)keys->timer, close_timer);
    free(keys->isolation);
    free(keys->isolation_of_receipt);
    free(keys);
}

/* --- looking --- */

struct keyring *keys_current(const struct keys *keys)
{
    return keys->current ? keys->current->keyring : NULL;
}

EVP_PKEY *keys_hpke_key(const struct keys *keys, const uint8_t key_id[KEYRING_KEY_ID_SIZE],
                        uint16_t *kem)
{
    for (const struct period *period = keys->current; period; period = period->older) {
        EVP_PKEY *key = period->keyring ? keyring_hpke_key(period->keyring, key_id, kem) : NULL;
        if (key)
            return key;
    }
    return NULL;
}

struct contexts *keys_contexts(struct keys *keys)
{
    return keys->contexts;
}

struct span keys_bundle(const struct keys *keys, struct span digest)
{
    for (const struct period *period = keys->current; period; period = period->older)
        if (span_equal(span_of(period->digest), digest))
            return (struct span){period->bundle.data, period->bundle.size};
    return (struct span){0};
}

int keys_find_bundle(struct keys *keys, struct span digest, secret_documented_fn *found, void *ctx,
                     struct secret_ticket **ret)
{
    return secret_document_get(keys->options.secrets, digest, found, ctx, ret);
}

void keys_stats(const struct keys *keys, struct keys_stats *ret)
{
    *ret = (struct keys_stats){.rotations = keys->rotations};
    for (const struct period *period = keys->newest; period; period = period->older)
        ret->unstored += has_store(keys) && !period->stored;
    ret->bundles = !has_store(keys) ? KEYS_IN_MEMORY : ret->unstored ? KEYS_WAITING : KEYS_STORED;
}
