"""The decoder reads what the translator can vouch for, and names what it refuses."""

import unittest

from dispatch_module import interpreter
from support import assemble
from wasm2native import Refused
from wasm2native.binary import decode
from wasm2native.dispatch import find_dispatch
from wasm2native.translate import read_exports, translate


class DecodeTest(unittest.TestCase):
    def refuse(self, wasm, message):
        with self.assertRaisesRegex(Refused, message):
            decode(assemble(wasm) if isinstance(wasm, str) else wasm)

    def test_module(self):
        module = decode(
            assemble(
                """(module (import "env" "give" (func (param i64)))
                (memory 3) (global (mut i32) (i32.const 4096)) (table 4 funcref) (elem (i32.const 2) 1)
                (func (export "f") (param f32) (result f64) (local i32 i32)
                  (f64.const 0.5)) (data (i32.const 10) "ab") (data (i32.const 11) "xy"))"""
            )
        )
        self.assertEqual([name for name, _ in module.imports], ["give"])
        self.assertEqual((module.memory_pages, module.stack_pointer), (3, 4096))
        self.assertEqual((module.table_size, module.table), (4, {2: 1}))
        function = module.function(module.exports["f"])
        self.assertEqual((function.type.params, function.type.results), ("f", "d"))
        self.assertEqual(function.locals, "ii")
        self.assertEqual(function.body, [("f64.const", 0x3FE0000000000000), ("end", None)])
        self.assertEqual(module.data_bytes(9, 6), b"\0axy\0\0")

    def test_constants_keep_their_bits(self):
        wasm = assemble(
            """(module (func (result f32) (f32.const nan:0x200001)) (func (result i64)
            (i64.const -1)) (func (result i32) (i32.const -2147483648)))"""
        )
        values = [function.body[0][1] for function in decode(wasm).functions]
        self.assertEqual(values, [0x7FA00001, 0xFFFFFFFFFFFFFFFF, 0x80000000])

    def test_instructions_refused_by_name(self):
        table = "(module (table 1 funcref) (func %s))"
        self.refuse(table % "(table.set 0 (i32.const 0) (unreachable))", "table.set")
        self.refuse(table % "(drop (table.grow 0 (unreachable) (i32.const 1)))", "table.grow")
        self.refuse(table % "(drop (ref.null func))", "ref.null")
        self.refuse('(module (memory 1) (data "x") (func (data.drop 0)))', "data.drop")
        self.refuse("(module (func (drop (v128.const i32x4 0 0 0 0))))", "SIMD")

    def test_structures_refused(self):
        self.refuse('(module (import "e" "m" (memory 1)))', "import m that is no function")
        self.refuse("(module (global i32 (i32.const 1)))", "one mutable i32 global")
        self.refuse("(module (func (result i32 i32) (i32.const 1) (i32.const 2)))", "one result")
        self.refuse("(module (memory 1) (data (i32.const 65535) \"ab\"))", "past the end of memory")
        self.refuse("(module (table 1 funcref) (func) (elem (i32.const 1) 0))", "past the end of the table")
        self.refuse("(module (func) (start 0))", "section 8")

    def test_every_truncation_is_refused(self):
        wasm = assemble('(module (memory 1) (func (export "f") (nop)) (data (i32.const 3) "abc"))')
        whole = decode(wasm)
        for size in range(len(wasm)):
            try:
                self.assertNotEqual(decode(wasm[:size]), whole)  # cut between two sections
            except Refused:
                pass

    def test_exports_must_exist(self):
        wasm = assemble('(module (memory (export "memory") 1) (func (export "f")))')
        translate(wasm, ["f"])
        for name in ("g", "memory"):
            with self.assertRaisesRegex(Refused, f"{name} is no function"):
                translate(wasm, [name])

    def test_list_of_exports(self):
        self.assertEqual(read_exports("a  # one\n\n# none\nb\n"), ["a", "b"])
        with self.assertRaisesRegex(Refused, "twice"):
            read_exports("a\na\n")


class DispatchTest(unittest.TestCase):
    def test_found_with_its_table(self):
        found = find_dispatch(decode(assemble(interpreter())))
        self.assertEqual(found.opcode_local, 1)
        self.assertEqual(found.targets[:3] + found.targets[70:72], (0, 1, 2, 0, 1))

    def test_emitted_as_computed_jumps_that_pay(self):
        result = translate(assemble(interpreter()), ["run"])
        self.assertEqual(result.counts["dispatches"], 70)
        self.assertEqual(result.counts["dispatch_targets"], 70)
        self.assertIn("&&B", result.files["dispatch.c"])

    def test_other_loops_stay_switches(self):
        for text in (interpreter(handlers=20), interpreter(shift=3)):
            result = translate(assemble(text), ["run"])
            self.assertEqual(result.counts["dispatches"], 0)
            self.assertIn("switch (", result.files["piece1.c"])


if __name__ == "__main__":
    unittest.main()
