#include "engine/canonical.h"

#include "engine/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GAS_VALUE 10u /* what a value costs */
#define GAS_BYTES 16u /* bytes of text that cost one */

/* What a value is once toJSON, dates, boxes and raw JSON are resolved. */
enum kind { KIND_FAILED, KIND_ABSENT, KIND_PRIMITIVE, KIND_ARRAY, KIND_OBJECT };

struct writer {
    struct engine *e;
    struct canonical_frame *frames;
    uint32_t depth;
    uint32_t around; /* levels of the output around the first frame */
    size_t size;
    int code; /* set once: why nothing more is written */
};

int canonical_init(struct engine *e)
{
    void *frames = mmap(NULL, CANONICAL_DEPTH_MOST * sizeof(struct canonical_frame),
                        PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (frames == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    e->frames = frames;
    e->frame_capacity = CANONICAL_DEPTH_MOST;
    return 0;
}

void canonical_done(struct engine *e)
{
    if (e->frames != NULL) {
        munmap(e->frames, e->frame_capacity * sizeof(struct canonical_frame));
        e->frames = NULL;
    }
}

/*
 * Where in the output something is, for messages: $.items[2]["odd key"].
 */
static bool is_plain_key(struct span key)
{
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return key.size > 0;
}

static void path_add_key(struct engine *e, struct text_out *path, const struct canonical_frame *f)
{
    uint32_t entry = f->keys + (uint32_t)(f->next - 1) * JS_PROPERTY_ENUM_BYTES;
    struct js_text key = js_atom_text(e, engine_read_u32(e, entry + JS_PROPERTY_ENUM_ATOM));
    bool plain = is_plain_key(key.span);
    text_add(path, plain ? SPAN(".") : SPAN("[\""));
    text_add(path, key.span);
    text_add(path, plain ? SPAN("") : SPAN("\"]"));
    js_text_free(e, &key);
}

static void path_write(struct writer *w, char *text, size_t size)
{
    struct text_out path = {.data = text, .max = size - 1};
    text_add(&path, SPAN("$"));
    for (uint32_t i = 0; i < w->depth && !path.cut; i++) {
        const struct canonical_frame *f = &w->frames[i];
        if (f->next == 0) {
            break;
        }
        if (!f->array) {
            path_add_key(w->e, &path, f);
        } else {
            char index[32];
            int n = snprintf(index, sizeof(index), "[%llu]", (unsigned long long)f->next - 1);
            text_add(&path, (struct span){index, (size_t)n});
        }
    }
    text[path.size] = '\0';
}

static void fail_invalid(struct writer *w, const char *what)
{
    char path[300];
    if (w->code == 0) {
        path_write(w, path, sizeof(path));
        w->code = error_set(&w->e->why, ERR_OUTPUT_INVALID, "", "%s at %s", what, path);
    }
}

static void fail_script(struct writer *w)
{
    if (w->code == 0) {
        w->code = ERR_SCRIPT_ERROR;
    }
}

/*
 * Bytes.
 */
static void put(struct writer *w, const char *data, size_t size)
{
    struct engine *e = w->e;
    if (w->code != 0) {
        return;
    }
    if (size > e->out->output_max - w->size) {
        w->code = limit_exceeded(&e->why, ERR_OUTPUT_TOO_LARGE, LIMIT_OUTPUT_BYTES, w->size + size,
                                 e->out->output_max);
        return;
    }
    memcpy(e->out->output + w->size, data, size);
    w->size += size;
}

static void put_char(struct writer *w, char c)
{
    put(w, &c, 1);
}

/* The two-character escapes of JSON, by character; 0 for none. */
static const char short_escape[128] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't',
                                       ['\n'] = 'n', ['\f'] = 'f',  ['\r'] = 'r'};

static void put_escape(struct writer *w, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    if (short_escape[c] != 0) {
        put(w, (char[]){'\\', short_escape[c]}, 2);
    } else {
        put(w, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
    }
}

static void put_text(struct writer *w, struct span text)
{
    engine_charge(w->e, text.size / GAS_BYTES);
    put_char(w, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == 0xed && text_is_surrogate((struct span){text.data + i, text.size - i})) {
            fail_invalid(w, "a lone surrogate has no JSON form");
            return;
        }
        if (c < 0x20 || c == '"' || c == '\\') {
            put(w, text.data + start, i - start);
            put_escape(w, c);
            start = i + 1;
        }
    }
    put(w, text.data + start, text.size - start);
    put_char(w, '"');
}

static void put_string(struct writer *w, js_value value)
{
    struct js_text text = js_text(w->e, value);
    if (text.span.data == NULL) {
        fail_script(w);
        return;
    }
    put_text(w, text.span);
    js_text_free(w->e, &text);
}

static void put_integer(struct writer *w, int64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)number);
    put(w, text, (size_t)n);
}

