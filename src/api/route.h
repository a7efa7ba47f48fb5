/*
 * The table of routes: method, path and who answers.
 */
#ifndef NEOCOMPUTE_API_ROUTE_H
#define NEOCOMPUTE_API_ROUTE_H

#include "api/exchange.h"

enum route_flag {
    ROUTE_NEEDS_USER = 1 << 0, /* 401 without X-User-ID */
    ROUTE_HAS_BODY = 1 << 1,   /* the body is kept for the handler */
    ROUTE_QUIET = 1 << 2,      /* logged at level debug */
    ROUTE_WIPE_BODY = 1 << 3   /* the body holds a secret: no copy of it is left behind */
};

struct route {
    const char *method; /* GET also answers HEAD */
    const char *path;   /* {id} stands for one part */
    unsigned flags;
    void (*handle)(struct exchange *exchange);
};

/*
 * The route of a request; NULL with ERR_NOT_FOUND or ERR_METHOD_NOT_ALLOWED in `*code`. `*id` is
 * the part of `path` that {id} stands for, borrowed.
 */
const struct route *route_find(const char *method, const char *path, struct span *id, int *code);

/* The methods that the path takes, "GET, HEAD, DELETE", into `text`; "" if there is no such path.
 */
void route_allow(const char *path, char *text, size_t size);

/* The handlers: execute.c, jobs.c, service.c. */
void handle_execute(struct exchange *exchange);
void handle_jobs(struct exchange *exchange);
void handle_job(struct exchange *exchange);
void handle_job_receipt(struct exchange *exchange);
void handle_job_cancel(struct exchange *exchange);
void handle_job_delete(struct exchange *exchange);
void handle_secrets(struct exchange *exchange); /* secrets.c */
void handle_secret_audit(struct exchange *exchange);
void handle_secret(struct exchange *exchange);
void handle_secret_put(struct exchange *exchange);
void handle_secret_reveal(struct exchange *exchange);
void handle_secret_delete(struct exchange *exchange);
void handle_secret_policy(struct exchange *exchange);
void handle_secret_policy_put(struct exchange *exchange);
void handle_jwks(struct exchange *exchange); /* keys.c */
void handle_hpke_keys(struct exchange *exchange);
void handle_attestation(struct exchange *exchange);
void handle_attestation_of(struct exchange *exchange);
void handle_health(struct exchange *exchange);
void handle_ready(struct exchange *exchange);
void handle_info(struct exchange *exchange);
void handle_metrics(struct exchange *exchange);
void handle_openapi(struct exchange *exchange);

#endif
