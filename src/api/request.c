#include "api/request.h"
#include "api/envelope.h"
#include "api/json_memory.h"
#include "base/encode.h"
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define NAME_CHARACTERS 128 /* of app_id, script_name and secret names */
#define SECRET_PREFIX   "secrets:"
#define KEY_BYTES       4096
#define SHOWN_BYTES     64   /* of an unknown field's name in a message */
#define NAMES_MOST      1000 /* in secret_refs, repeated ones too: each costs a call of yajl's */

enum value_type {
    VALUE_NULL,
    VALUE_BOOLEAN,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_OBJECT,
    VALUE_ARRAY
};

struct parser {
    yajl_handle yajl;
    struct span body, input; /* the input's bytes in the body; empty: none was found */
    bool sealed;
    const struct limits *limits;
    struct buf *text;
    struct request *request;
    struct error_detail *detail;
    int error;                 /* set before a callback stops the parser */
    const struct field *field; /* whose value comes next, or goes on */
    unsigned seen;             /* bits of field indexes */
    size_t depth;              /* open braces and brackets, the envelope's own included */
    unsigned names;            /* in secret_refs so far */
    size_t base;               /* byte offset of the piece that yajl has */
    size_t value_start;        /* byte offset of the current field's value */
};

/* A field of the envelope, what it takes, and who takes it. */
struct field {
    const char *name;
    unsigned types; /* bits of enum value_type; null always means absent, except for any */
    const char *wants;
    int (*take)(struct parser *parser, enum value_type type, struct span value);
    bool raw;         /* its own bytes are taken, when it has ended */
    bool sealed_only; /* in a plain request there is no such field */
};

#define TYPE(name) (1u << VALUE_##name)
#define TYPE_ANY   (~0u)

static int refuse(struct parser *parser, int code, const char *message)
{
    const char *name = parser->field->name;
    parser->error = error_set(parser->detail, code, name, "%s %s", name, message);
    return parser->error;
}

