/* Reading the files of tests/vectors. */
#ifndef NEOCOMPUTE_TESTS_PROTECT_VECTORS_H
#define NEOCOMPUTE_TESTS_PROTECT_VECTORS_H

#include "base/encode.h"
#include "base/json_read.h"

#include "unit.h"

#define FILE_MOST (1024u * 1024)

/* Tests run in the root of the source. */
static struct buf read_file(const char *path)
{
    struct buf text = BUF_INIT(FILE_MOST);
    char piece[4096];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
        buf_add(&text, piece, n);
    assert_false(buf_failed(&text));
    fclose(file);
    return text;
}

static struct span member(struct span object, const char *key)
{
    struct span value;
    if (!json_member(object, key, &value))
        fail_msg("a vector has no member %s", key);
    return value;
}

static struct span of_buf(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

static struct buf text_of(struct span object, const char *key)
{
    struct buf text = BUF_INIT(FILE_MOST);
    assert_int_equal(json_unquote(member(object, key), &text), 0);
    return text;
}

/* The bytes of a member that is hex. */
static struct buf bytes_of(struct span object, const char *key)
{
    struct buf text = text_of(object, key), bytes = BUF_INIT(FILE_MOST);
    uint8_t byte;
    for (size_t at = 0; at < text.size; at += 2) {
        assert_int_equal(hex_decode(&byte, 1, (struct span){text.data + at, 2}), 0);
        buf_add(&bytes, &byte, 1);
    }
    buf_done(&text);
    return bytes;
}

static void assert_same(struct span a, struct span b)
{
    assert_int_equal(a.size, b.size);
    if (a.size)
        assert_memory_equal(a.data, b.data, a.size);
}

#endif
