"""The instructions the translator knows: immediates, types and the C expression of each.

Types are letters: i = i32, j = i64, f = f32, d = f64. An expression is always an identifier, a
constant, a call or in parentheses, so it can be pasted into another. `{0}` is the first operand.
What is not here is refused by the decoder, by name where the name is known.
"""

TYPE_LETTERS = {0x7F: "i", 0x7E: "j", 0x7D: "f", 0x7C: "d"}
C_TYPES = {"i": "u32", "j": "u64", "f": "f32", "d": "f64"}

# Control, variables, memory: handled one by one in body.py. name -> kind of immediate.
STRUCTURAL = {
    0x00: ("unreachable", None), 0x01: ("nop", None),
    0x02: ("block", "type"), 0x03: ("loop", "type"), 0x04: ("if", "type"),
    0x05: ("else", None), 0x0B: ("end", None),
    0x0C: ("br", "index"), 0x0D: ("br_if", "index"), 0x0E: ("br_table", "labels"),
    0x0F: ("return", None), 0x10: ("call", "index"), 0x11: ("call_indirect", "indirect"),
    0x1A: ("drop", None), 0x1B: ("select", None),
    0x20: ("local.get", "index"), 0x21: ("local.set", "index"), 0x22: ("local.tee", "index"),
    0x23: ("global.get", "index"), 0x24: ("global.set", "index"),
    0x3F: ("memory.size", "memory"), 0x40: ("memory.grow", "memory"),
    0x41: ("i32.const", "i32"), 0x42: ("i64.const", "i64"),
    0x43: ("f32.const", "f32"), 0x44: ("f64.const", "f64"),
    0xFC0A: ("memory.copy", "memory2"), 0xFC0B: ("memory.fill", "memory"),
}  # fmt: skip

# Loads and stores: name -> type of the value. The C helper has the same name with _ for a dot.
LOADS = {
    0x28: ("i32.load", "i"), 0x29: ("i64.load", "j"),
    0x2A: ("f32.load", "f"), 0x2B: ("f64.load", "d"),
    0x2C: ("i32.load8_s", "i"), 0x2D: ("i32.load8_u", "i"),
    0x2E: ("i32.load16_s", "i"), 0x2F: ("i32.load16_u", "i"),
    0x30: ("i64.load8_s", "j"), 0x31: ("i64.load8_u", "j"),
    0x32: ("i64.load16_s", "j"), 0x33: ("i64.load16_u", "j"),
    0x34: ("i64.load32_s", "j"), 0x35: ("i64.load32_u", "j"),
}  # fmt: skip
STORES = {
    0x36: ("i32.store", "i"), 0x37: ("i64.store", "j"),
    0x38: ("f32.store", "f"), 0x39: ("f64.store", "d"),
    0x3A: ("i32.store8", "i"), 0x3B: ("i32.store16", "i"),
    0x3C: ("i64.store8", "j"), 0x3D: ("i64.store16", "j"), 0x3E: ("i64.store32", "j"),
}  # fmt: skip

