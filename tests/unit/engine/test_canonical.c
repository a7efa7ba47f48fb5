/* Canonical JSON (RFC 8785) from the values of a script. */
#include "fixture.h"

static const struct {
    const char *value, *output;
} good[] = {
    {"1", "{\"result\":1}"},
    {"'text'", "{\"result\":\"text\"}"},
    {"undefined", "{\"result\":null}"},
    {"null", "{\"result\":null}"},
    {"true", "{\"result\":true}"},
    {"() => 1", "{\"result\":null}"},
    {"Symbol('s')", "{\"result\":null}"},
    {"[]", "{\"result\":[]}"},
    {"[1, [2, [], {}], 'x']", "{\"result\":[1,[2,[],{}],\"x\"]}"},
    {"[undefined, () => 1, Symbol.iterator, , null]", "{\"result\":[null,null,null,null,null]}"},
    {"({})", "{}"},
    {"({ b: 1, a: 2 })", "{\"a\":2,\"b\":1}"},
    {"({ a: undefined, b: () => 1, c: Symbol('x'), d: 1 })", "{\"d\":1}"},
    {"({ [Symbol('x')]: 1, y: { z: [] } })", "{\"y\":{\"z\":[]}}"},
    {"({ 10: 'a', 9: 'b', 1: 'c', '-1': 'd' })",
     "{\"-1\":\"d\",\"1\":\"c\",\"10\":\"a\",\"9\":\"b\"}"},
    {"Object.defineProperty({ a: 1 }, 'hidden', { value: 1 })", "{\"a\":1}"},
    {"Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })", "{\"own\":2}"},
    {"Object.assign(Object.create(null), { a: 1 })", "{\"a\":1}"},
    {"new (class A { x = 1; #y = 2; get z() { return 3 } })", "{\"x\":1}"},
    /* The key order of RFC 8785, 3.2.3. */
    {"({ '\\u20ac': 'Euro Sign', '\\r': 'Carriage Return', '\\ufb33': 'Hebrew Letter Dalet With "
     "Dagesh', '1': 'One', '\\ud83d\\ude00': 'Emoji: Grinning Face', '\\u0080': 'Control', "
     "'\\u00f6': 'Latin Small Letter O With Diaeresis' })",
     "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin "
     "Small "
     "Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: "
     "Grinning "
     "Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}"},
    /* ... of its example 3.2.2: literals, numbers, strings. */
    {"({ numbers: [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
     " string: '\\u20ac$\\u000F\\u000aA\\'\\u0042\\u0022\\u005c\\\\\\\"\\/',"
     " literals: [null, true, false] })",
     "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
     "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
    {"[0, -0, 1.5, -1, 1e21, 1e-7, 123456789012345680000, 5e-324, 1.7976931348623157e308]",
     "{\"result\":[0,0,1.5,-1,1e+21,1e-7,123456789012345680000,5e-324,1.7976931348623157e+308]}"},
    {"[NaN, Infinity, -Infinity, 9007199254740993, 4294967296, 2147483648, -2147483649]",
     "{\"result\":[null,null,null,9007199254740992,4294967296,2147483648,-2147483649]}"},
    {"[295147905179352830000, 9999999999999999, 0.1 + 0.2, 100000000000000000000000]",
     "{\"result\":[295147905179352830000,10000000000000000,0.30000000000000004,1e+23]}"},
    {"'\\u0000\\u001f\\u007f\\u2028\\b\\t\\n\\f\\r\"\\\\/'",
     "{\"result\":\"\\u0000\\u001f\x7f\xe2\x80\xa8\\b\\t\\n\\f\\r\\\"\\\\/\"}"},
    {"'z\\ud83d\\ude00'", "{\"result\":\"z\xf0\x9f\x98\x80\"}"},
    {"'a'.repeat(3) + 'b'.concat('c')", "{\"result\":\"aaabc\"}"},
    {"new Date(0)", "{\"result\":\"1970-01-01T00:00:00.000Z\"}"},
    {"({ d: new Date(NaN), e: new Date(1e12) })",
     "{\"d\":null,\"e\":\"2001-09-09T01:46:40.000Z\"}"},
    {"[new Number(3), new String('s'), new Boolean(false)]", "{\"result\":[3,\"s\",false]}"},
    {"new String('s')", "{\"result\":\"s\"}"},
    {"Object(Symbol())", "{}"},
    {"[new Map([[1, 2]]), new Set([1]), /x/g, new Error('e'), new WeakMap()]",
     "{\"result\":[{},{},{},{},{}]}"},
    {"[2 ** -24, -(2 ** -44), 2 ** 89, 2 ** -1017, 2 ** -1074, 2 ** 67, 2 ** 149]",
     "{\"result\":[5.960464477539063e-8,-5.684341886080802e-14,6.189700196426902e+26,"
     "7.120236347223045e-307,5e-324,147573952589676410000,"
     "7.1362384635298e+44]}"},
    {"new Map()", "{}"},
    {"new Uint8Array([5, 6, 7])", "{\"0\":5,\"1\":6,\"2\":7}"},
    {"new Float64Array(11)", "{\"0\":0,\"1\":0,\"10\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,"
                             "\"7\":0,\"8\":0,\"9\":0}"},
    {"new ArrayBuffer(4)", "{}"},
    {"JSON.rawJSON('1.50')", "{\"result\":1.5}"},
    {"({ a: JSON.rawJSON('\"x\"') })", "{\"a\":\"x\"}"},
    {"Object.assign([1, 2], { x: 1 })", "{\"result\":[1,2]}"},
    {"new Proxy({ b: 1, a: 2 }, {})", "{\"a\":2,\"b\":1}"},
    {"new Proxy([1, 2], {})", "{\"result\":[1,2]}"},
    {"new Proxy(new Proxy([1], {}), {})", "{\"result\":[1]}"},
    {"new Proxy({}, { ownKeys: () => ['x'], getOwnPropertyDescriptor: () => ({ enumerable: true, "
     "configurable: true, value: 0 }), get: (t, k) => k === 'x' ? 9 : undefined })",
     "{\"x\":9}"},
    {"({ get a() { return { b: 1 } } })", "{\"a\":{\"b\":1}}"},
    /* toJSON: the script's own. */
    {"({ toJSON() { return 5 } })", "{\"result\":5}"},
    {"({ a: { toJSON(k) { return k + '!' } }, b: [{ toJSON(k) { return k } }] })",
     "{\"a\":\"a!\",\"b\":[\"0\"]}"},
    {"new (class A { toJSON() { return { a: 1 } } })", "{\"a\":1}"},
    {"new (class B extends (class A { toJSON() { return { a: 1 } } }) {})", "{\"a\":1}"},
    {"new (class D extends Date { toJSON() { return 'd' } })(0)", "{\"result\":\"d\"}"},
    {"({ toJSON: 5, a: 1 })", "{\"a\":1,\"toJSON\":5}"},
    {"({ toJSON() { return undefined } })", "{\"result\":null}"},
    {"({ a: { toJSON() {} } })", "{}"},
    {"Object.assign(() => 1, { toJSON: () => 'f' })", "{\"result\":\"f\"}"},
    {"Object.assign(new Map(), { toJSON() { return 'm' } })", "{\"result\":\"m\"}"},
    {"(() => { const o = { x: 1 }; return { a: o, b: o, c: [o, o] } })()",
     "{\"a\":{\"x\":1},\"b\":{\"x\":1},\"c\":[{\"x\":1},{\"x\":1}]}"},
};

static void writes_every_kind_of_value(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char script[2000];
        snprintf(script, sizeof(script), "function main() { return %s }", good[i].value);
        assert_output(f, script, good[i].output);
    }
}

