/*
 * Random bytes for what must be fresh: salts, nonces. A pool for each thread, which OpenSSL fills:
 * to call it for each of them takes a microsecond. What was taken is wiped there.
 *
 * Keys are not made of these, but by OpenSSL itself.
 */
#ifndef NEOCOMPUTE_BASE_RANDOM_H
#define NEOCOMPUTE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_MOST 64 /* bytes a call */

/* ERR_SYSTEM. */
int random_take(uint8_t *ret, size_t size);

#endif