# code, name, operands:result, C expression. `trap` after it: may trap, so it is never moved.
_NUMERIC = """
45 i32.eqz i:i (u32)({0} == 0)
46 i32.eq ii:i (u32)({0} == {1})
47 i32.ne ii:i (u32)({0} != {1})
48 i32.lt_s ii:i (u32)((s32){0} < (s32){1})
49 i32.lt_u ii:i (u32)({0} < {1})
4A i32.gt_s ii:i (u32)((s32){0} > (s32){1})
4B i32.gt_u ii:i (u32)({0} > {1})
4C i32.le_s ii:i (u32)((s32){0} <= (s32){1})
4D i32.le_u ii:i (u32)({0} <= {1})
4E i32.ge_s ii:i (u32)((s32){0} >= (s32){1})
4F i32.ge_u ii:i (u32)({0} >= {1})
50 i64.eqz j:i (u32)({0} == 0)
51 i64.eq jj:i (u32)({0} == {1})
52 i64.ne jj:i (u32)({0} != {1})
53 i64.lt_s jj:i (u32)((s64){0} < (s64){1})
54 i64.lt_u jj:i (u32)({0} < {1})
55 i64.gt_s jj:i (u32)((s64){0} > (s64){1})
56 i64.gt_u jj:i (u32)({0} > {1})
57 i64.le_s jj:i (u32)((s64){0} <= (s64){1})
58 i64.le_u jj:i (u32)({0} <= {1})
59 i64.ge_s jj:i (u32)((s64){0} >= (s64){1})
5A i64.ge_u jj:i (u32)({0} >= {1})
5B f32.eq ff:i (u32)({0} == {1})
5C f32.ne ff:i (u32)({0} != {1})
5D f32.lt ff:i (u32)({0} < {1})
5E f32.gt ff:i (u32)({0} > {1})
5F f32.le ff:i (u32)({0} <= {1})
60 f32.ge ff:i (u32)({0} >= {1})
61 f64.eq dd:i (u32)({0} == {1})
62 f64.ne dd:i (u32)({0} != {1})
63 f64.lt dd:i (u32)({0} < {1})
64 f64.gt dd:i (u32)({0} > {1})
65 f64.le dd:i (u32)({0} <= {1})
66 f64.ge dd:i (u32)({0} >= {1})
67 i32.clz i:i i32_clz({0})
68 i32.ctz i:i i32_ctz({0})
69 i32.popcnt i:i i32_popcnt({0})
6A i32.add ii:i ({0} + {1})
6B i32.sub ii:i ({0} - {1})
6C i32.mul ii:i ({0} * {1})
6D i32.div_s ii:i i32_div_s(w, {0}, {1}) trap
6E i32.div_u ii:i i32_div_u(w, {0}, {1}) trap
6F i32.rem_s ii:i i32_rem_s(w, {0}, {1}) trap
70 i32.rem_u ii:i i32_rem_u(w, {0}, {1}) trap
71 i32.and ii:i ({0} & {1})
72 i32.or ii:i ({0} | {1})
73 i32.xor ii:i ({0} ^ {1})
74 i32.shl ii:i ({0} << ({1} & 31))
75 i32.shr_s ii:i (u32)((s32){0} >> ({1} & 31))
76 i32.shr_u ii:i ({0} >> ({1} & 31))
77 i32.rotl ii:i i32_rotl({0}, {1})
78 i32.rotr ii:i i32_rotr({0}, {1})
79 i64.clz j:j i64_clz({0})
7A i64.ctz j:j i64_ctz({0})
7B i64.popcnt j:j i64_popcnt({0})
7C i64.add jj:j ({0} + {1})
7D i64.sub jj:j ({0} - {1})
7E i64.mul jj:j ({0} * {1})
7F i64.div_s jj:j i64_div_s(w, {0}, {1}) trap
80 i64.div_u jj:j i64_div_u(w, {0}, {1}) trap
81 i64.rem_s jj:j i64_rem_s(w, {0}, {1}) trap
82 i64.rem_u jj:j i64_rem_u(w, {0}, {1}) trap
83 i64.and jj:j ({0} & {1})
84 i64.or jj:j ({0} | {1})
85 i64.xor jj:j ({0} ^ {1})
86 i64.shl jj:j ({0} << ({1} & 63))
87 i64.shr_s jj:j (u64)((s64){0} >> ({1} & 63))
88 i64.shr_u jj:j ({0} >> ({1} & 63))
89 i64.rotl jj:j i64_rotl({0}, {1})
8A i64.rotr jj:j i64_rotr({0}, {1})
8B f32.abs f:f __builtin_fabsf({0})
8C f32.neg f:f (-{0})
8D f32.ceil f:f __builtin_ceilf({0})
8E f32.floor f:f __builtin_floorf({0})
8F f32.trunc f:f __builtin_truncf({0})
90 f32.nearest f:f __builtin_rintf({0})
91 f32.sqrt f:f __builtin_sqrtf({0})
92 f32.add ff:f ({0} + {1})
93 f32.sub ff:f ({0} - {1})
94 f32.mul ff:f ({0} * {1})
95 f32.div ff:f ({0} / {1})
96 f32.min ff:f f32_min({0}, {1})
97 f32.max ff:f f32_max({0}, {1})
98 f32.copysign ff:f __builtin_copysignf({0}, {1})
99 f64.abs d:d __builtin_fabs({0})
9A f64.neg d:d (-{0})
9B f64.ceil d:d __builtin_ceil({0})
9C f64.floor d:d __builtin_floor({0})
9D f64.trunc d:d __builtin_trunc({0})
9E f64.nearest d:d __builtin_rint({0})
9F f64.sqrt d:d __builtin_sqrt({0})
A0 f64.add dd:d ({0} + {1})
A1 f64.sub dd:d ({0} - {1})
A2 f64.mul dd:d ({0} * {1})
A3 f64.div dd:d ({0} / {1})
A4 f64.min dd:d f64_min({0}, {1})
A5 f64.max dd:d f64_max({0}, {1})
A6 f64.copysign dd:d __builtin_copysign({0}, {1})
A7 i32.wrap_i64 j:i (u32)({0})
A8 i32.trunc_f32_s f:i i32_trunc_f32_s(w, {0}) trap
A9 i32.trunc_f32_u f:i i32_trunc_f32_u(w, {0}) trap
AA i32.trunc_f64_s d:i i32_trunc_f64_s(w, {0}) trap
AB i32.trunc_f64_u d:i i32_trunc_f64_u(w, {0}) trap
AC i64.extend_i32_s i:j (u64)(s64)(s32)({0})
AD i64.extend_i32_u i:j (u64)({0})
AE i64.trunc_f32_s f:j i64_trunc_f32_s(w, {0}) trap
AF i64.trunc_f32_u f:j i64_trunc_f32_u(w, {0}) trap
B0 i64.trunc_f64_s d:j i64_trunc_f64_s(w, {0}) trap
B1 i64.trunc_f64_u d:j i64_trunc_f64_u(w, {0}) trap
B2 f32.convert_i32_s i:f (f32)(s32)({0})
B3 f32.convert_i32_u i:f (f32)({0})
B4 f32.convert_i64_s j:f (f32)(s64)({0})
B5 f32.convert_i64_u j:f (f32)({0})
B6 f32.demote_f64 d:f (f32)({0})
B7 f64.convert_i32_s i:d (f64)(s32)({0})
B8 f64.convert_i32_u i:d (f64)({0})
B9 f64.convert_i64_s j:d (f64)(s64)({0})
BA f64.convert_i64_u j:d (f64)({0})
BB f64.promote_f32 f:d (f64)({0})
BC i32.reinterpret_f32 f:i i32_reinterpret_f32({0})
BD i64.reinterpret_f64 d:j i64_reinterpret_f64({0})
BE f32.reinterpret_i32 i:f f32_reinterpret_i32({0})
BF f64.reinterpret_i64 j:d f64_reinterpret_i64({0})
C0 i32.extend8_s i:i (u32)(s32)(s8)({0})
C1 i32.extend16_s i:i (u32)(s32)(s16)({0})
C2 i64.extend8_s j:j (u64)(s64)(s8)({0})
C3 i64.extend16_s j:j (u64)(s64)(s16)({0})
C4 i64.extend32_s j:j (u64)(s64)(s32)({0})
FC00 i32.trunc_sat_f32_s f:i i32_trunc_sat_f32_s({0})
FC01 i32.trunc_sat_f32_u f:i i32_trunc_sat_f32_u({0})
FC02 i32.trunc_sat_f64_s d:i i32_trunc_sat_f64_s({0})
FC03 i32.trunc_sat_f64_u d:i i32_trunc_sat_f64_u({0})
FC04 i64.trunc_sat_f32_s f:j i64_trunc_sat_f32_s({0})
FC05 i64.trunc_sat_f32_u f:j i64_trunc_sat_f32_u({0})
FC06 i64.trunc_sat_f64_s d:j i64_trunc_sat_f64_s({0})
FC07 i64.trunc_sat_f64_u d:j i64_trunc_sat_f64_u({0})
"""

