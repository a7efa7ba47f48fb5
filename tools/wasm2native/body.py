"""Translates one function body: a stack machine becomes C expressions, locals and gotos.

The operand stack exists only at translation time. A value is either still an expression, to be
pasted where it is used, or *settled* in the C variable of its stack slot (i3: slot 3, an i32).
A pending expression is settled before anything that would change its meaning:

  - the assignment of a local or slot that it reads,
  - a store, call or other effect, if it reads memory or the global,
  - any place where control flow joins or parts with the value still on the stack.

An expression at slot p reads slots >= p only (values are combined downwards), so settling from the
bottom up never overwrites what is still to be read.
"""

import re
import struct
from dataclasses import dataclass

from . import Refused
from .meter import DISPATCH_UNITS
from .opcodes import C_TYPES, LOAD_TYPES, NUMERIC, STORE_TYPES

LONGEST_EXPRESSION = 160  # characters; longer ones are settled

_VARIABLE = re.compile(r"\b[lijfd]\d+\b")


@dataclass
class Value:
    type: str
    text: str
    reads: frozenset = frozenset()  # C variables
    memory: bool = False  # depends on memory or the global


@dataclass
class Frame:
    """An open block, loop, if or the function itself."""

    kind: str
    result: str  # type letter or nothing
    height: int  # of the operand stack outside
    label: str
    units: int = 0  # of a loop's back-edge
    start: int = 0  # of a loop's body among the lines
    is_dispatch: bool = False
    targeted: bool = False
    then_live: bool = False  # end of the then-branch reachable, once past `else`


