#include "job/envelopes.h"

#include "base/log.h"
#include <stdlib.h>
#include <string.h>

/* A stored answer counts as one envelope more for each so many bytes. */
#define ANSWER_PART 256

/* What is freed at most when one is added, so that no request waits for all those of a key. */
#define SWEEP_STEP 64

/* Those that one key opened. */
struct envelope_group {
    struct envelope_group *next;
    uint8_t key_id[KEYRING_KEY_ID_SIZE];
    struct remembered *first, *last;
    uint64_t weight;
    bool wiped; /* the key is: they need not be remembered */
};

struct envelopes {
    const struct limits *limits;
    struct keys *keys;
    struct table table;
    struct envelope_group *groups;
    uint64_t weight;               /* of groups that are not wiped */
    const struct keyring *keyring; /* in force when `since` began */
    uint64_t since;                /* weight that came since then */
};

int envelopes_new(const struct limits *limits, struct keys *keys, struct envelopes **ret)
{
    struct envelopes *e = calloc(1, sizeof *e);
    if (!e || table_init(&e->table)) {
        free(e);
        return ERR_NO_MEMORY;
    }
    e->limits = limits;
    e->keys = keys;
    *ret = e;
    return 0;
}

static void forget(struct envelopes *e, struct remembered *one)
{
    struct envelope_group *group = one->group;
    *(one->prev ? &one->prev->next : &group->first) = one->next;
    *(one->next ? &one->next->prev : &group->last) = one->prev;
    table_remove(&e->table, &one->link);
    free((void *)one->answer.data);
    free(one);
}

void envelopes_free(struct envelopes *e)
{
    if (!e)
        return;
    for (struct envelope_group *group = e->groups, *next; group; group = next) {
        next = group->next;
        while (group->first)
            forget(e, group->first);
        free(group);
    }
    table_done(&e->table);
    free(e);
}

/* A digest is as good as random: the caller cannot choose its first bytes without work, and gains
 * a longer bucket by it. */
static uint64_t hash_of(const uint8_t digest[ENVELOPES_DIGEST_SIZE])
{
    uint64_t hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

struct remembered *envelopes_find(const struct envelopes *e,
                                  const uint8_t digest[ENVELOPES_DIGEST_SIZE])
{
    struct table_link *link = table_find(&e->table, hash_of(digest));
    for (; link; link = table_next(link)) {
        struct remembered *one = (struct remembered *)link; /* link is its first member */
        if (memcmp(one->digest, digest, sizeof one->digest) == 0)
            return one;
    }
    return NULL;
}

/* --- the bound --- */

static void weigh(struct envelopes *e, struct envelope_group *group, uint64_t weight)
{
    group->weight += weight;
    e->weight += weight;
    e->since += weight;
}

/* Marks the groups whose key is gone, and forgets some of theirs. */
static void sweep(struct envelopes *e)
{
    int left = SWEEP_STEP;
    uint16_t kem;
    for (struct envelope_group **at = &e->groups, *group; (group = *at);) {
        if (!group->wiped && !keys_hpke_key(e->keys, group->key_id, &kem)) {
            group->wiped = true;
            e->weight -= group->weight;
        }
        for (struct remembered *one; group->wiped && (one = group->first) && !one->busy && left > 0;
             left--)
            forget(e, one);
        if (group->first || !group->wiped) {
            at = &group->next;
            continue;
        }
        *at = group->next;
        free(group);
    }
}

/* Half of what may be remembered for the keys in force, so that the retired ones have the rest. */
static void rotate_early(struct envelopes *e)
{
    const struct keyring *keyring = keys_current(e->keys);
    if (keyring != e->keyring) {
        e->keyring = keyring;
        e->since = 0;
    }
    if (e->since < e->limits->value[LIMIT_ENVELOPES] / 2)
        return;
    e->since = 0;
    log_warn("so many sealed requests came that their keys are retired early",
             log_u64("envelopes", e->limits->value[LIMIT_ENVELOPES]));
    if (keys_rotate(e->keys))
        log_error("no new keys could be made");
}

static int make_room(struct envelopes *e, struct error_detail *detail)
{
    uint64_t most = e->limits->value[LIMIT_ENVELOPES];
    sweep(e);
    rotate_early(e);
    while (e->weight >= most) {
        if (!keys_wipe_oldest(e->keys))
            return limit_exceeded(detail, ERR_QUEUE_FULL, LIMIT_ENVELOPES, e->weight, most);
        sweep(e);
    }
    return 0;
}

/* --- adding, and what came of it --- */

static struct envelope_group *group_of(struct envelopes *e,
                                       const uint8_t key_id[KEYRING_KEY_ID_SIZE])
{
    struct envelope_group *group = e->groups;
    while (group && memcmp(group->key_id, key_id, sizeof group->key_id) != 0)
        group = group->next;
    if (group || !(group = calloc(1, sizeof *group)))
        return group;
    memcpy(group->key_id, key_id, sizeof group->key_id);
    group->next = e->groups;
    e->groups = group;
    return group;
}

int envelopes_add(struct envelopes *e, const uint8_t digest[ENVELOPES_DIGEST_SIZE],
                  const uint8_t key_id[KEYRING_KEY_ID_SIZE], struct span user,
                  struct remembered **ret, struct error_detail *detail)
{
    int r = make_room(e, detail);
    if (r)
        return r;
    struct envelope_group *group = group_of(e, key_id);
    struct remembered *one = group ? calloc(1, sizeof *one + user.size) : NULL;
    if (!one)
        return error_set(detail, ERR_NO_MEMORY, "", "no memory to remember the request");
    memcpy(one->digest, digest, sizeof one->digest);
    memcpy(one->user, user.data, user.size);
    one->user_size = user.size;
    one->busy = true;
    one->group = group;
    one->prev = group->last;
    *(group->last ? &group->last->next : &group->first) = one;
    group->last = one;
    table_insert(&e->table, &one->link, hash_of(digest));
    if (!group->wiped)
        weigh(e, group, 1);
    *ret = one;
    return 0;
}

void envelopes_settle(struct envelopes *e, struct remembered *one, struct span answer)
{
    char *copy = answer.size ? malloc(answer.size) : NULL;
    if (copy) {
        memcpy(copy, answer.data, answer.size);
        one->answer = (struct span){copy, answer.size};
        if (!one->group->wiped)
            weigh(e, one->group, answer.size / ANSWER_PART);
    }
    one->busy = false;
}

void envelopes_settle_job(struct remembered *one, const struct job_id *job)
{
    one->job = *job;
    one->has_job = true;
    one->busy = false;
}

void envelopes_drop(struct envelopes *e, struct remembered *one)
{
    if (!one->group->wiped) {
        one->group->weight--;
        e->weight--;
    }
    forget(e, one);
}

uint64_t envelopes_count(const struct envelopes *e)
{
    return e->table.count;
}
