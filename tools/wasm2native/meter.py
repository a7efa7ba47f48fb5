"""What is charged where: gas units from static instruction counts, the same in every build.

A function pays on entry for its code outside loops, a loop's back-edge for one round of the loop
without the loops inside it. Functions that are *free* pay nothing on entry: their instructions are
part of what the calling code pays. Any function may be free if every cycle of calls keeps one that
pays, and if a payment never stands for too much work. So these pay:

  - the functions that count depth: together they break every cycle of calls, through the table and
    through the host too (graph.py);
  - a function that is large, together with the free functions it calls;
  - a function in the table that calls through the table itself: a caller cannot know what that
    costs, so it is charged a fixed INDIRECT_INSTRUCTIONS, which stands for one function only.

proof.py checks on the emitted text that every cycle pays; nothing here is taken on trust.
"""

from .graph import FREE_INSTRUCTIONS

INSTRUCTIONS_PER_UNIT = 8
MOST_UNITS = 16
DISPATCH_UNITS = 4  # one instruction of the interpreter
MOST_FREE_INSTRUCTIONS = 400
INDIRECT_INSTRUCTIONS = 50


def units(instructions):
    return max(1, min(MOST_UNITS, instructions // INSTRUCTIONS_PER_UNIT))


def free_functions(module, facts, counted):
    """index -> instructions, those of the functions it calls included."""
    in_table = set(module.table.values())
    free, decided = {}, set()

    def decide(index):
        """Calls among functions that are not counted have no cycle, so this ends."""
        decided.add(index)
        here = facts[index]
        callees = [callee for callee in here.calls if callee >= len(module.imports)]
        for callee in callees:
            if callee not in decided and callee not in counted:
                decide(callee)
        if here.indirect_calls and index in in_table:
            return
        total = here.instructions + here.indirect_calls * INDIRECT_INSTRUCTIONS
        total += sum(free.get(callee, 0) for callee in callees)
        if total <= MOST_FREE_INSTRUCTIONS:
            free[index] = total

    for function in module.functions:
        if function.index not in decided and function.index not in counted:
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
            elif name == "call_indirect":
                counts[here] += INDIRECT_INSTRUCTIONS
            if name in ("block", "if"):
                stack.append(here)
            elif name == "loop":
                stack.append(position)
                counts[position] = 0
            elif name == "end" and stack:
                stack.pop()
        self.entry = 0 if function.index in free else units(counts.pop(None))
        self.loops = {position: units(count) for position, count in counts.items()}
