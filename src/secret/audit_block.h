/*
 * A block: audit rows packed into one text of bytes, as the SQLite store keeps those of one
 * transaction. Three secrets of a job are three rows that differ in name, number and MAC, so a
 * field is written only where it differs from the row before.
 *
 *   block  = version (one byte, AUDIT_BLOCK_VERSION), rows
 *   row    = fields (number: bit i is set where field i follows), those fields in order
 *   text   = size (number), bytes;  number = LEB128, the low seven bits first
 *
 *   bit  field
 *   0-4  boot id, user, name, service, address               texts; empty where there is none
 *   5-8  user agent, error, job id, script hash              texts
 *   9    time        number, ms since 1970
 *   10   kind        one byte: action, + 64 where the row is chained, + 128 for a success
 *   11   sequence    number; else, of a chained row, one more than of the chained row before
 *   12   MAC         STORE_MAC_SIZE bytes; in all chained rows and no others
 *
 * Before the first row all fields are empty or zero. What holds the block is not trusted: a block
 * that was changed reads as other rows or ends early, and the MACs in it show the one as the other.
 */
#ifndef NEOCOMPUTE_SECRET_AUDIT_BLOCK_H
#define NEOCOMPUTE_SECRET_AUDIT_BLOCK_H

#include "secret/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIT_BLOCK_VERSION 1
#define AUDIT_BLOCK_ROWS    256         /* at most */
#define AUDIT_BLOCK_SIZE    (64u << 20) /* bytes, at most */

/* Appends a block of 1 to AUDIT_BLOCK_ROWS rows to `out`. ERR_NO_MEMORY. */
int audit_block_write(const struct store_audit *const *rows, size_t count, struct buf *out);

/*
 * Reads a block into `rows`, which have room for AUDIT_BLOCK_ROWS; their texts point into it. The
 * number of rows that could be read, with ids from `first_id` on; *whole is false where there is
 * something else behind them.
 */
size_t audit_block_read(struct span block, uint64_t first_id, struct store_audit *rows,
                        bool *whole);

#endif
