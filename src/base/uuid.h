/*
 * UUID version 7 (RFC 9562): Unix time in ms, then random bits of the system.
 *
 * Ids of one process rise strictly, also within a millisecond and when the clock is set back.
 * Of one thread.
 */
#ifndef NEOCOMPUTE_BASE_UUID_H
#define NEOCOMPUTE_BASE_UUID_H

#include "base/buf.h"
#include <stdbool.h>

#define UUID_SIZE 37 /* with the NUL */

/* ERR_SYSTEM if the system has no random numbers. */
__attribute__((warn_unused_result)) int uuid_new(char text[static UUID_SIZE]);

/* Is it a UUID of any version, in lower-case canonical form? */
bool uuid_valid(struct span text);

#endif
