"""The proof must refuse whatever runs or recurses without paying, however it came about."""

import re
import unittest

from support import assemble
from wasm2native import Refused
from wasm2native.proof import prove
from wasm2native.translate import translate

LOOP = """(module (func $spin (export "spin") (param i32)
  (loop $again (br_if $again (i32.sub (local.get 0) (i32.const 1))))))"""

TABLE_LOOP = """(module (func $spin (export "spin") (param i32)
  (loop $again (block $out (br_table $out $again $again (local.get 0))))))"""

DIRECT = """(module (func $a (export "a") (call $b)) (func $b (call $c)) (func $c (call $a)))"""

TABLE = """(module (type $v (func)) (table 2 funcref) (elem (i32.const 0) $b)
  (func $a (export "a") (call_indirect (type $v) (i32.const 0))) (func $b (call $a)))"""

HOST = """(module (import "env" "host_interrupt" (func $host (result i32)))
  (func $a (export "a") (drop (call $host))))"""

MEMORY = """(module (memory 1) (func (export "copy") (param i32)
  (memory.copy (i32.const 0) (i32.const 8) (local.get 0))))"""

STORE = """(module (memory 1) (func (export "store") (param i32)
  (i32.store offset=4 (local.get 0) (i32.const 7))))"""


def exports_of(text):
    return re.findall(r'\(export "(\w+)"\)', text)


def without_loops(_function, charges):
    charges.loops = dict.fromkeys(charges.loops, 0)


def without_entries(_function, charges):
    charges.entry = 0


class PlantedTest(unittest.TestCase):
    """The meter is told to leave something out."""

    def refuse(self, text, message, **changes):
        wasm = assemble(text)
        translate(wasm, exports_of(text))  # as it should be
        with self.assertRaisesRegex(Refused, message):
            translate(wasm, exports_of(text), **changes)

    def test_loop_that_does_not_pay(self):
        self.refuse(LOOP, "backwards that does not pay", change_charges=without_loops)

    def test_table_branch_that_does_not_pay(self):
        self.refuse(TABLE_LOOP, "backwards that does not pay", change_charges=without_loops)

    def test_direct_cycle_that_does_not_pay(self):
        self.refuse(DIRECT, "pays no gas: a, f1, f2", change_charges=without_entries)

    def test_cycle_through_the_table_that_does_not_pay(self):
        self.refuse(TABLE, "pays no gas", change_charges=without_entries)

    def test_cycle_through_the_host_that_does_not_pay(self):
        self.refuse(HOST, "pays no gas", change_charges=without_entries)

    def test_cycles_that_count_no_depth(self):
        for text in (DIRECT, TABLE, HOST):
            with self.subTest(text=text):
                self.refuse(text, "counts no depth", change_counted=lambda counted: set())


class TextTest(unittest.TestCase):
    """The text is changed after the fact, as a mistake in the emitter would."""

    def files(self, text):
        return dict(translate(assemble(text), exports_of(text)).files)

    def refuse(self, text, old, new, message):
        files = self.files(text)
        prove(files)
        file = next(name for name in files if "piece" in name and re.search(old, files[name]))
        with self.assertRaisesRegex(Refused, message):
            prove(files | {file: re.sub(old, new, files[file], count=1)})

    def test_back_edge(self):
        for new in ("", r"GAS(0);", r"if (l0) GAS(1);"):
            with self.subTest(new=new):
                self.refuse(LOOP, r"GAS\(\d+\);(?= goto)", new, "backwards that does not pay")

    def test_gas_after_the_jump(self):
        self.refuse(LOOP, r"GAS\(\d+\); goto L1;", "goto L1; GAS(1);", "backwards that does not pay")

    def test_loop_statement(self):
        for word in ("while (1) {}", "for (;;) {}", "do {} while (1);", 'asm("jmp .");'):
            with self.subTest(word=word):
                self.refuse(LOOP, r"L1:;\n", f"L1:;\n    {word}\n", "has no business here")

    def test_computed_jump(self):
        self.refuse(LOOP, r"goto L1;", "goto *dispatch_targets[l0];", "a computed jump")

    def test_address_of_a_label(self):
        self.refuse(LOOP, r"L1:;\n", "L1:;\n    l0 = (u32)(u64)(&&L1);\n", "address of a label")

    def test_entry_gas_that_can_be_jumped_over(self):
        self.refuse(DIRECT, r"GAS\((\d+)\);", r"if (0u) { GAS(\1); }", "pays no gas")

    def test_enter_that_is_not_given_back(self):
        self.refuse(DIRECT, r"LEAVE\(\); ", "", "given back once on each return")

    def test_enter_that_is_given_back_twice(self):
        self.refuse(DIRECT, r"LEAVE\(\); ", "LEAVE(); LEAVE(); ", "given back once on each return")

    def test_leave_without_enter(self):
        self.refuse(LOOP, r"return;", "LEAVE(); return;", "given back that was not taken")

    def test_depth_written_elsewhere(self):
        self.refuse(LOOP, r"L1:;\n", "L1:;\n    w->depth = 7u;\n", "depth has no business here")

    def test_gas_written_elsewhere(self):
        self.refuse(LOOP, r"L1:;\n", "L1:;\n    w->gas = 7u;\n", "gas has no business here")

    def test_function_that_is_taken_by_address(self):
        self.refuse(DIRECT, r"F\(f1\)\(w\);", "l0 = (u64)F(f1);", "used other than by calling it")

    def test_bulk_work_without_the_helper(self):
        self.refuse(MEMORY, r"memory_copy\(w, ", "memcpy(m, ", "memcpy has no business here")
        self.refuse(MEMORY, r"memory_copy\(w, ", "memory_move(w, ", "no business here|unknown bulk")

    def test_store_that_is_not_noted(self):
        self.refuse(STORE, r"i32_store\(TO\(", "i32_store(AT(", "a store that is not noted")
        self.refuse(STORE, r"i32_store\(TO\(l0, 4u\), (\w+)\);", r"i32_store(m, \1);", "is not noted")
        self.refuse(STORE, r"i32_store\(TO\(l0, 4u\), (\w+)\);", r"*AT(l0, 4u) = \1;", "not for a load")

    def test_table_entry_of_another_signature(self):
        """The proof takes the table from the text, with the numbers that the run-time check uses."""
        files = self.files(TABLE)
        changed = files["tables.c"].replace("F(f1), 1}", "F(f1), 2}")
        self.assertNotEqual(changed, files["tables.c"])
        self.assertIn(("type", 2), prove(files | {"tables.c": changed}).edges)

    def test_what_was_proven_is_counted(self):
        counts = prove(self.files(TABLE_LOOP)).counts
        self.assertEqual(counts["backward_jumps"], 2)
        self.assertEqual(prove(self.files(MEMORY)).counts["bulk_calls"], 1)


if __name__ == "__main__":
    unittest.main()
