/* Nothing of one job is left for the next, whatever it did. */
#include "engine/canonical.h"
#include "engine/random.h"
#include "engine/snapshot.h"
#include "fixture.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Scripts that end badly, or leave as much as they can behind. */
static const struct {
    const char *script;
    int code;
} bad_scripts[] = {
    {"for (;;);", ERR_GAS_EXHAUSTED},
    {"while (true) ({}).x", ERR_GAS_EXHAUSTED},
    {"function main() { return main() }", ERR_SCRIPT_ERROR},
    {"function main() { return 1 + main() }", ERR_SCRIPT_ERROR},
    {"const f = () => { [1].map(f) }; f()", ERR_SCRIPT_ERROR},
    {"const f = () => { JSON.stringify({ toJSON: f }) }; f()", ERR_SCRIPT_ERROR},
    {"const f = () => { 'x'.replace(/x/, f) }; f()", ERR_SCRIPT_ERROR},
    {"const f = () => { new Proxy({}, { get: f }).x }; f()", ERR_SCRIPT_ERROR},
    {"class A { constructor() { new A() } } new A()", ERR_SCRIPT_ERROR},
    {"let s = []; for (let i = 0; i < 1e5; i++) s = [s]; JSON.stringify(s)", ERR_GAS_EXHAUSTED},
    {"let s = []; for (let i = 0; i < 1e5; i++) s = [s]; s.flat(Infinity)", ERR_STACK_OVERFLOW},
    {"let s = []; for (let i = 0; i < 1e5; i++) s = [s]; String(s)", ERR_SCRIPT_ERROR},
    {"let s = []; for (let i = 0; i < 1e5; i++) s = [s]; structuredClone(s)", ERR_SCRIPT_ERROR},
    {"let s = {}; for (let i = 0; i < 1e5; i++) s = new Proxy(s, {}); s.x", ERR_SCRIPT_ERROR},
    {"let s = {}; for (let i = 0; i < 1e5; i++) s = { s }; main = () => s", ERR_OUTPUT_TOO_LARGE},
    {"JSON.parse('['.repeat(1e5))", ERR_STACK_OVERFLOW},
    {"eval('('.repeat(1e5))", ERR_STACK_OVERFLOW},
    {"eval('{'.repeat(1e5))", ERR_SCRIPT_ERROR},
    {"eval('-'.repeat(1e5) + 1)", ERR_STACK_OVERFLOW},
    {"eval('a=>'.repeat(1e4) + 1)", ERR_STACK_OVERFLOW},
    {"new RegExp('('.repeat(2e4) + ')'.repeat(2e4))", ERR_SCRIPT_ERROR},
    {"new RegExp('(?:'.repeat(2e4) + ')'.repeat(2e4)).test('')", ERR_STACK_OVERFLOW},
    {"/(((((a*)*)*)*)*)*$/.test('a'.repeat(30) + 'b')", ERR_GAS_EXHAUSTED},
    {"/(?:a|b)*c/.test('ab'.repeat(1e6))", ERR_MEMORY_EXCEEDED},
    {"new Array(1e9) + ''", ERR_GAS_EXHAUSTED},
    {"new Set({ [Symbol.iterator]: () => ({ next: Object }) })", ERR_GAS_EXHAUSTED},
    {"const b = new Uint8Array(5e6); for (;;) crypto.sha256(b)", ERR_GAS_EXHAUSTED},
    {"for (;;) crypto.randomBytes(1024)", ERR_GAS_EXHAUSTED},
    {"for (;;) console.log('x'.repeat(5000))", ERR_GAS_EXHAUSTED},
    {"for (;;) new TextEncoder().encode('x'.repeat(1e5))", ERR_GAS_EXHAUSTED},
    {"const a = []; for (;;) a.push(new Uint8Array(1000))", ERR_MEMORY_EXCEEDED},
    {"const a = []; for (;;) a.push(new Uint8Array(1e6).fill(7))", ERR_MEMORY_EXCEEDED},
    {"let s = 'ab'; for (;;) { s += s; s.codePointAt(0) }", ERR_MEMORY_EXCEEDED},
    {"const m = new Map(); for (let i = 0; ; i++) m.set(i, new ArrayBuffer(1000))",
     ERR_MEMORY_EXCEEDED},
    {"new ArrayBuffer(2 ** 31 - 1)", ERR_MEMORY_EXCEEDED},
    {"'a'.repeat(2 ** 30 - 1)", ERR_MEMORY_EXCEEDED},
    {"try { for (let a = []; ;) a.push([a]) } catch {} for (;;);", ERR_MEMORY_EXCEEDED},
    {"main = () => ({ get a() { throw 1 } })", ERR_SCRIPT_ERROR},
    {"main = () => new Proxy({}, { ownKeys() { throw 1 } })", ERR_SCRIPT_ERROR},
    {"main = () => { const a = []; a[0] = a; return a }", ERR_OUTPUT_INVALID},
    {"main = () => 1n", ERR_OUTPUT_INVALID},
    {"main = () => ({ get a() { for (;;); } })", ERR_GAS_EXHAUSTED},
    {"main = () => new Proxy([], { get: (t, k) => k === 'length' ? 2 ** 53 : 0 })", 0},
    {"main = () => { const g = globalThis; for (const k of Reflect.ownKeys(g)) delete g[k] }", 0},
    {"Object.freeze(Object.prototype); Object.setPrototypeOf(globalThis, null); main = () => 1", 0},
    {"Array.prototype.push = Object.defineProperty = null; main = () => console.log({})", 0},
    {"setInterval(() => {}, 1); main = () => 1", 0},
    {"main = () => new Promise((ok) => setTimeout(ok, 2, new Error('late')))", 0},
    {"main = () => { throw { get stack() { for (;;); } } }", ERR_SCRIPT_ERROR},
    {"main = () => { throw Object.assign(new Error(), { get name() { for (;;); } }) }",
     ERR_GAS_EXHAUSTED},
    {"\xff\xfe", ERR_SCRIPT_ERROR},
    {"", ERR_ENTRY_POINT_MISSING},
};

