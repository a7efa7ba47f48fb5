/*
 * The script and input of `run` and `exec`, from files and options.
 */
#ifndef NEOCOMPUTE_CMD_SCRIPT_H
#define NEOCOMPUTE_CMD_SCRIPT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "cmd/options.h"

struct script_options {
    const char *input, *input_file, *entry;
    bool json;
    struct limits limits;
};
void option_add_script(struct option_list *list, size_t offset);

struct script {
    struct buf text, input;
};

/*
 * Reads the file (- is standard input), and the input, which is {} if there is none. ERR_USAGE for
 * what cannot be read, is too large, or is no text and no JSON value. script_done frees, also after
 * a failure.
 */
int script_read(struct script *script, const char *file, const struct script_options *options,
                struct error_detail *detail);
void script_done(struct script *script);

#endif
