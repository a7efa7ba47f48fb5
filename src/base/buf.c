#include "base/buf.h"

#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_BYTES 64

void buf_init(struct buf *buf, size_t max)
{
    *buf = BUF_INIT(max);
}

void buf_done(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

void buf_wipe(struct buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->capacity);
    buf_done(buf);
}

void buf_reset(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

static int buf_fail(struct buf *buf)
{
    buf->failed = true;
    return ERR_NO_MEMORY;
}

/* Room for exactly `capacity` bytes or more; growth doubles, so that n adds copy O(n) bytes. */
static int buf_grow(struct buf *buf, size_t capacity)
{
    size_t wanted = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
    char *data;

    while (wanted < capacity)
        wanted = wanted > SIZE_MAX / 2 ? capacity : wanted * 2;
    /* One byte past the maximum is for the NUL of buf_terminate. */
    if (buf->max < SIZE_MAX && wanted > buf->max + 1)
        wanted = buf->max + 1;
    data = buf->secret ? malloc(wanted) : realloc(buf->data, wanted);
    if (!data)
        return buf_fail(buf);
    if (buf->secret && buf->data) {
        memcpy(data, buf->data, buf->size);
        explicit_bzero(buf->data, buf->capacity);
        free(buf->data);
    }
    buf->data = data;
    buf->capacity = wanted;
    return 0;
}

int buf_reserve(struct buf *buf, size_t size)
{
    if (buf->failed || size > buf->max - buf->size)
        return buf_fail(buf);
    if (size <= buf->capacity - buf->size)
        return 0;
    return buf_grow(buf, buf->size + size);
}

int buf_add(struct buf *buf, const void *data, size_t size)
{
    int r = buf_reserve(buf, size);

    if (r < 0 || size == 0)
        return r;
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    return 0;
}

int buf_add_char(struct buf *buf, char c)
{
    return buf_add(buf, &c, 1);
}

int buf_addf(struct buf *buf, const char *format, ...)
{
    char small[256], *text = small;
    va_list args;
    int size, r;

    va_start(args, format);
    size = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (size < 0)
        return buf_fail(buf);
    if ((size_t)size >= sizeof(small)) {
        va_start(args, format);
        size = vasprintf(&text, format, args);
        va_end(args);
        if (size < 0)
            return buf_fail(buf);
    }
    r = buf_add(buf, text, (size_t)size);
    if (text != small)
        free(text);
    return r;
}

int buf_terminate(struct buf *buf)
{
    int r = 0;

    if (buf->failed)
        return ERR_NO_MEMORY;
    if (buf->size == buf->capacity)
        r = buf_grow(buf, buf->size + 1);
    if (r == 0)
        buf->data[buf->size] = '\0';
    return r;
}

struct span span_of(const char *text)
{
    return (struct span){text, text ? strlen(text) : 0};
}

bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
