/*
 * The HTTP interface: libmicrohttpd driven by the core's libuv loop, JSON in and out. Nothing else
 * in the program knows HTTP. docs/protocol.md is the contract with callers.
 *
 * Life cycle: api_new (listens and serves from the next turn of the loop) -> api_stop -> api_free.
 */
#ifndef NEOCOMPUTE_API_API_H
#define NEOCOMPUTE_API_API_H

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "job/job.h"
#include "job/keys.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct api;

/* One property of the isolation in force, for /info: {"no files", "full", "landlock, mounts"}. */
struct api_property {
    const char *name, *level, *by;
};

/*
 * Appends {"kind","properties":[{"by","level","name"}]}, as /info and the claims document have it:
 * members in the order of RFC 8785.
 */
void api_write_isolation(const char *kind, const struct api_property *properties, size_t count,
                         struct buf *out);

struct api_options {
    uv_loop_t *loop;
    const struct limits *limits;    /* borrowed for good */
    struct job_service *jobs;       /* borrowed for good */
    struct secret_service *secrets; /* borrowed for good; NULL: 503 store_down */
    struct keys *keys;              /* borrowed for good; settled */
    const char *listen;             /* ADDR:PORT, [V6]:PORT or :PORT (loopback); port 0: any */
    const char *engine_digest;      /* hex */
    const char *isolation;          /* "process" or "thread" */
    const struct api_property *properties; /* borrowed for good; may be NULL */
    size_t property_count;
};

/*
 * May the service listen there? Anybody who can reach it can name any user in X-User-ID: so only
 * loopback addresses are allowed, unless `insecure`. ERR_USAGE with a message that says what to do;
 * `*exposed` says if others than this machine can reach it.
 */
int api_check_listen(const char *listen, bool insecure, bool *exposed, struct error_detail *detail);

/* ERR_USAGE for an address that is none, ERR_SYSTEM if it cannot be bound, ERR_NO_MEMORY. */
int api_new(const struct api_options *options, struct api **ret, struct error_detail *detail);

/* For job_options.seal. */
job_seal_fn api_seal_job;

/* The port that was bound. */
uint16_t api_port(const struct api *api);

/* "http://127.0.0.1:8080", borrowed. */
const char *api_url(const struct api *api);

/*
 * Stops accepting connections, stops the job service (which lets running jobs finish up to
 * shutdown_timeout), sends the answers that are due, and then calls `done` once.
 */
void api_stop(struct api *api, void (*done)(void *ctx), void *ctx);

/* Drops whatever connection is left. The loop must run once more to close the handles. NULL is
 * fine. */
void api_free(struct api *api);

#endif