static void every_bad_script_ends_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    f->job.gas_limit = 300000000;
    int wrong = 0;
    for (size_t i = 0; i < sizeof(bad_scripts) / sizeof(bad_scripts[0]); i++) {
        int code = run(f, bad_scripts[i].script); /* compares memory with the snapshot */
        bool big_array = strstr(bad_scripts[i].script, "2 ** 53") != NULL;
        if (code != bad_scripts[i].code && !(big_array && code == ERR_OUTPUT_TOO_LARGE)) {
            print_error("%s: expected %s, got %s: %.200s\n", bad_scripts[i].script,
                        error_name(bad_scripts[i].code), error_name(code), f->error);
            wrong++;
        }
        assert_output(f, "function main() { return typeof Object.prototype.leak }",
                      "{\"result\":\"undefined\"}");
    }
    assert_int_equal(wrong, 0);
}

/*
 * A random marker, planted wherever a script can put it; as UTF-8 and as UTF-16, it must be nowhere
 * in the linear memory afterwards.
 */
static const char plant[] =
    "const marker = input.marker, bytes = new TextEncoder().encode(marker);\n"
    "globalThis.leak = marker; globalThis['g' + marker] = marker; var kept = marker;\n"
    "Object.prototype.leak = marker; Array.prototype[marker] = marker;\n"
    "Function.prototype.leak = () => marker; String.prototype[Symbol(marker)] = marker;\n"
    "Symbol.for(marker); RegExp.prototype.leak = new RegExp(marker, 'g');\n"
    "const re = /x/g; re.lastIndex = marker; 'x'.replace(new RegExp('(x)'), marker);\n"
    "const buffer = new ArrayBuffer(100000); new Uint8Array(buffer).set(bytes, 50000);\n"
    "const wide = marker + '\\u4e00'; const rope = [marker, wide].join('') + marker.repeat(100);\n"
    "const map = new Map([[marker, { [marker]: marker }]]); const weak = new WeakMap([[map, "
    "marker]]);\n"
    "const set = new Set([marker]); const date = new Date(0); date[marker] = marker;\n"
    "class C { #p = marker; static s = marker; get() { return this.#p } } const c = new C();\n"
    "function* gen() { yield marker; } const g = gen(); g.next();\n"
    "const stack = (n, ...m) => n === 0 ? marker.length : stack(n - 1, marker, ...m.slice(0, "
    "20));\n"
    "stack(300); try { null[marker] } catch (e) { globalThis.err = e }\n"
    "new Promise((_, no) => no(new Error(marker))).catch(() => {}); Promise.resolve(marker);\n"
    "eval('var ' + marker + ' = `' + marker + '`'); new Function('return \"' + marker + '\"')();\n"
    "JSON.parse(JSON.stringify({ [marker]: [marker] })); console.log(marker, { marker });\n"
    "crypto.sha256(marker); new TextDecoder().decode(bytes); structuredClone({ marker });\n"
    "setTimeout(() => marker, 1e6, marker); queueMicrotask(() => marker); BigInt('0x' + "
    "input.hex);\n"
    "const big = []; for (let i = 0; i < 3000; i++) big.push(marker + i); "
    "encodeURIComponent(marker);\n"
    "async function main() { await null; const e = new Error(marker); e.marker = marker;\n"
    "  if (input.fail) throw e; return { marker, big, [marker]: rope, g, err: String(err) } }\n";

