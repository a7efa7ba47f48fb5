/*
 * Byte buffers that grow up to a maximum fixed when they are made.
 *
 * Life cycle: BUF_INIT(max) or buf_init -> buf_add* -> buf_done (frees; buf_done of a done or
 * zeroed buffer is fine). A failed buf_add leaves the buffer as it was, so a writer can check once
 * at the end with buf_failed: after the first failure every later buf_add fails too.
 */
#ifndef NEOCOMPUTE_BASE_BUF_H
#define NEOCOMPUTE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *data;      /* owned; not NUL-terminated unless buf_terminate was called */
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
    size_t max;      /* most bytes ever */
    bool failed;     /* an add was refused */
    bool secret;     /* set by the owner: growing leaves no copy behind */
};

#define BUF_INIT(maximum) ((struct buf){.max = (maximum)})

void buf_init(struct buf *buf, size_t max);
void buf_done(struct buf *buf);

/* As buf_done, but overwrites the bytes first (explicit_bzero). */
void buf_wipe(struct buf *buf);

/* Empties the buffer and clears `failed`; keeps the allocation. */
void buf_reset(struct buf *buf);

/* Makes room for `size` more bytes. ERR_NO_MEMORY if the maximum or the machine forbids it. */
int buf_reserve(struct buf *buf, size_t size);

int buf_add(struct buf *buf, const void *data, size_t size);
int buf_add_char(struct buf *buf, char c);
__attribute__((format(printf, 2, 3))) int buf_addf(struct buf *buf, const char *format, ...);

/* Inline, so that the size of a literal is known when it is compiled. */
static inline int buf_add_str(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

/* Puts a NUL after the bytes (not counted in size). */
int buf_terminate(struct buf *buf);

static inline bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

/* A borrowed span of bytes. `data` may be NULL only if `size` is 0. */
struct span {
    const char *data;
    size_t size;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})
struct span span_of(const char *text); /* NULL gives the empty span */
bool span_equal(struct span a, struct span b);

#endif
