"""Every instruction the translator knows, on edge values, against wasm2c."""

import unittest

from support import WASM_TYPES, Differential, assemble
from wasm2native.opcodes import LOAD_TYPES, NUMERIC, STORE_TYPES

# These keep the bits of a NaN; the others may return any.
EXACT = ("abs", "neg", "copysign", "reinterpret", "load", "store", "select")


def module(*parts):
    return f'(module (memory (export "memory") 1) {" ".join(parts)})'


def numeric_module():
    """A function for each numeric instruction."""
    functions, cases = [], []
    for name, operation in NUMERIC.items():
        export = name.replace(".", "_")
        parameters = "".join(f" (param {WASM_TYPES[letter]})" for letter in operation.operands)
        operands = " ".join(f"(local.get {i})" for i in range(len(operation.operands)))
        result = WASM_TYPES[operation.result]
        functions.append(f'(func (export "{export}"){parameters} (result {result}) ({name} {operands}))')
        exact = any(word in name for word in EXACT)
        cases.append((export, operation.operands, operation.result, exact))
    return module(*functions), cases


def memory_module():
    """Stores that stay inside, and bulk operations that need not."""
    functions, cases = [], []
    for name, letter in STORE_TYPES.items():
        export = name.replace(".", "_")
        functions.append(
            f'(func (export "{export}") (param i32 {WASM_TYPES[letter]}) (result i64)'
            f" ({name} offset=5 (i32.and (local.get 0) (i32.const 1023)) (local.get 1))"
            " (i64.load offset=4 (i32.and (local.get 0) (i32.const 1023))))"
        )
        cases.append((export, "i" + letter, "j", True))
    for name in ("copy", "fill"):
        functions.append(
            f'(func (export "{name}") (param i32 i32 i32)'
            f" (memory.{name} (local.get 0) (local.get 1) (local.get 2)))"
        )
        cases.append((name, "iii", "v", True))
    functions.append('(func (export "size") (result i32) (memory.size))')
    functions.append(
        '(func (export "grow") (result i32) (i32.add (memory.grow (i32.const 2))'
        " (i32.mul (i32.const 100) (memory.size))))"
    )
    cases += [("size", "", "i", True), ("grow", "", "i", True), ("grow", "", "i", True)]
    return module(DATA, *functions), cases


# Small ones, the greatest that is added behind the mask, the least that is not, and great ones.
WILD_OFFSETS = (0, 3, 1017, 1018, 0x0FFFFFFF, 0xFFFFFFFF)


def wild_module():
    """Loads and stores at any address, with any offset."""
    functions, cases = [], []
    for offset in WILD_OFFSETS:
        for name, letter in LOAD_TYPES.items():
            export = f"{name.replace('.', '_')}_at_{offset:x}"
            functions.append(
                f'(func (export "{export}") (param i32) (result {WASM_TYPES[letter]})'
                f" ({name} offset={offset} (local.get 0)))"
            )
            cases.append((export, "i", letter, True))
        for name, letter in STORE_TYPES.items():
            export = f"{name.replace('.', '_')}_at_{offset:x}"
            functions.append(
                f'(func (export "{export}") (param i32 {WASM_TYPES[letter]})'
                f" ({name} offset={offset} (local.get 0) (local.get 1)))"
            )
            cases.append((export, "i" + letter, "v", True))
    return module(DATA, *functions), cases


DATA = '(data (i32.const 16) "\\01\\80\\ff\\7f\\00\\81\\fe\\c0\\aa\\55 some text")'
DATA += '(data (i32.const 24) "overlaps") (data (i32.const 65530) "at end")'

UNDEFINED = ("-O1", "-fsanitize=undefined,float-cast-overflow", "-fno-sanitize-recover=all")


class OperationsTest(unittest.TestCase):
    def differential(self, text, cases):
        differential = Differential(assemble(text), cases)
        self.addCleanup(differential.close)
        return differential

    def compare(self, text, cases):
        """wasm2c, the guard build, the checked one, and one that stops at undefined behaviour."""
        differential = self.differential(text, cases)
        guard, gas = differential.ours("guard")
        self.assertEqual(guard, differential.oracle())
        self.assertEqual(differential.ours("checked"), (guard, gas))
        self.assertEqual(differential.ours("guard", UNDEFINED), (guard, gas))

    def test_numbers_are_as_wasm2c_has_them(self):
        self.compare(*numeric_module())

    def test_memory_is_as_wasm2c_has_it(self):
        self.compare(*memory_module())

    def test_wild_addresses_trap_in_the_guard_build(self):
        differential = self.differential(*wild_module())
        guard, _ = differential.ours("guard")
        self.assertEqual(guard, differential.oracle())
        self.assertIn("i32_load_at_3 ffffffff trap bounds", guard)

    def test_wild_addresses_stay_under_the_mask_in_the_checked_build(self):
        """native.c maps what the mask allows and the slack to the byte, no access behind it, and
        looks for changes that no note covers."""
        differential = self.differential(*wild_module())
        lines, _ = differential.ours("checked")
        self.assertFalse([line for line in lines if "trap" in line or "noted" in line])
        self.assertGreater(len(lines), 10000)


if __name__ == "__main__":
    unittest.main()
