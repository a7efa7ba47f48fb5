/* Rows that the SQLite store read: see store_sqlite.h. */
#include "secret/store_sqlite.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 8192u /* a power of two */

struct row {
    struct row *next;
    struct span user;
    struct store_secret secret;
};

struct sqlite_cache {
    struct row *buckets[BUCKETS];
    size_t count;
    struct arena arena; /* all rows; a dropped one stays in it until it is emptied */
};

struct sqlite_cache *sqlite_cache_new(void)
{
    struct sqlite_cache *cache = calloc(1, sizeof *cache);
    if (cache)
        arena_init(&cache->arena, SQLITE_CACHE_BYTES);
    return cache;
}

void sqlite_cache_free(struct sqlite_cache *cache)
{
    if (!cache)
        return;
    arena_done(&cache->arena);
    free(cache);
}

void sqlite_cache_clear(struct sqlite_cache *cache)
{
    if (!cache || cache->arena.size == 0)
        return;
    arena_done(&cache->arena);
    memset(cache->buckets, 0, sizeof cache->buckets);
    cache->count = 0;
}

/* FNV-1a. Whoever fills one bucket on purpose slows down the rows of SQLITE_CACHE_ROWS at most. */
static uint64_t hash(uint64_t h, struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        h = (h ^ (unsigned char)text.data[i]) * 0x100000001b3u;
    return (h ^ 0xff) * 0x100000001b3u;
}

static size_t bucket_of(struct span user, struct span name)
{
    uint64_t h = hash(hash(0xcbf29ce484222325u, user), name);
    return (h ^ h >> 32) & (BUCKETS - 1);
}

/* The pointer to the row, or the NULL at the end of its bucket. */
static struct row *const *find(const struct sqlite_cache *cache, struct span user, struct span name)
{
    struct row *const *at = &cache->buckets[bucket_of(user, name)];
    while (*at && !(span_equal((*at)->user, user) && span_equal((*at)->secret.name, name)))
        at = &(*at)->next;
    return at;
}

static bool copy_scripts(struct arena *arena, const struct secret_policy *from,
                         struct secret_policy *to)
{
    if (from->script_count == 0)
        return true;
    struct secret_script *list = arena_alloc(arena, from->script_count * sizeof *list);
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < from->script_count; i++) {
        list[i] = from->scripts[i];
        ok = arena_copy(arena, from->scripts[i].entry_point, &list[i].entry_point);
    }
    to->scripts = list;
    return ok;
}

static bool copy_row(struct arena *arena, const struct store_secret *from, struct store_secret *to)
{
    *to = *from;
    bool ok = arena_copy(arena, from->id, &to->id) && arena_copy(arena, from->name, &to->name) &&
              arena_copy(arena, from->sealed, &to->sealed) &&
              copy_scripts(arena, &from->policy, &to->policy);
    struct span *list = arena_alloc(arena, (from->policy.service_count + 1) * sizeof *list);
    for (size_t i = 0; ok && list && i < from->policy.service_count; i++)
        ok = arena_copy(arena, from->policy.services[i], &list[i]);
    to->policy.services = list;
    return ok && list;
}

int sqlite_cache_get(const struct sqlite_cache *cache, struct span user, struct span name,
                     struct arena *arena, struct store_secret *ret)
{
    struct row *row = cache ? *find(cache, user, name) : NULL;
    if (!row)
        return ERR_NOT_FOUND;
    return copy_row(arena, &row->secret, ret) ? 0 : ERR_NO_MEMORY;
}

static bool add(struct sqlite_cache *cache, struct span user, const struct store_secret *secret)
{
    struct row *row = arena_alloc(&cache->arena, sizeof *row);
    if (!row || !arena_copy(&cache->arena, user, &row->user) ||
        !copy_row(&cache->arena, secret, &row->secret))
        return false;
    struct row **bucket = &cache->buckets[bucket_of(user, secret->name)];
    row->next = *bucket;
    *bucket = row;
    cache->count++;
    return true;
}

void sqlite_cache_put(struct sqlite_cache *cache, struct span user,
                      const struct store_secret *secret)
{
    if (!cache)
        return;
    if (cache->count >= SQLITE_CACHE_ROWS)
        sqlite_cache_clear(cache);
    if (!add(cache, user, secret))
        sqlite_cache_clear(cache);
}

void sqlite_cache_drop(struct sqlite_cache *cache, struct span user, struct span name)
{
    if (!cache)
        return;
    struct row **at = (struct row **)find(cache, user, name);
    if (*at) {
        *at = (*at)->next;
        cache->count--;
    }
}
