#include "engine/host.h"

#include "base/clock.h"
#include "base/encode.h"
#include "engine/logs.h"
#include "engine/random.h"
#include "engine/text.h"
#include "engine/timer.h"
#include <math.h>

/* The one-shot interface would fetch and allocate; this one is only arithmetic. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#define HOST_PIECE_BYTES (1 * MIB)  /* worked on between two looks at gas and time */
#define RANDOM_HEX_MOST  1024u      /* bytes */
#define TIMER_MS_MOST    2147483647 /* as in browsers and Node */

/* One call of a host function. */
struct host_call {
    uint32_t count;     /* arguments */
    uint32_t arguments; /* address of `count` addresses of values */
    uint64_t per_byte;
};

typedef js_value host_function(struct engine *e, const struct host_call *call);

#define HOST_DECLARE(name, fixed, per_byte) static host_function host_##name;
HOST_FUNCTIONS(HOST_DECLARE)
#undef HOST_DECLARE

static const struct host_row {
    struct span name;
    host_function *function;
    uint32_t fixed, per_byte;
} host_table[] = {
#define HOST_ROW(name, fixed, per_byte) {{#name, sizeof(#name) - 1}, host_##name, fixed, per_byte},
    HOST_FUNCTIONS(HOST_ROW)
#undef HOST_ROW
};

#define HOST_COUNT (sizeof(host_table) / sizeof(host_table[0]))

const char host_cost_text[] =
#define HOST_TEXT(name, fixed, per_byte) #name " " #fixed " " #per_byte "\n"
    HOST_FUNCTIONS(HOST_TEXT)
#undef HOST_TEXT
    ;

js_value host_functions_new(struct engine *e)
{
    js_value object = JS_CTX(e, JS_NewObject);
    for (size_t i = 0; i < HOST_COUNT; i++) {
        struct span name = host_table[i].name;
        uint32_t text = JS(e, wasm_malloc, (uint32_t)name.size + 1);
        memcpy(engine_bytes(e, text, (uint32_t)name.size + 1), name.data, name.size + 1);
        uint32_t heap = JS(e, qjs_new_host_function, text, (uint32_t)name.size, 0);
        js_value function = engine_read_u64(e, heap);
        JS_CTX(e, JS_DefinePropertyValueStr, object, text, function, JS_PROP_C_W_E);
        JS(e, wasm_free, heap);
        JS(e, wasm_free, text);
    }
    return object;
}

static js_value argument(struct engine *e, const struct host_call *call, uint32_t i)
{
    if (i >= call->count) {
        return JS_UNDEFINED;
    }
    return engine_read_u64(e, engine_read_u32(e, call->arguments + 4 * i));
}

/* A whole number of 0..most, or `most + 1` for anything else. */
static uint32_t argument_uint(struct engine *e, const struct host_call *call, uint32_t i,
                              uint32_t most)
{
    js_value value = argument(e, call, i);
    double number = js_tag(value) == JS_TAG_INT       ? (int32_t)value
                    : js_tag(value) == JS_TAG_FLOAT64 ? js_float(value)
                                                      : -1;
    return number >= 0 && number <= most && number == floor(number) ? (uint32_t)number : most + 1;
}

static void charge_bytes(struct engine *e, const struct host_call *call, uint64_t size)
{
    engine_charge(e, size * call->per_byte);
}

/* The bytes of (buffer, offset, size) at argument `first`. False if there are none such. */
static bool argument_bytes(struct engine *e, const struct host_call *call, uint32_t first,
                           uint8_t **ret, uint32_t *ret_size)
{
    uint32_t offset = argument_uint(e, call, first + 1, INT32_MAX);
    uint32_t size = argument_uint(e, call, first + 2, INT32_MAX);
    uint32_t address = JS_CTX(e, JS_GetArrayBuffer, e->realm.scratch, argument(e, call, first));
    if (address == 0) {
        js_forget(e); /* an empty buffer has no address and no exception, which is fine */
        *ret = e->wasm.memory;
        *ret_size = 0;
        return offset == 0 && size == 0;
    }
    uint32_t whole = engine_read_u32(e, e->realm.scratch);
    if ((uint64_t)offset + size > whole) {
        return false;
    }
    *ret = engine_bytes(e, address, whole) + offset;
    *ret_size = size;
    return true;
}

