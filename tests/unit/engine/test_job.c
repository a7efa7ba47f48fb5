/* One job from script to output: entry points, arguments, promises, timers, errors. */
#include "fixture.h"

static void calls_the_entry_point_with_input_and_secrets(void **state)
{
    struct fixture *f = *state;
    const struct engine_secret secrets[] = {{SPAN("key"), SPAN("s3cr\xc3\xa9t")},
                                            {SPAN("__proto__"), SPAN("p")}};
    f->job.secrets = secrets;
    f->job.secret_count = 2;
    assert_output(f,
                  "function main(i, s) { return { a: i === input, b: s === secrets, c: s.key,"
                  " d: Object.isFrozen(s), e: Object.getPrototypeOf(s), f: Object.keys(s).length,"
                  " g: arguments.length, h: this === undefined || this === globalThis }; }",
                  "{\"a\":true,\"b\":true,\"c\":\"s3cr\xc3\xa9t\",\"d\":true,\"e\":null,\"f\":2,"
                  "\"g\":2,\"h\":true}");
    f->job.secret_count = 0;
    assert_output(f, "function main() { return [typeof secrets, Object.keys(secrets).length] }",
                  "{\"result\":[\"object\",0]}");
}

static void input_is_the_callers_own_json(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run_entry(f, "function main(i) { return i }", "main",
                  "[1e400, -0, 12345678901234567890, 0.1, \"\\u0000\", {\"__proto__\":1}]"),
        0);
    f->output[f->result.output_size] = '\0';
    assert_string_equal(f->output, "{\"result\":[null,0,12345678901234567000,0.1,\"\\u0000\","
                                   "{\"__proto__\":1}]}");
    assert_int_equal(run_entry(f, "function main(i) { return i }", "main", ""), 0);
    assert_int_equal(f->result.output_size, 2);
    assert_int_equal(run_entry(f, "function main(i) { return i }", "main", "{bad"),
                     ERR_INPUT_INVALID);
    char deep[100001];
    memset(deep, '[', 100000);
    deep[100000] = '\0';
    assert_int_equal(run_entry(f, "function main(i) { return i }", "main", deep),
                     ERR_INPUT_INVALID);
}

static void finds_only_entry_points_of_the_scripts_own(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *script, *entry;
        int code;
    } cases[] = {
        {"function main() {}", "main", 0},
        {"var main = () => 1", "main", 0},
        {"let main = () => 1", "main", 0},
        {"const main = async () => 1", "main", 0},
        {"class main {}", "main", ERR_SCRIPT_ERROR}, /* found; a class cannot be called */
        {"globalThis.main = () => 1", "main", 0},
        {"Object.defineProperty(globalThis, 'main', {get() { return () => 1 }})", "main", 0},
        {"function h\xc3\xa4llo() {}", "h\xc3\xa4llo", 0},
        {"function $_9() {}", "$_9", 0},
        {"", "main", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "other", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "__proto__", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "a;b", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "main()", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", " main", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "ma\xe2\x80\xa8in", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "9main", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "eval", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "Function", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "setTimeout", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "structuredClone", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "input", ERR_ENTRY_POINT_MISSING},
        {"function input() {}", "input", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "secrets", ERR_ENTRY_POINT_MISSING},
        {"function eval() {}", "eval", ERR_ENTRY_POINT_MISSING},
        {"delete globalThis.escape; function escape() {}", "escape", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "this", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "null", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "if", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "toString", ERR_ENTRY_POINT_MISSING},
        {"function main() {}", "constructor", ERR_ENTRY_POINT_MISSING},
        {"var main = 5", "main", ERR_ENTRY_POINT_MISSING},
        {"let main = {}", "main", ERR_ENTRY_POINT_MISSING},
        {"Object.prototype.main = () => 1", "main", ERR_ENTRY_POINT_MISSING},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int code = run_entry(f, cases[i].script, cases[i].entry, "{}");
        if (code != cases[i].code) {
            fail_msg("%s, %s: %s: %s", cases[i].script, cases[i].entry, error_name(code), f->error);
        }
    }
}

static void a_script_may_call_its_own_things_input(void **state)
{
    struct fixture *f = *state;
    assert_output(f,
                  "let input = 5; const secrets = 6; function main() { return [input, secrets] }",
                  "{\"result\":[5,6]}");
    assert_output(f, "var input = 7; function main(i) { return [input, typeof i] }",
                  "{\"result\":[7,\"object\"]}");
}

