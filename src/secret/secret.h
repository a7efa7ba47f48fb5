/*
 * The secrets service: gives jobs the secrets their owners allowed, lets owners manage them, and
 * writes down both.
 *
 * The database is spoken to on one thread of its own. Requests are queued from the loop's thread;
 * their callbacks come on it. Jobs that ask at the same time share one transaction: their audit
 * rows are durable, by one sync, before any of them is handed a value.
 *
 * Life cycle: secret_service_new -> secret_resolve, secret_manage ... -> secret_service_stop (ends
 * what is queued, writes a checkpoint) -> secret_service_free, which stops a running one without
 * beginning what is queued: nobody waits for it.
 */
#ifndef NEOCOMPUTE_SECRET_SECRET_H
#define NEOCOMPUTE_SECRET_SECRET_H

#include "base/error.h"
#include "base/secmem.h"
#include "secret/audit.h"
#include "secret/cipher.h"
#include "secret/etag.h"
#include "secret/store.h"
#include "secret/value_cache.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define SECRET_QUEUED_MOST 4096  /* requests waiting for the database */
#define SECRET_BATCH_MOST  256   /* jobs whose audit rows share one transaction */
#define SECRET_USER_MOST   10000 /* secrets of one user */
#define SECRET_LOOK_MS     500   /* how often kept values are looked at: too old, or changed? */
#define SECRET_STUCK_MS    1000 /* who waited so long behind a call that failed does not try, too */
#define SECRET_TELL_MS     10000 /* how often the log says that the store is down, at most */

struct secret_service;

struct secret_options {
    uv_loop_t *loop;
    struct store *store;               /* taken; NULL: every secret is store_down */
    const struct secret_key *key;      /* borrowed for good; NULL: every secret is store_down */
    const struct secret_key *previous; /* rows of the old master key, may be NULL */
    const uint8_t *audit_key;          /* AUDIT_KEY_SIZE bytes, borrowed for good */
    bool strict;
    struct value_cache_limits cache; /* of opened values; all zero: none is kept */
    uint64_t checkpoint_ms; /* from one checkpoint of the audit chain to the next; 0: none but the
                             * one at the end */
    /* Told each, so that it goes into the log; may be NULL. */
    void (*checkpoint)(void *ctx, const char *boot_id, const char *text);
    void *ctx;
};

/*
 * Checks that the key opens what is in the store (a fact that we wrote, or the newest row of a live
 * database) and starts the thread. ERR_USAGE for a wrong master key, with nothing changed;
 * ERR_SYSTEM, ERR_NO_MEMORY.
 */
int secret_service_new(const struct secret_options *options, struct secret_service **ret,
                       struct error_detail *detail);

/* Refuses new requests, ends queued ones; then calls `done` once. */
void secret_service_stop(struct secret_service *service, void (*done)(void *ctx), void *ctx);
void secret_service_free(struct secret_service *service);

/* Who asks, for the audit log. Borrowed until the call returns. */
struct secret_caller {
    struct span user, address, user_agent;
};

/* ---- for jobs ----------------------------------------------------------------------------------
 */

struct secret_ask {
    struct secret_caller caller;
    const struct span *names; /* as in secret_refs: NAME or secrets:NAME; duplicates count once */
    size_t count;
    uint8_t script_sha256[SECRET_HASH_SIZE];
    bool sealed; /* the request was: the audit log gets no hash of its script */
    struct span entry_point;
    struct span job_id; /* text */
    bool allow_output;  /* values whose owner lets them out may be in the output */
};

struct secret_value {
    struct span name;
    struct secret_bytes bytes;
    size_t size; /* of the value */
    uint64_t version;
    bool pinned, guard, allow_output;
    bool unlisted; /* it has no list of services: the caller warns */
};

/*
 * All secrets of one job, and the leak guards over them (guard.h; NULL: nothing to look for). They
 * are made where the values were opened: with as many and as long values as may be, that is work
 * for tens of milliseconds. One allocation, with the names, but for values and guards.
 */
struct secret_set {
    struct secret_value *values;
    size_t count;
    struct guard *guard;        /* of logs and errors */
    struct guard *output_guard; /* of the output; may be the same */
};
void secret_set_free(struct secret_set *set); /* wipes; NULL is fine */

/* The reasons that a caller may see. */
enum secret_reason {
    SECRET_REASON_NOT_FOUND,
    SECRET_REASON_NOT_ALLOWED,
    SECRET_REASON_CANNOT_DECRYPT,
    SECRET_REASON_STORE_DOWN,
    SECRET_REASON_TOO_MANY /* more names than the limit secret_refs: the job service's to say */
};
const char *secret_reason_name(enum secret_reason reason);

