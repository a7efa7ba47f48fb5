/* What each member of a request's body may be, and where it goes. */
#include "api/request_field.h"

#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS 128 /* of app_id, script_name and secret names */
#define SECRET_PREFIX   "secrets:"
#define KEY_BYTES       4096
#define NAMES_MOST      1000 /* in secret_refs, repeated ones too: each costs a call of yajl's */

size_t request_position(const struct request_parser *parser)
{
    return parser->base + yajl_get_bytes_consumed(parser->yajl);
}

int request_refuse(struct request_parser *parser, int code, const char *message)
{
    const char *name = parser->field->name;
    parser->error = error_set(parser->detail, code, name, "%s %s", name, message);
    return parser->error;
}

/* --- strings --- */

/* Does every \uD8xx in the raw string have its other half? yajl would write ? for it. */
static bool halves_are_paired(struct span raw)
{
    const char *at = raw.data, *end = raw.data + raw.size;
    while ((at = memchr(at, '\\', (size_t)(end - at)))) {
        if (end - at < 6 || at[1] != 'u') {
            at += 2; /* a short escape; the parser has checked that it is whole */
            if (at >= end)
                break;
            continue;
        }
        bool surrogate = (at[2] | 0x20) == 'd' && strchr("89abAB", at[3]);
        bool second = (at[2] | 0x20) == 'd' && strchr("cdefCDEF", at[3]);
        if (second)
            return false;
        at += 6;
        if (!surrogate)
            continue;
        if (end - at < 6 || at[0] != '\\' || at[1] != 'u' || (at[2] | 0x20) != 'd' ||
            !strchr("cdefCDEF", at[3]))
            return false;
        at += 6;
    }
    return true;
}

/* Keeps a string: where it lies, or, if it was decoded, in parser->text. */
static int keep_string(struct request_parser *parser, struct span value, struct span *ret)
{
    const char *body = parser->body.data, *end = body + parser->body.size;
    if (value.data >= body && value.data < end) {
        *ret = value;
        return 0;
    }
    size_t size = request_position(parser) - parser->value_start;
    if (!halves_are_paired((struct span){body + parser->value_start, size}))
        return request_refuse(parser, ERR_INVALID_FIELD, "has half of a surrogate pair");
    /* Decoding only shrinks: room for all now, so that nothing kept before is moved. */
    struct buf *text = parser->text;
    if (text->capacity == 0 && buf_reserve(text, parser->body.size))
        return request_refuse(parser, ERR_NO_MEMORY, "does not fit into memory");
    const char *kept = text->data + text->size;
    if (buf_add(text, value.data, value.size))
        return request_refuse(parser, ERR_NO_MEMORY, "does not fit into memory");
    *ret = (struct span){kept, value.size};
    return 0;
}

