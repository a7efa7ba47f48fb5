/*
 * Reading a secret's value: from a file, from standard input, or typed without echo; never from the
 * command line, where ps shows it.
 *
 * Life cycle: secret_value_read or secret_value_read_file -> secret_value_done (wipes).
 */
#ifndef NEOCOMPUTE_CMD_SECRET_VALUE_H
#define NEOCOMPUTE_CMD_SECRET_VALUE_H

#include "base/error.h"
#include "base/secmem.h"
#include <stdbool.h>
#include <stddef.h>

struct secret_value_text {
    struct secret_bytes bytes;
    size_t size;
};

/*
 * `file` NULL: standard input, typed if that is a terminal (then `name` is in the prompt). One
 * final newline goes unless `raw`. ERR_USAGE, ERR_NO_MEMORY.
 */
int secret_value_read(const char *name, const char *file, bool raw, struct secret_value_text *ret,
                      struct error_detail *detail);

/* All of a file, byte for byte; at most SECRET_VALUE_FILE_MOST bytes. */
#define SECRET_VALUE_FILE_MOST (4u * 1024 * 1024)
int secret_value_read_file(const char *file, struct secret_value_text *ret,
                           struct error_detail *detail);

void secret_value_done(struct secret_value_text *value);

#endif
