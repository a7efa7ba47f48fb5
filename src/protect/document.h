/*
 * JSON objects that strangers wrote: judged as a whole first, then read by name.
 *
 * base/json_read.h walks text that was judged already; here nothing was. A member that stands
 * twice, or once plainly and once with escapes, would be read one way here and another way by
 * somebody else: such an object is refused.
 */
#ifndef NEOCOMPUTE_PROTECT_DOCUMENT_H
#define NEOCOMPUTE_PROTECT_DOCUMENT_H

#include "base/buf.h"
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

#define DOCUMENT_MEMBERS_MOST 64
#define DOCUMENT_NAME_MOST    64 /* bytes of a member's name, decoded */

struct document_member {
    char name[DOCUMENT_NAME_MOST + 1];
    struct span value; /* borrowed from the text */
};

struct document {
    struct document_member members[DOCUMENT_MEMBERS_MOST];
    size_t count;
};

/*
 * Reads `text`, which must be one JSON object in UTF-8 with nothing behind it. Refuses as
 * refusal.h says, the message with `what` in front ("the receipt").
 */
int document_read(struct span text, const char *what, struct document *ret,
                  struct error_detail *detail);

/* The same for a value in a document that was read already. */
int document_read_inner(struct span value, const char *what, struct document *ret,
                        struct error_detail *detail);

/* The value of a member; false if there is none. */
bool document_get(const struct document *document, const char *name, struct span *ret);

/* Appends the text of a string member; false (and `out` as it was) if there is no such string. */
bool document_text(const struct document *document, const char *name, struct buf *out);

/* Is it a string member with just this text? */
bool document_is(const struct document *document, const char *name, struct span text);

/* A member that is a whole number from 0 below 2^53. */
bool document_number(const struct document *document, const char *name, uint64_t *ret);

/* Exactly 2 * size hex digits, in lower case. */
bool document_hex(const struct document *document, const char *name, void *ret, size_t size);

#endif
