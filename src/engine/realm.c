#include "engine/realm.h"

#include "engine/exception.h"
#include "engine/host.h"
#include "engine/prelude.h"
#include <stdlib.h>

#define FILE_NAME    "script.js"
#define PRELUDE_NAME "<prelude>"

/*
 * The module's stack is the first MiB of linear memory and grows down to address 0. QuickJS throws
 * a RangeError when a call would leave less than this: what its functions need between two checks.
 */
#define STACK_KEPT_BYTES 65536u

/* Room that a small job grows into without asking for more memory. */
#define HEAP_HEADROOM_BYTES (384 * 1024u)

static int fail(struct engine *e, const char *what)
{
    return error_set(&e->why, ERR_INTERNAL, "", "the JavaScript realm could not be made: %s", what);
}

/*
 * The runtime's structure holds stack_size, stack_top and stack_limit one after another. The API
 * sets the first and, in this build, always leaves the last at 0 (no limit): find the first by two
 * values that it is set to.
 */
#define RUNTIME_BYTES_SEARCHED 4096u
#define STACK_SIZE_PROBE       0x5a17c3e1u

static int set_stack_limit(struct engine *e)
{
    uint32_t found = 0;
    JS(e, JS_SetMaxStackSize, e->realm.runtime, STACK_SIZE_PROBE);
    for (uint32_t i = 0; i < RUNTIME_BYTES_SEARCHED; i += 4) {
        uint32_t address = e->realm.runtime + i;
        if (engine_read_u32(e, address) != STACK_SIZE_PROBE) {
            continue;
        }
        JS(e, JS_SetMaxStackSize, e->realm.runtime, ~STACK_SIZE_PROBE);
        if (engine_read_u32(e, address) == ~STACK_SIZE_PROBE && found == 0) {
            found = address;
        }
        JS(e, JS_SetMaxStackSize, e->realm.runtime, STACK_SIZE_PROBE);
    }
    uint32_t top = found != 0 ? engine_read_u32(e, found + 4) : 0;
    if (top == 0 || top > e->wasm.stack_pointer || engine_read_u32(e, found + 8) != 0) {
        return fail(e, "no stack limit found");
    }
    JS(e, JS_SetMaxStackSize, e->realm.runtime, e->wasm.stack_pointer - STACK_KEPT_BYTES);
    engine_write_u32(e, found + 8, STACK_KEPT_BYTES);
    return 0;
}

/*
 * The context's structure holds global_obj, global_var_obj (top-level let and const), time_origin
 * and random_state one after another. The clock stands still at zero while the realm is made, so
 * time_origin is 0.0 and random_state is what one step of QuickJS's xorshift64* makes of 1.
 */
#define CONTEXT_BYTES_SEARCHED 4096u

static uint64_t first_random_state(void)
{
    uint64_t x = 1;
    x ^= x >> 12;
    x ^= x << 25;
    return x ^ (x >> 27);
}

static int find_context_fields(struct engine *e)
{
    struct realm *realm = &e->realm;
    js_value global = JS_CTX(e, JS_GetGlobalObject);
    for (uint32_t i = 0; i < CONTEXT_BYTES_SEARCHED; i += 8) {
        uint32_t address = realm->context + i;
        if (engine_read_u64(e, address) == global &&
            js_is_object(engine_read_u64(e, address + 8)) &&
            engine_read_u64(e, address + 16) == 0 &&
            engine_read_u64(e, address + 24) == first_random_state()) {
            realm->global = global;
            realm->lexicals = engine_read_u64(e, address + 8);
            realm->random_state = address + 24;
            return 0;
        }
    }
    return fail(e, "no context found");
}

static uint32_t put_prelude(struct engine *e, uint32_t size)
{
    uint32_t address = JS(e, wasm_malloc, size + 1);
    uint8_t *at = engine_bytes(e, address, size + 1);
    for (size_t i = 0; i < PRELUDE_PART_COUNT; i++) {
        memcpy(at, prelude_parts[i].data, prelude_parts[i].size);
        at += prelude_parts[i].size;
    }
    *at = '\0';
    return address;
}

