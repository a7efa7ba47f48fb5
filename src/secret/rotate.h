/*
 * Rotation: every sealed value, kept versions included, is sealed again under the current master
 * key in the format asked for.
 *
 * Each page of rows is one transaction and a row that is done already is passed over, so it can be
 * killed at any moment and started again; readers with both keys read either. It ends when a pass
 * over all rows finds nothing left to do.
 */
#ifndef NEOCOMPUTE_SECRET_ROTATE_H
#define NEOCOMPUTE_SECRET_ROTATE_H

#include "secret/cipher.h"
#include "secret/store.h"

struct rotate_progress {
    uint64_t seen, changed; /* rows of this pass */
    unsigned pass;
};

struct rotate_options {
    struct store *store;                     /* of this thread */
    const struct secret_key *key, *previous; /* previous may be NULL */
    enum secret_format format;               /* 0: the one the database has */
    void (*progress)(void *ctx, const struct rotate_progress *progress); /* may be NULL */
    void *ctx;
};

/*
 * ERR_SECRET_UNAVAILABLE if a row opens under neither key (named in `detail`; nothing of it is
 * changed), ERR_SYSTEM, ERR_NO_MEMORY, ERR_CONFLICT if others keep writing old rows.
 */
int secret_rotate(const struct rotate_options *options, struct rotate_progress *ret,
                  struct error_detail *detail);

#endif
