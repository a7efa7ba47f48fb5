/*
 * Sealed requests that were opened, remembered for as long as their key could open them again, so
 * that none does anything twice: the same one from the same user gets the answer of the first.
 *
 * There is a bound. At half of it new keys come into force; at all of it the oldest retired keys
 * are wiped before their time, so that what was sealed to them need not be remembered any more.
 *
 * Of the loop's thread. Life cycle: envelopes_new -> envelopes_find, envelopes_add ... ->
 * envelopes_free.
 */
#ifndef NEOCOMPUTE_JOB_ENVELOPES_H
#define NEOCOMPUTE_JOB_ENVELOPES_H

#include "job/job.h"
#include "job/keys.h"
#include "job/table.h"

#define ENVELOPES_DIGEST_SIZE ENVELOPE_DIGEST_SIZE

struct envelopes;

/* One that is remembered. */
struct remembered {
    struct table_link link;         /* by digest */
    struct envelope_group *group;   /* of its key */
    struct remembered *next, *prev; /* in it, the oldest first */
    uint8_t digest[ENVELOPES_DIGEST_SIZE];
    bool busy;    /* what it asked for is not done: it is not forgotten meanwhile */
    bool has_job; /* `job` is what came of it */
    struct job_id job;
    struct span answer; /* owned; the sealed answer, where no job keeps one */
    void *waiting;      /* of the caller: who wants that answer */
    size_t user_size;
    char user[];
};

int envelopes_new(const struct limits *limits, struct keys *keys, struct envelopes **ret);
void envelopes_free(struct envelopes *envelopes); /* NULL is fine */

/* NULL if it never was added, or if its key has been wiped since. Borrowed, as below. */
struct remembered *envelopes_find(const struct envelopes *envelopes,
                                  const uint8_t digest[ENVELOPES_DIGEST_SIZE]);

/*
 * Remembers one that was just opened with the key of this id; it is busy. Good until envelopes_add
 * is called after it is no longer busy. ERR_NO_MEMORY; ERR_QUEUE_FULL if all that may be remembered
 * is sealed to keys that cannot be wiped now.
 */
int envelopes_add(struct envelopes *envelopes, const uint8_t digest[ENVELOPES_DIGEST_SIZE],
                  const uint8_t key_id[KEYRING_KEY_ID_SIZE], struct span user,
                  struct remembered **ret, struct error_detail *detail);

/* What came of it; it is not busy any more. Copies `answer`, which may be empty; without memory for
 * it there is none. */
void envelopes_settle(struct envelopes *envelopes, struct remembered *one, struct span answer);
void envelopes_settle_job(struct remembered *one, const struct job_id *job);

/* As if it never came: nothing was done for it. */
void envelopes_drop(struct envelopes *envelopes, struct remembered *one);

uint64_t envelopes_count(const struct envelopes *envelopes);

#endif
