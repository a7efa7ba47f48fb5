"""Decodes a WebAssembly module into plain Python objects; refuses what the translator lacks.

What is refused here need not be thought of anywhere else: more than one memory or table, imported
memories, tables or globals, a table that could change, passive segments, multi-value blocks.
"""

import struct
from dataclasses import dataclass, field
from functools import cached_property

from . import Refused
from .opcodes import OPCODES, TYPE_LETTERS, refusal

PAGE_BYTES = 65536


@dataclass(frozen=True)
class FuncType:
    params: str  # type letters
    results: str  # at most one letter


@dataclass
class Function:
    index: int  # in the module's index space: imports come first
    type: FuncType
    locals: str = ""  # type letters, without the parameters
    body: list = field(default_factory=list)  # (name, immediate) pairs, the last `end` included
    name: str = ""  # what C calls it


@dataclass
class Module:
    types: list = field(default_factory=list)
    imports: list = field(default_factory=list)  # (field name, FuncType)
    functions: list = field(default_factory=list)  # Function; index = len(imports) + position
    table_size: int = 0
    table: dict = field(default_factory=dict)  # slot -> function index
    memory_pages: int = 0
    stack_pointer: int = 0  # initial value of the one global
    exports: dict = field(default_factory=dict)  # name -> function index
    data: list = field(default_factory=list)  # (address, bytes)

    @cached_property
    def signatures(self):
        """FuncType -> its number in the table, from 1; equal types have one number."""
        return {found: number for number, found in enumerate(dict.fromkeys(self.types), 1)}

    def type_of(self, index):
        if index < len(self.imports):
            return self.imports[index][1]
        return self.functions[index - len(self.imports)].type

    def function(self, index):
        """The function of an index; None for an import."""
        return None if index < len(self.imports) else self.functions[index - len(self.imports)]

    def data_bytes(self, address, size):
        """What instantiation leaves at an address: zero where no segment reaches."""
        out = bytearray(size)
        for start, content in self.data:
            low, high = max(start, address), min(start + len(content), address + size)
            if low < high:
                out[low - address : high - address] = content[low - start : high - start]
        return bytes(out)


class Reader:
    def __init__(self, data, position=0, end=None):
        self.data, self.position = data, position
        self.end = len(data) if end is None else end

    def byte(self):
        if self.position >= self.end:
            raise Refused(f"module ends in the middle, at byte {self.position}")
        self.position += 1
        return self.data[self.position - 1]

    def take(self, count):
        if self.position + count > self.end:
            raise Refused(f"module ends in the middle, at byte {self.position}")
        self.position += count
        return self.data[self.position - count : self.position]

    def unsigned(self, bits=32):
        result = shift = 0
        while True:
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if result >> bits:
            raise Refused(f"number too large at byte {self.position}")
        return result

    def signed(self, bits):
        result = shift = 0
        while True:
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if byte & 0x40:
            result -= 1 << shift
        if not -(1 << (bits - 1)) <= result < 1 << (bits - 1):
            raise Refused(f"number too large at byte {self.position}")
        return result

    def name(self):
        return self.take(self.unsigned()).decode()

    def letters(self):
        return "".join(self.value_type() for _ in range(self.unsigned()))

    def value_type(self):
        code = self.byte()
        if code not in TYPE_LETTERS:
            raise Refused(f"value type 0x{code:x}")
        return TYPE_LETTERS[code]

    def zero(self, what):
        if self.byte() != 0:
            raise Refused(what)


def decode(data):
    """The whole module."""
    reader = Reader(data)
    if reader.take(8) != b"\0asm\1\0\0\0":
        raise Refused("not a WebAssembly module of version 1")
    module = Module()
    while reader.position < reader.end:
        section, size = reader.byte(), reader.unsigned()
        body = Reader(data, reader.position, reader.position + size)
        reader.take(size)
        if section not in _SECTIONS:
            raise Refused(f"section {section}")
        if _SECTIONS[section]:
            _SECTIONS[section](module, body)
            if body.position != body.end:
                raise Refused(f"section {section} has bytes left over")
    return module


def _types(module, reader):
    for _ in range(reader.unsigned()):
        if reader.byte() != 0x60:
            raise Refused("type that is no function type")
        found = FuncType(reader.letters(), reader.letters())
        if len(found.results) > 1:
            raise Refused("function with more than one result")
        module.types.append(found)


def _imports(module, reader):
    for _ in range(reader.unsigned()):
        reader.name()  # the importing module's name: field names are unique without it
        name = reader.name()
        if reader.byte() != 0:
            raise Refused(f"import {name} that is no function")
        if any(name == other for other, _ in module.imports):
            raise Refused(f"import {name} twice")
        module.imports.append((name, module.types[reader.unsigned()]))


