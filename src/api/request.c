#include "api/request.h"
#include "api/envelope.h"
#include "api/json_memory.h"
#include "api/request_field.h"
#include "base/encode.h"
#include <string.h>
#include <yajl/yajl_parse.h>

#define SHOWN_BYTES 64 /* of an unknown field's name in a message */

static bool is_open(enum value_type type)
{
    return type == VALUE_OBJECT || type == VALUE_ARRAY;
}

/* All of the field's value that was read. */
static struct span own_bytes(const struct request_parser *parser)
{
    return (struct span){parser->body.data + parser->value_start,
                         request_position(parser) - parser->value_start};
}

/* A value of a field, or the beginning of one that is an object or array. */
static int take_field(struct request_parser *parser, enum value_type type, struct span value)
{
    const struct request_field *field = parser->field;
    if (type == VALUE_NULL && field->types != REQUEST_TYPE_ANY)
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
static int take_element(struct request_parser *parser, enum value_type type, struct span value)
{
    if (type != VALUE_STRING)
        return request_refuse(parser, ERR_INVALID_FIELD, "must be an array of strings");
    return parser->field->take(parser, type, value);
}

/* Any value, wherever it stands. 1 lets yajl go on, 0 stops it. */
static int on_value(struct request_parser *parser, enum value_type type, struct span value)
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
    struct request_parser *parser = ctx;
    parser->depth--;
    if (parser->depth != 1 || !parser->field->raw)
        return 1;
    return parser->field->take(parser, VALUE_OBJECT, own_bytes(parser)) == 0;
}

/* Names the field, as much of it as is fit to be shown. */
static int refuse_unknown(struct request_parser *parser, struct span name)
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
    struct request_parser *parser = ctx;
    if (parser->depth != 1)
        return 1;
    struct span name = {(const char *)text, size};
    const struct request_field *field = request_field_find(name);
    if (!field || (field->sealed_only && !parser->sealed))
        return refuse_unknown(parser, name);
    parser->field = field;
    unsigned bit = request_field_bit(field);
    if (parser->seen & bit)
        return request_refuse(parser, ERR_DUPLICATE_FIELD, "is given twice") == 0;
    parser->seen |= bit;
    size_t at = request_position(parser);
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
static int refuse_syntax(struct request_parser *parser)
{
    unsigned char *text = yajl_get_error(parser->yajl, 0, NULL, 0);
    int size = text ? (int)strcspn((char *)text, "\n") : 0;
    int r = error_set(parser->detail, ERR_INVALID_JSON, "",
                      "the body is not valid JSON: %.*s, at byte %zu", size,
                      text ? (char *)text : "", request_position(parser));
    if (text)
        yajl_free_error(parser->yajl, text);
    return r;
}

static yajl_status feed_piece(struct request_parser *parser, struct span piece, size_t base)
{
    parser->base = base;
    return yajl_parse(parser->yajl, (const unsigned char *)piece.data, piece.size);
}

/* All of the body, but for the input: that was scanned, and yajl has `null` for it, which leaves
 * nothing open at its end as a number would. */
static yajl_status feed(struct request_parser *parser)
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

static int run(struct request_parser *parser)
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

static int parse(struct request_parser *parser)
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
    struct request_parser parser = {.body = body,
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
