#include "engine/runtime.h"

void js_free(struct engine *e, js_value value)
{
    if ((int32_t)(value >> 32) < 0 && js_tag(value) != JS_TAG_FLOAT64) {
        JS_CTX(e, JS_FreeValue, value);
    }
}

uint32_t js_put(struct engine *e, struct span text)
{
    uint32_t address = JS(e, wasm_malloc, (uint32_t)text.size + 1);
    if (address == 0) {
        engine_end_limit(e, ERR_MEMORY_EXCEEDED, LIMIT_MEMORY, e->wasm.memory_size + text.size,
                         e->memory.limit);
    }
    uint8_t *bytes = engine_bytes(e, address, (uint32_t)text.size + 1);
    if (text.size > 0) {
        memcpy(bytes, text.data, text.size);
    }
    bytes[text.size] = '\0';
    return address;
}

js_value js_string(struct engine *e, struct span text)
{
    uint32_t address = js_put(e, text);
    js_value value = JS_CTX(e, JS_NewStringLen, address, (uint32_t)text.size);
    JS(e, wasm_free, address);
    return value;
}

uint32_t js_atom(struct engine *e, struct span text)
{
    uint32_t address = js_put(e, text);
    uint32_t atom = JS_CTX(e, JS_NewAtomLen, address, (uint32_t)text.size);
    JS(e, wasm_free, address);
    return atom;
}

js_value js_get(struct engine *e, js_value object, const char *name)
{
    uint32_t atom = js_atom(e, span_of(name));
    js_value value = JS_CTX(e, JS_GetProperty, object, atom);
    JS_CTX(e, JS_FreeAtom, atom);
    return value;
}

/* The upper part of the scratch holds arguments, so that the lower stays free for results. */
#define SCRATCH_ARGUMENTS 16u

js_value js_call(struct engine *e, js_value function, js_value self, unsigned count,
                 const js_value *arguments)
{
    uint32_t address = e->realm.scratch + SCRATCH_ARGUMENTS;
    for (unsigned i = 0; i < count; i++) {
        engine_write_u64(e, address + 8 * i, arguments[i]);
    }
    return JS_CTX(e, JS_Call, function, self, count, address);
}

js_value js_exception(struct engine *e)
{
    js_value value = JS_CTX(e, JS_GetException);
    return js_tag(value) == JS_TAG_UNINITIALIZED ? JS_NULL : value;
}

void js_forget(struct engine *e)
{
    js_free(e, js_exception(e));
}

static struct js_text text_at(struct engine *e, uint32_t address)
{
    struct js_text text = {.address = address};
    if (address != 0) {
        uint32_t size = engine_read_u32(e, e->realm.scratch);
        text.span.data = (const char *)engine_look(e, address, size);
        text.span.size = size;
    }
    return text;
}

struct js_text js_text(struct engine *e, js_value value)
{
    return text_at(e, JS_CTX(e, JS_ToCStringLen2, e->realm.scratch, value, 0));
}

struct js_text js_atom_text(struct engine *e, uint32_t atom)
{
    return text_at(e, JS_CTX(e, JS_AtomToCStringLen, e->realm.scratch, atom));
}

void js_text_free(struct engine *e, struct js_text *text)
{
    if (text->address != 0) {
        JS_CTX(e, JS_FreeCString, text->address);
        *text = (struct js_text){0};
    }
}
