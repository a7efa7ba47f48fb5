/*
 * Values that were opened, kept for a short time so that they need not be opened again: only where
 * the operator says so. It saves the opening and nothing else: each time the row is read and
 * decided on and written down as without it, and a value is answered only for the very row it was
 * opened from. So what was revoked, changed or deleted is never answered from here, whoever did it.
 *
 * Values lie in locked memory. One lives from its opening for the time given, however often it is
 * used; when there are too many the oldest goes first. Of one thread.
 *
 * Life cycle: value_cache_new -> value_cache_get, value_cache_put, value_cache_drop,
 * value_cache_expire -> value_cache_free (wipes).
 */
#ifndef NEOCOMPUTE_SECRET_VALUE_CACHE_H
#define NEOCOMPUTE_SECRET_VALUE_CACHE_H

#include "secret/store.h"

struct value_cache;

struct value_cache_limits {
    uint64_t life_ns;    /* of a value; 0: nothing is kept */
    size_t count, bytes; /* of all values, at most */
};

/* NULL if nothing is to be kept, or without memory. NULL is fine for all calls below. */
struct value_cache *value_cache_new(const struct value_cache_limits *limits);
void value_cache_free(struct value_cache *cache);

/* A copy in locked memory (returns owned); false if there is none of this row. */
bool value_cache_get(struct value_cache *cache, struct span user, const struct store_secret *row,
                     uint64_t now_ns, struct secret_bytes *ret, size_t *size);

/* Keeps a copy, if there is memory. */
void value_cache_put(struct value_cache *cache, struct span user, const struct store_secret *row,
                     uint64_t now_ns, const struct secret_bytes *value, size_t size);

void value_cache_drop(struct value_cache *cache, struct span user, struct span name);
void value_cache_clear(struct value_cache *cache);

/* Drops what is too old. True if something is left. */
bool value_cache_expire(struct value_cache *cache, uint64_t now_ns);

#endif
