"""Reads the emitted C back and proves that nothing in it can run or recurse without paying.

It shares nothing with the meter but the text: what must be in a line for it to count is written
down here once more. Proven, for the module as emitted:

  1. Every jump backwards pays. Generated code has no loop statements, so a path that comes back to
     a line has a jump to a line at or above itself; each of these directly follows a GAS of at
     least one unit, or is a DISPATCH, which pays and may jump anywhere.
  2. Every cycle of calls pays: without the functions that begin with a GAS, the call graph has no
     cycle. A call through the table may reach every entry of its signature, a call of an import may
     come back through any export of the table of exports.
  3. Every cycle of calls counts depth: the same without the functions that begin with ENTER; each
     of those gives its count back exactly once on each return, and no other function does.
  4. Bulk memory work is done by the helpers of ops.h, which pay by the byte.
  5. Every store is one of ops.h, at an address that TO gave it, which notes it; a restore rests on
     that. AT gives addresses to loads alone.

Any line it cannot read is an error. ops.h is written by hand; its own tests show that GAS, ENTER and
the bulk helpers do what their names say, and TO.
"""

import re
from dataclasses import dataclass, field

from . import Refused
from .graph import HOST, cyclic, heaviest_path

_DEFINITION = re.compile(r"^(?:void|u32|u64|f32|f64) F\((\w+)\)\(struct wasm \*w(?:, \w+ l\d+)*\)$")
_LABEL = re.compile(r"^(\w+):;$")
_GAS = re.compile(r"^GAS\((\d+)\);$")
_JUMP = re.compile(r"goto (\w+);")
_PAID_JUMP = re.compile(r"(?:^|\{ |: )GAS\((\d+)\); goto (\w+);")
_DISPATCH = re.compile(r"^DISPATCH\((\d+), l\d+\);$")
_TARGETS = re.compile(r"^static const void \*const dispatch_targets\[\] = \{((?:&&\w+(?:, )?)+)\};$")
_CALL = re.compile(r"F\((\w+)\)\(w[,)]")
_INDIRECT = re.compile(r"INDIRECT\((\d+), ")
_IMPORT = re.compile(r"\bwasm_import_\w+\(")
_BULK = re.compile(r"\bmemory_(?:copy|fill|grow)\(w, ")
_STORE = re.compile(r"\b[if](?:32|64)_store\d*\(")
_NOTED_STORE = re.compile(r"^[if](?:32|64)_store\d*\(TO\(")
_LOAD_AT = re.compile(r"\b[if](?:32|64)_load\w*\(AT\(")
_TABLE_ENTRY = re.compile(r"^\[\d+\] = \{\(void \(\*\)\(void\)\)F\((\w+)\), (\d+)\},$")
_EXPORT = re.compile(r"^\.\w+ = F\((\w+)\),$")

# Every word that generated functions may use. No loop statement is among them, nor `asm`.
_NAME = re.compile(r"F\(\w+\)\(")
_NUMBER = re.compile(r"\b[0-9][\w.]*(?:[pP][+-]\d+f?)?")
_WORD = re.compile(r"[A-Za-z_]\w*")
_WORDS = re.compile(
    r"""[lijfd]\d+ | [BL]\d+ | f\d+ | u8 | u32 | u64 | f32 | f64 | s8 | s16 | s32 | s64 | m | w
    | if | else | switch | case | default | goto | return | const | static | void | struct | wasm
    | GAS | ENTER | LEAVE | DISPATCH | dispatch_targets | AT | TO | F | INDIRECT | unreachable
    | memory | memory_copy | memory_fill | memory_grow | memory_size | stack_pointer
    | wasm_import_\w+ | __builtin_\w+ | [if](?:32|64)_\w+ | u | ull""",
    re.VERBOSE,
)


_known_words = set()  # found to match, to look at each once