/* Code points of a string that is UTF-8. */
static size_t count_characters(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

static int take_name(struct request_parser *parser, struct span value, struct span *ret)
{
    if (count_characters(value) > NAME_CHARACTERS)
        return request_refuse(parser, ERR_INVALID_FIELD, "has more than 128 characters");
    return keep_string(parser, value, ret);
}

static int take_script(struct request_parser *parser, enum value_type type, struct span value)
{
    uint64_t most = parser->limits->value[LIMIT_SCRIPT_BYTES];
    if (value.size > most) {
        parser->error = limit_exceeded(parser->detail, ERR_SCRIPT_TOO_LARGE, LIMIT_SCRIPT_BYTES,
                                       value.size, most);
        return parser->error;
    }
    return keep_string(parser, value, &parser->request->script);
}

static int take_entry_point(struct request_parser *parser, enum value_type type, struct span value)
{
    if (value.size > JOB_ENTRY_POINT_MOST)
        return request_refuse(parser, ERR_INVALID_FIELD, "has more than 256 bytes");
    return keep_string(parser, value, &parser->request->entry_point);
}

static int take_app_id(struct request_parser *parser, enum value_type type, struct span value)
{
    return take_name(parser, value, &parser->request->app_id);
}

static int take_script_name(struct request_parser *parser, enum value_type type, struct span value)
{
    return take_name(parser, value, &parser->request->script_name);
}

static int take_nonce(struct request_parser *parser, enum value_type type, struct span value)
{
    if (value.size > JOB_NONCE_MOST)
        return request_refuse(parser, ERR_INVALID_FIELD, "has more than 64 bytes");
    return keep_string(parser, value, &parser->request->nonce);
}

static int take_expect_user(struct request_parser *parser, enum value_type type, struct span value)
{
    if (value.size == 0)
        return request_refuse(parser, ERR_INVALID_FIELD, "must be a user's id");
    return keep_string(parser, value, &parser->request->expect_user);
}

static int take_encrypt_to(struct request_parser *parser, enum value_type type, struct span value)
{
    if (value.size > KEY_BYTES)
        return request_refuse(parser, ERR_INVALID_FIELD, "is longer than any key");
    parser->request->encrypt_to = value;
    return 0;
}

/* The array itself, or one name in it. */
static int take_secret_refs(struct request_parser *parser, enum value_type type, struct span value)
{
    struct request *request = parser->request;
    uint64_t most = parser->limits->value[LIMIT_SECRET_REFS];
    struct span name;
    if (type == VALUE_ARRAY)
        return 0;
    if (++parser->names > NAMES_MOST)
        return request_refuse(parser, ERR_INVALID_FIELD, "has more than 1000 names");
    int r = take_name(parser, value, &name);
    if (r)
        return r;
    size_t prefix = sizeof SECRET_PREFIX - 1;
    if (name.size >= prefix && memcmp(name.data, SECRET_PREFIX, prefix) == 0)
        name = (struct span){name.data + prefix, name.size - prefix};
    if (name.size == 0)
        return request_refuse(parser, ERR_INVALID_FIELD, "has an empty name");
    for (size_t i = 0; i < request->secret_count; i++)
        if (span_equal(request->secret_refs[i], name))
            return 0; /* twice counts once */
    /* One more than the limit is kept: the job fails with it. */
    if (request->secret_count <= most && request->secret_count < REQUEST_SECRETS_MOST)
        request->secret_refs[request->secret_count++] = name;
    return 0;
}

static int take_allow_secret_output(struct request_parser *parser, enum value_type type,
                                    struct span value)
{
    parser->request->allow_secret_output = span_equal(value, SPAN("true"));
    return 0;
}

/* --- numbers --- */

/*
 * A JSON number of any size, times `scale`, as a whole number between the limit's bounds. The text
 * ends before a character that is part of no number, so strtod stops there.
 */
static uint64_t clamp_number(struct span number, double scale, enum limit limit)
{
    const struct limit_info *info = &limit_table[limit];
    double value = strtod(number.data, NULL) * scale;
    if (!(value > (double)info->least))
        return info->least;
    if (value >= (double)info->most)
        return info->most;
    return (uint64_t)value;
}

static int take_timeout(struct request_parser *parser, enum value_type type, struct span value)
{
    parser->request->timeout_ms = clamp_number(value, 1000, LIMIT_TIMEOUT);
    return 0;
}

static int take_gas_limit(struct request_parser *parser, enum value_type type, struct span value)
{
    parser->request->gas_limit = clamp_number(value, 1, LIMIT_GAS);
    return 0;
}

static int take_memory_limit(struct request_parser *parser, enum value_type type, struct span value)
{
    parser->request->memory_limit = clamp_number(value, 1, LIMIT_MEMORY);
    return 0;
}

/* --- the input --- */

/* yajl has `null` in its place. */
static int take_input(struct request_parser *parser, enum value_type type, struct span value)
{
    uint64_t most = parser->limits->value[LIMIT_INPUT_BYTES];
    if (parser->input.size > most) {
        parser->error = limit_exceeded(parser->detail, ERR_INPUT_TOO_LARGE, LIMIT_INPUT_BYTES,
                                       parser->input.size, most);
        return parser->error;
    }
    if (parser->input.size == 0) { /* yajl and we see different keys */
        parser->error = ERR_INVALID_JSON;
        return error_set(parser->detail, ERR_INVALID_JSON, "", "the body is not valid JSON");
    }
    parser->request->input = parser->input;
    return 0;
}

/* --- the table --- */

#define TYPE(name) (1u << VALUE_##name)

static const struct request_field fields[] = {
    {"script", TYPE(STRING), "a string", take_script},
    {"entry_point", TYPE(STRING), "a string", take_entry_point},
    {"input", REQUEST_TYPE_ANY, "a value", take_input},
    {"secret_refs", TYPE(ARRAY), "an array of strings", take_secret_refs},
    {"allow_secret_output", TYPE(BOOLEAN), "true or false", take_allow_secret_output},
    {"timeout", TYPE(NUMBER), "a number of seconds", take_timeout},
    {"gas_limit", TYPE(NUMBER), "a number", take_gas_limit},
    {"memory_limit", TYPE(NUMBER), "a number of bytes", take_memory_limit},
    {"app_id", TYPE(STRING), "a string", take_app_id},
    {"script_name", TYPE(STRING), "a string", take_script_name},
    {"nonce", TYPE(STRING), "a string", take_nonce},
    {"encrypt_to", TYPE(STRING) | TYPE(OBJECT), "a key in base64url, or a JWK", take_encrypt_to,
     .raw = true},
    {"expect_user", TYPE(STRING), "a string", take_expect_user, .sealed_only = true},
};
#define FIELD_COUNT (sizeof fields / sizeof *fields)

const struct request_field *request_field_find(struct span name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (span_equal(span_of(fields[i].name), name))
            return &fields[i];
    return NULL;
}

unsigned request_field_bit(const struct request_field *field)
{
    return 1u << (field - fields);
}
