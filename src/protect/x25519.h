/*
 * X25519 (RFC 7748) of up to eight pairs of keys in the time of about one: a Montgomery ladder
 * whose every variable is a vector with a lane for each pair. It needs the instructions AVX-512
 * IFMA (servers of Intel since 2019, of AMD since 2022); elsewhere there is OpenSSL's, one at a
 * time.
 *
 * Of constant time: what is done and which memory is read depends on neither scalars nor points
 * (tests/tools/constant-time.c has MemorySanitizer look).
 */
#ifndef NEOCOMPUTE_PROTECT_X25519_H
#define NEOCOMPUTE_PROTECT_X25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define X25519_SIZE  32
#define X25519_LANES 8

/* Has this machine the instructions? */
bool x25519_has_lanes(void);

/*
 * results[i] = X25519(scalars[i], points[i]) for `count` pairs, at most X25519_LANES. A result may
 * be all zero (a point of low order): the caller has to refuse it. Only if x25519_has_lanes. What
 * it leaves on the stack is for the caller to wipe (secret_stack_wipe).
 */
void x25519_lanes(const uint8_t *const scalars[], const uint8_t *const points[], size_t count,
                  uint8_t (*results)[X25519_SIZE]);

#endif
