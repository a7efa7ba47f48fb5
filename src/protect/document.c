#include "protect/document.h"

#include "base/encode.h"
#include "base/json_read.h"
#include "base/json_scan.h"
#include "protect/refusal.h"
#include <string.h>

#define EXACT_MOST ((1ull << 53) - 1) /* whole numbers that every JSON library reads exactly */

static int bad(struct error_detail *detail, const char *what, const char *why)
{
    return refuse(detail, REFUSAL_MALFORMED, "%s %s", what, why);
}

static bool is_json(struct span text)
{
    struct json_fault fault;
    size_t before = json_scan_space(text);
    struct span rest = {text.data + before, text.size - before};
    size_t size = utf8_valid(text) ? json_scan_value(rest, &fault) : 0;
    rest = (struct span){rest.data + size, rest.size - size};
    return size > 0 && json_scan_space(rest) == rest.size;
}

static int add_member(struct document *d, struct span key, struct span value, const char *what,
                      struct error_detail *detail)
{
    struct buf name = BUF_INIT(DOCUMENT_NAME_MOST + 1);
    struct document_member *member = &d->members[d->count];
    struct span ignored;
    int r = 0;
    if (d->count == DOCUMENT_MEMBERS_MOST)
        return bad(detail, what, "has more members than are read");
    if (json_unquote(key, &name) || buf_terminate(&name) || memchr(name.data, 0, name.size))
        r = bad(detail, what, "has a member whose name is too long or no text");
    else if (document_get(d, name.data, &ignored))
        r = bad(detail, what, "has a member twice");
    else {
        memcpy(member->name, name.data, name.size + 1);
        member->value = value;
        d->count++;
    }
    buf_done(&name);
    return r;
}

int document_read_inner(struct span value, const char *what, struct document *ret,
                        struct error_detail *detail)
{
    struct span rest, key, member;
    ret->count = 0;
    if (!json_object(value, &rest))
        return bad(detail, what, "is no JSON object");
    while (json_pair(&rest, &key, &member)) {
        int r = add_member(ret, key, member, what, detail);
        if (r)
            return r;
    }
    /* Whoever judged the text must have seen the same end. */
    size_t space = json_scan_space(rest);
    return space < rest.size && rest.data[space] == '}' ? 0
                                                        : bad(detail, what, "is not readable JSON");
}

int document_read(struct span text, const char *what, struct document *ret,
                  struct error_detail *detail)
{
    ret->count = 0;
    return is_json(text) ? document_read_inner(text, what, ret, detail)
                         : bad(detail, what, "is not valid JSON");
}

bool document_get(const struct document *d, const char *name, struct span *ret)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->members[i].name, name) == 0) {
            *ret = d->members[i].value;
            return true;
        }
    return false;
}

bool document_text(const struct document *d, const char *name, struct buf *out)
{
    struct span value;
    size_t before = out->size;
    if (!document_get(d, name, &value))
        return false;
    if (json_unquote(value, out) == 0)
        return true;
    out->size = before;
    return false;
}

bool document_is(const struct document *d, const char *name, struct span text)
{
    struct span value;
    if (!document_get(d, name, &value))
        return false;
    struct buf decoded = BUF_INIT(value.size + 1);
    bool same = json_unquote(value, &decoded) == 0 &&
                span_equal((struct span){decoded.data, decoded.size}, text);
    buf_done(&decoded);
    return same;
}

bool document_number(const struct document *d, const char *name, uint64_t *ret)
{
    struct span value;
    uint64_t number;
    if (!document_get(d, name, &value) || !json_read_u64(value, &number) || number > EXACT_MOST)
        return false;
    *ret = number;
    return true;
}

bool document_hex(const struct document *d, const char *name, void *ret, size_t size)
{
    struct span value;
    if (!document_get(d, name, &value) || value.size < 2 || value.data[0] != '"')
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] >= 'A' && value.data[i] <= 'F')
            return false;
    return hex_decode(ret, size, (struct span){value.data + 1, value.size - 2}) == 0;
}
