/*
 * The command line as a recipient of sealed outputs: a key file, and an answer opened with it.
 */
#ifndef NEOCOMPUTE_CMD_RECIPIENT_H
#define NEOCOMPUTE_CMD_RECIPIENT_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Opens the `encrypted_output` of an answer with the private key in `file`; appends the JSON object
 * in it to `ret`, which the caller wipes. ERR_USAGE for a file that is no key or an answer that has
 * none, ERR_INVALID_FIELD if it does not open.
 */
int recipient_open(const char *file, struct span answer, struct buf *ret,
                   struct error_detail *detail);

#endif
