/*
 * What every piece of generated code is made of: addresses, loads and stores, gas, counted depth,
 * table calls, and the instructions whose WebAssembly meaning differs from the C operator's.
 *
 * Included by the generated module.h, with one of two meanings of an address:
 *
 *   guard    memory + address + offset, up to 8 GiB: pages without access follow the memory.
 *   checked  memory + (address & WASM_MASK) + offset: a power of two of memory, all of it mapped,
 *            plus WASM_MASK_SLACK bytes that an access at its very end may reach. A store is noted
 *            in w->written.
 *            (WASM_BOUNDS_CHECKED)
 *
 * Generated code has no loop statements: it goes round by `goto` alone, and the proof (proof.py)
 * reads the text for it. So no macro here may hide a jump, but DISPATCH, which pays itself.
 */
#ifndef WASM2NATIVE_OPS_H
#define WASM2NATIVE_OPS_H

#include "engine/wasm.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef float f32;
typedef double f64;

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define INLINE      static inline __attribute__((always_inline, unused))

/* F(JS_Eval) is this build's name of the module's function. */
#ifdef WASM_BOUNDS_CHECKED
#define F(name) wasm_checked_##name
#else
#define F(name) wasm_guard_##name
#endif

/*
 * Gas. The overflow builtin compiles to a subtraction from memory and a jump that is never taken:
 * comparing the result with zero would cost a register and two more instructions.
 */
#ifdef WASM_NO_GAS
#define GAS(units) ((void)0)
#else
#define GAS(units)                                                                                 \
    do {                                                                                           \
        if (UNLIKELY(__builtin_sub_overflow(w->gas, (u64)(units), &w->gas)))                       \
            wasm_gas_slow(w);                                                                      \
    } while (0)
#endif

/* Counted depth: the functions that break all cycles of the call graph take one of `depth`. */
#define ENTER()                                                                                    \
    do {                                                                                           \
        if (UNLIKELY(__builtin_sub_overflow(w->depth, 1u, &w->depth)))                             \
            wasm_trap(w, WASM_TRAP_CALL_DEPTH);                                                    \
    } while (0)
#define LEAVE() (w->depth++)

/*
 * Threaded dispatch of the interpreter loop: pays, then jumps to the code of an opcode.
 * `dispatch_targets` has a label for each of the 256 bytes.
 *
 * The payment is GAS, with a call on its slow path, because that has no jump of its own: clang
 * copies the indirect jump to the end of each opcode only where nothing else could follow there.
 */
#define DISPATCH(units, byte)                                                                      \
    do {                                                                                           \
        GAS(units);                                                                                \
        goto *dispatch_targets[(u8)(byte)];                                                        \
    } while (0)

/* Where to load from, and where to store to, which is noted where no MMU does it. `m` is the
 * function's own copy of w->memory, which never moves. */
#ifdef WASM_BOUNDS_CHECKED
#define AT(address, offset) masked(m, address, offset)
#define TO(address, offset) note_store(w, m, address, offset)
#else
#define AT(address, offset) (m + (u64)(address) + (offset))
#define TO(address, offset) AT(address, offset)
#endif

/* What is added behind the mask: then all accesses through one pointer share its masked value. */
INLINE u32 masked_apart(u32 offset)
{
    return offset < WASM_OFFSETS_MASKED_APART ? offset : 0;
}

INLINE u8 *masked(u8 *m, u32 address, u32 offset)
{
    u32 apart = masked_apart(offset);
    return m + ((address + (offset - apart)) & WASM_MASK) + apart;
}

INLINE u8 *note_store(struct wasm *w, u8 *m, u32 address, u32 offset)
{
    u32 apart = masked_apart(offset);
    u32 at = (address + (offset - apart)) & WASM_MASK;
    w->written[at / WASM_PART_BYTES] = 1;
    return m + at + apart;
}

