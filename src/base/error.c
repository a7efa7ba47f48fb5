#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct error_row {
    const char *name;
    int status;
    const char *text;
};

#define ERROR_ROW(symbol, wire_name, http_status, sentence) {wire_name, http_status, sentence},
static const struct error_row error_table[ERROR_COUNT] = {ERRORS(ERROR_ROW)};
#undef ERROR_ROW

static const struct error_row error_ok = {"ok", 200, "all is well"};

static const struct error_row *error_row(int code)
{
    if (code == 0)
        return &error_ok;
    if (code < 0 && code >= -ERROR_COUNT)
        return &error_table[-1 - code];
    return &error_table[ERROR_INDEX_INTERNAL];
}

const char *error_name(int code)
{
    return error_row(code)->name;
}

int error_status(int code)
{
    return error_row(code)->status;
}

const char *error_text(int code)
{
    return error_row(code)->text;
}

int error_from_name(const char *name)
{
    for (int i = 0; i < ERROR_COUNT; i++)
        if (strcmp(error_table[i].name, name) == 0)
            return -1 - i;
    return 0;
}

int error_set(struct error_detail *detail, int code, const char *field, const char *format, ...)
{
    va_list args;

    if (!detail)
        return code;
    detail->code = code;
    snprintf(detail->field, sizeof(detail->field), "%s", field ? field : "");
    va_start(args, format);
    vsnprintf(detail->message, sizeof(detail->message), format, args);
    va_end(args);
    return code;
}
