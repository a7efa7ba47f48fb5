#include "engine/job.h"

#include "base/clock.h"
#include "engine/canonical.h"
#include "engine/exception.h"
#include "engine/gas.h"
#include "engine/timer.h"

#define GC_THRESHOLD_LEAST (1 * MIB)

/* The pending exception becomes the job's error. */
static int fail_thrown(struct engine *e)
{
    js_value thrown = js_exception(e);
    exception_write(e, thrown);
    return ERR_SCRIPT_ERROR;
}

static int define_global(struct engine *e, uint32_t atom, js_value value)
{
    value = JS_CTX(e, JS_DupValue, value);
    int r = (int)JS_CTX(e, JS_DefinePropertyValue, e->realm.global, atom, value, JS_PROP_C_W_E);
    return r < 0 ? fail_thrown(e) : 0;
}

static int parse_input(struct engine *e, js_value *ret)
{
    struct span text = e->job->input.size > 0 ? e->job->input : SPAN("{}");
    uint32_t source = js_put(e, text);
    e->reading_input = true;
    js_value value = JS_CTX(e, JS_ParseJSON, source, (uint32_t)text.size, e->realm.file_name);
    e->reading_input = false;
    JS(e, wasm_free, source);
    if (js_is_exception(value)) {
        struct js_text message = js_text(e, js_get(e, js_exception(e), "message"));
        return error_set(&e->why, ERR_INPUT_INVALID, "input", "%s: %.*s",
                         error_text(ERR_INPUT_INVALID), (int)message.span.size, message.span.data);
    }
    *ret = value;
    return 0;
}

/* Strings by name, without a prototype, frozen. */
static int make_secrets(struct engine *e, js_value *ret)
{
    js_value object = JS_CTX(e, JS_NewObjectProto, JS_NULL);
    for (size_t i = 0; i < e->job->secret_count; i++) {
        const struct engine_secret *secret = &e->job->secrets[i];
        uint32_t atom = js_atom(e, secret->name);
        js_value value = js_string(e, secret->value);
        int r = (int)JS_CTX(e, JS_DefinePropertyValue, object, atom, value, JS_PROP_ENUMERABLE);
        JS_CTX(e, JS_FreeAtom, atom);
        if (r < 0) {
            return fail_thrown(e);
        }
    }
    if ((int32_t)JS_CTX(e, JS_PreventExtensions, object) < 0) {
        return fail_thrown(e);
    }
    *ret = object;
    return 0;
}

/* Runs promise reactions and microtasks until none is left. */
static int run_microtasks(struct engine *e)
{
    while (JS(e, JS_IsJobPending, e->realm.runtime)) {
        if ((int32_t)JS(e, JS_ExecutePendingJob, e->realm.runtime, e->realm.scratch) < 0) {
            return fail_thrown(e);
        }
    }
    return 0;
}

static int run_script(struct engine *e)
{
    uint32_t source = js_put(e, e->job->script);
    js_value value = JS_CTX(e, JS_Eval, source, (uint32_t)e->job->script.size, e->realm.file_name,
                            JS_EVAL_TYPE_GLOBAL);
    JS(e, wasm_free, source);
    if (js_is_exception(value)) {
        return fail_thrown(e);
    }
    js_free(e, value);
    return run_microtasks(e);
}

/*
 * The entry point.
 */