class Body:
    """One function. `lines` is the C text between its braces, declarations excluded."""

    def __init__(self, module, function, charges, counted, dispatch=None):
        self.module, self.function, self.charges = module, function, charges
        self.counted, self.dispatch = counted, dispatch
        self.local_types = function.type.params + function.locals
        self.lines, self.indent = [], 1
        self.stack, self.frames = [], []
        self.slots, self.uses_memory = set(), False
        self.live = True
        self.skipping = 0  # blocks opened in unreachable code
        self.labels = 0
        self.repeated = None  # the statements a dispatch repeats, once known
        self.dispatch_labels = []

    def translate(self):
        if self.counted:
            self.emit("ENTER();")
        if self.charges.entry:
            self.emit(f"GAS({self.charges.entry});")
        self.frames.append(Frame("function", self.function.type.results, 0, ""))
        for position, (name, immediate) in enumerate(self.function.body):
            self.position = position
            if self.live or self.passes_unreachable(name):
                self.instruction(name, immediate)
        if self.frames:
            raise Refused(f"function {self.function.index} ends inside a block")
        return self

    def passes_unreachable(self, name):
        """Unreachable code is left out; only the end of the block around it matters."""
        if name in ("block", "loop", "if"):
            self.skipping += 1
        elif self.skipping and name == "end":
            self.skipping -= 1
        elif not self.skipping and name in ("else", "end"):
            return True
        return False

    def instruction(self, name, immediate):
        if name in NUMERIC:
            self.numeric(NUMERIC[name])
        elif name in LOAD_TYPES:
            self.push(self.load(name, immediate))
        elif name in STORE_TYPES:
            self.store(name, immediate)
        else:
            getattr(self, "do_" + name.replace(".", "_"))(immediate)

    # The operand stack.

    def emit(self, text):
        self.lines.append("    " * self.indent + text)

    def push(self, value):
        self.stack.append(value)
        if len(value.text) > LONGEST_EXPRESSION:
            self.settle(len(self.stack) - 1)

    def pop(self, kind=None):
        if len(self.stack) <= self.frames[-1].height:
            raise Refused(f"function {self.function.index}: operand stack is empty")
        value = self.stack.pop()
        if kind and value.type != kind:
            raise Refused(f"function {self.function.index}: {value.type} where {kind} belongs")
        return value

    def slot(self, position, kind):
        name = f"{kind}{position}"
        self.slots.add(name)
        return name

    def settle(self, position):
        """Moves the value at a position into its slot's variable."""
        value = self.stack[position]
        name = self.slot(position, value.type)
        if value.text == name:
            return
        for lower in range(position):
            if name in self.stack[lower].reads:
                self.settle(lower)
        self.emit(f"{name} = {value.text};")
        self.stack[position] = Value(value.type, name, frozenset((name,)))

    def settle_all(self):
        for position, value in enumerate(self.stack):
            if value.reads or value.memory:
                self.settle(position)

    def settle_memory(self):
        for position, value in enumerate(self.stack):
            if value.memory:
                self.settle(position)

    def settle_readers(self, variable):
        for position, value in enumerate(self.stack):
            if variable in value.reads:
                self.settle(position)

    def push_settled(self, kind, text):
        """Evaluates now, into the slot: for what has effects or may trap."""
        name = self.slot(len(self.stack), kind)
        self.settle_readers(name)
        self.emit(f"{name} = {text};")
        self.stack.append(Value(kind, name, frozenset((name,))))

    def combine(self, kind, text, values, memory=False):
        reads = frozenset().union(*(value.reads for value in values))
        return Value(kind, text, reads, memory or any(value.memory for value in values))

    # Numbers, variables, memory.

    def numeric(self, operation):
        values = [self.pop(kind) for kind in reversed(operation.operands)][::-1]
        text = operation.text.format(*(value.text for value in values))
        if operation.traps:
            self.push_settled(operation.result, text)
        else:
            self.push(self.combine(operation.result, text, values))

    def address(self, macro, value, offset):
        self.uses_memory = True
        return f"{macro}({value.text}, {offset}u)"

    def load(self, name, offset):
        base = self.pop("i")
        text = f"{name.replace('.', '_')}({self.address('AT', base, offset)})"
        return self.combine(LOAD_TYPES[name], text, [base], memory=True)

    def store(self, name, offset):
        value = self.pop(STORE_TYPES[name])
        base = self.pop("i")
        self.settle_memory()
        self.emit(f"{name.replace('.', '_')}({self.address('TO', base, offset)}, {value.text});")

    def do_i32_const(self, bits):
        self.push(Value("i", f"{bits}u" if bits < 0x10000 else f"0x{bits:x}u"))

    def do_i64_const(self, bits):
        self.push(Value("j", f"{bits}ull" if bits < 0x10000 else f"0x{bits:x}ull"))

    def do_f32_const(self, bits):
        number = struct.unpack("<f", struct.pack("<I", bits))[0]
        exact = abs(number) < float("inf")
        text = f"({number.hex()}f)" if exact else f"f32_reinterpret_i32(0x{bits:x}u)"
        self.push(Value("f", text))

    def do_f64_const(self, bits):
        number = struct.unpack("<d", struct.pack("<Q", bits))[0]
        exact = abs(number) < float("inf")
        text = f"({number.hex()})" if exact else f"f64_reinterpret_i64(0x{bits:x}ull)"
        self.push(Value("d", text))

    def do_local_get(self, index):
        name = f"l{index}"
        self.push(Value(self.local_types[index], name, frozenset((name,))))

    def do_local_set(self, index):
        value = self.pop(self.local_types[index])
        name = f"l{index}"
        if value.text != name:
            self.settle_readers(name)
            self.emit(f"{name} = {value.text};")

    def do_local_tee(self, index):
        self.do_local_set(index)
        self.do_local_get(index)

    def do_global_get(self, _index):
        self.push(Value("i", "w->stack_pointer", memory=True))

    def do_global_set(self, _index):
        value = self.pop("i")
        self.settle_memory()
        self.emit(f"w->stack_pointer = {value.text};")

    def do_memory_size(self, _):
        self.push_settled("i", "memory_size(w)")

    def do_memory_grow(self, _):
        pages = self.pop("i")
        self.settle_memory()
        self.push_settled("i", f"memory_grow(w, {pages.text})")

    def do_memory_copy(self, _):
        self.bulk("memory_copy")

    def do_memory_fill(self, _):
        self.bulk("memory_fill")

    def bulk(self, helper):
        size, source, to = self.pop("i"), self.pop("i"), self.pop("i")
        self.settle_memory()
        self.emit(f"{helper}(w, {to.text}, {source.text}, {size.text});")

    def do_drop(self, _):
        self.pop()

    def do_select(self, _):
        condition = self.pop("i")
        second = self.pop()
        first = self.pop(second.type)
        text = f"({condition.text} ? {first.text} : {second.text})"
        self.push(self.combine(first.type, text, [condition, first, second]))

    def do_nop(self, _):
        pass

    # Calls.

    def do_call(self, index):
        if index < len(self.module.imports):
            name = "wasm_import_" + self.module.imports[index][0]
        else:
            name = f"F({self.module.function(index).name})"
        self.call(name, self.module.type_of(index))

    def do_call_indirect(self, signature):
        slot = self.pop("i")
        self.call(f"INDIRECT({self.module.signatures[signature]}, {slot.text})", signature)

    def call(self, callee, signature):
        values = [self.pop(kind) for kind in reversed(signature.params)][::-1]
        self.settle_memory()
        text = f"{callee}({', '.join(['w', *(value.text for value in values)])})"
        if signature.results:
            self.push_settled(signature.results, text)
        else:
            self.emit(text + ";")

    # Control flow.

    def open(self, kind, result):
        self.settle_all()
        prefix = {"block": "B", "if": "B", "loop": "L"}[kind]
        self.labels += 1
        self.frames.append(Frame(kind, result, len(self.stack), f"{prefix}{self.labels}"))
        return self.frames[-1]

    def do_block(self, result):
        self.open("block", result)

    def do_loop(self, result):
        frame = self.open("loop", result)
        frame.units = self.charges.loops[self.position]
        frame.start = len(self.lines)
        frame.is_dispatch = bool(self.dispatch and self.position == self.dispatch.loop)
        if not frame.is_dispatch:
            self.emit(f"{frame.label}:;")

    def do_if(self, result):
        condition = self.pop("i")
        self.open("if", result)
        self.emit(f"if ({condition.text}) {{")
        self.indent += 1

    def do_else(self, _):
        frame = self.frames[-1]
        self.leave_block(frame)
        frame.kind, frame.then_live = "else", self.live
        self.live = True
        self.indent -= 1
        self.emit("} else {")
        self.indent += 1

    def do_end(self, _):
        frame = self.frames[-1]
        if frame.kind == "function":
            if self.live:
                self.return_value()
            self.frames.pop()
            return
        self.leave_block(frame)
        if frame.kind in ("if", "else"):
            self.indent -= 1
            self.emit("}")
            self.live = self.live or frame.then_live or frame.kind == "if"
        if frame.targeted and frame.kind != "loop":
            self.emit(f"{frame.label}:;")
            self.live = True
        self.frames.pop()
        if self.live and frame.result:
            name = self.slot(frame.height, frame.result)
            self.stack.append(Value(frame.result, name, frozenset((name,))))

    def leave_block(self, frame):
        """Falls out of a block: its result goes to the slot where the code after it looks."""
        if self.live and frame.result:
            self.settle(len(self.stack) - 1)
            if len(self.stack) != frame.height + 1 or self.stack[-1].type != frame.result:
                raise Refused(f"function {self.function.index}: block leaves a wrong stack")
        del self.stack[frame.height :]

    def branch(self, depth):
        """The statements that go to the block `depth` levels out."""
        frame = self.frames[-1 - depth]
        if frame.kind == "function":
            return self.return_statements()
        if frame.kind == "loop":
            if frame.is_dispatch:
                return [*self.repeated, self.dispatch_statement()]
            return [f"GAS({frame.units}); goto {frame.label};"]
        frame.targeted = True
        statements = []
        if frame.result:
            name, value = self.slot(frame.height, frame.result), self.stack[-1]
            if value.text != name:
                statements.append(f"{name} = {value.text};")
        return [*statements, f"goto {frame.label};"]

    def return_statements(self):
        leave = "LEAVE(); " if self.counted else ""
        result = f" {self.stack[-1].text}" if self.function.type.results else ""
        return [f"{leave}return{result};"]

    def return_value(self):
        for statement in self.return_statements():
            self.emit(statement)

    def stop(self):
        """What follows cannot be reached."""
        self.live = False
        del self.stack[self.frames[-1].height :]

    def do_br(self, depth):
        for statement in self.branch(depth):
            self.emit(statement)
        self.stop()

    def do_br_if(self, depth):
        condition = self.pop("i")
        statements = self.branch(depth)
        if len(statements) == 1:
            self.emit(f"if ({condition.text}) {{ {statements[0]} }}")
            return
        self.emit(f"if ({condition.text}) {{")
        for statement in statements:
            self.emit("    " + statement)
        self.emit("}")

    def do_br_table(self, depths):
        index = self.pop("i")
        if self.dispatch and self.position == self.dispatch.switch:
            self.threaded_dispatch()
        else:
            self.settle_all()
            self.emit(f"switch ({index.text}) {{")
            for case, depth in enumerate(depths[:-1]):
                self.emit(f"case {case}: {' '.join(self.branch(depth))}")
            self.emit(f"default: {' '.join(self.branch(depths[-1]))}")
            self.emit("}")
        self.stop()

    def do_return(self, _):
        self.return_value()
        self.stop()

    def do_unreachable(self, _):
        self.emit("unreachable(w);")
        self.stop()

    # Threaded dispatch: see dispatch.py. The loop has no label: each way back to it repeats the
    # statements before the switch and jumps to the next opcode's code itself.

    def threaded_dispatch(self):
        frame = next(f for f in self.frames if f.is_dispatch)
        self.repeated = [line.strip() for line in self.lines[frame.start :]]
        self.emit(self.dispatch_statement())
        for depth in self.dispatch.targets:
            target = self.frames[-1 - depth]
            if target.kind != "block" or target.result:
                raise Refused("dispatch to something else than the end of a block")
            target.targeted = True
            self.dispatch_labels.append(target.label)

    def dispatch_statement(self):
        return f"DISPATCH({DISPATCH_UNITS}, l{self.dispatch.opcode_local});"