static size_t position(const struct parser *parser)
{
    return parser->base + yajl_get_bytes_consumed(parser->yajl);
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
static int keep_string(struct parser *parser, struct span value, struct span *ret)
{
    const char *body = parser->body.data, *end = body + parser->body.size;
    if (value.data >= body && value.data < end) {
        *ret = value;
        return 0;
    }
    size_t size = position(parser) - parser->value_start;
    if (!halves_are_paired((struct span){body + parser->value_start, size}))
        return refuse(parser, ERR_INVALID_FIELD, "has half of a surrogate pair");
    /* Decoding only shrinks: room for all now, so that nothing kept before is moved. */
    struct buf *text = parser->text;
    if (text->capacity == 0 && buf_reserve(text, parser->body.size))
        return refuse(parser, ERR_NO_MEMORY, "does not fit into memory");
    const char *kept = text->data + text->size;
    if (buf_add(text, value.data, value.size))
        return refuse(parser, ERR_NO_MEMORY, "does not fit into memory");
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

static int take_name(struct parser *parser, struct span value, struct span *ret)
{
    if (count_characters(value) > NAME_CHARACTERS)
        return refuse(parser, ERR_INVALID_FIELD, "has more than 128 characters");
    return keep_string(parser, value, ret);
}

static int take_script(struct parser *parser, enum value_type type, struct span value)
{
    uint64_t most = parser->limits->value[LIMIT_SCRIPT_BYTES];
    if (value.size > most) {
        parser->error = limit_exceeded(parser->detail, ERR_SCRIPT_TOO_LARGE, LIMIT_SCRIPT_BYTES,
                                       value.size, most);
        return parser->error;
    }
    return keep_string(parser, value, &parser->request->script);
}

static int take_entry_point(struct parser *parser, enum value_type type, struct span value)
{
    if (value.size > JOB_ENTRY_POINT_MOST)
        return refuse(parser, ERR_INVALID_FIELD, "has more than 256 bytes");
    return keep_string(parser, value, &parser->request->entry_point);
}

static int take_app_id(struct parser *parser, enum value_type type, struct span value)
{
    return take_name(parser, value, &parser->request->app_id);
}

static int take_script_name(struct parser *parser, enum value_type type, struct span value)
{
    return take_name(parser, value, &parser->request->script_name);
}

static int take_nonce(struct parser *parser, enum value_type type, struct span value)
{
    if (value.size > JOB_NONCE_MOST)
        return refuse(parser, ERR_INVALID_FIELD, "has more than 64 bytes");
    return keep_string(parser, value, &parser->request->nonce);
}

static int take_expect_user(struct parser *parser, enum value_type type, struct span value)
{
    if (value.size == 0)
        return refuse(parser, ERR_INVALID_FIELD, "must be a user's id");
    return keep_string(parser, value, &parser->request->expect_user);
}

static int take_encrypt_to(struct parser *parser, enum value_type type, struct span value)
{
    if (value.size > KEY_BYTES)
        return refuse(parser, ERR_INVALID_FIELD, "is longer than any key");
    parser->request->encrypt_to = value;
    return 0;
}

/* The array itself, or one name in it. */
static int take_secret_refs(struct parser *parser, enum value_type type, struct span value)
{
    struct request *request = parser->request;
    uint64_t most = parser->limits->value[LIMIT_SECRET_REFS];
    struct span name;
    if (type == VALUE_ARRAY)
        return 0;
    if (++parser->names > NAMES_MOST)
        return refuse(parser, ERR_INVALID_FIELD, "has more than 1000 names");
    int r = take_name(parser, value, &name);
    if (r)
        return r;
    size_t prefix = sizeof SECRET_PREFIX - 1;
    if (name.size >= prefix && memcmp(name.data, SECRET_PREFIX, prefix) == 0)
        name = (struct span){name.data + prefix, name.size - prefix};
    if (name.size == 0)
        return refuse(parser, ERR_INVALID_FIELD, "has an empty name");
    for (size_t i = 0; i < request->secret_count; i++)
        if (span_equal(request->secret_refs[i], name))
            return 0; /* twice counts once */
    /* One more than the limit is kept: the job fails with it. */
    if (request->secret_count <= most && request->secret_count < REQUEST_SECRETS_MOST)
        request->secret_refs[request->secret_count++] = name;
    return 0;
}

static int take_allow_secret_output(struct parser *parser, enum value_type type, struct span value)
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

static int take_timeout(struct parser *parser, enum value_type type, struct span value)
{
    parser->request->timeout_ms = clamp_number(value, 1000, LIMIT_TIMEOUT);
    return 0;
}

static int take_gas_limit(struct parser *parser, enum value_type type, struct span value)
{
    parser->request->gas_limit = clamp_number(value, 1, LIMIT_GAS);
    return 0;
}

static int take_memory_limit(struct parser *parser, enum value_type type, struct span value)
{
    parser->request->memory_limit = clamp_number(value, 1, LIMIT_MEMORY);
    return 0;
}

/* --- the input --- */

/* yajl has `null` in its place. */
static int take_input(struct parser *parser, enum value_type type, struct span value)
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

/* --- the envelope --- */

static const struct field fields[] = {
    {"script", TYPE(STRING), "a string", take_script},
    {"entry_point", TYPE(STRING), "a string", take_entry_point},
    {"input", TYPE_ANY, "a value", take_input},
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

static bool is_open(enum value_type type)
{
    return type == VALUE_OBJECT || type == VALUE_ARRAY;
}

/* All of the field's value that was read. */
static struct span own_bytes(const struct parser *parser)
{
    return (struct span){parser->body.data + parser->value_start,
                         position(parser) - parser->value_start};
}

/* A value of a field, or the beginning of one that is an object or array. */
static int take_field(struct parser *parser, enum value_type type, struct span value)
{
    const struct field *field = parser->field;
    if (type == VALUE_NULL && field->types != TYPE_ANY)
        return 0; /* as if it were not there */
    if (!(field->types & (1u << type))) {
        parser->error = error_set(parser->detail, ERR_INVALID_FIELD, field->name, "%s must be %s",
                                  field->name, field->wants);
        return parser->error;
    }
    if (field->raw && is_open(type))
        return 0;
    return field->take(parser, type, field->raw ? own_bytes(parser) : value);
}

/* An element of an array that is a field's value: the fields that take one want strings in it. */
static int take_element(struct parser *parser, enum value_type type, struct span value)
{
    if (type != VALUE_STRING)
        return refuse(parser, ERR_INVALID_FIELD, "must be an array of strings");
    return parser->field->take(parser, type, value);
}

/* Any value, wherever it stands. 1 lets yajl go on, 0 stops it. */
static int on_value(struct parser *parser, enum value_type type, struct span value)
{
    int r = 0;
    if (parser->depth == 1)
        r = take_field(parser, type, value);
    else if (parser->depth > 1 && !parser->field->raw)
        r = take_element(parser, type, value);
    if (is_open(type))
        parser->depth++;
    return r == 0;
}

static int on_null(void *ctx)
{
    return on_value(ctx, VALUE_NULL, (struct span){0});
}

static int on_boolean(void *ctx, int value)
{
    return on_value(ctx, VALUE_BOOLEAN, value ? SPAN("true") : SPAN("false"));
}

static int on_number(void *ctx, const char *text, size_t size)
{
    return on_value(ctx, VALUE_NUMBER, (struct span){text, size});
}

static int on_string(void *ctx, const unsigned char *text, size_t size)
{
    return on_value(ctx, VALUE_STRING, (struct span){(const char *)text, size});
}

static int on_start_map(void *ctx)
{
    return on_value(ctx, VALUE_OBJECT, (struct span){0});
}

static int on_start_array(void *ctx)
{
    return on_value(ctx, VALUE_ARRAY, (struct span){0});
}

static int on_end(void *ctx)
{
    struct parser *parser = ctx;
    parser->depth--;
    if (parser->depth != 1 || !parser->field->raw)
        return 1;
    return parser->field->take(parser, VALUE_OBJECT, own_bytes(parser)) == 0;
}

static const struct field *find_field(struct span name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (span_equal(span_of(fields[i].name), name))
            return &fields[i];
    return NULL;
}

/* Names the field, as much of it as is fit to be shown. */
static int refuse_unknown(struct parser *parser, struct span name)
{
    char shown[SHOWN_BYTES + 1];
    struct span start = {name.data, name.size < SHOWN_BYTES ? name.size : SHOWN_BYTES};
    size_t size = utf8_valid_prefix(start);
    for (size_t i = 0; i < size; i++)
        shown[i] = (unsigned char)name.data[i] < 0x20 ? '?' : name.data[i];
    shown[size] = '\0';
    parser->error =
        error_set(parser->detail, ERR_UNKNOWN_FIELD, shown, "there is no field \"%s\"%s", shown,
                  name.size > size ? "... (cut)" : "");
    return 0;
}

static int on_key(void *ctx, const unsigned char *text, size_t size)
{
    struct parser *parser = ctx;
    if (parser->depth != 1)
        return 1;
    struct span name = {(const char *)text, size};
    const struct field *field = find_field(name);
    if (!field || (field->sealed_only && !parser->sealed))
        return refuse_unknown(parser, name);
    parser->field = field;
    unsigned bit = 1u << (field - fields);
    if (parser->seen & bit)
        return refuse(parser, ERR_DUPLICATE_FIELD, "is given twice") == 0;
    parser->seen |= bit;
    size_t at = position(parser);
    while (at < parser->body.size && strchr(" \t\r\n:", parser->body.data[at]) &&
           parser->body.data[at] != '\0')
        at++;
    parser->value_start = at;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

/* yajl's own words, without its line ends, and where. It quotes nothing of the body. */
static int refuse_syntax(struct parser *parser)
{
    unsigned char *text = yajl_get_error(parser->yajl, 0, NULL, 0);
    int size = text ? (int)strcspn((char *)text, "\n") : 0;
    int r = error_set(parser->detail, ERR_INVALID_JSON, "",
                      "the body is not valid JSON: %.*s, at byte %zu", size,
                      text ? (char *)text : "", position(parser));
    if (text)
        yajl_free_error(parser->yajl, text);
    return r;
}

static yajl_status feed_piece(struct parser *parser, struct span piece, size_t base)
{
    parser->base = base;
    return yajl_parse(parser->yajl, (const unsigned char *)piece.data, piece.size);
}

/* All of the body, but for the input: that was scanned, and yajl has `null` for it, which leaves
 * nothing open at its end as a number would. */
static yajl_status feed(struct parser *parser)
{
    struct span body = parser->body, input = parser->input;
    if (input.size == 0)
        return feed_piece(parser, body, 0);
    size_t before = (size_t)(input.data - body.data), after = before + input.size;
    yajl_status status = feed_piece(parser, (struct span){body.data, before}, 0);
    if (status == yajl_status_ok)
        status = feed_piece(parser, SPAN("null"), before);
    if (status == yajl_status_ok)
        status = feed_piece(parser, (struct span){body.data + after, body.size - after}, after);
    return status;
}

static int run(struct parser *parser)
{
    struct span body = parser->body;
    int r = envelope_scan(body, &parser->input, parser->detail);
    if (r)
        return r;
    yajl_status status = feed(parser);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(parser->yajl);
    if (parser->error)
        return parser->error;
    if (status != yajl_status_ok)
        return refuse_syntax(parser);
    return 0;
}

static int parse(struct parser *parser)
{
    struct json_memory memory;
    yajl_alloc_funcs functions = json_memory_init(&memory);
    int r;
    if (setjmp(memory.failed)) {
        r = error_set(parser->detail, ERR_NO_MEMORY, "", "no memory to parse the body");
    } else {
        parser->yajl = yajl_alloc(&callbacks, &functions, parser);
        r = run(parser);
    }
    json_memory_done(&memory);
    return r;
}

static void set_defaults(struct request *request, const struct limits *limits)
{
    *request = (struct request){
        .entry_point = SPAN("main"),
        .input = SPAN("{}"),
        .timeout_ms = limits->value[LIMIT_TIMEOUT],
        .gas_limit = limits->value[LIMIT_GAS],
        .memory_limit = limits->value[LIMIT_MEMORY],
    };
}

int request_parse(struct span body, bool sealed, const struct limits *limits, struct buf *text,
                  struct request *ret, struct error_detail *detail)
{
    struct parser parser = {.body = body,
                            .sealed = sealed,
                            .limits = limits,
                            .text = text,
                            .request = ret,
                            .detail = detail};
    set_defaults(ret, limits);
    int r = parse(&parser);
    if (!r && ret->script.size == 0)
        r = error_set(detail, ERR_SCRIPT_MISSING, "script", "the request has no script");
    /* A job that needs more than all jobs may have together could never start. */
    if (ret->memory_limit > limits->value[LIMIT_MEMORY_TOTAL])
        ret->memory_limit = limits->value[LIMIT_MEMORY_TOTAL];
    return r;
}
