/*
 * The members of a request's body: their table, and what the parser has to know of each. Inside
 * request.c and request_field.c only.
 */
#ifndef NEOCOMPUTE_API_REQUEST_FIELD_H
#define NEOCOMPUTE_API_REQUEST_FIELD_H

#include "api/request.h"
#include <yajl/yajl_parse.h>

enum value_type {
    VALUE_NULL,
    VALUE_BOOLEAN,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_OBJECT,
    VALUE_ARRAY
};

struct request_parser {
    yajl_handle yajl;
    struct span body, input; /* the input's bytes in the body; empty: none was found */
    bool sealed;
    const struct limits *limits;
    struct buf *text;
    struct request *request;
    struct error_detail *detail;
    int error;                         /* set before a callback stops the parser */
    const struct request_field *field; /* whose value comes next, or goes on */
    unsigned seen;                     /* bits of field indexes */
    size_t depth;                      /* open braces and brackets, the envelope's own included */
    unsigned names;                    /* in secret_refs so far */
    size_t base;                       /* byte offset of the piece that yajl has */
    size_t value_start;                /* byte offset of the current field's value */
};

/* A field of the envelope, what it takes, and who takes it. */
struct request_field {
    const char *name;
    unsigned types; /* bits of enum value_type; null always means absent, except for any */
    const char *wants;
    int (*take)(struct request_parser *parser, enum value_type type, struct span value);
    bool raw;         /* its own bytes are taken, when it has ended */
    bool sealed_only; /* in a plain request there is no such field */
};

#define REQUEST_TYPE_ANY (~0u)

/* The member of that name, or NULL. */
const struct request_field *request_field_find(struct span name);

/* Its bit in `seen`. */
unsigned request_field_bit(const struct request_field *field);

/* Says of the parser's field what is wrong with it; returns `code`, which ends the parsing. */
int request_refuse(struct request_parser *parser, int code, const char *message);

/* How many bytes of the body are behind the parser. */
size_t request_position(const struct request_parser *parser);

#endif
