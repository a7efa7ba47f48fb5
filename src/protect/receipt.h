/*
 * Receipts: what the service states about one job, so that a stranger can check who computed what,
 * from which script and input, under which limits. docs/protocol.md describes every claim.
 *
 * The payload's members are in the order of RFC 8785 and all its numbers are integers below 2^53.
 */
#ifndef NEOCOMPUTE_PROTECT_RECEIPT_H
#define NEOCOMPUTE_PROTECT_RECEIPT_H

#include "base/buf.h"
#include "base/error.h"
#include "protect/keyring.h"
#include <stdint.h>

#define RECEIPT_SALT_SIZE 32
#define RECEIPT_HASH_SIZE 32

struct receipt_secret {
    struct span name;
    const uint8_t *name_hmac; /* in place of the name, where that is not to be seen; else NULL */
    uint64_t version;
};

/*
 * Everything is borrowed. Hashes are SHA-256. Of input and output either the hash is given or an
 * HMAC under the job's salt, of the output neither for a job that failed.
 */
struct receipt {
    struct span job_id;     /* text */
    const uint8_t *subject; /* HMAC of the user id under the salt, see receipt_subject */
    struct span app_id, script_name, entry_point;
    struct span encrypt_to; /* thumbprint of the caller's key; empty: none */
    const uint8_t *script_sha256;
    const uint8_t *input_sha256, *input_hmac, *output_sha256, *output_hmac;
    bool sealed; /* the whole request was */
    const struct receipt_secret *secrets;
    size_t secret_count;
    const char *error_code; /* NULL if it completed */
    uint64_t gas_used, gas_limit, memory_used, memory_limit;
    bool rounded; /* pinned secrets were used: gas and memory are shown in 64ths of the limit */
    const char *const *nondeterminism;
    size_t nondeterminism_count;
    uint64_t started_unix_ms, duration_us, timeout_ms;
    const char *engine_digest;
    const char *isolation; /* JSON value */
    const char *claims_sha256;
    struct span nonce; /* UTF-8; empty: none */
    uint64_t issued_unix_s;
};

/* The subject: hex HMAC-SHA256 of the user id under the job's salt. ERR_INTERNAL. */
int receipt_subject(struct span user, const uint8_t salt[RECEIPT_SALT_SIZE],
                    char ret[2 * RECEIPT_HASH_SIZE + 1]);

/* `value` rounded up to a multiple of limit/64. Exact figures tell, without noise, how far a script
 * came in a comparison with a secret. */
uint64_t receipt_round(uint64_t value, uint64_t limit);

/* Appends the payload. ERR_NO_MEMORY. */
int receipt_write(const struct receipt *receipt, struct buf *out);

/* Appends the payload of the JWS over the root of a tree of receipts (merkle.h). ERR_NO_MEMORY. */
int receipt_write_batch(const uint8_t root[RECEIPT_HASH_SIZE], uint32_t count,
                        uint64_t issued_unix_s, struct buf *out);

#endif
