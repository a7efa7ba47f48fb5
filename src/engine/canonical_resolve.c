/* What a value stands for in JSON: its toJSON, its date, the primitive in its box, or itself. */
#include "engine/canonical_writer.h"

#include <stdio.h>

static bool is_intrinsic(const struct realm *realm, uint32_t address)
{
    uint32_t low = 0, high = realm->intrinsic_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (realm->intrinsics[middle] < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < realm->intrinsic_count && realm->intrinsics[low] == address;
}

/*
 * Does the value, or a prototype of it that is the script's, have an own toJSON? 1, 0, or -1 if a
 * proxy's trap threw.
 */
static int has_to_json(struct engine *e, js_value value)
{
    js_value object = JS_CTX(e, JS_DupValue, value);
    int found = 0;
    while (js_is_object(object) && !is_intrinsic(&e->realm, js_address(object))) {
        engine_charge(e, CANONICAL_GAS_VALUE); /* a chain of prototypes can be long */
        found = (int)JS_CTX(e, JS_GetOwnProperty, 0, object, e->realm.atom_to_json);
        if (found != 0) {
            break;
        }
        js_value next = JS_CTX(e, JS_GetPrototype, object);
        js_free(e, object);
        object = next;
    }
    if (js_is_exception(object)) {
        return -1;
    }
    js_free(e, object);
    return found;
}

/* The value's key, as toJSON gets it. */
static js_value key_value(struct canonical_writer *w)
{
    struct engine *e = w->e;
    if (w->depth == 0) {
        return js_string(e, SPAN(""));
    }
    const struct canonical_frame *f = &w->frames[w->depth - 1];
    if (!f->array) {
        uint32_t entry = f->keys + (uint32_t)(f->next - 1) * JS_PROPERTY_ENUM_BYTES;
        return JS_CTX(e, JS_AtomToValue, engine_read_u32(e, entry + JS_PROPERTY_ENUM_ATOM));
    }
    char index[24];
    int n = snprintf(index, sizeof(index), "%llu", (unsigned long long)f->next - 1);
    return js_string(e, (struct span){index, (size_t)n});
}

/* Replaces `*value` (owned) by what its toJSON says, if it has one. */
static bool apply_to_json(struct canonical_writer *w, js_value *value)
{
    struct engine *e = w->e;
    int found = has_to_json(e, *value);
    if (found <= 0) {
        return found == 0;
    }
    js_value method = JS_CTX(e, JS_GetProperty, *value, e->realm.atom_to_json);
    if (JS_CTX(e, JS_IsFunction, method)) {
        js_value key = key_value(w);
        js_value result = js_call(e, method, *value, 1, &key);
        js_free(e, key);
        js_free(e, *value);
        *value = result;
    }
    bool good = !js_is_exception(method) && !js_is_exception(*value);
    js_free(e, method);
    return good;
}

/* Replaces `*value` by what an intrinsic function of the realm says of it. */
static bool apply_intrinsic(struct engine *e, js_value function, js_value *value)
{
    js_value result = js_call(e, function, *value, 0, NULL);
    js_free(e, *value);
    *value = result;
    return !js_is_exception(result);
}

static bool apply_date(struct engine *e, js_value *value)
{
    js_value copy = JS_CTX(e, JS_DupValue, *value);
    if (!apply_intrinsic(e, e->realm.to_iso_string, &copy)) {
        js_forget(e); /* RangeError: it is no date at all */
        copy = JS_NULL;
    }
    js_free(e, *value);
    *value = copy;
    return true;
}

static bool apply_raw_json(struct engine *e, js_value *value)
{
    js_value raw = JS_CTX(e, JS_GetProperty, *value, e->realm.atom_raw_json);
    struct js_text text = js_text(e, raw);
    if (text.span.data == NULL) {
        return false;
    }
    js_value parsed =
        JS_CTX(e, JS_ParseJSON, text.address, (uint32_t)text.span.size, e->realm.file_name);
    js_text_free(e, &text);
    js_free(e, raw);
    js_free(e, *value);
    *value = parsed;
    return !js_is_exception(parsed);
}

/* Objects that stand for a primitive become it. */
static bool unwrap(struct engine *e, js_value *value)
{
    const struct realm *realm = &e->realm;
    uint32_t class_id = JS(e, JS_GetClassID, *value);
    if (class_id == realm->class_number) {
        return apply_intrinsic(e, realm->number_value, value);
    }
    if (class_id == realm->class_string) {
        return apply_intrinsic(e, realm->string_value, value);
    }
    if (class_id == realm->class_boolean) {
        return apply_intrinsic(e, realm->boolean_value, value);
    }
    if (class_id == realm->class_bigint) {
        return apply_intrinsic(e, realm->bigint_value, value);
    }
    if (class_id == realm->class_date) {
        return apply_date(e, value);
    }
    if (class_id == realm->class_raw_json) {
        return apply_raw_json(e, value);
    }
    return true;
}

/* Is it an array, or a proxy of one (of one ...)? */
static bool is_array(struct engine *e, js_value value)
{
    js_value object = JS_CTX(e, JS_DupValue, value);
    while (JS(e, JS_IsProxy, object)) {
        engine_charge(e, CANONICAL_GAS_VALUE);
        js_value target = JS_CTX(e, JS_GetProxyTarget, object);
        js_free(e, object);
        object = target;
    }
    bool array = JS(e, JS_IsArray, object);
    js_free(e, object);
    return array;
}

static enum canonical_kind primitive_kind(struct canonical_writer *w, js_value value)
{
    switch (js_tag(value)) {
    case JS_TAG_UNDEFINED:
    case JS_TAG_SYMBOL:
        return CANONICAL_ABSENT;
    case JS_TAG_BIG_INT:
    case JS_TAG_SHORT_BIG_INT:
        canonical_fail_invalid(w, "a BigInt has no JSON form");
        return CANONICAL_FAILED;
    case JS_TAG_EXCEPTION:
        canonical_fail_script(w);
        return CANONICAL_FAILED;
    default:
        return CANONICAL_PRIMITIVE;
    }
}

/* What `*value` (owned, may be replaced) is. */
enum canonical_kind canonical_resolve(struct canonical_writer *w, js_value *value)
{
    struct engine *e = w->e;
    engine_charge(e, CANONICAL_GAS_VALUE);
    if (js_is_object(*value) && !apply_to_json(w, value)) {
        canonical_fail_script(w);
        return CANONICAL_FAILED;
    }
    if (js_is_object(*value) && !unwrap(e, value)) {
        canonical_fail_script(w);
        return CANONICAL_FAILED;
    }
    if (!js_is_object(*value)) {
        return primitive_kind(w, *value);
    }
    if (JS_CTX(e, JS_IsFunction, *value)) {
        return CANONICAL_ABSENT;
    }
    return is_array(e, *value) ? CANONICAL_ARRAY : CANONICAL_OBJECT;
}
