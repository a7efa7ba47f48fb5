/*
 * The leak guard: finds the values of secrets in text that is about to leave.
 *
 * It looks for accidents, not for malice: a script that wants to leak a value it was given can
 * always spell it in a way that no guard knows.
 *
 * What is looked for, in each secret's value without surrounding white space:
 *   - the whole value, if it has at least GUARD_VALUE_LEAST bytes;
 *   - every line of at least GUARD_LINE_LEAST bytes;
 *   - every run of GUARD_WINDOW bytes of a longer value.
 * Each as it is, reversed, in hex (either case), in base64 (three alignments, both alphabets) and
 * percent-encoded (only what must be, or every byte).
 *
 * How: every needle contains a block of bytes at some multiple of a fixed stride of the value. The
 * first eight characters of each block, in each spelling, go into one hash table behind a bitmap.
 * One pass reads eight bytes at each position of the text; where they are in the table, the match
 * is extended to both sides by at most GUARD_WINDOW bytes of the value, and counts if it covers a
 * needle. A guard looks at so many entries and no more in its life; then whatever it meets counts
 * as a match of all the rest. So the time is linear in the text, whatever the secrets and the text
 * are. Of values in pieces a few entries at each position are looked at for nothing, so that the
 * end of the steps tells nothing of them.
 *
 * Life cycle: guard_new -> guard_find, guard_redact, guard_check_json -> guard_free (wipes). The
 * values are borrowed for that time, so that there is no copy of them outside locked memory.
 */
#ifndef NEOCOMPUTE_BASE_GUARD_H
#define NEOCOMPUTE_BASE_GUARD_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>

#define GUARD_VALUE_LEAST 8  /* bytes; shorter values are not guarded */
#define GUARD_LINE_LEAST  16 /* bytes */
#define GUARD_WINDOW      32 /* bytes */
#define GUARD_PIECE       16 /* bytes; every window holds one that starts at a multiple of this */

/*
 * Characters of the longest spelling of a needle: whoever cuts text has to look at this many more
 * than they keep, or a needle across the cut is missed.
 */
#define GUARD_SPELLED_MOST (3u * GUARD_WINDOW)

struct guard;

struct guard_secret {
    struct span name;
    struct span value;
    /*
     * Whoever chooses the text must not learn the value. A run of GUARD_WINDOW bytes of which all
     * but one are known tells the last one, and then the next: so a run counts where it covers a
     * piece of the value that starts at a multiple of GUARD_PIECE, which is guessed whole or not at
     * all. Finds no less, but takes a shorter run for a leak.
     */
    bool in_pieces;
};

struct guard_match {
    size_t secret;      /* index into the secrets given to guard_new */
    size_t start, size; /* the part of the text that spells the secret */
};

/*
 * Copies names, borrows values. A guard without any needle finds nothing. One of few values makes
 * its table when it is first given text as long as a needle; without memory for it, then, all text
 * is a match. Of one thread at a time. ERR_NO_MEMORY.
 */
int guard_new(const struct guard_secret *secrets, size_t count, struct guard **ret);
void guard_free(struct guard *guard);

/* The first match that starts at or after `from`. */
bool guard_find(const struct guard *guard, struct span text, size_t from, struct guard_match *ret);

/* Adds `text` to `out` with each match replaced by [secret NAME]; all of it if the secret is
 * in_pieces. ERR_NO_MEMORY. */
int guard_redact(const struct guard *guard, struct span text, struct buf *out);

/*
 * Looks through the decoded strings and keys, and the numbers, of one valid JSON text. True if
 * there is a leak; then *ret is the secret's index and `path` (size bytes) a JSON Pointer (RFC
 * 6901) to the value or to the object whose key it is, cut short where it does not fit; it never
 * holds the secret itself.
 */
bool guard_check_json(const struct guard *guard, struct span json, size_t *ret, char *path,
                      size_t size);

/* The name given for the index, borrowed. */
struct span guard_secret_name(const struct guard *guard, size_t secret);

#endif
