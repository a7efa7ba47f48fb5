"""Finds the interpreter's dispatch: the loop that looks an opcode up in a table and switches on it.

In the module it is   loop ... op = load8_u(pc); br_table(load(table + 4 * op) - first)   with the
table among the constant data. Read at build time, the two steps become one table of 256 labels.
What linear memory holds at run time no longer matters then: every byte leads to a label.
"""

import struct
from dataclasses import dataclass

LEAST_TARGETS = 64

# What may stand between the loop and the switch: it is repeated at each back-edge.
_STRAIGHT = ("local.", "i32.", "i64.", "f32.", "f64.")


@dataclass(frozen=True)
class Dispatch:
    function: int  # index
    loop: int  # position of `loop` in the body
    switch: int  # position of `br_table`
    opcode_local: int
    targets: tuple  # 256 branch depths, as seen from the br_table


def find_dispatch(module):
    """The dispatch with the most targets, or None."""
    best = None
    for function in module.functions:
        for position, (name, labels) in enumerate(function.body):
            if name != "br_table" or len(labels) <= max(LEAST_TARGETS, best[0] if best else 0):
                continue
            found = _match(module, function, position, labels)
            if found:
                best = (len(labels), found)
    return best and best[1]


def _match(module, function, switch, labels):
    body = function.body
    names = [name for name, _ in body[switch - 7 : switch]]
    if names != ["i32.load8_u", "local.tee", "i32.const", "i32.shl", "i32.load", "i32.const", "i32.sub"]:
        return None
    if body[switch - 5][1] != 2:
        return None
    loop = switch
    while body[loop][0] != "loop":
        loop -= 1
        name = body[loop][0]
        if name not in ("loop", "block") and not name.startswith(_STRAIGHT):
            return None
        if ".store" in name:
            return None
    address, first = body[switch - 3][1], body[switch - 2][1]
    table = struct.unpack("<256I", module.data_bytes(address, 1024))
    return Dispatch(
        function=function.index,
        loop=loop,
        switch=switch,
        opcode_local=body[switch - 6][1],
        targets=tuple(labels[min((entry - first) & 0xFFFFFFFF, len(labels) - 1)] for entry in table),
    )
