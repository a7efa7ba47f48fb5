#include "engine/exception.h"

#include "engine/text.h"

/* A string property of an error, or the empty text if it is no string or its getter throws. */
static struct js_text string_property(struct engine *e, js_value object, const char *name)
{
    struct js_text text = {0};
    js_value value = js_get(e, object, name);
    if (js_is_string(value)) {
        text = js_text(e, value);
    }
    if (js_is_exception(value)) {
        js_forget(e);
    }
    js_free(e, value);
    return text;
}

static void write_error(struct engine *e, struct text_out *out, js_value error)
{
    struct js_text name = string_property(e, error, "name");
    struct js_text message = string_property(e, error, "message");
    struct js_text stack = string_property(e, error, "stack");
    text_add(out, name.span.size > 0 ? name.span : SPAN("Error"));
    if (message.span.size > 0) {
        text_add(out, SPAN(": "));
        text_add(out, message.span);
    }
    while (stack.span.size > 0 && stack.span.data[stack.span.size - 1] == '\n') {
        stack.span.size--;
    }
    if (stack.span.size > 0) {
        text_add(out, SPAN("\n"));
        text_add(out, stack.span);
    }
    js_text_free(e, &name);
    js_text_free(e, &message);
    js_text_free(e, &stack);
}

static void write_other(struct engine *e, struct text_out *out, js_value thrown)
{
    text_add(out, SPAN("Uncaught "));
    js_value rendered = js_call(e, e->realm.inspect, JS_UNDEFINED, 1, &thrown);
    if (js_is_string(rendered)) {
        struct js_text text = js_text(e, rendered);
        text_add(out, text.span);
        js_text_free(e, &text);
    } else {
        js_forget(e);
        text_add(out, SPAN("value that cannot be shown"));
    }
    js_free(e, rendered);
}

void exception_write(struct engine *e, js_value thrown)
{
    struct text_out out = {.data = e->out->error, .max = e->out->error_max};
    if (JS(e, JS_IsError, thrown)) {
        write_error(e, &out, thrown);
    } else {
        write_other(e, &out, thrown);
    }
    e->error_size = out.size;
}