static js_value host_log(struct engine *e, const struct host_call *call)
{
    js_value value = argument(e, call, 0);
    if (e->job == NULL || !js_is_string(value)) {
        return JS_UNDEFINED;
    }
    struct js_text text = js_text(e, value);
    uint64_t most = 4ull * e->job->log_entry_bytes;
    charge_bytes(e, call, text.span.size < most ? text.span.size : most);
    logs_add(e, text.span);
    js_text_free(e, &text);
    return JS_UNDEFINED;
}

static js_value hex_value(struct engine *e, const uint8_t *data, size_t size)
{
    char hex[2 * RANDOM_HEX_MOST + 1];
    hex_encode(hex, data, size);
    return js_string(e, (struct span){hex, 2 * size});
}

static void hash_pieces(struct engine *e, const struct host_call *call, SHA256_CTX *hash,
                        struct span bytes)
{
    while (bytes.size > 0) {
        size_t n = bytes.size < HOST_PIECE_BYTES ? bytes.size : HOST_PIECE_BYTES;
        charge_bytes(e, call, n);
        SHA256_Update(hash, bytes.data, n);
        bytes.data += n;
        bytes.size -= n;
    }
}

/* Hashes the UTF-8 of a string, in which a lone surrogate is U+FFFD. */
static void hash_text(struct engine *e, const struct host_call *call, SHA256_CTX *hash,
                      struct span text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\xed' &&
            text_is_surrogate((struct span){text.data + i, text.size - i})) {
            hash_pieces(e, call, hash, (struct span){text.data + start, i - start});
            hash_pieces(e, call, hash, SPAN("\xef\xbf\xbd"));
            start = i + 3;
        }
    }
    hash_pieces(e, call, hash, (struct span){text.data + start, text.size - start});
}

static js_value host_sha256(struct engine *e, const struct host_call *call)
{
    SHA256_CTX hash;
    SHA256_Init(&hash);
    js_value value = argument(e, call, 0);
    if (js_is_string(value)) {
        struct js_text text = js_text(e, value);
        hash_text(e, call, &hash, text.span);
        js_text_free(e, &text);
    } else {
        uint8_t *bytes;
        uint32_t size;
        if (!argument_bytes(e, call, 0, &bytes, &size)) {
            return JS_NULL;
        }
        hash_pieces(e, call, &hash, (struct span){(const char *)bytes, size});
    }
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_Final(digest, &hash);
    return hex_value(e, digest, sizeof(digest));
}

static js_value host_random_hex(struct engine *e, const struct host_call *call)
{
    uint8_t bytes[RANDOM_HEX_MOST];
    uint32_t size = argument_uint(e, call, 0, RANDOM_HEX_MOST);
    if (size > RANDOM_HEX_MOST) {
        return JS_NULL;
    }
    charge_bytes(e, call, size);
    random_need(e, bytes, size);
    return hex_value(e, bytes, size);
}

static js_value host_random_fill(struct engine *e, const struct host_call *call)
{
    uint8_t *data;
    uint32_t size;
    if (!argument_bytes(e, call, 0, &data, &size)) {
        return JS_FALSE;
    }
    /* By way of our own memory: a system call cannot write to a protected page. */
    uint8_t piece[1024];
    for (uint32_t done = 0; done < size;) {
        uint32_t n = size - done < sizeof(piece) ? size - done : (uint32_t)sizeof(piece);
        charge_bytes(e, call, n);
        random_need(e, piece, n);
        memcpy(data + done, piece, n);
        done += n;
    }
    return JS_TRUE;
}

