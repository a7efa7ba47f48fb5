/*
 * The audit chain: each row a server writes carries HMAC-SHA256, under the derived audit key, over
 * itself and the row before it, so that a changed, missing or inserted row is found. One chain a
 * server instance (boot id), counted from 1.
 *
 * A checkpoint says how long a chain is and what its last MAC is, under a MAC of its own; it is
 * kept in the store and written to the log, so that a cut-off tail is found up to the last
 * checkpoint. Whoever holds the audit key can forge all of it: the chain is evidence against the
 * host of the database, not against this service.
 */
#ifndef NEOCOMPUTE_SECRET_AUDIT_H
#define NEOCOMPUTE_SECRET_AUDIT_H

#include "base/sha256.h"
#include "secret/store.h"
#include <stdbool.h>
#include <stdint.h>

#define AUDIT_KEY_SIZE 32

/* The head of one chain. Copy it, chain rows on the copy, keep the copy once they are committed. */
struct audit_chain {
    const uint8_t *key; /* AUDIT_KEY_SIZE bytes, borrowed */
    struct span boot_id;
    uint64_t seq; /* of the last row; 0: none yet */
    uint8_t mac[STORE_MAC_SIZE];
};

/*
 * HMAC-SHA256 under the audit key, set up once for many rows. It keeps the key's state in ordinary
 * memory until audit_mac_done wipes it: make one for a batch, not for good.
 */
struct audit_mac {
    struct hmac hmac;
    struct buf text;
};
void audit_mac_init(struct audit_mac *mac, const uint8_t key[AUDIT_KEY_SIZE]);
void audit_mac_done(struct audit_mac *mac);

/* Gives the row its boot id, number and MAC, and moves the head on. ERR_NO_MEMORY. */
int audit_chain_add(struct audit_chain *chain, struct audit_mac *mac, struct store_audit *row);

/* What a checkpoint's row in the store is called: "checkpoint:<boot id>". */
#define AUDIT_CHECKPOINT_PREFIX "checkpoint:"
#define AUDIT_CHECKPOINT_NAME   64

/* The text of a checkpoint: seq ":" time ":" hex mac ":" hex HMAC over all of it and the boot id.
 */
int audit_checkpoint_write(const struct audit_chain *chain, int64_t unix_ms, struct buf *out);

/* What a walk over all rows and checkpoints found. */
struct audit_report {
    uint64_t rows, chained, foreign; /* foreign: rows without a chain, of other services */
    uint64_t chains, checkpoints;
    uint64_t changed;      /* rows whose MAC is wrong */
    uint64_t gaps;         /* numbers missing or twice within a chain */
    uint64_t cut;          /* chains shorter than their checkpoint says */
    uint64_t forged;       /* checkpoints whose MAC is wrong */
    uint64_t first_bad_id; /* row id, 0: none */
};
static inline bool audit_report_clean(const struct audit_report *r)
{
    return r->changed + r->gaps + r->cut + r->forged == 0;
}

/*
 * Walks the whole store. `previous` (may be NULL) is the audit key before this one: a chain is
 * taken as a whole under one of the two, so whoever has the old key can forge chains as long as it
 * is given. ERR_SYSTEM, ERR_NO_MEMORY, ERR_INTERNAL.
 */
int audit_verify(struct store *store, const uint8_t key[AUDIT_KEY_SIZE], const uint8_t *previous,
                 struct audit_report *ret);

#endif
