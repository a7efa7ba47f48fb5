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

/* The format of new rows, as the database says it now. ERR_SYSTEM, ERR_NO_MEMORY. */
int secret_current_format(struct store *store, enum secret_format *ret);

struct secret_service;

/*
 * Before the thread starts: refuses a master key that the database's secrets do not open under
 * (ERR_USAGE, with nothing changed), and writes down key and format where the database does not say
 * them. ERR_SYSTEM, ERR_NO_MEMORY.
 */
int secret_master_key_check(struct secret_service *service, struct error_detail *detail);

/*
 * [thread] In the transaction that writes a row: its format. A rotation by another process may have
 * ended since the last one. ERR_STORE_DOWN if it was to a key that this service does not have: what
 * it wrote would not be read any more. ERR_SYSTEM, ERR_NO_MEMORY.
 */
int secret_format_to_write(struct secret_service *service, enum secret_format *ret,
                           struct error_detail *detail);

#endif
