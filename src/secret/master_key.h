/*
 * The master key and the database: does the one belong to the other? Each database holds a check
 * value, sealed under the key whose secrets it has, and says in which format new rows are written.
 */
#ifndef NEOCOMPUTE_SECRET_MASTER_KEY_H
#define NEOCOMPUTE_SECRET_MASTER_KEY_H

#include "secret/cipher.h"
#include "secret/store.h"

/* Facts about the database that the service and rotation share. */
#define SECRET_FACT_FORMAT    "format"    /* "1" or "2": what new rows are written in */
#define SECRET_FACT_KEY_CHECK "key_check" /* the check value, sealed as v2 */

/* Seals the check value under `key` and puts it, between begin and commit. */
int secret_put_key_check(struct store *store, const struct secret_key *key);

/* Does the key open this check value? */
bool secret_key_check_opens(const struct secret_key *key, struct span sealed);

struct secret_service;

/*
 * Before the thread starts: refuses a master key that the database's secrets do not open under
 * (ERR_USAGE, with nothing changed), sets the format of new rows, and writes down both where the
 * database does not say them. ERR_SYSTEM, ERR_NO_MEMORY.
 */
int secret_master_key_check(struct secret_service *service, struct error_detail *detail);

#endif
