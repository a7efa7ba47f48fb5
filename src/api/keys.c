/*
 * The keys of the service, for everybody: key sets, and the bundle that says why to trust them.
 */
#include "api/route.h"
#include "api/server.h"
#include <string.h>

/* Callers see new keys this late at most; retired ones serve them for key_overlap. */
#define FOR_A_MINUTE "max-age=60"
/* What is found by its digest never changes. */
#define FOR_GOOD     "max-age=31536000, immutable"

static void answer_document(struct exchange *exchange, struct span document, const char *type,
                            const char *cache)
{
    struct answer answer = {
        .status = 200, .type = type, .body = BUF_INIT(document.size), .cache = cache};
    buf_add(&answer.body, document.data, document.size);
    exchange_answer(exchange, &answer);
}

static const struct keyring *current(const struct exchange *exchange)
{
    return keys_current(exchange->api->options.keys);
}

void handle_jwks(struct exchange *exchange)
{
    answer_document(exchange, keyring_jwks(current(exchange)), "application/jwk-set+json",
                    FOR_A_MINUTE);
}

void handle_hpke_keys(struct exchange *exchange)
{
    answer_document(exchange, keyring_hpke_configurations(current(exchange)),
                    "application/ohttp-keys", FOR_A_MINUTE);
}

void handle_attestation(struct exchange *exchange)
{
    answer_document(exchange, keyring_bundle(current(exchange)), "application/json", FOR_A_MINUTE);
}

static void answer_bundle(struct exchange *exchange, int code, struct span bundle)
{
    struct error_detail detail;
    if (!code) {
        answer_document(exchange, bundle, "application/json", FOR_GOOD);
        return;
    }
    error_set(&detail, code, "", "%s",
              code == ERR_NOT_FOUND ? "there never were keys with these claims"
                                    : "the store of retired keys cannot be used now");
    exchange_problem(exchange, &detail);
}

static void on_found(void *ctx, int code, struct span bundle)
{
    struct exchange *exchange = ctx;
    exchange->ticket = NULL;
    answer_bundle(exchange, code, bundle);
    exchange_resume(exchange);
}

static bool is_digest(struct span text)
{
    if (text.size != KEYRING_DIGEST_TEXT - 1)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!memchr("0123456789abcdef", text.data[i], 16))
            return false;
    return true;
}

void handle_attestation_of(struct exchange *exchange)
{
    struct keys *keys = exchange->api->options.keys;
    struct span digest = exchange->path_id, bundle = keys_bundle(keys, digest);
    if (bundle.size || !is_digest(digest)) {
        answer_bundle(exchange, bundle.size ? 0 : ERR_NOT_FOUND, bundle);
        return;
    }
    struct keys_stats stats;
    keys_stats(keys, &stats);
    int r = stats.bundles == KEYS_IN_MEMORY
                ? ERR_NOT_FOUND
                : keys_find_bundle(keys, digest, on_found, exchange, &exchange->ticket);
    if (r)
        answer_bundle(exchange, r == ERR_NOT_FOUND ? r : ERR_STORE_DOWN, bundle);
    else
        exchange_suspend(exchange);
}
