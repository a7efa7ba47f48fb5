#include "job/table.h"
#include "base/error.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 64 /* a power of two */

int table_init(struct table *table)
{
    struct table_link **buckets = calloc(FIRST_BUCKETS, sizeof *buckets);
    if (!buckets)
        return ERR_NO_MEMORY;
    *table = (struct table){.buckets = buckets, .capacity = FIRST_BUCKETS, .low = FIRST_BUCKETS};
    return 0;
}

void table_done(struct table *table)
{
    free(table->buckets);
    *table = (struct table){0};
}

static struct table_link **bucket_of(const struct table *table, uint64_t hash)
{
    size_t index = hash & (2 * table->low - 1);
    if (index >= table->low + table->split)
        index = hash & (table->low - 1);
    return &table->buckets[index];
}

/* Splits one bucket in two: those whose next bit of the hash is set go to a new one at the end. */
static void grow(struct table *table)
{
    size_t used = table->low + table->split;
    if (used == table->capacity) {
        struct table_link **more = realloc(table->buckets, 2 * used * sizeof *more);
        if (!more)
            return;
        table->buckets = more;
        table->capacity = 2 * used;
    }

    struct table_link **from = &table->buckets[table->split], **to = &table->buckets[used];
    *to = NULL;
    while (*from) {
        struct table_link *link = *from;
        if (link->hash & table->low) {
            *from = link->next;
            link->next = *to;
            *to = link;
        } else {
            from = &link->next;
        }
    }
    if (++table->split == table->low) {
        table->low *= 2;
        table->split = 0;
    }
}

void table_insert(struct table *table, struct table_link *link, uint64_t hash)
{
    struct table_link **bucket = bucket_of(table, hash);
    link->hash = hash;
    link->next = *bucket;
    *bucket = link;
    if (++table->count > table->low + table->split)
        grow(table);
}

void table_remove(struct table *table, struct table_link *link)
{
    struct table_link **at = bucket_of(table, link->hash);
    while (*at && *at != link)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = link->next;
    table->count--;
}

static struct table_link *first_of(struct table_link *link, uint64_t hash)
{
    while (link && link->hash != hash)
        link = link->next;
    return link;
}

struct table_link *table_find(const struct table *table, uint64_t hash)
{
    return first_of(*bucket_of(table, hash), hash);
}

struct table_link *table_next(const struct table_link *link)
{
    return first_of(link->next, link->hash);
}
