#include "protect/refusal.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
#define REFUSAL_NAME(symbol, name) name,
    REFUSALS(REFUSAL_NAME)
#undef REFUSAL_NAME
};

const char *refusal_name(enum refusal refusal)
{
    return names[refusal];
}

int refuse(struct error_detail *detail, enum refusal refusal, const char *format, ...)
{
    char message[sizeof detail->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return error_set(detail, ERR_INVALID_FIELD, names[refusal], "%s", message);
}