static bool contains(const uint8_t *data, size_t size, const char *marker, size_t width)
{
    uint8_t wanted[128] = {0};
    size_t n = strlen(marker);
    for (size_t i = 0; i < n; i++) {
        wanted[i * width] = (uint8_t)marker[i];
    }
    return memmem(data, size, wanted, n * width - (width - 1)) != NULL;
}

static void make_marker(char *marker, char *hex)
{
    uint8_t random[32];
    FILE *source = fopen("/dev/urandom", "r");
    assert_non_null(source);
    assert_int_equal(fread(random, 1, sizeof(random), source), sizeof(random));
    fclose(source);
    for (size_t i = 0; i < sizeof(random); i++) {
        marker[i] = (char)('a' + random[i] % 26);
        snprintf(hex + 2 * i, 3, "%02x", random[i]);
    }
    marker[sizeof(random)] = '\0';
}

static void a_marker_is_nowhere_after_the_job(void **state)
{
    struct fixture *f = *state;
    struct engine *e = f->engine;
    for (int round = 0; round < 6; round++) {
        char marker[33], hex[65], input[256];
        make_marker(marker, hex);
        snprintf(input, sizeof(input), "{\"marker\":\"%s\",\"hex\":\"%s\",\"fail\":%s}", marker,
                 hex, round % 2 ? "true" : "false");
        struct engine_secret secret = {span_of(marker), span_of(marker)};
        f->job.secrets = &secret;
        f->job.secret_count = 1;
        int code = run_entry(f, plant, "main", input);
        if (code != (round % 2 ? ERR_SCRIPT_ERROR : 0)) {
            fail_msg("round %d: %s: %s", round, error_name(code), f->error);
        }
        /* It was there: the test would see it. */
        assert_true(contains((uint8_t *)f->logs, sizeof(f->logs), marker, 1));
        uint64_t searched =
            e->bounds == ENGINE_BOUNDS_GUARD ? e->wasm.memory_size : e->memory.reserved;
        assert_false(contains(e->wasm.memory, searched, marker, 1));
        assert_false(contains(e->wasm.memory, searched, marker, 2));
        assert_false(contains((uint8_t *)e, sizeof(*e), marker, 1));
        assert_false(contains((uint8_t *)e->timers.table, 4096, marker, 1));
    }
}

