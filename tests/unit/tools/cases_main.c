/*
 * Runs the exported functions of a small module on all combinations of edge values and prints each
 * result, for either translation: with -DORACLE wasm2c's, else ours. Only the text is compared.
 * Includes a generated cases.inc: a function and a line of `cases` for each export.
 *
 * Usage: program guard|checked
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ORACLE
#include "module.h"
#include "wasm-rt-impl.h"
#include "wasm-rt.h"
static Z_module_instance_t instance;
#define CALL(name, ...) Z_moduleZ_##name(&instance, ##__VA_ARGS__)
#define MEMORY          instance.w2c_memory.data
#define MEMORY_SIZE     ((uint64_t)instance.w2c_memory.size)
#else
#include "native.h"
static struct native native;
#define CALL(name, ...) native.wasm.exports->name(&native.wasm, ##__VA_ARGS__)
#define MEMORY          native.wasm.memory
#define MEMORY_SIZE     native.wasm.memory_size
#endif

#define OPERANDS_MOST 3

union value {
    uint32_t i;
    uint64_t j;
    float f;
    double d;
    uint64_t bits;
};

struct one_case {
    const char *name, *operands;
    char result; /* type letter; v: none */
    int exact;   /* are the bits of a NaN part of the result? */
    void (*run)(void);
};

static union value x[OPERANDS_MOST], r;

#include "cases.inc"

static const uint64_t values_i[] = {0,          1,    2,          7,          31,    32,
                                    33,         255,  128,        0x7fff,     32768, 0x10000,
                                    65535,      100,  0x7fffffff, 0x80000000, ~0u,   ~1u,
                                    0xdeadbeef, 1000, 0x0fffffff, 0x0ffffc00, 0x5fff};
static const uint64_t values_j[] = {0,
                                    1,
                                    3,
                                    31,
                                    63,
                                    64,
                                    65,
                                    255,
                                    0x8000,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x100000000,
                                    0x7fffffffffffffff,
                                    0x8000000000000000,
                                    ~0ull,
                                    ~1ull,
                                    0xdeadbeefcafebabe};
static const uint64_t values_f[] = {
    0,          0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x3fc00000,
    0x40200000, 0x4f000000, 0xcf000000, 0x4effffff, 0x4f800000, 0x4f7fffff, 0x5f000000,
    0xdf000000, 0x5f800000, 0x5effffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001,
    0x7fa00000, 1,          0x80000001, 0x7f7fffff, 0xbf7fffff, 0x3f7fffff, 0x4b000001};
static const uint64_t values_d[] = {0,
                                    0x8000000000000000,
                                    0x3ff0000000000000, /* 1 */
                                    0xbff0000000000000,
                                    0x3fe0000000000000, /* 0.5 */
                                    0xbfe0000000000000,
                                    0x3ff8000000000000, /* 1.5 */
                                    0x4004000000000000, /* 2.5 */
                                    0xc004000000000000,
                                    0x41dfffffffc00000, /* 2^31 - 1 */
                                    0x41dfffffffe00000, /* 2^31 - 0.5 */
                                    0x41e0000000000000, /* 2^31 */
                                    0xc1e0000000000000,
                                    0xc1e00000001fffff, /* -2^31 - 0.99 */
                                    0xc1e0000000200000, /* -2^31 - 1 */
                                    0x41efffffffe00000, /* 2^32 - 1 */
                                    0x41f0000000000000, /* 2^32 */
                                    0x43e0000000000000, /* 2^63 */
                                    0xc3e0000000000000,
                                    0x43dfffffffffffff,
                                    0x43f0000000000000, /* 2^64 */
                                    0x43efffffffffffff,
                                    0xbfefffffffffffff, /* -1 + e */
                                    0x7ff0000000000000,
                                    0xfff0000000000000,
                                    0x7ff8000000000000,
                                    0xfff8000000000001,
                                    0x7ff4000000000000, /* signalling */
                                    1,
                                    0x7fefffffffffffff,
                                    0x47efffffe0000000, /* FLT_MAX */
                                    0x47effffff0000000,
                                    0x3ff0000010000000,
                                    0x4330000000000001};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint64_t *values_of(char letter, size_t *count)
{
    switch (letter) {
    case 'i':
        *count = COUNT(values_i);
        return values_i;
    case 'j':
        *count = COUNT(values_j);
        return values_j;
    case 'f':
        *count = COUNT(values_f);
        return values_f;
    default:
        *count = COUNT(values_d);
        return values_d;
    }
}