static void refuses_what_has_no_json_form_and_says_where(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *value, *error;
        int code;
    } bad[] = {
        {"1n", "a BigInt has no JSON form at $", ERR_OUTPUT_INVALID},
        {"({ a: [0, { 'b c': 2n }] })", "a BigInt has no JSON form at $.a[1][\"b c\"]",
         ERR_OUTPUT_INVALID},
        {"[Object(1n)]", "a BigInt has no JSON form at $[0]", ERR_OUTPUT_INVALID},
        {"'\\ud800'", "a lone surrogate has no JSON form at $", ERR_OUTPUT_INVALID},
        {"({ a: 'x\\udc00y' })", "a lone surrogate has no JSON form at $.a", ERR_OUTPUT_INVALID},
        {"({ '\\udfff': 1 })", NULL, ERR_OUTPUT_INVALID},
        {"(() => { const o = { a: {} }; o.a.o = o; return o })()",
         "the value contains itself at $.a.o", ERR_OUTPUT_INVALID},
        {"(() => { const a = []; a.push(a); return a })()", "the value contains itself at $[0]",
         ERR_OUTPUT_INVALID},
        {"({ get a() { throw new Error('g') } })", NULL, ERR_SCRIPT_ERROR},
        {"({ toJSON() { throw new Error('g') } })", NULL, ERR_SCRIPT_ERROR},
        {"new Proxy({}, { ownKeys() { throw new Error('g') } })", NULL, ERR_SCRIPT_ERROR},
        {"new Proxy({}, { getPrototypeOf() { throw new Error('g') } })", NULL, ERR_SCRIPT_ERROR},
        {"(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()",
         NULL, ERR_SCRIPT_ERROR},
        {"(() => { let a = 1; for (let i = 0; i < 1001; i++) a = [a]; return a })()",
         "output_depth: 1001 of 1000 used", ERR_OUTPUT_TOO_LARGE},
        {"(() => { let a = []; for (let i = 0; i < 999; i++) a = [a]; return a })()",
         "output_depth: 1001 of 1000 used", ERR_OUTPUT_TOO_LARGE}, /* {"result": ...} is one */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char script[2000];
        snprintf(script, sizeof(script), "function main() { return %s }", bad[i].value);
        assert_code(f, script, bad[i].code);
        if (bad[i].error != NULL) {
            assert_string_equal(f->error, bad[i].error);
        }
        assert_int_equal(f->result.output_size, 0);
    }
}

