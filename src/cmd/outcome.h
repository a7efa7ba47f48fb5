/*
 * What came of a job, as `run` and `exec` show it: output to standard output, logs and error to
 * standard error, one exit status.
 */
#ifndef NEOCOMPUTE_CMD_OUTCOME_H
#define NEOCOMPUTE_CMD_OUTCOME_H

#include "base/buf.h"
#include <stdio.h>

struct outcome {
    int code;           /* 0 or ERR_* */
    struct span output; /* JSON */
    struct span error;  /* UTF-8 */
    struct span logs;   /* a JSON array of strings */
};

/* Prints it and returns the exit status. */
int outcome_print(const struct outcome *outcome);

/* The exit status for a job that ended with this code. */
int outcome_exit(int code);

/*
 * Writes text of a stranger. On a terminal control characters other than newline and tab are
 * replaced, so that a script cannot move the cursor or worse.
 */
void outcome_text(FILE *out, struct span text);

/*
 * A member of a JSON object as a part of a line, padded to `width`; spaces if it is not there. What
 * is not printable ASCII is written as \xNN: a line break in it would write a line of its own.
 */
void outcome_member(FILE *file, struct span object, const char *key, size_t width);

#endif
