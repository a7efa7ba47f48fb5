#include "cmd/secret_store.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUDIT_KEY_VERSION 1

char *secret_environment_take(const char *name)
{
    char *text = getenv(name), *copy = text ? strdup(text) : NULL;
    if (text) {
        OPENSSL_cleanse(text, strlen(text));
        unsetenv(name);
    }
    return copy;
}

void secret_environment_drop(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static int take_key(const char *name, struct secret_key *key, bool *has,
                    struct error_detail *detail)
{
    char *text = secret_environment_take(name);
    int r = text ? secret_key_init(key, text, detail) : 0;
    *has = text && !r;
    if (r && detail)
        snprintf(detail->field, sizeof detail->field, "%s", name);
    secret_environment_drop(text);
    return r;
}

int secret_store_audit_key(struct protect *protect, uint8_t ret[AUDIT_KEY_SIZE])
{
    return protect_derive(protect, PROTECT_AUDIT, AUDIT_KEY_VERSION, (struct span){0}, ret);
}

static int open_store(const char *data_dir, const char *database_url, struct store **ret,
                      struct error_detail *detail)
{
    char path[PATH_MAX];
    if (database_url)
        return store_postgres_open(database_url, ret, detail);
    if (!data_dir)
        return 0;
    if ((size_t)snprintf(path, sizeof path, "%s/secrets.db", data_dir) >= sizeof path)
        return error_set(detail, ERR_USAGE, "data-dir", "the path is too long");
    return store_sqlite_open(path, ret, detail);
}

int secret_store_open(const char *data_dir, const char *database_url, struct protect *protect,
                      struct secret_store *ret, struct error_detail *detail)
{
    struct secret_store made = {0};
    int r = take_key("SECRETS_MASTER_KEY", &made.key, &made.has_key, detail);
    if (!r)
        r = take_key("SECRETS_MASTER_KEY_PREVIOUS", &made.previous, &made.has_previous, detail);
    if (!r)
        r = secret_store_audit_key(protect, made.audit_key);
    if (!r)
        r = open_store(data_dir, database_url, &made.store, detail);
    if (r)
        secret_store_close(&made);
    else
        *ret = made;
    return r;
}

void secret_store_close(struct secret_store *store)
{
    if (store->store)
        store->store->ops->close(store->store);
    if (store->has_key)
        secret_key_done(&store->key);
    if (store->has_previous)
        secret_key_done(&store->previous);
    OPENSSL_cleanse(store, sizeof *store);
}