static js_value host_utf8_encode(struct engine *e, const struct host_call *call)
{
    js_value value = argument(e, call, 0);
    if (!js_is_string(value)) {
        return JS_NULL;
    }
    struct js_text text = js_text(e, value);
    charge_bytes(e, call, text.span.size);
    js_value buffer = JS_CTX(e, JS_NewArrayBufferCopy, text.address, (uint32_t)text.span.size);
    size_t text_size = text.span.size;
    js_text_free(e, &text);
    if (js_is_exception(buffer) || text_size == 0) {
        return buffer;
    }
    /* In place: a lone surrogate and the U+FFFD that stands for it are three bytes each. */
    uint32_t address = JS_CTX(e, JS_GetArrayBuffer, e->realm.scratch, buffer);
    uint32_t size = engine_read_u32(e, e->realm.scratch);
    char *bytes = (char *)engine_bytes(e, address, size);
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] == '\xed' && text_is_surrogate((struct span){bytes + i, size - i})) {
            memcpy(bytes + i, "\xef\xbf\xbd", 3);
        }
    }
    return buffer;
}

/* Length of `text` decoded, in UTF-8; SIZE_MAX if it is not valid and must be. */
static size_t decoded_size(struct span text, bool fatal)
{
    size_t size = 0;
    while (text.size > 0) {
        size_t taken = utf8_character(text);
        if (taken == 0) {
            if (fatal) {
                return SIZE_MAX;
            }
            taken = utf8_broken(text);
            size += 3;
        } else {
            size += taken;
        }
        text.data += taken;
        text.size -= taken;
    }
    return size;
}

static js_value host_utf8_decode(struct engine *e, const struct host_call *call)
{
    uint8_t *bytes;
    uint32_t size;
    if (!argument_bytes(e, call, 0, &bytes, &size)) {
        return JS_NULL;
    }
    charge_bytes(e, call, size);
    struct span text = {(const char *)bytes, size};
    size_t decoded = decoded_size(text, argument(e, call, 3) == JS_TRUE);
    if (decoded == SIZE_MAX) {
        return JS_NULL;
    }
    if (decoded == size && utf8_valid(text)) {
        return JS_CTX(e, JS_NewStringLen, (uint32_t)(bytes - e->wasm.memory), size);
    }
    uint32_t address = decoded < UINT32_MAX ? JS(e, wasm_malloc, (uint32_t)decoded + 1) : 0;
    if (address == 0) {
        return JS_NULL;
    }
    char *to = (char *)engine_bytes(e, address, (uint32_t)decoded + 1);
    size_t at = 0;
    while (text.size > 0) {
        size_t taken = utf8_character(text);
        memcpy(to + at, taken > 0 ? text.data : "\xef\xbf\xbd", taken > 0 ? taken : 3);
        at += taken > 0 ? taken : 3;
        taken = taken > 0 ? taken : utf8_broken(text);
        text.data += taken;
        text.size -= taken;
    }
    js_value string = JS_CTX(e, JS_NewStringLen, address, (uint32_t)decoded);
    JS(e, wasm_free, address);
    return string;
}

static js_value host_timer_set(struct engine *e, const struct host_call *call)
{
    js_value callback = argument(e, call, 0);
    uint32_t ms = argument_uint(e, call, 1, TIMER_MS_MOST);
    if (e->job == NULL || !JS_CTX(e, JS_IsFunction, callback)) {
        return js_int(0);
    }
    e->nondeterminism |= ENGINE_USED_TIMER;
    uint64_t delay = (ms >= 1 && ms <= TIMER_MS_MOST ? ms : 1) * NS_PER_MS;
    callback = JS_CTX(e, JS_DupValue, callback);
    uint32_t id = timers_add(&e->timers, clock_now_ns() + delay,
                             argument(e, call, 2) == JS_TRUE ? delay : 0, callback);
    return js_int((int32_t)id);
}

static js_value host_timer_clear(struct engine *e, const struct host_call *call)
{
    uint32_t id = argument_uint(e, call, 0, INT32_MAX);
    engine_charge(e, e->timers.count);
    js_value callback;
    if (timers_remove(&e->timers, id, &callback)) {
        js_free(e, callback);
    }
    return JS_UNDEFINED;
}

