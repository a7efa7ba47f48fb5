/*
 * Values of the JavaScript engine as its C API passes them: quickjs.h, JS_NAN_BOXING.
 *
 * Ownership is as there: what a function returns belongs to the caller and is given back with
 * js_free. At the end of a job nothing has to be: the snapshot brings all of it back.
 */
#ifndef NEOCOMPUTE_ENGINE_JS_H
#define NEOCOMPUTE_ENGINE_JS_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t js_value;

enum js_tag {
    JS_TAG_BIG_INT = -9,
    JS_TAG_SYMBOL = -8,
    JS_TAG_STRING = -7,
    JS_TAG_STRING_ROPE = -6,
    JS_TAG_OBJECT = -1,
    JS_TAG_INT = 0,
    JS_TAG_BOOL = 1,
    JS_TAG_NULL = 2,
    JS_TAG_UNDEFINED = 3,
    JS_TAG_UNINITIALIZED = 4,
    JS_TAG_EXCEPTION = 6,
    JS_TAG_SHORT_BIG_INT = 7,
    JS_TAG_FLOAT64 = 8 /* and whatever is neither of the above */
};

#define JS_VALUE(tag, low) (((uint64_t)(uint32_t)(tag) << 32) | (uint32_t)(low))
#define JS_UNDEFINED       JS_VALUE(JS_TAG_UNDEFINED, 0)
#define JS_NULL            JS_VALUE(JS_TAG_NULL, 0)
#define JS_FALSE           JS_VALUE(JS_TAG_BOOL, 0)
#define JS_TRUE            JS_VALUE(JS_TAG_BOOL, 1)

#define JS_FLOAT64_ADDEND ((uint64_t)(0x7ff80000 + 9 + 1) << 32)

/* Flags of the API. */
#define JS_EVAL_TYPE_GLOBAL       0u
#define JS_EVAL_FLAG_COMPILE_ONLY (1u << 5)
#define JS_WRITE_BYTECODE         1u
#define JS_WRITE_STRIP_SOURCE     (1u << 4)
#define JS_READ_BYTECODE          1u
#define JS_GPN_STRING_MASK        1u
#define JS_GPN_SYMBOL_MASK        2u
#define JS_GPN_ENUM_ONLY          (1u << 4)
#define JS_PROP_ENUMERABLE        4u
#define JS_PROP_C_W_E             7u
#define JS_PROPERTY_ENUM_BYTES    8u /* struct JSPropertyEnum: bool, then the atom */
#define JS_PROPERTY_ENUM_ATOM     4u

enum js_promise_state { JS_PROMISE_PENDING, JS_PROMISE_FULFILLED, JS_PROMISE_REJECTED };

static inline enum js_tag js_tag(js_value value)
{
    int32_t tag = (int32_t)(value >> 32);
    return tag < JS_TAG_BIG_INT || tag >= JS_TAG_FLOAT64 ? JS_TAG_FLOAT64 : (enum js_tag)tag;
}

static inline bool js_is_object(js_value value)
{
    return js_tag(value) == JS_TAG_OBJECT;
}

static inline bool js_is_string(js_value value)
{
    return js_tag(value) == JS_TAG_STRING || js_tag(value) == JS_TAG_STRING_ROPE;
}

static inline bool js_is_exception(js_value value)
{
    return js_tag(value) == JS_TAG_EXCEPTION;
}

static inline js_value js_int(int32_t value)
{
    return JS_VALUE(JS_TAG_INT, value);
}

static inline double js_float(js_value value)
{
    double number;
    value += JS_FLOAT64_ADDEND;
    memcpy(&number, &value, sizeof(number));
    return number;
}

/* The address of the object or string of a value that has one. */
static inline uint32_t js_address(js_value value)
{
    return (uint32_t)value;
}

struct engine;

void js_free(struct engine *e, js_value value);

/* Copies text into linear memory, with a NUL behind it; the caller gives it back with wasm_free. */
uint32_t js_put(struct engine *e, struct span text);

/* A string from UTF-8 text. The exception value if it does not fit. */
js_value js_string(struct engine *e, struct span text);

/* An atom, owned, of UTF-8 text. */
uint32_t js_atom(struct engine *e, struct span text);

js_value js_get(struct engine *e, js_value object, const char *name);

/* Calls a function; `arguments` are borrowed, at most REALM_SCRATCH_BYTES / 8 - 2. */
js_value js_call(struct engine *e, js_value function, js_value self, unsigned count,
                 const js_value *arguments);

/*
 * Takes the pending exception off the engine; JS_NULL if there is none. js_forget throws it away.
 */
js_value js_exception(struct engine *e);
void js_forget(struct engine *e);

/*
 * The UTF-8 text of a string (or of ToString of any other value, which may run the script's code),
 * inside linear memory until js_text_free. Lone surrogates are three bytes each (ED A0..BF xx).
 * `data` is NULL if the conversion threw.
 */
struct js_text {
    struct span span;
    uint32_t address;
};
struct js_text js_text(struct engine *e, js_value value);
struct js_text js_atom_text(struct engine *e, uint32_t atom);
void js_text_free(struct engine *e, struct js_text *text);

#endif