static void grown_memory_comes_back_as_zero(void **state)
{
    struct fixture *f = *state;
    assert_code(f,
                "globalThis.a = [];"
                "for (let i = 0; i < 20; i++) a.push(new Uint8Array(1e6).fill(7));"
                "main = () => a.length",
                0);
    assert_true(f->result.memory_used > 20000000);
    assert_output(
        f,
        "main = () => { for (let i = 0; i < 20; i++) {"
        "  if (Buffer(1e6).includes(7)) return i } return 'zero' };"
        "const kept = [], Buffer = (n) => { kept.push(new Uint8Array(n)); return kept.at(-1) }",
        "{\"result\":\"zero\"}");
    assert_true(f->result.memory_used > 20000000);
    if (f->engine->bounds == ENGINE_BOUNDS_CHECKED) {
        assert_nothing_behind(f->engine, WASM_MASK);
    }
}

static void the_hot_set_is_learned_again(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->engine->snapshot;
    assert_code(f, "main = () => 1", 0);
    uint32_t small = s->hot_count;
    assert_true(small > 0 && small < 100);
    assert_code(f, "main = () => 1", 0);
    assert_int_equal(s->learned, 0); /* the same job again: no page is new */
    assert_code(
        f, "main = () => { const a = []; for (let i = 0; i < 2e4; i++) a.push({}) ; return 1}", 0);
    assert_true(s->hot_count > small);
    for (int i = 0; i < 3000; i++) {
        assert_code(f, "main = () => 1", 0);
    }
    assert_true(s->hot_count <= small + 20);
}

/*
 * What a broken engine could do: write anywhere it can reach, and past it. In the checked build it
 * cannot but by the store of tools/wasm2native/ops.h, which takes the address modulo the mask,
 * notes it and adds a small offset; tests/unit/tools does it in generated code.
 */
static uint32_t poke_at, poke_offset;
static uint64_t poke_value = 0x7777777777777777;

static void poke_step(struct engine *e)
{
    uint32_t at = poke_at;
    size_t width = 1;
    if (e->bounds == ENGINE_BOUNDS_CHECKED) {
        at &= WASM_MASK;
        e->wasm.written[at / WASM_PART_BYTES] = 1;
        at += poke_offset;
        width = sizeof(poke_value);
    }
    memcpy(e->wasm.memory + at, &poke_value, width);
}

/* Pokes at each of the addresses; the write can be seen, and after the restore nothing of it. */
static void poke_and_restore(struct fixture *f, const uint32_t *addresses, size_t count)
{
    struct engine *e = f->engine;
    bool checked = e->bounds == ENGINE_BOUNDS_CHECKED;
    for (size_t i = 0; i < count; i++) {
        poke_at = addresses[i];
        assert_true(engine_guarded(e, poke_step));
        uint32_t landed = checked ? (poke_at & WASM_MASK) + poke_offset : poke_at;
        assert_int_equal(e->wasm.memory[landed], 0x77);
        assert_int_equal(snapshot_restore(e), 0);
        assert_restored(f);
        if (checked) {
            assert_nothing_behind(e, WASM_MASK);
        }
    }
}

static void a_wild_write_is_undone_or_trapped(void **state)
{
    struct fixture *f = *state;
    struct engine *e = f->engine;
    fault_install();
    uint32_t size = (uint32_t)e->wasm.memory_size;
    uint32_t inside[] = {0, 4095, 4096, 500000, 1048576, size / 2, size - 4097, size - 1};
    poke_offset = 0;
    poke_and_restore(f, inside, sizeof(inside) / sizeof(inside[0]));
    if (e->bounds == ENGINE_BOUNDS_CHECKED) {
        uint32_t behind[] = {size,      size + 4095,      size + 70000,  2 * size - 1,
                             WASM_MASK, WASM_MASK - 4095, WASM_MASK / 2, UINT32_MAX};
        poke_and_restore(f, behind, sizeof(behind) / sizeof(behind[0]));
        poke_offset = WASM_OFFSETS_MASKED_APART - 1;
        poke_and_restore(f, inside, sizeof(inside) / sizeof(inside[0]));
        poke_and_restore(f, behind, sizeof(behind) / sizeof(behind[0]));
        assert_output(f, "main = () => 1", "{\"result\":1}");
        return;
    }
    uint32_t outside[] = {size, size + 4096, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        poke_at = outside[i];
        assert_false(engine_guarded(e, poke_step));
        assert_int_equal(e->trap, WASM_TRAP_OUT_OF_BOUNDS);
        assert_int_equal(snapshot_restore(e), 0);
        assert_restored(f);
    }
    assert_output(f, "main = () => 1", "{\"result\":1}");
}

