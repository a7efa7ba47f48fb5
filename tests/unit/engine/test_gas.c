/* Gas is the same wherever and whenever a job runs, and everything pays. */
#include "fixture.h"

/* Jobs that touch no clock, random source or timer. */
static const char *const deterministic[] = {
    "function main() { return 1 }",
    "function main(i) { let s = 0; for (const x of [1, 2, 3]) s += x; return { s } }",
    "function main() { const m = new Map(); for (let i = 0; i < 5000; i++) m.set('k' + i, { i });"
    " return [...m.values()].filter((x) => x.i % 7 === 0).length }",
    "function main() { return [3, 1, 2].sort().concat('a'.repeat(1000).split('')) }",
    "function main() { return /(\\w+)@(\\w+)/.exec('x '.repeat(300) + 'me@here').slice() }",
    "function main() { return JSON.parse(JSON.stringify({ a: [1, { b: 2 }] })) }",
    "async function main() { for (let i = 0; i < 50; i++) await i; return 'done' }",
    "function main() { return crypto.sha256('x'.repeat(100000)) }",
    "function main() { console.log({ a: [1, 2, { b: new Map([[1, 2]]) }] }, new Error('e')) }",
    "function main() { return [{}, [], () => {}].map((x) => new WeakMap().set(x, 1).get(x)) }",
    "function main() { const a = []; for (let i = 0; i < 20; i++) a.push(new Uint8Array(1e5)); "
    "return a.length }",
    "function main() { const f = () => f(); try { f() } catch (e) { return String(e) } }",
    "function main() { const o = {}; for (let i = 0; i < 3000; i++) { o['p' + i] = i; delete o['p' "
    "+ i / 2] } return o }",
    "function main() { let s = {}; for (let i = 0; i < 1e4; i++) { s = { s }; s.s.back = s } "
    "return 'gc' }",
    "function main() { return Object.getOwnPropertyNames(globalThis) }",
    "function main() { return new Date(86400000).toString() }",
    "function main() { return 'z\xc3\xa4\xf0\x9f\x98\x80'.normalize('NFD').toUpperCase() + "
    "Math.sin(1) }",
    "function main() { throw new Error('x') }",
    "function main() { null.x }",
    "let x = ;",
    "for (;;);",
    "const a = []; for (;;) a.push(new Uint8Array(1e5))",
    "JSON.parse('['.repeat(1e5))",
    "function main() { return 1n }",
};
#define DETERMINISTIC_COUNT (sizeof(deterministic) / sizeof(deterministic[0]))

struct trace {
    uint64_t gas, memory;
    int code;
    size_t output_size, error_size;
    uint32_t output_sum; /* of the bytes, weighted */
};

static struct trace trace_of(struct fixture *f, const char *script)
{
    struct trace trace = {0};
    trace.code = run(f, script);
    trace.gas = f->result.gas_used;
    trace.memory = f->result.memory_used;
    trace.output_size = f->result.output_size;
    trace.error_size = f->result.error_size;
    for (size_t i = 0; i < trace.output_size; i++) {
        trace.output_sum = trace.output_sum * 31 + (uint8_t)f->output[i];
    }
    assert_int_equal(f->result.nondeterminism, 0);
    return trace;
}

static void assert_same(const char *script, struct trace a, struct trace b)
{
    if (a.gas != b.gas || a.memory != b.memory || a.code != b.code ||
        a.output_size != b.output_size || a.error_size != b.error_size ||
        a.output_sum != b.output_sum) {
        fail_msg("%s: gas %llu and %llu, memory %llu and %llu, %s and %s", script,
                 (unsigned long long)a.gas, (unsigned long long)b.gas, (unsigned long long)a.memory,
                 (unsigned long long)b.memory, error_name(a.code), error_name(b.code));
    }
}

