/*
 * The keys of the service through time: one keyring is in force, it is replaced by a new one when
 * its life is over, and the bundles of all there ever were can be had.
 *
 * A bundle is written to the store before its keyring comes into force, so that no receipt outlives
 * the bundle that verifies it. A store that is down then does not stop the service: the bundle is
 * kept in memory and tried again until it is stored. Without a store bundles live in memory only.
 *
 * A retired keyring opens what was sealed to it for key_overlap more, then its HPKE keys are wiped;
 * its result key lives as long as somebody holds the keyring (jobs do, for their receipts). The
 * contexts that were derived from HPKE keys go with them.
 *
 * Of the loop's thread. Life cycle: keys_new -> keys_start -> keys_current ... -> keys_free.
 */
#ifndef NEOCOMPUTE_JOB_KEYS_H
#define NEOCOMPUTE_JOB_KEYS_H

#include "base/limits.h"
#include "job/contexts.h"
#include "protect/keyring.h"
#include "secret/secret.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define KEYS_BUNDLES_MOST 1024 /* kept in memory, where there is no store or it is down */

struct keys;

struct keys_options {
    uv_loop_t *loop;
    const struct limits *limits;    /* key_..., sealed_contexts; borrowed for good */
    struct secret_service *secrets; /* has the store; borrowed for good; may be NULL */
    struct protect *protect;        /* borrowed for good */
    struct protect *previous;       /* borrowed for good; may be NULL */
    const char *engine_digest;      /* hex; borrowed for good */
};

int keys_new(const struct keys_options *options, struct keys **ret);

/*
 * Makes the first keyring and sends its bundle to the store; the two JSON values say what isolates
 * scripts, in full and in short (copied). keys_settled is true once the store has answered, or if
 * there is none: turn the loop until then before anything is signed.
 */
int keys_start(struct keys *keys, const char *isolation, const char *isolation_of_receipt);
bool keys_settled(const struct keys *keys);
void keys_free(struct keys *keys); /* NULL is fine; the loop must turn once more */

/* The keyring in force; NULL before keys_start. Borrowed: hold it to keep it. */
struct keyring *keys_current(const struct keys *keys);

/* The HPKE key of this id, in force or retired and still opening; its KEM. NULL: none. Borrowed. */
EVP_PKEY *keys_hpke_key(const struct keys *keys, const uint8_t key_id[KEYRING_KEY_ID_SIZE],
                        uint16_t *kem);

/* Contexts of what was sealed to these keys. Keep one only while keys_hpke_key finds its key. */
struct contexts *keys_contexts(struct keys *keys);

/* Wipes the HPKE keys of the oldest retired keyring that still opens, before its time. False if
 * there is none. */
bool keys_wipe_oldest(struct keys *keys);

/* Makes a new keyring now, before the time of the one in force. ERR_NO_MEMORY, ERR_INTERNAL. */
int keys_rotate(struct keys *keys);

/*
 * The bundle of these claims (hex digest), if it is in memory: empty otherwise. Borrowed until
 * control goes back to the loop. What is not in memory may be in the store (keys_find_bundle).
 */
struct span keys_bundle(const struct keys *keys, struct span digest);

/* As secret_document_get. */
int keys_find_bundle(struct keys *keys, struct span digest, secret_documented_fn *found, void *ctx,
                     struct secret_ticket **ret);

enum keys_bundles {
    KEYS_IN_MEMORY, /* there is no store: they end with the process */
    KEYS_WAITING,   /* some are not stored yet: the store was down */
    KEYS_STORED
};

struct keys_stats {
    enum keys_bundles bundles;
    uint64_t rotations; /* keyrings made after the first */
    uint64_t unstored;  /* bundles that wait for the store */
};
void keys_stats(const struct keys *keys, struct keys_stats *ret);

#endif
