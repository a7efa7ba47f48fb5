"""Control flow, the operand stack, calls: hand-made cases and random programs, against wasm2c."""

import unittest

from dispatch_module import interpreter
from random_module import random_module
from support import Differential, assemble

SEEDS = range(6)

FLOW = """(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 7))
  (type $ii (func (param i32) (result i32))) (type $iv (func (param i32)))
  (table 6 funcref) (elem (i32.const 1) $double $store $double $recursive)
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $store (param i32) (global.set $g (local.get 0)))
  (func $recursive (export "recursive") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.add (i32.const 1) (call_indirect (type $ii) (i32.shr_u (local.get 0) (i32.const 1))
        (i32.const 4))))))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect (type $ii) (local.get 0) (local.get 1)))
  (func (export "indirect_void") (param i32 i32) (result i32)
    (call_indirect (type $iv) (local.get 0) (local.get 1)) (global.get $g))
  (func (export "old_global") (param i32) (result i32)
    (i32.sub (global.get $g) (block (result i32) (call $store (local.get 0)) (global.get $g))))
  (func (export "old_load") (param i32) (result i32)
    (i32.load (i32.const 8)) (i32.store (i32.const 8) (local.get 0)) (i32.load (i32.const 8))
    (i32.sub))
  (func (export "old_local") (param i32) (result i32)
    (local.get 0) (local.set 0 (i32.const 3)) (local.get 0) (i32.sub)
    (local.get 0) (local.tee 0 (i32.const 9)) (i32.sub) (i32.add))
  (func (export "unreachable_code") (param i32) (result i32)
    (block $out (result i32)
      (br_if $out (i32.const 5) (local.get 0)) (drop)
      (loop $again (if (i32.const 1) (then (br $out (i32.const 6)) (drop) (br $again))
        (else (unreachable) (block (loop (nop)))))) (i32.const 8)))
  (func (export "trap_if") (param i32) (if (i32.eq (local.get 0) (i32.const 7)) (then (unreachable))))
  (func (export "loop_by_table") (param i32) (result i32) (local i32)
    (local.set 0 (i32.and (local.get 0) (i32.const 31)))
    (loop $top (local.set 1 (i32.add (local.get 1) (i32.const 3)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (block $out (br_table $out $top $top $out $top (i32.and (local.get 0) (i32.const 7)))))
    (local.get 1))
  (func (export "loop_value") (param i32) (result i32) (local i32)
    (i32.add (local.get 0) (loop $top (result i32)
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $top (i32.lt_u (local.get 1) (i32.and (local.get 0) (i32.const 15)))) (local.get 1))))
  (func (export "swap") (param i32 i32) (result i32)
    (local.get 0) (local.get 1) (local.set 0) (local.set 1)
    (i32.sub (i32.shl (local.get 0) (i32.const 1)) (local.get 1)))
  (func (export "stack_below") (param i32) (result i32)
    (i32.const 100) (i32.add (local.get 0) (i32.const 1)) (i32.const 3)
    (block (result i32) (br_if 0 (i32.const 2) (local.get 0)) (drop) (local.set 0 (i32.const 50))
      (local.get 0)) (i32.mul) (i32.add) (i32.sub))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (i32.const 0)))))"""

FLOW_CASES = [
    ("recursive", "i", "i", True), ("indirect", "ii", "i", True), ("indirect_void", "ii", "i", True),
    ("old_global", "i", "i", True), ("old_load", "i", "i", True), ("old_local", "i", "i", True),
    ("unreachable_code", "i", "i", True), ("trap_if", "i", "v", True),
    ("loop_by_table", "i", "i", True), ("loop_value", "i", "i", True), ("swap", "ii", "i", True),
    ("stack_below", "i", "i", True),
]  # fmt: skip


class ControlTest(unittest.TestCase):
    def compare(self, text, cases):
        differential = Differential(assemble(text), cases)
        self.addCleanup(differential.close)
        guard, gas = differential.ours("guard")
        self.assertEqual(guard, differential.oracle())
        self.assertEqual(differential.ours("checked"), (guard, gas))
        self.assertEqual(differential.ours("guard", ("-O0",)), (guard, gas))

    def test_flow(self):
        self.compare(FLOW, FLOW_CASES)

    def test_threaded_dispatch(self):
        self.compare(interpreter(), [("run", "i", "i", True)])

    def test_depth_is_counted_and_equal_in_all_builds(self):
        differential = Differential(assemble(FLOW), [("deep", "i", "i", True)])
        self.addCleanup(differential.close)
        guard, gas = differential.ours("guard")
        self.assertIn("deep 3e8 = 000003e8", guard)
        self.assertIn("deep 7fff trap depth", guard)
        self.assertIn("deep 1 = 00000001", guard[guard.index("deep 7fff trap depth") :] + guard)
        self.assertEqual(differential.ours("checked", ("-O0",)), (guard, gas))

    def test_random_programs(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.compare(*random_module(seed))


if __name__ == "__main__":
    unittest.main()