static bool is_realm_name(const struct realm *realm, struct span name)
{
    uint32_t low = 0, high = realm->name_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        struct span other = realm->names[middle];
        size_t n = name.size < other.size ? name.size : other.size;
        int order = memcmp(name.data, other.data, n);
        if (order == 0 && name.size == other.size) {
            return true;
        }
        if (order < 0 || (order == 0 && name.size < other.size)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

static bool is_ascii_identifier(struct span name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool start = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
        if (!start && !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return name.size > 0;
}

/* Identifiers outside ASCII are left to the realm's own tables of characters. */
static bool is_identifier(struct engine *e, struct span name)
{
    if (is_ascii_identifier(name)) {
        return true;
    }
    js_value text = js_string(e, name);
    js_value answer = js_call(e, e->realm.is_identifier, JS_UNDEFINED, 1, &text);
    js_free(e, text);
    if (js_is_exception(answer)) {
        js_forget(e);
    }
    return answer == JS_TRUE;
}

#define NAME_SHOWN_MOST 100u

/* `what` ends where the name belongs; a name that is no plain identifier is not repeated. */
static int fail_entry(struct engine *e, const char *what)
{
    struct span name = e->job->entry_point;
    if (name.size > NAME_SHOWN_MOST || !is_ascii_identifier(name)) {
        name = SPAN("that name");
    }
    return error_set(&e->why, ERR_ENTRY_POINT_MISSING, "entry_point", "%s %.*s", what,
                     (int)name.size, name.data);
}

/*
 * Finds the function, owned: among the script's let, const and class, then among what it put on the
 * global object. Names that the realm was born with are refused whatever they hold now: who chooses
 * the entry point of somebody else's script must not get `eval` or `Function`.
 */
static int find_entry(struct engine *e, js_value *ret)
{
    struct span name = e->job->entry_point;
    if (!is_identifier(e, name)) {
        return fail_entry(e, "an entry point is an identifier of the script, which cannot be");
    }
    if (is_realm_name(&e->realm, name)) {
        return fail_entry(e, "the entry point must be a function of the script, not the built-in");
    }
    uint32_t atom = js_atom(e, name);
    js_value holder = e->realm.lexicals;
    int found = (int)JS_CTX(e, JS_GetOwnProperty, 0, holder, atom);
    if (found == 0) {
        holder = e->realm.global;
        found = (int)JS_CTX(e, JS_GetOwnProperty, 0, holder, atom);
    }
    if (found == 0) {
        return fail_entry(e, "the script defines no function");
    }
    js_value value = JS_CTX(e, JS_GetProperty, holder, atom);
    if (js_is_exception(value)) {
        return fail_thrown(e); /* a getter of the script's */
    }
    if (!JS_CTX(e, JS_IsFunction, value)) {
        return fail_entry(e, "the script defines something else than a function as");
    }
    *ret = value;
    return 0;
}

/*
 * Waiting.
 */
static int run_timer(struct engine *e, const struct timer *timer)
{
    if (clock_now_ns() < timer->due_ns) {
        uint64_t deadline = gas_deadline(e);
        e->host->sleep_until(e->host->ctx, timer->due_ns < deadline ? timer->due_ns : deadline);
        gas_check_time(e);
        if (clock_now_ns() < timer->due_ns) {
            return 0; /* woken early: look again */
        }
    }
    bool owned;
    js_value callback = timers_fire(&e->timers, clock_now_ns(), &owned);
    /* A callback may clear its own interval, and must live until it returns. */
    callback = owned ? callback : JS_CTX(e, JS_DupValue, callback);
    js_value value = js_call(e, callback, JS_UNDEFINED, 0, NULL);
    js_free(e, callback);
    if (js_is_exception(value)) {
        return fail_thrown(e);
    }
    js_free(e, value);
    return 0;
}

/* Runs whatever the job still has to run until the promise is settled. */
static int settle(struct engine *e, js_value promise)
{
    for (;;) {
        int r = run_microtasks(e);
        if (r != 0 || JS_CTX(e, JS_PromiseState, promise) != JS_PROMISE_PENDING) {
            return r;
        }
        const struct timer *timer = timers_first(&e->timers);
        if (timer == NULL) {
            return error_set(&e->why, ERR_NEVER_SETTLED, "", "%s", error_text(ERR_NEVER_SETTLED));
        }
        r = run_timer(e, timer);
        if (r != 0) {
            return r;
        }
    }
}

/*
 * Makes a promise of a thenable, as `await` does, and leaves any other value as it is. Taken and
 * returned: `*value`.
 */
static int adopt_thenable(struct engine *e, js_value *value)
{
    if (!js_is_object(*value) || JS(e, JS_IsPromise, *value)) {
        return 0;
    }
    js_value then = JS_CTX(e, JS_GetProperty, *value, e->realm.atom_then);
    if (js_is_exception(then)) {
        return fail_thrown(e);
    }
    bool thenable = JS_CTX(e, JS_IsFunction, then);
    js_free(e, then);
    if (!thenable) {
        return 0;
    }
    js_value promise = JS_CTX(e, JS_NewPromiseCapability, e->realm.scratch);
    if (js_is_exception(promise)) {
        return fail_thrown(e);
    }
    js_value resolve = engine_read_u64(e, e->realm.scratch);
    js_value result = js_call(e, resolve, JS_UNDEFINED, 1, value);
    js_free(e, *value);
    *value = promise;
    return js_is_exception(result) ? fail_thrown(e) : 0;
}

/* Replaces a promise (taken) by its value. */
static int await_value(struct engine *e, js_value *value)
{
    int r = adopt_thenable(e, value);
    if (r != 0) {
        return r;
    }
    if (!JS(e, JS_IsPromise, *value)) {
        return run_microtasks(e);
    }
    r = settle(e, *value);
    if (r != 0) {
        return r;
    }
    js_value result = JS_CTX(e, JS_PromiseResult, *value);
    if (JS_CTX(e, JS_PromiseState, *value) == JS_PROMISE_REJECTED) {
        exception_write(e, result);
        return ERR_SCRIPT_ERROR;
    }
    js_free(e, *value);
    *value = result;
    return 0;
}

static int call_entry(struct engine *e, const js_value arguments[2], js_value *ret)
{
    js_value entry;
    int r = find_entry(e, &entry);
    if (r != 0) {
        return r;
    }
    js_value value = js_call(e, entry, JS_UNDEFINED, 2, arguments);
    if (js_is_exception(value)) {
        return fail_thrown(e);
    }
    *ret = value;
    return await_value(e, ret);
}

/* What depends on the job and lives inside the engine. */
static void prepare(struct engine *e)
{
    /* Garbage in cycles is looked for when it could matter, not while a small job runs. */
    uint64_t threshold = e->job->memory_limit / 8;
    JS(e, JS_SetGCThreshold, e->realm.runtime,
       (uint32_t)(threshold > GC_THRESHOLD_LEAST ? threshold : GC_THRESHOLD_LEAST));
    engine_write_u64(e, e->realm.random_state, e->random_seed);
}

int job_run(struct engine *e)
{
    js_value arguments[2]; /* input, secrets */
    js_value output;
    prepare(e);
    int r = parse_input(e, &arguments[0]);
    if (r == 0) {
        r = make_secrets(e, &arguments[1]);
    }
    if (r == 0) {
        r = define_global(e, e->realm.atom_input, arguments[0]);
    }
    if (r == 0) {
        r = define_global(e, e->realm.atom_secrets, arguments[1]);
    }
    if (r == 0) {
        r = run_script(e);
    }
    if (r == 0) {
        r = call_entry(e, arguments, &output);
    }
    if (r == 0) {
        r = canonical_write(e, output);
        if (r == ERR_SCRIPT_ERROR) {
            r = fail_thrown(e);
        }
    }
    return r;
}