@dataclass
class Read:
    """A function as it was found in the text."""

    name: str
    pays: int = 0  # units on entry
    counts: bool = False
    calls: set = field(default_factory=set)
    types: set = field(default_factory=set)  # of calls through the table
    imports: bool = False
    backward: int = 0
    dispatches: int = 0
    bulk: int = 0


@dataclass
class Proof:
    counts: dict
    edges: dict  # of the call graph that was proven: name -> names and nodes between
    counting: set  # names of the functions that count depth

    def heaviest_step(self, weight):
        """The most that one counted call and the uncounted ones it leads to can weigh together."""

        def node_weight(node):
            return weight(node) if isinstance(node, str) and node != HOST else 0

        uncounted = set(self.edges) - self.counting
        paths = heaviest_path(self.edges, uncounted, node_weight)
        below = [
            weight(name) + max((paths.get(callee, 0) for callee in self.edges[name]), default=0)
            for name in self.counting
        ]
        return max([*paths.values(), *below], default=0)


def prove(files):
    """A Proof, or Refused."""
    functions = {}
    for name, text in files.items():
        if re.fullmatch(r"(piece\d+|dispatch)\.c", name):
            for function in read_piece(name, text):
                if function.name in functions:
                    raise Refused(f"proof: {function.name} is defined twice")
                functions[function.name] = function
    edges = read_graph(functions, files["tables.c"])
    every = set(edges)
    for what, chosen in (
        ("pays no gas", {name for name, found in functions.items() if found.pays}),
        ("counts no depth", {name for name, found in functions.items() if found.counts}),
    ):
        for component in cyclic(edges, every - chosen):
            names = sorted(node for node in component if isinstance(node, str))
            raise Refused(f"proof: a cycle of calls {what}: {', '.join(names[:8])}")
    found = functions.values()
    counting = {function.name for function in found if function.counts}
    counts = {
        "proven_functions": len(functions),
        "paying_functions": sum(1 for function in found if function.pays),
        "counting_functions": len(counting),
        "backward_jumps": sum(function.backward for function in found),
        "dispatches": sum(function.dispatches for function in found),
        "bulk_calls": sum(function.bulk for function in found),
    }
    proof = Proof(counts, edges, counting)
    counts["frames_a_count"] = proof.heaviest_step(lambda name: 1)
    return proof


def read_piece(name, text):
    lines = text.split("\n")
    position, found = 1, []
    if lines[0] != '#include "module.h"':
        raise Refused(f"proof: {name} begins with {lines[0]!r}")
    while position < len(lines):
        if not lines[position]:
            position += 1
            continue
        match = _DEFINITION.match(lines[position])
        if not match or lines[position + 1] != "{":
            raise Refused(f"proof: {name}:{position + 1} is no function: {lines[position]!r}")
        end = lines.index("}", position)
        found.append(read_function(match[1], [line.strip() for line in lines[position + 2 : end]]))
        position = end + 1
    return found


def read_function(name, lines):
    found = Read(name)
    labels = {}
    for number, line in enumerate(lines):
        match = _LABEL.match(line)
        if match:
            if match[1] in labels:
                raise Refused(f"proof: {name} has the label {match[1]} twice")
            labels[match[1]] = number
    read_entry(found, lines)
    for number, line in enumerate(lines):
        try:
            read_line(found, labels, number, line)
        except Refused as refused:
            raise Refused(f"proof: {name}, line {number + 1}: {refused}: {line}") from None
    return found


def read_entry(found, lines):
    """ENTER and GAS count only where control cannot have passed by: before anything else."""
    code = [line for line in lines if not is_declaration(line)]
    if code and code[0] == "ENTER();":
        found.counts = True
        code = code[1:]
    match = _GAS.match(code[0]) if code else None
    if match:
        found.pays = int(match[1])


def is_declaration(line):
    return line.startswith(("u8 *const m = ", "u32 ", "u64 ", "f32 ", "f64 ", "static "))