/*
 * Compiled, written out without its source and read back: the prelude's functions then show no
 * source text, as native ones do, and the snapshot is smaller.
 */
static js_value load_prelude(struct engine *e)
{
    uint32_t size = (uint32_t)prelude_size();
    uint32_t source = put_prelude(e, size);
    uint32_t name = js_put(e, SPAN(PRELUDE_NAME));
    js_value code =
        JS_CTX(e, JS_Eval, source, size, name, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    if (js_is_exception(code)) {
        return code;
    }
    uint32_t bytes = JS_CTX(e, JS_WriteObject, e->realm.scratch, code,
                            JS_WRITE_BYTECODE | JS_WRITE_STRIP_SOURCE);
    js_free(e, code);
    code = JS_CTX(e, JS_ReadObject, bytes, engine_read_u32(e, e->realm.scratch), JS_READ_BYTECODE);
    JS_CTX(e, js_free, bytes);
    JS(e, wasm_free, source);
    JS(e, wasm_free, name);
    return js_is_exception(code) ? code : JS_CTX(e, JS_EvalFunction, code);
}

static int fail_prelude(struct engine *e)
{
    struct js_text text = js_text(e, js_get(e, js_exception(e), "stack"));
    error_set(&e->why, ERR_INTERNAL, "", "the prelude failed: %.*s", (int)text.span.size,
              text.span.data);
    return ERR_INTERNAL;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The prototypes that the realm is born with: an array made by the prelude. */
static int take_intrinsics(struct engine *e, js_value exports)
{
    struct realm *realm = &e->realm;
    js_value list = js_get(e, exports, "intrinsics");
    uint32_t count = (uint32_t)js_get(e, list, "length");
    if (count == 0 || count > ENGINE_INTRINSICS) {
        return fail(e, "the number of intrinsics");
    }
    for (uint32_t i = 0; i < count; i++) {
        js_value object = JS_CTX(e, JS_GetPropertyUint32, list, i);
        realm->intrinsics[i] = js_address(object);
        js_free(e, object);
    }
    realm->intrinsic_count = count;
    qsort(realm->intrinsics, count, sizeof(uint32_t), compare_u32);
    /* The list is never freed: it keeps an address from being used again in a job. */
    return 0;
}

static int take_exports(struct engine *e, js_value exports)
{
    struct realm *realm = &e->realm;
    const struct {
        const char *name;
        js_value *value;
    } functions[] = {
        {"inspect", &realm->inspect},
        {"isIdentifier", &realm->is_identifier},
        {"errorStack", &realm->error_stack},
        {"dateToISOString", &realm->to_iso_string},
        {"numberValueOf", &realm->number_value},
        {"stringValueOf", &realm->string_value},
        {"booleanValueOf", &realm->boolean_value},
        {"bigintValueOf", &realm->bigint_value},
    };
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        *functions[i].value = js_get(e, exports, functions[i].name);
        if (!JS_CTX(e, JS_IsFunction, *functions[i].value)) {
            return fail(e, functions[i].name);
        }
    }
    return take_intrinsics(e, exports);
}

/* The class of each object that the prelude made as a sample. */
static int take_classes(struct engine *e, js_value exports)
{
    struct realm *realm = &e->realm;
    const struct {
        const char *name;
        uint32_t *class_id;
    } classes[] = {
        {"number", &realm->class_number},
        {"string", &realm->class_string},
        {"boolean", &realm->class_boolean},
        {"bigint", &realm->class_bigint},
        {"date", &realm->class_date},
        {"rawJSON", &realm->class_raw_json},
        {"domException", &realm->class_dom_exception},
    };
    js_value samples = js_get(e, exports, "samples");
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        js_value sample = js_get(e, samples, classes[i].name);
        *classes[i].class_id = JS(e, JS_GetClassID, sample);
        js_free(e, sample);
        if (*classes[i].class_id <= 1) { /* none, or an ordinary object's */
            return fail(e, classes[i].name);
        }
    }
    js_free(e, samples);
    return 0;
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    size_t n = x->size < y->size ? x->size : y->size;
    int order = memcmp(x->data, y->data, n);
    return order != 0 ? order : x->size < y->size ? -1 : x->size > y->size;
}

