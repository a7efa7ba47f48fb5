/*
 * Users: found by id, given turns, and ranked by how much is kept for them.
 *
 * Turns: a user stands in the ring while one of their jobs waits and they run fewer, and with less
 * memory, than they may. The dispatcher starts one job of the first user and sends them to the end.
 *
 * Ranking: a binary heap by retained bytes, so that the largest user is known at once when a bound
 * on what is kept is passed.
 */
#include "base/error.h"
#include "base/sha256.h"
#include "job/internal.h"
#include <stdlib.h>
#include <string.h>

/* SHA-256 behind a random seed: nobody can choose ids that fall into one bucket. */
static int hash_user(struct job_service *service, struct span id, uint64_t *ret)
{
    char text[sizeof service->hash_seed + JOB_USER_MOST];
    uint8_t digest[PROTECT_HASH_SIZE];
    if (id.size == 0 || id.size > JOB_USER_MOST)
        return ERR_INVALID_HEADER;
    memcpy(text, service->hash_seed, sizeof service->hash_seed);
    memcpy(text + sizeof service->hash_seed, id.data, id.size);
    sha256((struct span){text, sizeof service->hash_seed + id.size}, digest);
    memcpy(ret, digest, sizeof *ret);
    return 0;
}

static struct user *find_hashed(struct job_service *service, struct span id, uint64_t hash)
{
    struct table_link *link = table_find(&service->users, hash);
    for (; link; link = table_next(link)) {
        struct user *user = (struct user *)link; /* link is its first member */
        if (user->id_size == id.size && memcmp(user->id, id.data, id.size) == 0)
            return user;
    }
    return NULL;
}

struct user *user_find(struct job_service *service, struct span id)
{
    uint64_t hash;
    return hash_user(service, id, &hash) ? NULL : find_hashed(service, id, hash);
}

int user_get(struct job_service *service, struct span id, struct user **ret)
{
    uint64_t hash;
    int r = hash_user(service, id, &hash);
    if (r)
        return r;
    struct user *user = find_hashed(service, id, hash);
    if (!user) {
        user = calloc(1, sizeof *user + id.size);
        if (!user)
            return ERR_NO_MEMORY;
        user->id_size = id.size;
        memcpy(user->id, id.data, id.size);
        table_insert(&service->users, &user->link, hash);
        service->stats.users++;
    }
    *ret = user;
    return 0;
}

void user_release(struct job_service *service, struct user *user)
{
    if (user->jobs > 0)
        return;
    user_drop_turn(service, user);
    table_remove(&service->users, &user->link);
    service->stats.users--;
    free(user);
}

void user_drop_turn(struct job_service *service, struct user *user)
{
    if (!user->has_turn)
        return;
    *(user->turn_prev ? &user->turn_prev->turn_next : &service->turn_first) = user->turn_next;
    *(user->turn_next ? &user->turn_next->turn_prev : &service->turn_last) = user->turn_prev;
    user->turn_next = user->turn_prev = NULL;
    user->has_turn = false;
}

static bool has_share(const struct job_service *service, const struct user *user)
{
    uint64_t most = service->user_memory_max, next = user->queue_first->memory_limit;
    return user->running == 0 || (user->running < service->user_running_max &&
                                  user->memory <= most && next <= most - user->memory);
}

void user_update_turn(struct job_service *service, struct user *user)
{
    bool wants = user->queue_first && has_share(service, user);
    if (wants == user->has_turn)
        return;
    if (!wants) {
        user_drop_turn(service, user);
        return;
    }
    user->turn_prev = service->turn_last;
    *(service->turn_last ? &service->turn_last->turn_next : &service->turn_first) = user;
    service->turn_last = user;
    user->has_turn = true;
}

int user_rank_reserve(struct job_service *service)
{
    /* A user joins with the first of their jobs, so users are enough room for all. */
    if (service->ranking_capacity >= service->stats.users)
        return 0;
    size_t capacity = 2 * service->stats.users;
    struct user **ranking = realloc(service->ranking, capacity * sizeof *ranking);
    if (!ranking)
        return ERR_NO_MEMORY;
    service->ranking = ranking;
    service->ranking_capacity = capacity;
    return 0;
}

static void rank_put(struct job_service *service, size_t rank, struct user *user)
{
    service->ranking[rank] = user;
    user->rank = rank;
}

/* Moves the user up, then down, to where the order of the heap is right again. */
static void rank_settle(struct job_service *service, struct user *user)
{
    struct user **heap = service->ranking;
    size_t at = user->rank;
    while (at > 0 && heap[(at - 1) / 2]->retained_bytes < user->retained_bytes) {
        rank_put(service, at, heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= service->ranking_size)
            break;
        if (child + 1 < service->ranking_size &&
            heap[child + 1]->retained_bytes > heap[child]->retained_bytes)
            child++;
        if (heap[child]->retained_bytes <= user->retained_bytes)
            break;
        rank_put(service, at, heap[child]);
        at = child;
    }
    rank_put(service, at, user);
}

static bool is_ranked(const struct job_service *service, const struct user *user)
{
    return user->rank < service->ranking_size && service->ranking[user->rank] == user;
}

void user_rank_update(struct job_service *service, struct user *user)
{
    bool ranked = is_ranked(service, user);
    if (user->retained > 0) {
        if (!ranked)
            rank_put(service, service->ranking_size++, user);
        rank_settle(service, user);
    } else if (ranked) {
        size_t rank = user->rank;
        struct user *last = service->ranking[--service->ranking_size];
        user->rank = SIZE_MAX;
        if (last != user) {
            rank_put(service, rank, last);
            rank_settle(service, last);
        }
    }
}
