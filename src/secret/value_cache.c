#include "secret/value_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BUCKETS 1024u /* a power of two */

struct kept {
    TAILQ_ENTRY(kept) age; /* oldest first */
    LIST_ENTRY(kept) bucket;
    uint64_t until_ns;
    struct arena arena; /* what it was opened from */
    struct span user, name, sealed;
    uint64_t version;
    struct secret_bytes value;
    size_t size;
};

struct value_cache {
    struct value_cache_limits limits;
    TAILQ_HEAD(, kept) oldest;
    LIST_HEAD(, kept) buckets[BUCKETS];
    size_t count, bytes;
};

struct value_cache *value_cache_new(const struct value_cache_limits *limits)
{
    struct value_cache *cache = limits->life_ns ? calloc(1, sizeof *cache) : NULL;
    if (!cache)
        return NULL;
    cache->limits = *limits;
    TAILQ_INIT(&cache->oldest);
    return cache;
}

static void drop(struct value_cache *cache, struct kept *kept)
{
    TAILQ_REMOVE(&cache->oldest, kept, age);
    LIST_REMOVE(kept, bucket);
    cache->count--;
    cache->bytes -= kept->size;
    secret_bytes_done(&kept->value);
    arena_done(&kept->arena);
    free(kept);
}

void value_cache_clear(struct value_cache *cache)
{
    while (cache && !TAILQ_EMPTY(&cache->oldest))
        drop(cache, TAILQ_FIRST(&cache->oldest));
}

void value_cache_free(struct value_cache *cache)
{
    value_cache_clear(cache);
    free(cache);
}

/* FNV-1a */
static size_t bucket_of(struct span user, struct span name)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < user.size; i++)
        h = (h ^ (unsigned char)user.data[i]) * 0x100000001b3u;
    h = (h ^ 0xff) * 0x100000001b3u;
    for (size_t i = 0; i < name.size; i++)
        h = (h ^ (unsigned char)name.data[i]) * 0x100000001b3u;
    return (h ^ h >> 32) & (BUCKETS - 1);
}

static struct kept *find(struct value_cache *cache, struct span user, struct span name)
{
    struct kept *kept;
    LIST_FOREACH(kept, &cache->buckets[bucket_of(user, name)], bucket)
    if (span_equal(kept->user, user) && span_equal(kept->name, name))
        return kept;
    return NULL;
}

void value_cache_drop(struct value_cache *cache, struct span user, struct span name)
{
    struct kept *kept = cache ? find(cache, user, name) : NULL;
    if (kept)
        drop(cache, kept);
}

bool value_cache_get(struct value_cache *cache, struct span user, const struct store_secret *row,
                     uint64_t now_ns, struct secret_bytes *ret, size_t *size)
{
    struct kept *kept = cache ? find(cache, user, row->name) : NULL;
    if (!kept)
        return false;
    if (kept->until_ns <= now_ns || kept->version != row->version ||
        !span_equal(kept->sealed, row->sealed)) {
        drop(cache, kept);
        return false;
    }
    if (secret_bytes_init(ret, kept->value.size))
        return false;
    memcpy(ret->data, kept->value.data, kept->value.size);
    *size = kept->size;
    return true;
}

static struct kept *new_kept(struct span user, const struct store_secret *row,
                             const struct secret_bytes *value)
{
    struct kept *kept = calloc(1, sizeof *kept);
    if (!kept)
        return NULL;
    arena_init(&kept->arena, 2 * SECRET_SEALED_MOST);
    if (!arena_copy(&kept->arena, user, &kept->user) ||
        !arena_copy(&kept->arena, row->name, &kept->name) ||
        !arena_copy(&kept->arena, row->sealed, &kept->sealed) ||
        secret_bytes_init(&kept->value, value->size)) {
        arena_done(&kept->arena);
        free(kept);
        return NULL;
    }
    memcpy(kept->value.data, value->data, value->size);
    kept->version = row->version;
    return kept;
}

void value_cache_put(struct value_cache *cache, struct span user, const struct store_secret *row,
                     uint64_t now_ns, const struct secret_bytes *value, size_t size)
{
    if (!cache || size > cache->limits.bytes)
        return;
    value_cache_drop(cache, user, row->name);
    while (cache->count &&
           (cache->count >= cache->limits.count || cache->bytes + size > cache->limits.bytes))
        drop(cache, TAILQ_FIRST(&cache->oldest));
    struct kept *kept = new_kept(user, row, value);
    if (!kept)
        return;
    kept->size = size;
    kept->until_ns = now_ns + cache->limits.life_ns;
    TAILQ_INSERT_TAIL(&cache->oldest, kept, age);
    LIST_INSERT_HEAD(&cache->buckets[bucket_of(user, row->name)], kept, bucket);
    cache->count++;
    cache->bytes += size;
}

bool value_cache_expire(struct value_cache *cache, uint64_t now_ns)
{
    while (cache && !TAILQ_EMPTY(&cache->oldest) && TAILQ_FIRST(&cache->oldest)->until_ns <= now_ns)
        drop(cache, TAILQ_FIRST(&cache->oldest));
    return cache && cache->count > 0;
}