/* A script that replaced everything within its reach gets the same output. */
static void intrinsics_that_a_script_replaced_do_not_matter(void **state)
{
    struct fixture *f = *state;
    static const char *const tampering[] = {
        "Object.prototype.toJSON = () => 'stolen';",
        "Array.prototype.toJSON = String.prototype.toJSON = Number.prototype.toJSON = () => "
        "'stolen';",
        "Date.prototype.toJSON = Date.prototype.toISOString = () => 'stolen';",
        "Boolean.prototype.toJSON = Symbol.prototype.toJSON = Map.prototype.toJSON = () => "
        "'stolen';",
        "Array.prototype[Symbol.iterator] = () => ({ next: () => ({ done: true }) });",
        "JSON = null;",
        "globalThis.JSON = { stringify: () => 'stolen' };",
        "JSON.stringify = JSON.parse = () => 'stolen';",
        "Object.keys = Object.entries = Reflect.ownKeys = () => [];",
        "Object.getOwnPropertyNames = Object.getPrototypeOf = () => { throw 1 };",
        "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 'x';",
        "Reflect.apply = () => 'x';",
        "String.prototype.replace = String.prototype.toString = () => 'stolen';",
        "Number.prototype.toString = Number.prototype.valueOf = () => 'stolen';",
        "String.prototype.valueOf = Boolean.prototype.valueOf = () => 'stolen';",
        "Object.prototype.valueOf = Object.prototype.toString = () => 'stolen';",
        "Promise.prototype.then = () => { throw 1 }; Promise.resolve = null;",
        "globalThis.Promise = globalThis.Object = globalThis.Array = undefined;",
        "Array.prototype.push = Array.prototype.join = Array.prototype.sort = () => 'stolen';",
        "Object.defineProperty(Object.prototype, 'length', { get() { return 0 }, set() {} });",
        "Object.defineProperty(Object.prototype, '0', { get() { throw 1 }, set() { throw 2 } });",
        "Object.defineProperty(Array.prototype, '0', { get() { throw 1 }, set() { throw 2 } });",
        "Object.defineProperty(Object.prototype, 'get', { get() { throw 1 }, set() {} });",
        "Object.prototype.value = Object.prototype.set = Object.prototype.writable = 1;",
        "Object.prototype[Symbol.toPrimitive] = () => 'stolen';",
        "Symbol.iterator = Symbol.toPrimitive = null; RegExp.prototype.exec = () => null;",
        "Map.prototype.get = Map.prototype.set = Map.prototype.has = () => 'stolen';",
        "Object.setPrototypeOf(Object.prototype.__proto__ ?? Array.prototype, { toJSON: () => 'no' "
        "});",
        "const g = globalThis; for (const k of Reflect.ownKeys(g)) if (k !== 'main') delete g[k];",
    };
    static const char script[] =
        "%s\nasync function main() {"
        " const d = boxes[0], n = boxes[1], s = boxes[2], m = boxes[3];"
        " return await { then(ok) { ok({ b: [1, 'x', { d }], a: n, s, m, u: undefined }) } } }";
    static const char before[] =
        "const boxes = [new Date(0), new Number(7), new String('str'), new Map()];";
    for (size_t i = 0; i < sizeof(tampering) / sizeof(tampering[0]); i++) {
        char whole[2000];
        size_t n = (size_t)snprintf(whole, sizeof(whole), "%s", before);
        snprintf(whole + n, sizeof(whole) - n, script, tampering[i]);
        assert_output(f, whole,
                      "{\"a\":7,\"b\":[1,\"x\",{\"d\":\"1970-01-01T00:00:00.000Z\"}],"
                      "\"m\":{},\"s\":\"str\"}");
    }
}