static void waits_for_promises_thenables_and_timers(void **state)
{
    struct fixture *f = *state;
    assert_output(f, "async function main() { await null; return 1 }", "{\"result\":1}");
    assert_output(f, "function main() { return { then(ok) { ok({ a: 1 }) } } }", "{\"a\":1}");
    assert_output(f, "function main() { return new Promise((ok) => setTimeout(ok, 5, 'late')) }",
                  "{\"result\":\"late\"}");
    assert_int_equal(f->result.nondeterminism, ENGINE_USED_TIMER);
    assert_output(f,
                  "async function main() { const order = [];"
                  " setTimeout(() => order.push('b'), 4); setTimeout(() => order.push('a'), 1);"
                  " clearTimeout(setTimeout(() => order.push('never'), 2));"
                  " queueMicrotask(() => order.push('micro'));"
                  " let n = 0; await new Promise((ok) => { const id = setInterval(() => {"
                  "   if (++n === 3) { clearInterval(id); ok() } }, 3) }); order.push(n);"
                  " return order }",
                  "{\"result\":[\"micro\",\"a\",\"b\",3]}");
    assert_code(f, "function main() { return new Promise(() => {}) }", ERR_NEVER_SETTLED);
    assert_code(f, "function main() { return { then() {} } }", ERR_NEVER_SETTLED);
    assert_code(f, "async function main() { throw new Error('no') }", ERR_SCRIPT_ERROR);
    assert_code(f, "setTimeout(() => { throw 1 }, 1); main = () => new Promise(() => {})",
                ERR_SCRIPT_ERROR);
    assert_code(f, "queueMicrotask(() => { throw 1 }); function main() {}", ERR_SCRIPT_ERROR);
    f->job.timers = 3;
    assert_code(f, "function main() { for (;;) setTimeout(main, 1) }", ERR_SCRIPT_ERROR);
}

static void ends_on_time_and_when_cancelled(void **state)
{
    struct fixture *f = *state;
    f->job.gas_limit = UINT64_MAX / 2;
    f->job.timeout_ns = 30 * NS_PER_MS;
    assert_code(f, "for (;;);", ERR_TIMEOUT);
    assert_code(f, "function main() { return new Promise((ok) => setTimeout(ok, 60000)) }",
                ERR_TIMEOUT);
    assert_true(f->result.duration_ns < 5 * NS_PER_S);
    f->job.timeout_ns = 60 * NS_PER_S;
    f->interrupt_at_ns = clock_now_ns() + 20 * NS_PER_MS;
    assert_code(f, "for (;;);", ERR_CANCELLED);
    f->interrupt_at_ns = clock_now_ns() + 20 * NS_PER_MS;
    assert_code(f, "function main() { return new Promise((ok) => setTimeout(ok, 60000)) }",
                ERR_CANCELLED);
}

static void says_what_was_touched(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *script;
        uint32_t bits;
    } cases[] = {
        {"function main() { return new Date(5).getTime() }", 0},
        {"function main() { Date.now() }", ENGINE_USED_CLOCK},
        {"function main() { new Date() }", ENGINE_USED_CLOCK},
        {"function main() { performance.now() }", ENGINE_USED_CLOCK},
        {"function main() { Math.random() }", ENGINE_USED_RANDOM},
        {"function main() { crypto.randomUUID() }", ENGINE_USED_RANDOM},
        {"function main() { crypto.randomBytes(4) }", ENGINE_USED_RANDOM},
        {"function main() { crypto.getRandomValues(new Uint8Array(4)) }", ENGINE_USED_RANDOM},
        {"function main() { setTimeout(() => {}, 1) }", ENGINE_USED_TIMER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_code(f, cases[i].script, 0);
        assert_int_equal(f->result.nondeterminism, cases[i].bits);
    }
}

static void random_numbers_are_new_in_each_job(void **state)
{
    struct fixture *f = *state;
    char first[200];
    assert_code(f, "function main() { return [Math.random(), crypto.randomUUID()] }", 0);
    assert_true(f->result.output_size < sizeof(first));
    memcpy(first, f->output, f->result.output_size);
    size_t size = f->result.output_size;
    assert_code(f, "function main() { return [Math.random(), crypto.randomUUID()] }", 0);
    assert_true(f->result.output_size != size || memcmp(first, f->output, size) != 0);
}