#define NUMBER_TEXT_MOST 32 /* characters; QuickJS writes at most 26 */
#define DIGITS_MOST      17 /* that a double needs */

static bool is_power_of_two(double number)
{
    int exponent;
    return fabs(frexp(number, &exponent)) == 0.5;
}

/* Adds one to the decimal that ends before `at`; false if it is all nines. */
static bool add_one(char *text, char *at)
{
    while (at-- > text) {
        if (*at >= '0' && *at < '9') {
            *at += 1;
            return true;
        }
        if (*at == '9') {
            *at = '0';
        }
    }
    return false;
}

static unsigned significant_digits(const char *text)
{
    unsigned count = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        count += *text >= (count > 0 ? '0' : '1') && *text <= '9';
    }
    return count;
}

/*
 * ECMAScript wants the fewest digits that read back as the same number. Below a power of two the
 * doubles are closer than above it, and there QuickJS misses a decimal that is rounded up:
 * 5.9604644775390625e-8 for 5.960464477539063e-8. Anyone who writes the parsed output again would
 * get other bytes and another hash. `text` is a string; made shorter in place where it can be.
 */
static void shorten_power_of_two(char text[NUMBER_TEXT_MOST], double number)
{
    char shorter[NUMBER_TEXT_MOST] = "";
    size_t end = strcspn(text, "e"); /* of the digits */
    if (memchr(text, '.', end) == NULL || significant_digits(text) != DIGITS_MOST) {
        return;
    }
    memcpy(shorter, text, end - 1);
    if (!add_one(shorter, shorter + end - 1)) {
        return;
    }
    size_t size = end - 1;
    while (shorter[size - 1] == '0') { /* there is a digit that is none: the one that grew */
        size--;
    }
    size -= shorter[size - 1] == '.';
    memcpy(shorter + size, text + end, strlen(text + end) + 1);
    if (strtod(shorter, NULL) == number) {
        memcpy(text, shorter, sizeof(shorter));
    }
}

static void put_power_of_two(struct writer *w, struct span digits, double number)
{
    char text[NUMBER_TEXT_MOST] = "";
    if (digits.size < sizeof(text)) {
        memcpy(text, digits.data, digits.size);
    }
    shorten_power_of_two(text, number);
    put(w, text, strlen(text));
}

#define EXACT_INTEGER_MOST 9007199254740991.0

static void put_number(struct writer *w, js_value value)
{
    if (js_tag(value) == JS_TAG_INT) {
        put_integer(w, (int32_t)value);
        return;
    }
    double number = js_float(value);
    if (!isfinite(number)) {
        put(w, "null", 4);
    } else if (fabs(number) <= EXACT_INTEGER_MOST && number == trunc(number)) {
        put_integer(w, (int64_t)number);
    } else {
        struct js_text text = js_text(w->e, value); /* of a primitive: no code is run */
        if (is_power_of_two(number)) {
            put_power_of_two(w, text.span, number);
        } else {
            put(w, text.span.data, text.span.size);
        }
        js_text_free(w->e, &text);
    }
}

static void put_primitive(struct writer *w, js_value value)
{
    switch (js_tag(value)) {
    case JS_TAG_STRING:
    case JS_TAG_STRING_ROPE:
        put_string(w, value);
        break;
    case JS_TAG_INT:
    case JS_TAG_FLOAT64:
        put_number(w, value);
        break;
    case JS_TAG_BOOL:
        put(w, value == JS_TRUE ? "true" : "false", value == JS_TRUE ? 4 : 5);
        break;
    default:
        put(w, "null", 4);
    }
}

/*
 * Resolving.
 */
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
        engine_charge(e, GAS_VALUE); /* a chain of prototypes can be long */
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
static js_value key_value(struct writer *w)
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
static bool apply_to_json(struct writer *w, js_value *value)
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
        engine_charge(e, GAS_VALUE);
        js_value target = JS_CTX(e, JS_GetProxyTarget, object);
        js_free(e, object);
        object = target;
    }
    bool array = JS(e, JS_IsArray, object);
    js_free(e, object);
    return array;
}

static enum kind primitive_kind(struct writer *w, js_value value)
{
    switch (js_tag(value)) {
    case JS_TAG_UNDEFINED:
    case JS_TAG_SYMBOL:
        return KIND_ABSENT;
    case JS_TAG_BIG_INT:
    case JS_TAG_SHORT_BIG_INT:
        fail_invalid(w, "a BigInt has no JSON form");
        return KIND_FAILED;
    case JS_TAG_EXCEPTION:
        fail_script(w);
        return KIND_FAILED;
    default:
        return KIND_PRIMITIVE;
    }
}

