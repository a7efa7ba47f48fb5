/*
 * What the service says of its isolation: property by property in the log and in /info, in one word
 * in receipts. exec/seal.h has the properties and what makes each of them.
 */
#ifndef NEOCOMPUTE_CMD_SERVE_ISOLATION_H
#define NEOCOMPUTE_CMD_SERVE_ISOLATION_H

#include "api/api.h"
#include "base/buf.h"
#include "exec/exec.h"
#include "exec/seal.h"

struct serve_isolation {
    enum exec_isolation kind;
    struct api_property properties[SEAL_PROPERTY_COUNT];
    char mechanisms[SEAL_PROPERTY_COUNT][256]; /* what `properties` borrows */
};

/* "process" or "thread". */
const char *serve_isolation_name(enum exec_isolation kind);

/* Fills all but `kind` from what the pool's workers report. */
void serve_isolation_describe(struct serve_isolation *isolation, const struct seal_report *sealed);

/* Never silently weaker than the operator wants it: ERR_SYSTEM, unless every property is full. */
int serve_isolation_require_full(const struct serve_isolation *isolation,
                                 struct error_detail *detail);

/* A line for each property, a warning where it is missing. */
void serve_isolation_log(const struct serve_isolation *isolation, const struct seal_report *sealed);

/* Appends what receipts say: how strong the weakest of the properties is. */
void serve_isolation_write_weakest(const struct serve_isolation *isolation,
                                   const struct seal_report *sealed, struct buf *out);

#endif
