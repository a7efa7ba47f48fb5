/*
 * Inside canonical.c: what its parts share. canonical.c walks over the value, canonical_resolve.c
 * says what each value in it stands for, canonical_sort.c brings keys into order, and
 * canonical_text.c writes strings, numbers and other primitives.
 */
#ifndef NEOCOMPUTE_ENGINE_CANONICAL_WRITER_H
#define NEOCOMPUTE_ENGINE_CANONICAL_WRITER_H

#include "engine/runtime.h"
#include <string.h>

#define CANONICAL_GAS_VALUE 10u /* what a value costs */
#define CANONICAL_GAS_BYTES 16u /* bytes of text that cost one */

/* What a value is once toJSON, dates, boxes and raw JSON are resolved. */
enum canonical_kind {
    CANONICAL_FAILED,
    CANONICAL_ABSENT,
    CANONICAL_PRIMITIVE,
    CANONICAL_ARRAY,
    CANONICAL_OBJECT
};

struct canonical_writer {
    struct engine *e;
    struct canonical_frame *frames;
    uint32_t depth;
    uint32_t around; /* levels of the output around the first frame */
    size_t size;
    int code; /* set once: why nothing more is written */
};

/* The first reason counts: why the output, here, has no JSON form; or the script threw. */
void canonical_fail_invalid(struct canonical_writer *w, const char *what);
void canonical_fail_script(struct canonical_writer *w);

/* What `*value` (owned, may be replaced) is. Runs the script's own toJSON. */
enum canonical_kind canonical_resolve(struct canonical_writer *w, js_value *value);

/*
 * Sorts the `count` keys of a JSPropertyEnum table in linear memory by UTF-16 code units, in place.
 * False if there was no memory for it.
 */
bool canonical_sort(struct engine *e, uint32_t table, uint32_t count);

/* A JSON string of this text, which is UTF-8 but for lone surrogates: those fail. */
void canonical_put_text(struct canonical_writer *w, struct span text);

/* A value that is no object. */
void canonical_put_primitive(struct canonical_writer *w, js_value value);

/* Adds bytes; nothing after a failure. Inline, for most are few and known. */
static inline void canonical_put(struct canonical_writer *w, const char *data, size_t size)
{
    struct engine *e = w->e;
    if (w->code != 0) {
        return;
    }
    if (size > e->out->output_max - w->size) {
        w->code = limit_exceeded(&e->why, ERR_OUTPUT_TOO_LARGE, LIMIT_OUTPUT_BYTES, w->size + size,
                                 e->out->output_max);
        return;
    }
    memcpy(e->out->output + w->size, data, size);
    w->size += size;
}

static inline void canonical_put_char(struct canonical_writer *w, char c)
{
    canonical_put(w, &c, 1);
}

#endif