/*
 * `set` is the receiver's to free. Or no value at all, with reason and name in `detail`
 * ("not_found: API_KEY: there is no such secret"): ERR_SECRET_UNAVAILABLE; ERR_STORE_DOWN where it
 * is the database's fault and asking again later may help.
 */
typedef void secret_resolved_fn(void *ctx, int code, struct secret_set *set,
                                const struct error_detail *detail);

struct secret_ticket;

/* ERR_QUEUE_FULL, ERR_NO_MEMORY, ERR_SHUTTING_DOWN, then `resolved` is not called. */
int secret_resolve(struct secret_service *service, const struct secret_ask *ask,
                   secret_resolved_fn *resolved, void *ctx, struct secret_ticket **ret);

/* The asker has gone: `resolved` is not called any more. */
void secret_forget(struct secret_ticket *ticket);

/* ---- for owners --------------------------------------------------------------------------------
 */

enum secret_operation {
    SECRET_LIST,   /* rows from `after` on */
    SECRET_SHOW,   /* one row */
    SECRET_PUT,    /* value in, row out */
    SECRET_REVEAL, /* value out; audited */
    SECRET_DELETE,
    SECRET_SHOW_POLICY, /* one row, for its rules */
    SECRET_SET_POLICY,  /* rules in, row out */
    SECRET_AUDIT        /* the owner's audit rows, newest first, before `before` */
};

struct secret_manage {
    enum secret_operation operation;
    struct secret_caller caller;
    struct span name;
    struct span value;                  /* SECRET_PUT: copied into locked memory */
    const struct secret_policy *policy; /* SECRET_SET_POLICY: copied */
    /*
     * Lists of tags that must be valid (base/etag.h), without data where there is none. RFC 9110,
     * 13.1: what is asked for is done only if the secret, or its rules where it is about them, are
     * there with a tag of `if_match`, and not there with one of `if_none_match`; else it is
     * ERR_PRECONDITION_FAILED. What only shows something does not look at `if_none_match`.
     */
    struct span if_match, if_none_match;
    struct span after;
    uint64_t before;
    size_t limit; /* at most STORE_PAGE_MOST */
};

struct secret_answer {
    int code; /* 0, ERR_NOT_FOUND, ERR_CONFLICT, ERR_INVALID_FIELD, ERR_SECRET_UNAVAILABLE, ... */
    struct error_detail detail;
    bool created;
    struct store_secret *rows;  /* SECRET_LIST: many; else the one */
    char tag[SECRET_ETAG_SIZE]; /* of the one, or of its rules; "" where there is none */
    struct store_audit *audit;
    size_t count;
    struct secret_bytes value;
    size_t value_size;
};

/* The answer is the service's; good during the call. */
typedef void secret_answered_fn(void *ctx, const struct secret_answer *answer);

int secret_manage(struct secret_service *service, const struct secret_manage *manage,
                  secret_answered_fn *answered, void *ctx, struct secret_ticket **ret);

/* ---- documents of the service ------------------------------------------------------------------
 */

/* 0 and, of secret_document_get, the text, good during the call; ERR_NOT_FOUND, ERR_STORE_DOWN. */
typedef void secret_documented_fn(void *ctx, int code, struct span text);

/* Keeps a document for good, or finds one. ERR_STORE_DOWN at once if there is no store at all;
 * else as secret_resolve. `service` may be NULL. */
int secret_document_put(struct secret_service *service, const struct store_document *document,
                        secret_documented_fn *documented, void *ctx, struct secret_ticket **ret);
int secret_document_get(struct secret_service *service, struct span digest,
                        secret_documented_fn *documented, void *ctx, struct secret_ticket **ret);

/* Is there a store that keeps documents? It may be down. */
bool secret_has_documents(const struct secret_service *service);

enum secret_store_state {
    SECRET_STORE_NONE, /* there is no store, or no key to it */
    SECRET_STORE_DOWN, /* it could not be used the last time it was tried */
    SECRET_STORE_UP
};

struct secret_stats {
    uint64_t resolved, refused, failed; /* jobs that asked */
    uint64_t batches, audit_rows;
    uint64_t cached; /* values that did not have to be opened */
    enum secret_store_state store;
};
/* Of no service (NULL) too. */
void secret_service_stats(const struct secret_service *service, struct secret_stats *ret);

#endif