/* What `*value` (owned, may be replaced) is. */
static enum kind resolve(struct writer *w, js_value *value)
{
    struct engine *e = w->e;
    engine_charge(e, GAS_VALUE);
    if (js_is_object(*value) && !apply_to_json(w, value)) {
        fail_script(w);
        return KIND_FAILED;
    }
    if (js_is_object(*value) && !unwrap(e, value)) {
        fail_script(w);
        return KIND_FAILED;
    }
    if (!js_is_object(*value)) {
        return primitive_kind(w, *value);
    }
    if (JS_CTX(e, JS_IsFunction, *value)) {
        return KIND_ABSENT;
    }
    return is_array(e, *value) ? KIND_ARRAY : KIND_OBJECT;
}

/*
 * Sorting keys. The texts of all keys of one object are kept in a table inside linear memory, so
 * that they count against the job's memory; it goes when the order is known.
 */
struct key {
    uint32_t atom, text, size;
};

/*
 * UTF-16 order of two keys. UTF-8 sorts the same way, except that a character past U+FFFF (lead
 * byte F0..F4) comes before U+E000..U+FFFF (lead bytes EE, EF), as its first unit is a surrogate.
 */
static int compare_keys(struct engine *e, const struct key *a, const struct key *b)
{
    const uint8_t *x = engine_look(e, a->text, a->size);
    const uint8_t *y = engine_look(e, b->text, b->size);
    uint32_t n = a->size < b->size ? a->size : b->size;
    uint32_t i = 0;
    while (i < n && x[i] == y[i]) {
        i++;
    }
    engine_charge(e, 1 + i / GAS_BYTES);
    if (i == n) {
        return a->size < b->size ? -1 : a->size > b->size;
    }
    bool x_high = x[i] >= 0xf0, y_high = y[i] >= 0xf0;
    if (x_high != y_high && (x_high ? y[i] : x[i]) >= 0xee) {
        return x_high ? -1 : 1;
    }
    return x[i] < y[i] ? -1 : 1;
}

static void sift_down_keys(struct engine *e, struct key *keys, uint32_t start, uint32_t count)
{
    for (uint32_t root = start, child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare_keys(e, &keys[child], &keys[child + 1]) < 0) {
            child++;
        }
        if (compare_keys(e, &keys[root], &keys[child]) >= 0) {
            return;
        }
        struct key t = keys[root];
        keys[root] = keys[child];
        keys[child] = t;
    }
}

#define INSERTION_KEYS_MOST 12u

static void insertion_sort_keys(struct engine *e, struct key *keys, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct key key = keys[i];
        uint32_t j = i;
        for (; j > 0 && compare_keys(e, &key, &keys[j - 1]) < 0; j--) {
            keys[j] = keys[j - 1];
        }
        keys[j] = key;
    }
}

static void sort_keys(struct engine *e, struct key *keys, uint32_t count)
{
    if (count <= INSERTION_KEYS_MOST) {
        insertion_sort_keys(e, keys, count);
        return;
    }
    for (uint32_t i = count / 2; i-- > 0;) {
        sift_down_keys(e, keys, i, count);
    }
    for (uint32_t end = count - 1; end > 0; end--) {
        struct key t = keys[0];
        keys[0] = keys[end];
        keys[end] = t;
        sift_down_keys(e, keys, 0, end);
    }
}

/* Sorts a JSPropertyEnum table in place. False if there was no memory for it. */
static bool sort_table(struct engine *e, uint32_t table, uint32_t count)
{
    if (count > UINT32_MAX / sizeof(struct key)) {
        return false;
    }
    uint32_t bytes = count * (uint32_t)sizeof(struct key);
    uint32_t address = JS_CTX(e, js_malloc, bytes);
    if (address == 0) {
        return false;
    }
    struct key *keys = (struct key *)engine_bytes(e, address, bytes);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t atom = engine_read_u32(e, table + 8 * i + JS_PROPERTY_ENUM_ATOM);
        struct js_text text = js_atom_text(e, atom);
        if (text.span.data == NULL) {
            return false;
        }
        keys[i] = (struct key){atom, text.address, (uint32_t)text.span.size};
    }
    sort_keys(e, keys, count);
    for (uint32_t i = 0; i < count; i++) {
        engine_write_u32(e, table + 8 * i + JS_PROPERTY_ENUM_ATOM, keys[i].atom);
        JS_CTX(e, JS_FreeCString, keys[i].text);
    }
    JS_CTX(e, js_free, address);
    return true;
}

/*
 * Walking.
 */
