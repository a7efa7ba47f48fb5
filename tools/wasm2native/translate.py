"""The whole way from the bytes of a module to the C files, as a value: nothing is written here."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from . import Refused, emit
from .binary import decode
from .dispatch import find_dispatch
from .graph import cycle_breakers, edges_of, facts_of
from .meter import Charges, free_functions
from .proof import Proof, prove


@dataclass
class Translation:
    files: dict  # name -> text
    counts: dict  # what was found and done, by name
    proof: Proof
    exports_header: Callable  # frame_bytes -> text of wasm_exports.h


def translate(wasm, exports, change_charges=None, change_counted=None):
    """Refuses what cannot be translated, or proven once translated.

    `change_charges(function, charges)` and `change_counted(set)` let a test break the meter and see
    the proof refuse.
    """
    module = decode(wasm)
    for name in exports:
        emit.exported_type(module, name)
    emit.name_functions(module)
    facts = {function.index: facts_of(function) for function in module.functions}
    edges = edges_of(module, facts)
    counted = cycle_breakers(edges, facts)
    free = free_functions(module, facts, counted)
    if change_counted:
        counted = change_counted(counted)
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
    counts = {
        "functions": len(module.functions),
        "loops": sum(found.loops for found in facts.values()),
        "free_functions": len(free),
        "counted_functions": len(counted),
        "table_entries": len(module.table),
        "bulk_operations": sum(found.bulk for found in facts.values()),
        "dispatch_targets": len(set(dispatch.targets)) if dispatch else 0,
    }
    files = {
        "module.h": emit.header(module),
        "tables.c": emit.tables(module, exports),
        "data.c": emit.data(module),
        **emit.pieces(module, texts, dispatch),
    }
    proof = prove(files)
    header = functools.partial(emit.exports_header, module, exports)
    files["wasm_exports.h"] = header()
    return Translation(files, counts | proof.counts, proof, header)


def read_exports(text):
    """One export a line; `#` begins a comment."""
    names = [line.split("#")[0].strip() for line in text.splitlines()]
    names = [name for name in names if name]
    if len(set(names)) != len(names):
        raise Refused("the list of exports names one twice")
    return names
