/*
 * Text that comes out of the engine, on its way into a buffer of the caller.
 *
 * The engine's UTF-8 may hold lone surrogates (three bytes, ED A0..BF xx) and, if the engine was
 * broken, anything at all; what leaves is always UTF-8.
 */
#ifndef NEOCOMPUTE_ENGINE_TEXT_H
#define NEOCOMPUTE_ENGINE_TEXT_H

#include "base/buf.h"

/* A fixed buffer that takes what fits. */
struct text_out {
    char *data;
    size_t size, max;
    bool cut; /* something did not fit */
};

/*
 * Appends text as UTF-8: a lone surrogate becomes one U+FFFD, and so does each byte that belongs to
 * no character. Stops at the last whole character that fits.
 */
void text_add(struct text_out *out, struct span text);

/* Is this the three-byte form of a surrogate (ED A0..BF 80..BF)? */
bool text_is_surrogate(struct span text);

#endif
