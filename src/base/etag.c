#include "base/etag.h"

struct etag {
    struct span opaque; /* without the quotes */
    bool weak;
};

/* RFC 9110, 8.8.3: etagc is 0x21, 0x23 to 0x7e and bytes from 0x80 on. */
static bool is_etagc(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x21 && byte != '"' && byte != 0x7f;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip(struct span *rest, size_t size)
{
    rest->data += size;
    rest->size -= size;
}

static void skip_blanks(struct span *rest)
{
    while (rest->size > 0 && is_blank(rest->data[0]))
        skip(rest, 1);
}

static bool read_tag(struct span *rest, struct etag *ret)
{
    ret->weak = rest->size >= 2 && rest->data[0] == 'W' && rest->data[1] == '/';
    if (ret->weak)
        skip(rest, 2);
    if (rest->size == 0 || rest->data[0] != '"')
        return false;
    skip(rest, 1);
    size_t size = 0;
    while (size < rest->size && is_etagc(rest->data[size]))
        size++;
    if (size == rest->size || rest->data[size] != '"')
        return false;
    ret->opaque = (struct span){rest->data, size};
    skip(rest, size + 1);
    return true;
}

/* The next tag of a list and the comma behind it: 1; 0 at the end; -1 where it is malformed. */
static int next_tag(struct span *rest, struct etag *ret)
{
    skip_blanks(rest);
    while (rest->size > 0 && rest->data[0] == ',') {
        skip(rest, 1);
        skip_blanks(rest);
    }
    if (rest->size == 0)
        return 0;
    if (!read_tag(rest, ret))
        return -1;
    skip_blanks(rest);
    return rest->size == 0 || rest->data[0] == ',' ? 1 : -1;
}

bool etag_list_valid(struct span list)
{
    struct etag tag;
    int r;
    size_t count = 0;
    if (span_equal(list, SPAN("*")))
        return true;
    while ((r = next_tag(&list, &tag)) > 0)
        count++;
    return r == 0 && count > 0;
}

bool etag_list_has(struct span list, struct span tag, enum etag_compare compare)
{
    struct etag one;
    if (span_equal(list, SPAN("*")))
        return true;
    while (next_tag(&list, &one) > 0)
        if (span_equal(one.opaque, tag) && (compare == ETAG_WEAK || !one.weak))
            return true;
    return false;
}
