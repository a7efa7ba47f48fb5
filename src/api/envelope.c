/*
 * This is not left to yajl, which reads the members afterwards: it would make a call back for each
 * of the half million tokens that a megabyte of input can have, takes form feeds for space, and
 * passes over a string behind the object that does not end.
 */
#include "api/envelope.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/json_scan.h"
#include <string.h>

#define INPUT_KEY_MOST 32 /* bytes of "input" as a key, each character of it escaped */

struct envelope {
    struct span body, input;
    struct error_detail *detail;
};

/* 1, 0, or ERR_NO_MEMORY. */
static int is_input_key(struct span literal)
{
    struct buf key = BUF_INIT(INPUT_KEY_MOST);
    if (literal.size > INPUT_KEY_MOST || !memchr(literal.data, '\\', literal.size))
        return span_equal(literal, SPAN("\"input\""));
    int r = json_unquote(literal, &key);
    if (!r)
        r = span_equal((struct span){key.data, key.size}, SPAN("input"));
    buf_done(&key);
    return r;
}

static struct span from(struct span text, size_t offset)
{
    offset += json_scan_space((struct span){text.data + offset, text.size - offset});
    return (struct span){text.data + offset, text.size - offset};
}

static bool begins(struct span text, char c)
{
    return text.size > 0 && text.data[0] == c;
}

static int refuse_at(struct envelope *envelope, const char *why, const char *at)
{
    return error_set(envelope->detail, ERR_INVALID_JSON, "",
                     "the body is not valid JSON: %s, at byte %zu", why,
                     (size_t)(at - envelope->body.data));
}

/* A key, its colon and its value, and the space behind: `*rest` is what follows. */
static int scan_member(struct envelope *envelope, struct span *rest)
{
    struct json_fault fault;
    struct span key = {rest->data, json_scan_string(*rest)};
    if (key.size == 0)
        return refuse_at(envelope, "a key is missing or malformed", rest->data);
    *rest = from(*rest, key.size);
    if (!begins(*rest, ':'))
        return refuse_at(envelope, "a key has no value", rest->data);
    *rest = from(*rest, 1);
    size_t size = json_scan_value(*rest, &fault);
    if (size == 0)
        return refuse_at(envelope, fault.why, rest->data + fault.at);
    int is_input = is_input_key(key);
    if (is_input < 0)
        return error_set(envelope->detail, is_input, "", "no memory to parse the body");
    if (is_input && envelope->input.size == 0)
        envelope->input = (struct span){rest->data, size};
    *rest = from(*rest, size);
    return 0;
}

static int scan_object(struct envelope *envelope)
{
    struct span rest = from(envelope->body, 0);
    if (!begins(rest, '{'))
        return refuse_at(envelope, "it must be an object", rest.data);
    rest = from(rest, 1);
    while (!begins(rest, '}')) {
        int r = scan_member(envelope, &rest);
        if (r)
            return r;
        if (begins(rest, '}'))
            break;
        if (!begins(rest, ','))
            return refuse_at(envelope, "the object is not closed, or lacks a comma", rest.data);
        rest = from(rest, 1);
        if (begins(rest, '}'))
            return refuse_at(envelope, "a key is missing or malformed", rest.data);
    }
    rest = from(rest, 1);
    return rest.size == 0 ? 0 : refuse_at(envelope, "something follows the object", rest.data);
}

int envelope_scan(struct span body, struct span *ret_input, struct error_detail *detail)
{
    struct envelope envelope = {.body = body, .detail = detail};
    if (body.size == 0) /* and may be nowhere */
        return error_set(detail, ERR_INVALID_JSON, "", "the body is empty; it must be an object");
    size_t valid = utf8_valid_prefix(body);
    if (valid < body.size)
        return refuse_at(&envelope, "it is not UTF-8", body.data + valid);
    int r = scan_object(&envelope);
    if (!r)
        *ret_input = envelope.input;
    return r;
}