static void is_the_same_in_every_engine_and_order(void **state)
{
    struct fixture *guard = fixture_new(ENGINE_BOUNDS_GUARD);
    struct fixture *checked = fixture_new(ENGINE_BOUNDS_CHECKED);
    struct fixture *other = fixture_new(ENGINE_BOUNDS_GUARD);
    struct trace first[DETERMINISTIC_COUNT];
    struct fixture *all[] = {guard, checked, other};
    for (size_t i = 0; i < 3; i++) {
        all[i]->job.gas_limit = 300000000;
    }
    for (size_t i = 0; i < DETERMINISTIC_COUNT; i++) {
        first[i] = trace_of(guard, deterministic[i]);
        assert_true(first[i].gas > 0);
    }
    for (size_t i = DETERMINISTIC_COUNT; i-- > 0;) {
        assert_same(deterministic[i], first[i], trace_of(guard, deterministic[i]));
        assert_same(deterministic[i], first[i], trace_of(checked, deterministic[i]));
        assert_same(deterministic[i], first[i], trace_of(other, deterministic[i]));
    }
    fixture_free(guard);
    fixture_free(checked);
    fixture_free(other);
}

/* With less gas than it needs a job ends; with exactly what it needs it does not. */
static void exactly_what_is_needed_is_enough(void **state)
{
    struct fixture *f = *state;
    static const char *const scripts[] = {
        "function main() { return 1 }",
        "function main() { let s = 0; for (let i = 0; i < 100000; i++) s += i; return s }",
        "function main() { return crypto.sha256('x'.repeat(3e6)) }",
    };
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        f->job.gas_limit = 2000000000;
        assert_code(f, scripts[i], 0);
        uint64_t needed = f->result.gas_used;
        f->job.gas_limit = needed;
        assert_code(f, scripts[i], 0);
        assert_int_equal(f->result.gas_used, needed);
        f->job.gas_limit = needed - 1;
        assert_code(f, scripts[i], ERR_GAS_EXHAUSTED);
        assert_int_equal(f->result.gas_used, needed - 1);
        f->job.gas_limit = needed / 2;
        assert_code(f, scripts[i], ERR_GAS_EXHAUSTED);
    }
    f->job.gas_limit = 1;
    assert_code(f, "", ERR_GAS_EXHAUSTED);
    f->job.gas_limit = 0;
    assert_code(f, "", ERR_GAS_EXHAUSTED);
}

/* Twice the work costs about twice the gas: nothing large is free. */
static void work_in_native_loops_pays(void **state)
{
    struct fixture *f = *state;
    static const char *const work[] = {
        "new Array(N).fill(0)",
        "'x'.repeat(N)",
        "new Uint8Array(N)",
        "crypto.sha256('x'.repeat(N))",
        "[].concat(new Array(N))",
        "'x'.repeat(N).indexOf('y')",
        "new Array(N).join('')",
        "new Uint8Array(N).sort()",
        "new TextEncoder().encode('x'.repeat(N))",
        "console.log('x'.repeat(N))",
        "escape('x'.repeat(N))",
        "JSON.stringify('x'.repeat(N))",
        "new Uint8Array(new Uint8Array(N))",
        "new Uint8Array(N).indexOf(1)",
        "'x'.repeat(N).split('')",
        "BigInt('0x' + 'f'.repeat(N / 10))",
        "structuredClone(new Uint8Array(N))",
    };
    f->job.memory_limit = 128 * MIB;
    for (size_t i = 0; i < sizeof(work) / sizeof(work[0]); i++) {
        uint64_t gas[3];
        for (int k = 0; k < 3; k++) {
            char script[200];
            snprintf(script, sizeof(script), "const N = %d; %s; main = () => 1",
                     k == 0 ? 10 : k * 400000, work[i]);
            assert_code(f, script, 0);
            gas[k] = f->result.gas_used;
        }
        if (gas[2] - gas[1] < 400000 / 20 || gas[1] - gas[0] < 400000 / 20) {
            fail_msg("%s costs too little: %llu %llu %llu", work[i], (unsigned long long)gas[0],
                     (unsigned long long)gas[1], (unsigned long long)gas[2]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_same_in_every_engine_and_order),
        BOTH_TESTS(exactly_what_is_needed_is_enough),
        GUARD_TEST(work_in_native_loops_pays),
    };
    return RUN_ENGINE_TESTS(tests);
}
