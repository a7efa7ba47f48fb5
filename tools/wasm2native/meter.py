"""What is charged where: gas units from static instruction counts, the same in every build.

A function pays on entry for its code outside loops, a loop's back-edge for one round of the loop
without the loops inside it. Functions that are *free* pay nothing: their instructions are part of
what the calling code pays. A function may be free only if no cycle of calls can be made of free
functions alone (proof.py checks that on the emitted text):

  - it has no loop, no bulk operation, and stays small together with the free functions it calls;
  - it is on no cycle of direct calls (a way through the host counts as direct);
  - it is not in the table: every cycle through call_indirect enters a function that pays.
"""

from .graph import FREE_INSTRUCTIONS, cyclic, edges_of

INSTRUCTIONS_PER_UNIT = 8
MOST_UNITS = 64
DISPATCH_UNITS = 4  # one instruction of the interpreter
MOST_FREE_INSTRUCTIONS = 400


def units(instructions):
    return max(1, min(MOST_UNITS, instructions // INSTRUCTIONS_PER_UNIT))


def free_functions(module, facts):
    """index -> instructions, those of the free functions it calls included."""
    edges = edges_of(module, facts, indirect=False)
    barred = set(module.table.values())
    for component in cyclic(edges):
        barred |= set(component)
    free, decided = {}, set()

    def decide(index):
        decided.add(index)
        if index < len(module.imports):
            return
        facts_here = facts[index]
        for callee in facts_here.calls:
            if callee not in decided:
                decide(callee)
        if index in barred or facts_here.loops or facts_here.bulk:
            return
        total = facts_here.instructions + sum(free.get(callee, 0) for callee in facts_here.calls)
        if total <= MOST_FREE_INSTRUCTIONS:
            free[index] = total

    for function in module.functions:
        if function.index not in decided:
            decide(function.index)
    return free


class Charges:
    """The units of one function: `entry` (0: free) and, by position of the `loop`, of each loop."""

    def __init__(self, function, free):
        counts = {None: 0}
        stack = []  # positions of the enclosing loops; a block repeats its surroundings
        for position, (name, immediate) in enumerate(function.body):
            here = stack[-1] if stack else None
            if name not in FREE_INSTRUCTIONS:
                counts[here] += 1
            if name == "call":
                counts[here] += free.get(immediate, 0)
            if name in ("block", "if"):
                stack.append(here)
            elif name == "loop":
                stack.append(position)
                counts[position] = 0
            elif name == "end" and stack:
                stack.pop()
        self.entry = 0 if function.index in free else units(counts.pop(None))
        self.loops = {position: units(count) for position, count in counts.items()}
