/*
 * The entity tags of a secret and of its rules (RFC 9110, 8.8.3): what If-Match is compared with.
 *
 * A tag is a digest of all that is stored, with the id of the secret's row: so it is of this secret
 * and no namesake that came after, of the value or of the rules and never both, the same on every
 * server, and another one after a change that somebody else made in the database, whether they
 * counted the version up or not. It depends on nothing that is not in the row, and tells nothing:
 * values go in sealed.
 */
#ifndef NEOCOMPUTE_SECRET_ETAG_H
#define NEOCOMPUTE_SECRET_ETAG_H

#include "secret/store.h"

#define SECRET_ETAG_SIZE 33 /* 32 hex digits and a NUL */

/* The row must have its sealed value. */
void secret_etag_value(const struct store_secret *row, char ret[SECRET_ETAG_SIZE]);
void secret_etag_policy(const struct store_secret *row, char ret[SECRET_ETAG_SIZE]);

#endif
