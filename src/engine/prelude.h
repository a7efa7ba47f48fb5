/*
 * The JavaScript source of the prelude (prelude/), embedded: parts to be joined in this order.
 */
#ifndef NEOCOMPUTE_ENGINE_PRELUDE_H
#define NEOCOMPUTE_ENGINE_PRELUDE_H

#include "base/buf.h"

#define PRELUDE_PART_COUNT 11

extern const struct span prelude_parts[PRELUDE_PART_COUNT];

/* Bytes of all parts. */
size_t prelude_size(void);

#endif
