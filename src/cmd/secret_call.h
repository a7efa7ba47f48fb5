/*
 * Where the secret commands do their work: on a server, or straight on the store that a server
 * would use. Either way what comes back is the JSON of docs/protocol.md.
 *
 * Life cycle: secret_call for each request; secret_call_done at the end.
 */
#ifndef NEOCOMPUTE_CMD_SECRET_CALL_H
#define NEOCOMPUTE_CMD_SECRET_CALL_H

#include "cmd/client.h"
#include "cmd/secret_store.h"
#include <uv.h>

struct secret_backend_options {
    struct client_options client;
    const char *data_dir, *database_url; /* either: straight on the store */
};

struct secret_backend {
    const struct secret_backend_options *options;
    bool open;
    uv_loop_t loop;
    struct protect *protect;
    struct secret_store store;
    struct secret_service *service;
};

struct secret_call {
    enum secret_operation operation;
    const char *name;                  /* NULL for lists */
    struct span value;                 /* SECRET_PUT */
    const struct secret_policy *rules; /* SECRET_SET_POLICY */
    const char *if_match;              /* the ETag that must still be there; NULL: any */
    bool if_absent;                    /* SECRET_PUT: only if there is none of that name */
    const char *after;                 /* lists: where to go on; NULL: from the start */
};

struct secret_reply {
    struct buf body;              /* wipe it with secret_reply_done */
    char etag[CLIENT_ETAG_BYTES]; /* of the secret, or of its rules; "": none */
    char next[256];               /* `after` of the next page; "" at the end */
};
void secret_reply_done(struct secret_reply *reply);

void secret_backend_add_options(struct option_list *list, size_t offset);
int secret_call(struct secret_backend *backend, const struct secret_call *call,
                struct secret_reply *ret, struct error_detail *detail);
void secret_backend_done(struct secret_backend *backend);

#endif
