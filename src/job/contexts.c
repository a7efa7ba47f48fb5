#include "job/contexts.h"

#include "base/random.h"
#include "base/sha256.h"
#include "job/table.h"
#include <stdlib.h>
#include <string.h>

struct kept {
    struct table_link link;     /* by origin */
    struct kept *older, *newer; /* by the last request that it opened */
    struct secret_bytes context;
    size_t origin_size;
    char origin[ENVELOPE_ORIGIN_MOST];
};

struct contexts {
    uint64_t most;
    struct table table;
    struct kept *oldest, *newest;
    char seed[SHA256_SIZE];
};

int contexts_new(uint64_t most, struct contexts **ret)
{
    struct contexts *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_NO_MEMORY;
    c->most = most;
    int r = random_take((uint8_t *)c->seed, sizeof c->seed);
    if (!r)
        r = table_init(&c->table);
    if (r)
        free(c);
    else
        *ret = c;
    return r;
}

/* --- the order --- */

static void unlink_kept(struct contexts *c, struct kept *one)
{
    *(one->older ? &one->older->newer : &c->oldest) = one->newer;
    *(one->newer ? &one->newer->older : &c->newest) = one->older;
}

static void link_newest(struct contexts *c, struct kept *one)
{
    one->older = c->newest;
    one->newer = NULL;
    *(c->newest ? &c->newest->newer : &c->oldest) = one;
    c->newest = one;
}

static void forget(struct contexts *c, struct kept *one)
{
    unlink_kept(c, one);
    table_remove(&c->table, &one->link);
    secret_bytes_done(&one->context);
    free(one);
}

void contexts_free(struct contexts *c)
{
    if (!c)
        return;
    while (c->oldest)
        forget(c, c->oldest);
    table_done(&c->table);
    free(c);
}

/* --- finding and keeping --- */

/* Senders choose their origins; with a seed that they do not know, none can fill one bucket. */
static uint64_t hash_of(const struct contexts *c, struct span origin)
{
    uint8_t digest[SHA256_SIZE];
    uint64_t hash;
    sha256_parts((struct span[]){{c->seed, sizeof c->seed}, origin}, 2, digest);
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

static struct kept *find(const struct contexts *c, struct span origin, uint64_t hash)
{
    struct table_link *link = table_find(&c->table, hash);
    for (; link; link = table_next(link)) {
        struct kept *one = (struct kept *)link; /* link is its first member */
        if (span_equal((struct span){one->origin, one->origin_size}, origin))
            return one;
    }
    return NULL;
}

const struct hpke_context *contexts_find(const struct contexts *c, struct span origin)
{
    if (!c->oldest)
        return NULL;
    const struct kept *one = find(c, origin, hash_of(c, origin));
    return one ? (const struct hpke_context *)(const void *)one->context.data : NULL;
}

static void add(struct contexts *c, struct span origin, uint64_t hash, struct secret_bytes *context)
{
    if (origin.size > sizeof(((struct kept *)0)->origin) || c->most == 0)
        return;
    if (c->table.count >= c->most)
        forget(c, c->oldest);
    struct kept *one = calloc(1, sizeof *one);
    if (!one)
        return;
    memcpy(one->origin, origin.data, origin.size);
    one->origin_size = origin.size;
    one->context = *context;
    *context = (struct secret_bytes){0};
    table_insert(&c->table, &one->link, hash);
    link_newest(c, one);
}

void contexts_keep(struct contexts *c, struct span origin, struct secret_bytes *context)
{
    uint64_t hash = hash_of(c, origin);
    struct kept *one = find(c, origin, hash);
    if (!one) {
        add(c, origin, hash, context);
        return;
    }
    unlink_kept(c, one);
    link_newest(c, one);
}

void contexts_sweep(struct contexts *c, bool (*has_key)(void *ctx, const uint8_t *key_id),
                    void *ctx)
{
    for (struct kept *one = c->oldest, *newer; one; one = newer) {
        newer = one->newer;
        if (!has_key(ctx, (const uint8_t *)one->origin))
            forget(c, one);
    }
}

uint64_t contexts_count(const struct contexts *c)
{
    return c->table.count;
}