def read_line(found, labels, number, line):
    match = _TARGETS.match(line)
    if match:
        unknown = set(match[1].replace("&&", "").split(", ")) - labels.keys()
        if unknown:
            raise Refused(f"no such label: {unknown}")
        return
    for word in set(_WORD.findall(without_names(line))) - _known_words:
        if not _WORDS.fullmatch(word):
            raise Refused(f"{word} has no business here")
        _known_words.add(word)
    if "&&" in line:
        raise Refused("address of a label")
    read_jumps(found, labels, number, line)
    read_returns(found, line)
    if "ENTER" in line and not (found.counts and line == "ENTER();"):
        raise Refused("ENTER not at the beginning")
    found.calls |= set(_CALL.findall(line))
    found.types |= {int(number) for number in _INDIRECT.findall(line)}
    found.imports |= bool(_IMPORT.search(line))
    found.bulk += len(_BULK.findall(line))
    if line.count("F(") != len(_CALL.findall(line)):
        raise Refused("a function used other than by calling it")
    if line.count("memory_") - line.count("memory_size(w)") != len(_BULK.findall(line)):
        raise Refused("an unknown bulk operation")
    read_stores(line)


def read_stores(line):
    """A store is a statement of its own."""
    stores = len(_STORE.findall(line))
    if stores != len(_NOTED_STORE.findall(line)) or stores != len(re.findall(r"\bTO\(", line)):
        raise Refused("a store that is not noted")
    if len(re.findall(r"\bAT\(", line)) != len(_LOAD_AT.findall(line)):
        raise Refused("an address that is not for a load")


def without_names(line):
    """A line without the names of functions (they may be anything) and without numbers."""
    return _NUMBER.sub("0", _NAME.sub("F(", line))


def read_jumps(found, labels, number, line):
    if "goto" not in line and "DISPATCH" not in line:
        return
    if "DISPATCH" in line:
        match = _DISPATCH.match(line)
        if not match or int(match[1]) < 1:
            raise Refused("a dispatch that does not pay")
        found.dispatches += 1
    paid = [(int(units), label) for units, label in _PAID_JUMP.findall(line)]
    jumps = _JUMP.findall(line)
    if line.count("goto") != len(jumps):
        raise Refused("a computed jump")
    for label in jumps:
        if label not in labels:
            raise Refused(f"no such label: {label}")
        if labels[label] > number:
            continue
        found.backward += 1
        if len(jumps) != 1 or not paid or paid[0][0] < 1:
            raise Refused("a jump backwards that does not pay")


def read_returns(found, line):
    if "return" not in line and "LEAVE" not in line:
        return
    returns = len(re.findall(r"\breturn\b", line))
    paired = len(re.findall(r"LEAVE\(\); return\b", line))
    if line.count("LEAVE") != paired or (found.counts and returns != paired):
        raise Refused("depth is not given back once on each return")
    if paired and not found.counts:
        raise Refused("depth is given back that was not taken")


def read_graph(functions, tables):
    """name -> names, with ("type", n) and HOST between."""
    edges = {HOST: set()}
    for line in map(str.strip, tables.split("\n")):
        entry, export = _TABLE_ENTRY.match(line), _EXPORT.match(line)
        if entry:
            edges.setdefault(("type", int(entry[2])), set()).add(entry[1])
        elif export:
            edges[HOST].add(export[1])
        elif "F(" in line and not line.startswith(("const struct table_entry", "const struct wasm_ex")):
            raise Refused(f"proof: tables.c uses a function in an unknown way: {line}")
    for function in functions.values():
        out = edges[function.name] = function.calls | {("type", t) for t in function.types}
        if function.imports:
            out.add(HOST)
    for node in [node for out in edges.values() for node in out]:
        if isinstance(node, str) and node != HOST and node not in functions:
            raise Refused(f"proof: {node} is called but not defined")
        edges.setdefault(node, set())
    return edges
