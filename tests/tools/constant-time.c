/*
 * Is what x25519_lanes does, and which memory it reads, the same for all scalars and points?
 * MemorySanitizer follows bytes that were never written through every operation, and ends a program
 * that branches on one or makes an address of it: here scalars and points are declared to be such.
 *
 * Usage: constant-time [leak]     with `leak` it does branch on one, and must be ended
 */
#include "protect/x25519.h"

#include <sanitizer/msan_interface.h>
#include <stdio.h>
#include <string.h>

static uint8_t scalars[X25519_LANES][X25519_SIZE], points[X25519_LANES][X25519_SIZE],
    results[X25519_LANES][X25519_SIZE];

int main(int argc, char **argv)
{
    const uint8_t *scalar_of[X25519_LANES], *point_of[X25519_LANES];
    for (int i = 0; i < X25519_LANES; i++) {
        memset(scalars[i], 40 + i, X25519_SIZE);
        memset(points[i], 50 + i, X25519_SIZE);
        scalar_of[i] = scalars[i];
        point_of[i] = points[i];
    }
    __msan_poison(scalars, sizeof scalars);
    __msan_poison(points, sizeof points);
    x25519_lanes(scalar_of, point_of, X25519_LANES, results);
    if (argc > 1 && strcmp(argv[1], "leak") == 0 && results[0][0] == 0)
        puts("as it happens");
    /* Results that count as written would mean that it was not followed. */
    for (int i = 0; i < X25519_LANES; i++)
        for (int at = 0; at < X25519_SIZE; at++)
            if (__msan_test_shadow(&results[i][at], 1) != 0)
                return 1;
    return 0;
}
