"""The whole way from the bytes of a module to the C files, as a value: nothing is written here."""

from dataclasses import dataclass

from . import Refused, emit
from .binary import decode
from .dispatch import find_dispatch
from .graph import cycle_breakers, edges_of, facts_of, heaviest_path
from .meter import Charges, free_functions


@dataclass
class Translation:
    files: dict  # name -> text
    counts: dict  # what was found and done, by name


def translate(wasm, exports, change_charges=None):
    """`change_charges(function, charges)` lets a test break the meter and see the proof refuse."""
    module = decode(wasm)
    emit.name_functions(module)
    facts = {function.index: facts_of(function) for function in module.functions}
    edges = edges_of(module, facts)
    counted = cycle_breakers(edges, facts)
    free = free_functions(module, facts, counted)
    dispatch = find_dispatch(module)
    texts = {}
    for function in module.functions:
        charges = Charges(function, free)
        if change_charges:
            change_charges(function, charges)
        here = dispatch if dispatch and dispatch.function == function.index else None
        texts[function.index] = emit.function_text(
            module, function, charges, function.index in counted, here
        )
    paths = heaviest_path(edges, set(edges) - counted, lambda node: isinstance(node, int))
    counts = {
        "functions": len(module.functions),
        "loops": sum(found.loops for found in facts.values()),
        "free_functions": len(free),
        "counted_functions": len(counted),
        "uncounted_frames": max(paths.values(), default=0),
        "table_entries": len(module.table),
        "bulk_operations": sum(found.bulk for found in facts.values()),
        "dispatch_targets": len(set(dispatch.targets)) if dispatch else 0,
    }
    public = {**emit.exports_facts(module), "WASM_UNCOUNTED_FRAMES": counts["uncounted_frames"]}
    files = {
        "module.h": emit.header(module),
        "wasm_exports.h": emit.exports_header(module, exports, public),
        "tables.c": emit.tables(module, exports),
        "data.c": emit.data(module),
        **emit.pieces(module, texts, dispatch),
    }
    return Translation(files, counts)


def read_exports(text):
    """One export a line; `#` begins a comment."""
    names = [line.split("#")[0].strip() for line in text.splitlines()]
    names = [name for name in names if name]
    if len(set(names)) != len(names):
        raise Refused("the list of exports names one twice")
    return names
