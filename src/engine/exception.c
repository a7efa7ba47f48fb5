#include "engine/exception.h"

#include "engine/text.h"

/* A value of the engine (taken) as text; empty if it is no string. */
static struct js_text take_text(struct engine *e, js_value value)
{
    struct js_text text = {0};
    if (js_is_string(value)) {
        text = js_text(e, value);
    } else if (js_is_exception(value)) {
        js_forget(e);
    }
    js_free(e, value);
    return text;
}

static bool starts_with(struct span text, struct span start)
{
    return text.size >= start.size && memcmp(text.data, start.data, start.size) == 0;
}

static void write_error(struct engine *e, struct text_out *out, js_value error)
{
    struct js_text name = take_text(e, js_get(e, error, "name"));
    struct js_text message = take_text(e, js_get(e, error, "message"));
    struct js_text stack = take_text(e, js_call(e, e->realm.error_stack, JS_UNDEFINED, 1, &error));
    struct span shown = name.span.size > 0 ? name.span : SPAN("Error");
    /* The engine's stack has only the calls; one that a script made may begin as in other engines.
     */
    if (stack.span.size == 0 || starts_with(stack.span, SPAN("    ")) ||
        !starts_with(stack.span, shown)) {
        text_add(out, shown);
        text_add(out, message.span.size > 0 ? SPAN(": ") : SPAN(""));
        text_add(out, message.span);
        text_add(out, stack.span.size > 0 ? SPAN("\n") : SPAN(""));
    }
    text_add(out, stack.span);
    js_text_free(e, &name);
    js_text_free(e, &message);
    js_text_free(e, &stack);
}

static void write_other(struct engine *e, struct text_out *out, js_value thrown)
{
    text_add(out, SPAN("Uncaught "));
    struct js_text text = take_text(e, js_call(e, e->realm.inspect, JS_UNDEFINED, 1, &thrown));
    text_add(out, text.address != 0 ? text.span : SPAN("value that cannot be shown"));
    js_text_free(e, &text);
}

void exception_write(struct engine *e, js_value thrown)
{
    struct text_out out = {.data = e->out->error, .max = e->out->error_max};
    if (JS(e, JS_IsError, thrown) || JS(e, JS_GetClassID, thrown) == e->realm.class_dom_exception) {
        write_error(e, &out, thrown);
    } else {
        write_other(e, &out, thrown);
    }
    e->error_size = out.size;
}
