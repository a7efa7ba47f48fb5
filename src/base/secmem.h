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

/* Wipes what functions that were called and have returned left on the stack, 16 KiB down. */
void secret_stack_wipe(void);

/*
 * Has OpenSSL keep private keys that it generates (X25519, P-256) in locked pages of its own,
 * SECRET_HEAP_SIZE bytes for all; past that no key can be made. Keys that it imports it copies to
 * its ordinary heap, and wipes there. Once, before the first key and any other thread. False:
 * OpenSSL could not lock them; the caller warns.
 */
#define SECRET_HEAP_SIZE (256u * 1024) /* a private key takes 32 bytes */
bool secret_heap_init(void);

#endif