#define DEFINE_LOAD(name, memory_type, extended, result)                                           \
    INLINE result name(const u8 *at)                                                               \
    {                                                                                              \
        memory_type value;                                                                         \
        memcpy(&value, at, sizeof(value));                                                         \
        return (result)(extended)value;                                                            \
    }
DEFINE_LOAD(i32_load, u32, u32, u32)
DEFINE_LOAD(i64_load, u64, u64, u64)
DEFINE_LOAD(f32_load, f32, f32, f32)
DEFINE_LOAD(f64_load, f64, f64, f64)
DEFINE_LOAD(i32_load8_s, s8, s32, u32)
DEFINE_LOAD(i32_load8_u, u8, u32, u32)
DEFINE_LOAD(i32_load16_s, s16, s32, u32)
DEFINE_LOAD(i32_load16_u, u16, u32, u32)
DEFINE_LOAD(i64_load8_s, s8, s64, u64)
DEFINE_LOAD(i64_load8_u, u8, u64, u64)
DEFINE_LOAD(i64_load16_s, s16, s64, u64)
DEFINE_LOAD(i64_load16_u, u16, u64, u64)
DEFINE_LOAD(i64_load32_s, s32, s64, u64)
DEFINE_LOAD(i64_load32_u, u32, u64, u64)

#define DEFINE_STORE(name, memory_type, type)                                                      \
    INLINE void name(u8 *at, type value)                                                           \
    {                                                                                              \
        memory_type low = (memory_type)value;                                                      \
        memcpy(at, &low, sizeof(low));                                                             \
    }
DEFINE_STORE(i32_store, u32, u32)
DEFINE_STORE(i64_store, u64, u64)
DEFINE_STORE(f32_store, f32, f32)
DEFINE_STORE(f64_store, f64, f64)
DEFINE_STORE(i32_store8, u8, u32)
DEFINE_STORE(i32_store16, u16, u32)
DEFINE_STORE(i64_store8, u8, u64)
DEFINE_STORE(i64_store16, u16, u64)
DEFINE_STORE(i64_store32, u32, u64)

/*
 * Bulk operations pay for the bytes before they touch them, and check the range in both builds: a
 * long run could jump over any guard area.
 */
#define BULK_UNITS          4u
#define BULK_BYTES_PER_UNIT 16u

INLINE void check_range(struct wasm *w, u32 address, u32 size)
{
    if (UNLIKELY((u64)address + size > w->memory_size))
        wasm_trap(w, WASM_TRAP_OUT_OF_BOUNDS);
}

/* Of a range that was checked. */
INLINE void note_range(struct wasm *w, u32 address, u32 size)
{
#ifdef WASM_BOUNDS_CHECKED
    u32 first = address / WASM_PART_BYTES;
    if (size > 0)
        memset(w->written + first, 1, (address + size - 1) / WASM_PART_BYTES - first + 1);
#endif
}

INLINE void memory_copy(struct wasm *w, u32 to, u32 from, u32 size)
{
    GAS(BULK_UNITS + size / BULK_BYTES_PER_UNIT);
    check_range(w, to, size);
    check_range(w, from, size);
    note_range(w, to, size);
    memmove(w->memory + to, w->memory + from, size);
}

INLINE void memory_fill(struct wasm *w, u32 to, u32 byte, u32 size)
{
    GAS(BULK_UNITS + size / BULK_BYTES_PER_UNIT);
    check_range(w, to, size);
    note_range(w, to, size);
    memset(w->memory + to, (int)(byte & 0xff), size);
}

INLINE u32 memory_size(const struct wasm *w)
{
    return (u32)(w->memory_size / WASM_PAGE_BYTES);
}

/* A new page costs what filling it would; more pages than there may be cost no more than all. */
INLINE u32 memory_grow(struct wasm *w, u32 pages)
{
    GAS(BULK_UNITS + (pages < WASM_PAGES_MOST ? pages : WASM_PAGES_MOST) *
                         (WASM_PAGE_BYTES / BULK_BYTES_PER_UNIT));
    return wasm_memory_grow(w, pages);
}

