/*
 * Reading the files that a command line names.
 */
#ifndef NEOCOMPUTE_CMD_FILE_H
#define NEOCOMPUTE_CMD_FILE_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Appends all of a file (- is standard input) to `buf`, whose maximum is one byte more than the
 * file may have: one of exactly that could not be told from a larger one. ERR_USAGE, and why.
 */
int file_read(const char *file, struct buf *buf, struct error_detail *detail);

/* What a message calls it: its name, or "standard input". */
const char *file_place(const char *file);

#endif