static void errors_are_text_with_the_scripts_own_lines(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *script, *error;
    } cases[] = {
        {"function f() {\n  throw new TypeError('bad');\n}\nfunction main() {\n  f();\n}",
         "TypeError: bad\n    at f (script.js:2:13)\n    at main (script.js:5:3)"},
        {"let x = ;", "SyntaxError: unexpected token in expression: ';'\n    at script.js:1:9"},
        {"function main() { throw null }", "Uncaught null"},
        {"function main() { throw 'text' }", "Uncaught 'text'"},
        {"function main() { throw { a: 1 } }", "Uncaught { a: 1 }"},
        {"function main() { throw undefined }", "Uncaught undefined"},
        {"function main() { throw new Proxy({}, { get() { throw 1 } }) }", "Uncaught {}"},
        {"function main() { throw Object.create(null) }", "Uncaught [Object: null prototype] {}"},
        {"function main() { const e = new Error('x'); e.stack = ''; throw e }", "Error: x"},
        {"function main() { const e = new Error('x'); e.stack = 'Error: x\\n    at somewhere';"
         " throw e }",
         "Error: x\n    at somewhere"},
        {"function main() { const e = new Error('x'); e.stack = 'q'; e.name = 'N'; throw e }",
         "N: x\nq"},
        {"function main() { const e = new Error('x'); e.stack = 7 }", NULL},
        {"function main() { const e = new Error('\\ud800'); e.stack = ''; throw e }",
         "Error: \xef\xbf\xbd"},
        {"class E extends Error { get name() { throw 1 } get message() { throw 2 } }\n"
         "Object.defineProperty(E.prototype, 'stack', { get() { throw 3 } });\n"
         "function main() { throw new E() }",
         NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_code(f, cases[i].script, ERR_SCRIPT_ERROR);
        if (cases[i].error != NULL) {
            assert_string_equal(f->error, cases[i].error);
        }
    }
    assert_code(f, "function main() { throw new Error('\\u00e9'.repeat(1e5)) }", ERR_SCRIPT_ERROR);
    assert_int_equal(f->result.error_size, FIXTURE_ERROR_BYTES - 1); /* "Error: " and whole é */
}

static void messages_of_limits_say_used_and_allowed(void **state)
{
    struct fixture *f = *state;
    f->job.gas_limit = 1000000;
    assert_code(f, "for (;;);", ERR_GAS_EXHAUSTED);
    assert_non_null(strstr(f->error, "1000000 of 1000000"));
    assert_int_equal(f->result.gas_used, 1000000);
    f->job.gas_limit = 2000000000;
    assert_code(f, "const a = []; for (;;) a.push(new Uint8Array(1e6))", ERR_MEMORY_EXCEEDED);
    assert_non_null(strstr(f->error, "of 33554432"));
    assert_true(f->result.memory_used <= f->job.memory_limit);
    assert_code(f, "function main() { return 'x'.repeat(2e6) }", ERR_OUTPUT_TOO_LARGE);
    assert_non_null(strstr(f->error, "of 1048576"));
}

static void a_digest_names_the_engine(void **state)
{
    assert_int_equal(strlen(engine_digest()), 64);
    assert_ptr_equal(engine_digest(), engine_digest());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_TESTS(calls_the_entry_point_with_input_and_secrets),
        GUARD_TEST(input_is_the_callers_own_json),
        GUARD_TEST(finds_only_entry_points_of_the_scripts_own),
        GUARD_TEST(a_script_may_call_its_own_things_input),
        BOTH_TESTS(waits_for_promises_thenables_and_timers),
        BOTH_TESTS(ends_on_time_and_when_cancelled),
        GUARD_TEST(says_what_was_touched),
        GUARD_TEST(random_numbers_are_new_in_each_job),
        GUARD_TEST(errors_are_text_with_the_scripts_own_lines),
        BOTH_TESTS(messages_of_limits_say_used_and_allowed),
        cmocka_unit_test(a_digest_names_the_engine),
    };
    return RUN_ENGINE_TESTS(tests);
}