static bool is_open(struct writer *w, js_value object)
{
    engine_charge(w->e, w->depth / 8);
    for (uint32_t i = w->depth; i-- > 0;) {
        if (js_address(w->frames[i].object) == js_address(object)) {
            return true;
        }
    }
    return false;
}

/* Fills in what the new frame walks over. */
static bool open_frame(struct engine *e, struct canonical_frame *f)
{
    uint32_t scratch = e->realm.scratch;
    if (f->array) {
        if ((int32_t)JS_CTX(e, JS_GetLength, f->object, scratch) < 0) {
            return false;
        }
        f->count = engine_read_u64(e, scratch);
        return true;
    }
    if ((int32_t)JS_CTX(e, JS_GetOwnPropertyNames, scratch, scratch + 4, f->object,
                        JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) {
        return false;
    }
    f->keys = engine_read_u32(e, scratch);
    f->count = f->keys != 0 ? engine_read_u32(e, scratch + 4) : 0;
    return f->count < 2 || sort_table(e, f->keys, (uint32_t)f->count);
}

/* Goes into an object or array (taken). */
static void push(struct writer *w, js_value object, enum kind kind)
{
    struct engine *e = w->e;
    uint32_t most =
        e->job->output_depth < e->frame_capacity ? e->job->output_depth : e->frame_capacity;
    if (is_open(w, object)) {
        fail_invalid(w, "the value contains itself");
        return;
    }
    uint32_t level = w->around + w->depth + 1;
    if (level > most) {
        w->code = limit_exceeded(&e->why, ERR_OUTPUT_TOO_LARGE, LIMIT_OUTPUT_DEPTH, level, most);
        return;
    }
    struct canonical_frame *f = &w->frames[w->depth];
    *f = (struct canonical_frame){.object = object, .array = kind == KIND_ARRAY};
    put_char(w, f->array ? '[' : '{');
    if (!open_frame(e, f)) {
        fail_script(w);
        return;
    }
    w->depth++;
}

static void pop(struct writer *w)
{
    struct engine *e = w->e;
    struct canonical_frame *f = &w->frames[--w->depth];
    put_char(w, f->array ? ']' : '}');
    if (f->keys != 0) {
        JS_CTX(e, JS_FreePropertyEnum, f->keys, (uint32_t)f->count);
    }
    js_free(e, f->object);
}

/* Writes a resolved value (taken): primitives at once, others by way of a new frame. */
static void put_value(struct writer *w, js_value value, enum kind kind)
{
    if (kind == KIND_ARRAY || kind == KIND_OBJECT) {
        push(w, value, kind);
    } else if (kind != KIND_FAILED) {
        put_primitive(w, value);
        js_free(w->e, value);
    }
}

static void put_element(struct writer *w, struct canonical_frame *f)
{
    struct engine *e = w->e;
    uint64_t index = f->next++;
    js_value value = JS_CTX(e, JS_GetPropertyInt64, f->object, index);
    enum kind kind = resolve(w, &value);
    if (index > 0) {
        put_char(w, ',');
    }
    put_value(w, value, kind);
}

static void put_property(struct writer *w, struct canonical_frame *f)
{
    struct engine *e = w->e;
    uint32_t entry = f->keys + (uint32_t)f->next++ * JS_PROPERTY_ENUM_BYTES;
    uint32_t atom = engine_read_u32(e, entry + JS_PROPERTY_ENUM_ATOM);
    js_value value = JS_CTX(e, JS_GetProperty, f->object, atom);
    enum kind kind = resolve(w, &value);
    if (kind == KIND_ABSENT || kind == KIND_FAILED) {
        return;
    }
    if (f->filled) {
        put_char(w, ',');
    }
    f->filled = true;
    struct js_text key = js_atom_text(e, atom);
    put_text(w, key.span);
    js_text_free(e, &key);
    put_char(w, ':');
    put_value(w, value, kind);
}

static void walk(struct writer *w)
{
    while (w->depth > 0 && w->code == 0) {
        struct canonical_frame *f = &w->frames[w->depth - 1];
        if (f->next >= f->count) {
            pop(w);
        } else if (f->array) {
            put_element(w, f);
        } else {
            put_property(w, f);
        }
    }
}

int canonical_write(struct engine *e, js_value value)
{
    struct writer w = {.e = e, .frames = e->frames};
    enum kind kind = resolve(&w, &value);
    if (kind == KIND_OBJECT) {
        push(&w, value, kind);
        walk(&w);
    } else {
        put(&w, "{\"result\":", 10);
        w.around = 1;
        put_value(&w, kind == KIND_ABSENT ? JS_NULL : value, kind);
        walk(&w);
        put_char(&w, '}');
    }
    if (w.code == 0) {
        e->output_size = w.size;
    }
    return w.code;
}
