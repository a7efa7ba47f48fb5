/*
 * Memory for keys and secrets: pages for nothing else, locked, left out of core dumps, empty in a
 * forked child, wiped when freed. Nothing in the program prints one. Any thread may call.
 *
 * Life cycle: secret_bytes_init -> use .data -> secret_bytes_done (also of a zeroed one).
 */
#ifndef NEOCOMPUTE_BASE_SECMEM_H
#define NEOCOMPUTE_BASE_SECMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret_bytes {
    uint8_t *data;
    size_t size;
    bool locked; /* false: RLIMIT_MEMLOCK is too low, it may be swapped; the caller warns */
};

/* `size` zero bytes, at least 1. ERR_NO_MEMORY. */
__attribute__((warn_unused_result)) int secret_bytes_init(struct secret_bytes *secret, size_t size);
void secret_bytes_done(struct secret_bytes *secret);

/* In time that depends on the sizes only. */
bool secret_bytes_equal(const struct secret_bytes *a, const struct secret_bytes *b);

#endif