static void null_step(struct engine *e)
{
    *(volatile uint8_t *)8 = 1;
}

static void a_fault_elsewhere_ends_the_process(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fault_install();
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        engine_guarded(f->engine, null_step);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* A forked worker runs jobs in the engine that it was forked with, on random bytes of its own. */
static void a_fork_has_its_own_random_bytes(void **state)
{
    struct fixture *f = *state;
    uint8_t mine[16], theirs[16];
    int ends[2];
    assert_true(random_fill(f->engine, mine, sizeof(mine))); /* the pool is filled */
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fault_install();
        bool good = random_fill(f->engine, theirs, sizeof(theirs)) &&
                    run(f, "main = () => 1") == 0 &&
                    write(ends[1], theirs, sizeof(theirs)) == sizeof(theirs);
        _exit(good ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
    assert_true(random_fill(f->engine, mine, sizeof(mine)));
    assert_memory_not_equal(mine, theirs, sizeof(mine));
    close(ends[0]);
    close(ends[1]);
}

/* Several engines on several threads at once, of both builds. */
static void *thread_main(void *arg)
{
    struct fixture *f = arg;
    for (int i = 0; i < 200 && f->result.code == 0; i++) {
        struct engine_out out = {f->output,       sizeof(f->output), f->logs,
                                 sizeof(f->logs), f->error,          FIXTURE_ERROR_BYTES};
        f->job.script = i % 2 ? SPAN("globalThis.n = 1; main = () => input.n * 2")
                              : SPAN("const f = () => f(); main = () => { try { f() } catch {} "
                                     "return input.n * 2 }");
        f->job.entry_point = SPAN("main");
        if (engine_run(f->engine, &f->host, &f->job, &out, &f->result) != 0) {
            f->result.code = ERR_INTERNAL;
        }
    }
    return NULL;
}

static void engines_on_threads_do_not_meet(void **state)
{
    pthread_t threads[4];
    struct fixture *fixtures[4];
    char inputs[4][32];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, engine_stack_bytes);
    fault_install();
    for (int i = 0; i < 4; i++) {
        fixtures[i] = fixture_new(i % 2 ? ENGINE_BOUNDS_CHECKED : ENGINE_BOUNDS_GUARD);
        snprintf(inputs[i], sizeof(inputs[i]), "{\"n\":%d}", i + 1);
        fixtures[i]->job.input = span_of(inputs[i]);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], &attributes, thread_main, fixtures[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        char expected[32];
        pthread_join(threads[i], NULL);
        snprintf(expected, sizeof(expected), "{\"result\":%d}", 2 * (i + 1));
        fixtures[i]->output[fixtures[i]->result.output_size] = '\0';
        assert_int_equal(fixtures[i]->result.code, 0);
        assert_string_equal(fixtures[i]->output, expected);
        assert_restored(fixtures[i]);
        fixture_free(fixtures[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_TESTS(every_bad_script_ends_and_leaves_nothing),
        BOTH_TESTS(a_marker_is_nowhere_after_the_job),
        BOTH_TESTS(grown_memory_comes_back_as_zero),
        GUARD_TEST(the_hot_set_is_learned_again),
        BOTH_TESTS(a_wild_write_is_undone_or_trapped),
        GUARD_TEST(a_fault_elsewhere_ends_the_process),
        GUARD_TEST(a_fork_has_its_own_random_bytes),
        cmocka_unit_test(engines_on_threads_do_not_meet),
    };
    return RUN_ENGINE_TESTS(tests);
}
