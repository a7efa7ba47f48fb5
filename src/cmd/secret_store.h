/*
 * Opening the store of secrets, for serve and for the secret commands that work straight on it.
 *
 * Life cycle: secret_store_open -> use -> secret_store_close.
 */
#ifndef NEOCOMPUTE_CMD_SECRET_STORE_H
#define NEOCOMPUTE_CMD_SECRET_STORE_H

#include "base/error.h"
#include "protect/protect.h"
#include "secret/secret.h"

struct secret_store {
    struct store *store; /* NULL: none was asked for. Set it to NULL when it is given away */
    struct secret_key key, previous;
    bool has_key, has_previous;
    uint8_t audit_key[AUDIT_KEY_SIZE];
};

/*
 * Takes SECRETS_MASTER_KEY and SECRETS_MASTER_KEY_PREVIOUS out of the environment and opens
 * `database_url` (PostgreSQL), or DIR/secrets.db (SQLite) of `data_dir`; with neither there is no
 * store. `protect` gives the audit key. ERR_USAGE, ERR_SYSTEM, ERR_NO_MEMORY.
 */
int secret_store_open(const char *data_dir, const char *database_url, struct protect *protect,
                      struct secret_store *ret, struct error_detail *detail);
void secret_store_close(struct secret_store *store);

/* The audit key of a master key. ERR_INTERNAL. */
int secret_store_audit_key(struct protect *protect, uint8_t ret[AUDIT_KEY_SIZE]);

/* The value of an environment variable with its copy in the environment wiped; NULL if there is
 * none. Returns owned text: wipe and free it with secret_environment_drop. */
char *secret_environment_take(const char *name);
void secret_environment_drop(char *text);

#endif
