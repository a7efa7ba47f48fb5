/*
 * A hash table whose links live in what it holds. It grows by one bucket at a time (linear hashing,
 * Litwin 1980), so that no insert ever stops to move all that was inserted before.
 *
 * Life cycle: table_init -> table_insert, table_remove ... -> table_done (does not touch the
 * links).
 */
#ifndef NEOCOMPUTE_JOB_TABLE_H
#define NEOCOMPUTE_JOB_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_link {
    struct table_link *next;
    uint64_t hash;
};

struct table {
    struct table_link **buckets;
    size_t capacity; /* buckets allocated */
    size_t low;      /* buckets when this round of splitting began, a power of two */
    size_t split;    /* the next bucket to split; low + split are in use */
    size_t count;
};

int table_init(struct table *table); /* ERR_NO_MEMORY */
void table_done(struct table *table);

/* Never fails: without memory for more buckets they get longer. */
void table_insert(struct table *table, struct table_link *link, uint64_t hash);
void table_remove(struct table *table, struct table_link *link);

/* The first link of that hash, then the next one; NULL at the end. */
struct table_link *table_find(const struct table *table, uint64_t hash);
struct table_link *table_next(const struct table_link *link);

#endif