/*
 * The order of many keys of one to three characters from all planes: read back by a second job,
 * which compares with the order of Array.prototype.sort, by UTF-16 code units too.
 */
static void sorts_many_keys(void **state)
{
    struct fixture *f = *state;
    assert_code(f,
                "function main() { const o = {}; let seed = 1; for (let i = 0; i < 3000; i++) {"
                "  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;"
                "  const all = [32 + seed % 0xd700, 0xe000 + (seed >> 8) % 0x1f00,"
                "    0x10000 + (seed >> 4) % 0xffff];"
                "  o[String.fromCodePoint(...all.slice(seed % 3), ...all.slice(0, i % 3))] = i }"
                " return o }",
                0);
    char *input = malloc(f->result.output_size + 1);
    assert_non_null(input);
    memcpy(input, f->output, f->result.output_size);
    input[f->result.output_size] = '\0';
    assert_int_equal(
        run_entry(f,
                  "function main(o) { const keys = Object.keys(o);"
                  " const sorted = keys.slice().sort();"
                  " return keys.length > 2900 && keys.every((k, i) => k === sorted[i]) }",
                  "main", input),
        0);
    assert_memory_equal(f->output, "{\"result\":true}", 15);
    free(input);
}

static void fills_the_output_to_the_last_byte(void **state)
{
    struct fixture *f = *state;
    char script[200];
    size_t around = strlen("{\"result\":\"\"}");
    snprintf(script, sizeof(script), "main = () => 'x'.repeat(%llu)",
             FIXTURE_OUTPUT_BYTES - around);
    assert_code(f, script, 0);
    assert_int_equal(f->result.output_size, FIXTURE_OUTPUT_BYTES);
    snprintf(script, sizeof(script), "main = () => 'x'.repeat(%llu)",
             FIXTURE_OUTPUT_BYTES - around + 1);
    assert_code(f, script, ERR_OUTPUT_TOO_LARGE);
    assert_code(f, "main = () => new Array(2 ** 32 - 1)", ERR_OUTPUT_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_TESTS(writes_every_kind_of_value),
        GUARD_TEST(refuses_what_has_no_json_form_and_says_where),
        GUARD_TEST(intrinsics_that_a_script_replaced_do_not_matter),
        GUARD_TEST(sorts_many_keys),
        GUARD_TEST(fills_the_output_to_the_last_byte),
    };
    return RUN_ENGINE_TESTS(tests);
}
