/*
 * Secrets, their rules and their audit log as owners see them: for the HTTP interface, and for the
 * command line where it works straight on the store. All append to `buf`; check buf_failed.
 */
#ifndef NEOCOMPUTE_API_SECRET_JSON_H
#define NEOCOMPUTE_API_SECRET_JSON_H

#include "base/buf.h"
#include "secret/store.h"

/* {"id","name","version","created_at","updated_at"}: never the value. */
void secret_json_row(struct buf *buf, const struct store_secret *row);

/* {"secrets":[...]} */
void secret_json_rows(struct buf *buf, const struct store_secret *rows, size_t count);

/* {"name","value","version"} */
void secret_json_value(struct buf *buf, const struct store_secret *row, struct span value);

/* {"services","scripts","allow_output","guard"}; "scripts" is null where none are pinned. */
void secret_json_policy(struct buf *buf, const struct secret_policy *policy);

/* {"entries":[...]} */
void secret_json_audits(struct buf *buf, const struct store_audit *rows, size_t count);

#endif