_Noreturn INLINE void unreachable(struct wasm *w)
{
    wasm_trap(w, WASM_TRAP_UNREACHABLE);
}

/* Division: traps by zero and where the quotient does not fit; INT_MIN % -1 is 0. */
#define DEFINE_DIVISION(letter, bits, lowest)                                                      \
    INLINE u##bits letter##_div_u(struct wasm *w, u##bits a, u##bits b)                            \
    {                                                                                              \
        if (UNLIKELY(b == 0))                                                                      \
            wasm_trap(w, WASM_TRAP_DIVIDE);                                                        \
        return a / b;                                                                              \
    }                                                                                              \
    INLINE u##bits letter##_rem_u(struct wasm *w, u##bits a, u##bits b)                            \
    {                                                                                              \
        if (UNLIKELY(b == 0))                                                                      \
            wasm_trap(w, WASM_TRAP_DIVIDE);                                                        \
        return a % b;                                                                              \
    }                                                                                              \
    INLINE u##bits letter##_div_s(struct wasm *w, u##bits a, u##bits b)                            \
    {                                                                                              \
        if (UNLIKELY(b == 0 || ((s##bits)a == (lowest) && (s##bits)b == -1)))                      \
            wasm_trap(w, WASM_TRAP_DIVIDE);                                                        \
        return (u##bits)((s##bits)a / (s##bits)b);                                                 \
    }                                                                                              \
    INLINE u##bits letter##_rem_s(struct wasm *w, u##bits a, u##bits b)                            \
    {                                                                                              \
        if (UNLIKELY(b == 0))                                                                      \
            wasm_trap(w, WASM_TRAP_DIVIDE);                                                        \
        return (s##bits)b == -1 ? 0 : (u##bits)((s##bits)a % (s##bits)b);                          \
    }
DEFINE_DIVISION(i32, 32, INT32_MIN)
DEFINE_DIVISION(i64, 64, INT64_MIN)

#define DEFINE_BITS(letter, bits, suffix)                                                          \
    INLINE u##bits letter##_clz(u##bits a)                                                         \
    {                                                                                              \
        return a ? (u##bits)__builtin_clz##suffix(a) : bits;                                       \
    }                                                                                              \
    INLINE u##bits letter##_ctz(u##bits a)                                                         \
    {                                                                                              \
        return a ? (u##bits)__builtin_ctz##suffix(a) : bits;                                       \
    }                                                                                              \
    INLINE u##bits letter##_popcnt(u##bits a)                                                      \
    {                                                                                              \
        return (u##bits)__builtin_popcount##suffix(a);                                             \
    }                                                                                              \
    INLINE u##bits letter##_rotl(u##bits a, u##bits b)                                             \
    {                                                                                              \
        return a << (b & (bits - 1)) | a >> (-b & (bits - 1));                                     \
    }                                                                                              \
    INLINE u##bits letter##_rotr(u##bits a, u##bits b)                                             \
    {                                                                                              \
        return a >> (b & (bits - 1)) | a << (-b & (bits - 1));                                     \
    }
DEFINE_BITS(i32, 32, )
DEFINE_BITS(i64, 64, ll)

/* min and max: a NaN wins, and -0 is less than +0. */
#define DEFINE_MIN_MAX(type, nan, sign)                                                            \
    INLINE type type##_min(type a, type b)                                                         \
    {                                                                                              \
        if (UNLIKELY(a != a || b != b))                                                            \
            return nan("");                                                                        \
        if (UNLIKELY(a == b))                                                                      \
            return sign(a) ? a : b;                                                                \
        return a < b ? a : b;                                                                      \
    }                                                                                              \
    INLINE type type##_max(type a, type b)                                                         \
    {                                                                                              \
        if (UNLIKELY(a != a || b != b))                                                            \
            return nan("");                                                                        \
        if (UNLIKELY(a == b))                                                                      \
            return sign(a) ? b : a;                                                                \
        return a > b ? a : b;                                                                      \
    }
DEFINE_MIN_MAX(f32, __builtin_nanf, __builtin_signbit)
DEFINE_MIN_MAX(f64, __builtin_nan, __builtin_signbit)

#define DEFINE_REINTERPRET(name, from, to)                                                         \
    INLINE to name(from a)                                                                         \
    {                                                                                              \
        to result;                                                                                 \
        memcpy(&result, &a, sizeof(result));                                                       \
        return result;                                                                             \
    }
DEFINE_REINTERPRET(i32_reinterpret_f32, f32, u32)
DEFINE_REINTERPRET(i64_reinterpret_f64, f64, u64)
DEFINE_REINTERPRET(f32_reinterpret_i32, u32, f32)
DEFINE_REINTERPRET(f64_reinterpret_i64, u64, f64)

/*
 * Float to integer. `above` and `below` are the exclusive bounds of what truncates into range, the
 * nearest numbers outside it that the float type has; `least_ok` says that `above` itself is in
 * range (-2^63, and -2^31 as a float, have no neighbour that would truncate to them).
 */
#define DEFINE_TRUNC(name, from, to, signed_to, above, least_ok, below, least, most)               \
    INLINE to name(struct wasm *w, from a)                                                         \
    {                                                                                              \
        if (UNLIKELY(!((a > (above) || ((least_ok) && a == (above))) && a < (below))))             \
            wasm_trap(w, WASM_TRAP_CONVERSION);                                                    \
        return (to)(signed_to)a;                                                                   \
    }
#define DEFINE_TRUNC_SAT(name, from, to, signed_to, above, least_ok, below, least, most)           \
    INLINE to name(from a)                                                                         \
    {                                                                                              \
        if (UNLIKELY(a != a))                                                                      \
            return 0;                                                                              \
        if (UNLIKELY(!(a > (above) || ((least_ok) && a == (above)))))                              \
            return (to)(least);                                                                    \
        if (UNLIKELY(!(a < (below))))                                                              \
            return (to)(most);                                                                     \
        return (to)(signed_to)a;                                                                   \
    }
#define TRUNCATIONS(DEFINE, trunc)                                                                 \
    DEFINE(i32_##trunc##_f32_s, f32, u32, s32, -0x1p31f, 1, 0x1p31f, INT32_MIN, INT32_MAX)         \
    DEFINE(i32_##trunc##_f32_u, f32, u32, u32, -1.0f, 0, 0x1p32f, 0, UINT32_MAX)                   \
    DEFINE(i32_##trunc##_f64_s, f64, u32, s32, -2147483649.0, 0, 0x1p31, INT32_MIN, INT32_MAX)     \
    DEFINE(i32_##trunc##_f64_u, f64, u32, u32, -1.0, 0, 0x1p32, 0, UINT32_MAX)                     \
    DEFINE(i64_##trunc##_f32_s, f32, u64, s64, -0x1p63f, 1, 0x1p63f, INT64_MIN, INT64_MAX)         \
    DEFINE(i64_##trunc##_f32_u, f32, u64, u64, -1.0f, 0, 0x1p64f, 0, UINT64_MAX)                   \
    DEFINE(i64_##trunc##_f64_s, f64, u64, s64, -0x1p63, 1, 0x1p63, INT64_MIN, INT64_MAX)           \
    DEFINE(i64_##trunc##_f64_u, f64, u64, u64, -1.0, 0, 0x1p64, 0, UINT64_MAX)
TRUNCATIONS(DEFINE_TRUNC, trunc)
TRUNCATIONS(DEFINE_TRUNC_SAT, trunc_sat)

/* The table of call_indirect is constant: the module has no instruction that changes it. */
struct table_entry {
    void (*function)(void);
    u32 type; /* number of the signature; 0: empty */
};

/* INDIRECT(type, slot)(w, ...): calls a table entry, whose signature must be `type`. */
#define INDIRECT(type, slot) ((type_##type *)table_function(w, type, slot))

#endif
