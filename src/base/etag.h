/*
 * Lists of entity tags, as If-Match and If-None-Match have them (RFC 9110, 8.8.3 and 13.1): read
 * from the header's own bytes each time, so nothing is allocated and there is no limit but its
 * size.
 */
#ifndef NEOCOMPUTE_BASE_ETAG_H
#define NEOCOMPUTE_BASE_ETAG_H

#include "base/buf.h"
#include <stdbool.h>

/* RFC 9110, 8.8.3.2: by the strong comparison a weak tag is never equal to anything. */
enum etag_compare { ETAG_STRONG, ETAG_WEAK };

/* Is it "*", or a list of at least one tag? Empty elements are passed over (RFC 9110, 5.6.1.2). */
bool etag_list_valid(struct span list);

/*
 * Does a valid list have the tag, which is strong and given without its quotes? "*" has every one.
 * What cannot be read has none.
 */
bool etag_list_has(struct span list, struct span tag, enum etag_compare compare);

#endif