static js_value host_class_of(struct engine *e, const struct host_call *call)
{
    js_value value = argument(e, call, 0);
    if (JS(e, JS_IsProxy, value)) {
        return js_string(e, SPAN("Proxy"));
    }
    uint32_t class_id = JS(e, JS_GetClassID, value);
    uint32_t atom = class_id != 0 ? JS(e, JS_GetClassName, e->realm.runtime, class_id) : 0;
    if (atom == 0) {
        return JS_NULL;
    }
    js_value name = JS_CTX(e, JS_AtomToValue, atom);
    JS_CTX(e, JS_FreeAtom, atom);
    return name;
}

static js_value host_proxy_target(struct engine *e, const struct host_call *call)
{
    js_value value = argument(e, call, 0);
    return JS(e, JS_IsProxy, value) ? JS_CTX(e, JS_GetProxyTarget, value) : JS_NULL;
}

#define ATOM_INDEX 0x80000000u /* an atom that is the integer in its other bits */

/* Own enumerable keys as an array, without what is an array index unless asked for. No proxies. */
static js_value host_own_keys(struct engine *e, const struct host_call *call)
{
    js_value object = argument(e, call, 0);
    bool indices = argument(e, call, 1) == JS_TRUE;
    uint32_t scratch = e->realm.scratch;
    if (!js_is_object(object) || JS(e, JS_IsProxy, object) ||
        (int32_t)JS_CTX(e, JS_GetOwnPropertyNames, scratch, scratch + 4, object,
                        JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK | JS_GPN_ENUM_ONLY) < 0) {
        js_forget(e);
        return JS_NULL;
    }
    uint32_t table = engine_read_u32(e, scratch);
    uint32_t count = engine_read_u32(e, scratch + 4);
    js_value keys = JS_CTX(e, JS_NewArray);
    uint32_t taken = 0;
    engine_charge(e, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t entry = table + i * JS_PROPERTY_ENUM_BYTES;
        uint32_t atom = engine_read_u32(e, entry + JS_PROPERTY_ENUM_ATOM);
        if (indices || !(atom & ATOM_INDEX)) {
            /* Defined, not set: a script's setter for an index must not see it. */
            JS_CTX(e, JS_DefinePropertyValue, keys, taken++ | ATOM_INDEX,
                   JS_CTX(e, JS_AtomToValue, atom), JS_PROP_C_W_E);
        }
    }
    JS_CTX(e, JS_FreePropertyEnum, table, count);
    return keys;
}

static js_value host_promise_state(struct engine *e, const struct host_call *call)
{
    js_value value = argument(e, call, 0);
    return JS(e, JS_IsPromise, value) ? js_int((int32_t)JS_CTX(e, JS_PromiseState, value))
                                      : JS_NULL;
}

static js_value host_promise_result(struct engine *e, const struct host_call *call)
{
    js_value value = argument(e, call, 0);
    return JS(e, JS_IsPromise, value) ? JS_CTX(e, JS_PromiseResult, value) : JS_UNDEFINED;
}

/* Every host function comes in here, by name; the result goes back as a value on the heap. */
uint32_t wasm_import_host_call(struct wasm *w, uint32_t name, uint32_t name_size, uint32_t self,
                               uint32_t count, uint32_t arguments)
{
    struct engine *e = engine_of(w);
    struct span wanted = {(const char *)engine_look(e, name, name_size), name_size};
    js_value result = JS_UNDEFINED;
    for (size_t i = 0; i < HOST_COUNT; i++) {
        if (span_equal(wanted, host_table[i].name)) {
            engine_charge(e, host_table[i].fixed);
            struct host_call call = {count, arguments, host_table[i].per_byte};
            result = host_table[i].function(e, &call);
            break;
        }
    }
    if (js_is_exception(result)) {
        return 0;
    }
    uint32_t heap = JS(e, wasm_malloc, 8);
    engine_write_u64(e, heap, result);
    return heap;
}