static void print_result(const struct one_case *one)
{
    int nan = (one->result == 'f' && r.f != r.f) || (one->result == 'd' && r.d != r.d);
    if (nan && !one->exact)
        printf(" = nan\n");
    else if (one->result == 'i' || one->result == 'f')
        printf(" = %08" PRIx32 "\n", r.i);
    else
        printf(" = %016" PRIx64 "\n", one->result == 'v' ? 0 : r.j);
}

#ifndef ORACLE
static void run_one(struct native *unused, void *one)
{
    (void)unused;
    ((const struct one_case *)one)->run();
}
#endif

/* 0, or prints how it trapped, in words that both translations share. */
static int attempt(const struct one_case *one)
{
#ifdef ORACLE
    static const char *const words[16] = {[WASM_RT_TRAP_OOB] = "bounds",
                                          [WASM_RT_TRAP_INT_OVERFLOW] = "number",
                                          [WASM_RT_TRAP_DIV_BY_ZERO] = "number",
                                          [WASM_RT_TRAP_INVALID_CONVERSION] = "number",
                                          [WASM_RT_TRAP_UNREACHABLE] = "unreachable",
                                          [WASM_RT_TRAP_CALL_INDIRECT] = "call",
                                          [WASM_RT_TRAP_EXHAUSTION] = "depth"};
    int trap = wasm_rt_impl_try();
    if (!trap)
        one->run();
#else
    static const char *const words[16] = {
        [WASM_TRAP_OUT_OF_BOUNDS] = "bounds", [WASM_TRAP_DIVIDE] = "number",
        [WASM_TRAP_CONVERSION] = "number",    [WASM_TRAP_UNREACHABLE] = "unreachable",
        [WASM_TRAP_CALL_INDIRECT] = "call",   [WASM_TRAP_CALL_DEPTH] = "depth",
        [WASM_TRAP_ENDED] = "ended"};
    int trap = (int)native_run(&native, run_one, (void *)one);
#endif
    if (trap)
        printf(" trap %s\n", words[trap]);
    return trap;
}

#ifndef ORACLE
/* Says so if a change to memory was not noted; else nothing, so that all builds print the same. */
static void check_notes(const uint8_t *start, uint64_t size)
{
    if (native.masked && !native_changes_are_noted(&native, start, size))
        printf("memory has changed where no store is noted\n");
}

static uint8_t *copy_memory(uint64_t size)
{
    uint8_t *copy = malloc(size);
    memcpy(copy, MEMORY, size);
    return copy;
}
#endif

static void run_case(const struct one_case *one, size_t operand)
{
    if (one->operands[operand]) {
        size_t count;
        const uint64_t *values = values_of(one->operands[operand], &count);
        for (size_t i = 0; i < count; i++) {
            x[operand].bits = values[i];
            run_case(one, operand + 1);
        }
        return;
    }
    printf("%s", one->name);
    for (size_t i = 0; i < operand; i++)
        printf(" %" PRIx64, x[i].bits);
    if (!attempt(one))
        print_result(one);
}

int main(int count, char **arguments)
{
    int checked = count > 1 && !strcmp(arguments[1], "checked");
#ifdef ORACLE
    wasm_rt_init();
    Z_module_init_module();
    Z_module_instantiate(&instance);
#else
    native_init(&native, checked ? &wasm_checked_exports : &wasm_guard_exports, checked);
    uint64_t size = MEMORY_SIZE;
    uint8_t *start = copy_memory(size);
#endif
    for (size_t i = 0; i < COUNT(cases); i++)
        run_case(&cases[i], 0);
    uint64_t hash = 14695981039346656037ull; /* FNV-1a */
    for (uint64_t i = 0; i < MEMORY_SIZE; i++)
        hash = (hash ^ MEMORY[i]) * 1099511628211ull;
    printf("memory %" PRIu64 " %016" PRIx64 "\n", MEMORY_SIZE, hash);
#ifndef ORACLE
    check_notes(start, size);
    free(start);
    printf("gas %" PRIu64 "\n", native_gas_used(&native));
#endif
    return 0;
}
