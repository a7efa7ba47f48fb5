"""Random structured WebAssembly: what a compiler might write, and what none would.

Functions take (i32 i64 f64) and return i64. They assign locals while their old values are still on
the operand stack, leave blocks with and without values, by br, br_if and br_table, nest loops that
count down, store and load, call each other (later ones only: no recursion) directly and through the
table. A function ends after at most a few thousand steps.
"""

import random

FUNCTIONS = 24
LOCALS = {"i": 3, "j": 3, "d": 2}  # beyond parameters 0, 1, 2
KINDS = {"i": "i32", "j": "i64", "d": "f64"}
BINARY = {
    "i": ["add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl"],
    "j": ["add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotr"],
    "d": ["add", "sub", "mul", "min", "max", "copysign"],
}
COMPARE = {"i": ["eq", "lt_s", "lt_u", "ge_s"], "j": ["ne", "gt_u", "le_s"], "d": ["lt", "ge", "eq"]}


class Writer:
    def __init__(self, seed, index):
        self.random = random.Random(f"{seed}/{index}")
        self.index, self.depth, self.labels, self.loops = index, 0, [], 0
        self.locals = {"i": [0], "j": [1], "d": [2]}
        following = 3
        for kind, count in LOCALS.items():
            self.locals[kind] += range(following, following + count)
            following += count
        self.counter = following  # one local a nested loop
        self.counters = 0

    def function(self):
        body = " ".join(self.statement() for _ in range(self.random.randint(4, 9)))
        result = self.expression("j")
        declared = "".join(f" {KINDS[kind]}" * count for kind, count in LOCALS.items())
        declared += " i32" * max(1, self.counters)
        return (
            f'(func $f{self.index} (export "run{self.index}") (param i32 i64 f64) (result i64)'
            f" (local{declared}) {body} {result})"
        )

    def expression(self, kind):
        self.depth += 1
        choice = self.random.random()
        if self.depth > 5 or choice < 0.25:
            text = self.leaf(kind)
        else:
            text = self.random.choice(self.forms(kind))(kind)
        self.depth -= 1
        return text

    def leaf(self, kind):
        if self.random.random() < 0.6:
            return f"(local.get {self.random.choice(self.locals[kind])})"
        number = self.random.choice([0, 1, 2, -1, 7, 255, 65536, 0x7FFFFFFF, -0x80000000, 12345])
        return f"({KINDS[kind]}.const {number}{'.5' if kind == 'd' else ''})"

    def forms(self, kind):
        common = [self.binary, self.binary, self.tee, self.select, self.block, self.choice, self.load]
        special = {"i": [self.compare, self.wrap], "j": [self.extend, self.call], "d": [self.convert]}
        return common + special[kind]

    def binary(self, kind):
        name = self.random.choice(BINARY[kind])
        return f"({KINDS[kind]}.{name} {self.expression(kind)} {self.expression(kind)})"

    def tee(self, kind):
        return f"(local.tee {self.random.choice(self.locals[kind])} {self.expression(kind)})"

    def select(self, kind):
        return f"(select {self.expression(kind)} {self.expression(kind)} {self.expression('i')})"

    def block(self, kind):
        """A block with a value, perhaps left early with another."""
        label = f"$v{self.random.randrange(10**9)}"
        inside = self.statement() if self.random.random() < 0.5 else ""
        early = ""
        if self.random.random() < 0.7:
            early = f"(drop (br_if {label} {self.expression(kind)} {self.expression('i')}))"
        end = self.expression(kind)
        if self.random.random() < 0.3:
            end = f"(br {label} {end})"
        return f"(block {label} (result {KINDS[kind]}) {inside} {early} {end})"

    def choice(self, kind):
        return (
            f"(if (result {KINDS[kind]}) {self.expression('i')}"
            f" (then {self.expression(kind)}) (else {self.expression(kind)}))"
        )

    def load(self, kind):
        return f"({KINDS[kind]}.load offset={self.random.randrange(64)} {self.address()})"

    def address(self):
        return f"(i32.and {self.expression('i')} (i32.const 4095))"

    def compare(self, _):
        kind = self.random.choice("ijd")
        name = self.random.choice(COMPARE[kind])
        return f"({KINDS[kind]}.{name} {self.expression(kind)} {self.expression(kind)})"

    def wrap(self, _):
        return f"(i32.wrap_i64 {self.expression('j')})"

    def extend(self, _):
        return f"(i64.extend_i32_{self.random.choice('su')} {self.expression('i')})"

    def convert(self, _):
        return f"(f64.convert_i32_s {self.expression('i')})"

    def call(self, kind):
        if self.index + 1 >= FUNCTIONS or self.loops or self.random.random() < 0.5:
            return self.leaf(kind)
        target = self.random.randrange(self.index + 1, FUNCTIONS)
        operands = " ".join(self.expression(k) for k in "ijd")
        if self.random.random() < 0.4:
            return f"(call_indirect (type $t) {operands} (i32.const {target}))"
        return f"(call $f{target} {operands})"

    def statement(self):
        self.depth += 1
        simple = [self.assign, self.assign, self.store, self.drop, self.swap]
        nested = [self.condition, self.exit_block, self.loop, self.switch]
        text = self.random.choice(simple if self.depth > 4 else simple + nested)()
        self.depth -= 1
        return text

    def statements(self):
        return " ".join(self.statement() for _ in range(self.random.randint(1, 3)))

    def assign(self):
        kind = self.random.choice("ijd")
        return f"(local.set {self.random.choice(self.locals[kind])} {self.expression(kind)})"

    def swap(self):
        """Old values on the stack while the locals change."""
        kind = self.random.choice("ijd")
        a, b = self.random.choice(self.locals[kind]), self.random.choice(self.locals[kind])
        middle = self.assign()
        return f"(local.get {a}) (local.get {b}) {middle} (local.set {a}) (local.set {b})"

    def store(self):
        kind = self.random.choice("ijd")
        offset = self.random.randrange(64)
        return f"({KINDS[kind]}.store offset={offset} {self.address()} {self.expression(kind)})"

    def drop(self):
        return f"(drop {self.expression(self.random.choice('ijd'))})"

    def condition(self):
        other = f"(else {self.statements()})" if self.random.random() < 0.5 else ""
        return f"(if {self.expression('i')} (then {self.statements()}) {other})"

    def exit_block(self):
        label = f"$b{self.random.randrange(10**9)}"
        leave = f"(br_if {label} {self.expression('i')})"
        if self.random.random() < 0.2:
            leave = f"(if {self.expression('i')} (then (return {self.expression('j')})))"
        return f"(block {label} {self.statements()} {leave} {self.statements()})"

    def loop(self):
        counter = self.counter + self.loops
        self.loops += 1
        self.counters = max(self.counters, self.loops)
        if self.loops > 2:
            self.loops -= 1
            return self.assign()
        label = f"$l{self.random.randrange(10**9)}"
        rounds = self.random.randint(1, 6)
        down = f"(local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))"
        back = f"(br_if {label} {down})"
        if self.random.random() < 0.3:
            back = f"(block $out (br_table $out {label} {label} (i32.ne {down} (i32.const 0))))"
        text = f"(local.set {counter} (i32.const {rounds})) (loop {label} {self.statements()} {back})"
        self.loops -= 1
        return text

    def switch(self):
        labels = [f"$s{self.random.randrange(10**9)}" for _ in range(3)]
        table = " ".join(self.random.choice(labels) for _ in range(5))
        return (
            f"(block {labels[0]} (block {labels[1]} (block {labels[2]}"
            f" (br_table {table} (i32.and {self.expression('i')} (i32.const 7))))"
            f" {self.statements()}) {self.statements()} (br {labels[0]}))"
        )


def random_module(seed):
    """(WebAssembly text, cases for support.Differential)"""
    functions = [Writer(seed, index).function() for index in range(FUNCTIONS)]
    names = " ".join(f"$f{index}" for index in range(FUNCTIONS))
    text = (
        '(module (type $t (func (param i32 i64 f64) (result i64))) (memory (export "memory") 1)'
        f" (table {FUNCTIONS} funcref) (elem (i32.const 0) {names}) {' '.join(functions)})"
    )
    return text, [(f"run{index}", "ijd", "j", True) for index in range(FUNCTIONS)]