static int add_name(struct realm *realm, struct span name)
{
    char *copy = realm->name_count < ENGINE_REALM_NAMES ? malloc(name.size + 1) : NULL;
    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(copy, name.data, name.size);
    realm->names[realm->name_count++] = (struct span){copy, name.size};
    return 0;
}

/* Records which names the global object has now, and the two that each job puts there. */
static int take_names(struct engine *e)
{
    struct realm *realm = &e->realm;
    uint32_t scratch = realm->scratch;
    if ((int32_t)JS_CTX(e, JS_GetOwnPropertyNames, scratch, scratch + 4, realm->global,
                        JS_GPN_STRING_MASK) < 0) {
        return fail(e, "no global names");
    }
    uint32_t table = engine_read_u32(e, scratch);
    uint32_t count = engine_read_u32(e, scratch + 4);
    int r = add_name(realm, SPAN("input"));
    r = r == 0 ? add_name(realm, SPAN("secrets")) : r;
    for (uint32_t i = 0; i < count && r == 0; i++) {
        uint32_t entry = table + i * JS_PROPERTY_ENUM_BYTES;
        struct js_text name = js_atom_text(e, engine_read_u32(e, entry + JS_PROPERTY_ENUM_ATOM));
        r = add_name(realm, name.span);
        js_text_free(e, &name);
    }
    JS_CTX(e, JS_FreePropertyEnum, table, count);
    qsort(realm->names, realm->name_count, sizeof(realm->names[0]), compare_spans);
    return r != 0 ? fail(e, "too many global names") : 0;
}

static void take_atoms(struct engine *e)
{
    struct realm *realm = &e->realm;
    realm->atom_input = js_atom(e, SPAN("input"));
    realm->atom_secrets = js_atom(e, SPAN("secrets"));
    realm->atom_to_json = js_atom(e, SPAN("toJSON"));
    realm->atom_then = js_atom(e, SPAN("then"));
    realm->atom_raw_json = js_atom(e, SPAN("rawJSON"));
    realm->file_name = js_put(e, SPAN(FILE_NAME));
}

static int run_prelude(struct engine *e)
{
    js_value prelude = load_prelude(e);
    if (js_is_exception(prelude)) {
        return fail_prelude(e);
    }
    js_value host = host_functions_new(e);
    js_value exports = js_call(e, prelude, JS_UNDEFINED, 1, &host);
    if (js_is_exception(exports)) {
        return fail_prelude(e);
    }
    js_free(e, host);
    js_free(e, prelude);
    int r = take_exports(e, exports);
    if (r == 0) {
        r = take_classes(e, exports);
    }
    js_free(e, exports);
    return r;
}

int realm_make(struct engine *e)
{
    struct realm *realm = &e->realm;
    JS(e, _initialize);
    if ((int32_t)JS(e, qjs_init) != 0) {
        return fail(e, "QuickJS did not start");
    }
    realm->runtime = JS(e, qjs_get_runtime_ptr);
    realm->context = JS(e, qjs_get_context_ptr);
    realm->scratch = JS(e, wasm_malloc, REALM_SCRATCH_BYTES);
    int r = set_stack_limit(e);
    if (r == 0) {
        r = find_context_fields(e);
    }
    if (r == 0) {
        r = run_prelude(e);
    }
    if (r == 0) {
        take_atoms(e);
        r = take_names(e);
    }
    JS(e, JS_RunGC, realm->runtime);
    JS(e, wasm_free, JS(e, wasm_malloc, HEAP_HEADROOM_BYTES));
    return r;
}

void realm_done(struct realm *realm)
{
    for (uint32_t i = 0; i < realm->name_count; i++) {
        free((char *)realm->names[i].data);
    }
    realm->name_count = 0;
}