# Known, and refused: their meaning would have to be added to the meter and the proof as well.
_REFUSED = {
    0x06: "try", 0x07: "catch", 0x08: "throw", 0x12: "return_call", 0x13: "return_call_indirect",
    0x1C: "select t", 0x25: "table.get", 0x26: "table.set", 0xD0: "ref.null", 0xD1: "ref.is_null",
    0xD2: "ref.func", 0xFB: "garbage collection", 0xFD: "SIMD", 0xFE: "atomics",
    0xFC08: "memory.init", 0xFC09: "data.drop", 0xFC0C: "table.init", 0xFC0D: "elem.drop",
    0xFC0E: "table.copy", 0xFC0F: "table.grow", 0xFC10: "table.size", 0xFC11: "table.fill",
}  # fmt: skip


class Numeric:
    """A numeric instruction: operand types, result type, C text, and whether it may trap."""

    def __init__(self, operands, result, text):
        self.operands, self.result = operands, result
        self.traps = text.endswith(" trap")
        self.text = text.removesuffix(" trap")


def _read_numeric():
    codes, table = {}, {}
    for line in _NUMERIC.strip().splitlines():
        code, name, types, text = line.split(" ", 3)
        operands, result = types.split(":")
        codes[int(code, 16)] = (name, None)
        table[name] = Numeric(operands, result, text)
    return codes, table


_numeric_codes, NUMERIC = _read_numeric()

LOAD_TYPES = dict(LOADS.values())
STORE_TYPES = dict(STORES.values())

# code -> (name, kind of immediate); 0xFCnn stands for the two-byte codes.
OPCODES = {
    **STRUCTURAL,
    **{code: (name, "memarg") for code, (name, _) in (LOADS | STORES).items()},
    **_numeric_codes,
}


def refusal(code):
    return f"instruction {_REFUSED.get(code, 'unknown')} (0x{code:x})"