def _functions(module, reader):
    for _ in range(reader.unsigned()):
        index = len(module.imports) + len(module.functions)
        module.functions.append(Function(index, module.types[reader.unsigned()]))


def _table(module, reader):
    if reader.unsigned() != 1 or reader.byte() != 0x70:
        raise Refused("anything but one table of functions")
    flags = reader.byte()
    module.table_size = reader.unsigned()
    if flags & 1:
        reader.unsigned()  # the most it could grow to; nothing grows it


def _memory(module, reader):
    if reader.unsigned() != 1:
        raise Refused("more than one memory")
    flags = reader.byte()
    if flags > 1:
        raise Refused("shared or 64-bit memory")
    module.memory_pages = reader.unsigned()
    if flags & 1:
        reader.unsigned()


def _globals(module, reader):
    if reader.unsigned() != 1 or reader.value_type() != "i" or reader.byte() != 1:
        raise Refused("anything but one mutable i32 global")
    module.stack_pointer = _constant(reader)


def _exports(module, reader):
    for _ in range(reader.unsigned()):
        name, kind, index = reader.name(), reader.byte(), reader.unsigned()
        if kind == 0:
            module.exports[name] = index


def _elements(module, reader):
    for _ in range(reader.unsigned()):
        reader.zero("element segment that is not active in table 0")
        slot = _constant(reader)
        for _ in range(reader.unsigned()):
            module.table[slot] = reader.unsigned()
            slot += 1
    if module.table and max(module.table) >= module.table_size:
        raise Refused("element segment past the end of the table")


def _data(module, reader):
    for _ in range(reader.unsigned()):
        reader.zero("data segment that is not active in memory 0")
        address = _constant(reader)
        content = reader.take(reader.unsigned())
        if address + len(content) > module.memory_pages * PAGE_BYTES:
            raise Refused("data segment past the end of memory")
        module.data.append((address, content))


def _constant(reader):
    if reader.byte() != 0x41:
        raise Refused("initial value that is no i32.const")
    value = reader.signed(32) & 0xFFFFFFFF
    if reader.byte() != 0x0B:
        raise Refused("initial value that is no single constant")
    return value


def _code(module, reader):
    if reader.unsigned() != len(module.functions):
        raise Refused("function and code sections of different length")
    for function in module.functions:
        size = reader.unsigned()
        body = Reader(reader.data, reader.position, reader.position + size)
        reader.take(size)
        for _ in range(body.unsigned()):
            count = body.unsigned()
            function.locals += body.value_type() * count
        while body.position < body.end:
            function.body.append(_instruction(module, body))
        if not function.body or function.body[-1][0] != "end":
            raise Refused(f"function {function.index} has no end")


def _instruction(module, reader):
    code = reader.byte()
    if code == 0xFC:
        code = 0xFC00 | reader.unsigned()
    if code not in OPCODES:
        raise Refused(refusal(code))
    name, kind = OPCODES[code]
    return name, _IMMEDIATES[kind](module, reader)


def _block_type(_module, reader):
    code = reader.byte()
    if code == 0x40:
        return ""
    if code not in TYPE_LETTERS:
        raise Refused("block with parameters or several results")
    return TYPE_LETTERS[code]


def _indirect(module, reader):
    found = module.types[reader.unsigned()]
    reader.zero("call_indirect through a second table")
    return found


def _float(bits):
    """Floats stay bit patterns: a NaN's payload survives."""
    return lambda _module, reader: struct.unpack({32: "<I", 64: "<Q"}[bits], reader.take(bits // 8))[0]


def _memory_index(count):
    def read(_module, reader):
        for _ in range(count):
            reader.zero("second memory")

    return read


_IMMEDIATES = {
    None: lambda _module, _reader: None,
    "type": _block_type,
    "index": lambda _module, reader: reader.unsigned(),
    "labels": lambda _module, reader: [reader.unsigned() for _ in range(reader.unsigned() + 1)],
    "indirect": _indirect,
    "memory": _memory_index(1),
    "memory2": _memory_index(2),
    "memarg": lambda _module, reader: (reader.unsigned(), reader.unsigned())[1],  # the offset
    "i32": lambda _module, reader: reader.signed(32) & 0xFFFFFFFF,
    "i64": lambda _module, reader: reader.signed(64) & 0xFFFFFFFFFFFFFFFF,
    "f32": _float(32),
    "f64": _float(64),
}

_SECTIONS = {
    0: None,  # custom: names and tool notes
    1: _types, 2: _imports, 3: _functions, 4: _table, 5: _memory, 6: _globals, 7: _exports,
    9: _elements, 10: _code, 11: _data,
    12: None,  # data count: needed by memory.init only, which is refused
}  # fmt: skip
