"""The call graph: who may call whom, on which cycles, and which functions must count depth.

Besides the module's functions the graph has two kinds of helper nodes:
  ("type", t)  what call_indirect with signature t may reach: every table entry of that signature;
  HOST         an import may call back any export. (Any, not only those that the engine uses:
               what is metered and counted must not change with the list of exports.)
So a cycle through the table or through the host is a cycle of this graph like any other.
"""

from dataclasses import dataclass, field

HOST = "(host)"


@dataclass
class Facts:
    """What a function body contains, counted over its instructions."""

    instructions: int = 0
    loops: int = 0
    bulk: int = 0  # memory.copy, memory.fill, memory.grow
    calls: list = field(default_factory=list)  # indices, imports too; one entry a call site
    indirect: set = field(default_factory=set)  # signatures of call_indirect
    indirect_calls: int = 0


# Instructions that only give structure and cost nothing.
FREE_INSTRUCTIONS = {"block", "loop", "else", "end", "nop"}


def facts_of(function):
    facts = Facts()
    for name, immediate in function.body:
        if name not in FREE_INSTRUCTIONS:
            facts.instructions += 1
        if name == "loop":
            facts.loops += 1
        elif name == "call":
            facts.calls.append(immediate)
        elif name == "call_indirect":
            facts.indirect.add(immediate)
            facts.indirect_calls += 1
        elif name in ("memory.copy", "memory.fill", "memory.grow"):
            facts.bulk += 1
    return facts


def edges_of(module, facts):
    """node -> set of nodes."""
    edges = {HOST: {index for index in module.exports.values() if module.function(index)}}
    for function in module.functions:
        out = edges[function.index] = set()
        for callee in facts[function.index].calls:
            out.add(HOST if callee < len(module.imports) else callee)
        out |= {("type", signature) for signature in facts[function.index].indirect}
    for index in module.table.values():
        edges.setdefault(("type", module.type_of(index)), set()).add(index)
    for out in list(edges.values()):
        for node in out:
            edges.setdefault(node, set())
    return edges


def components(edges, nodes=None):
    """Strongly connected components (Tarjan, without recursion), as lists; callees come first."""
    nodes = set(edges) if nodes is None else nodes
    number, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in sorted(nodes, key=_order):
        if root in number:
            continue
        work = [(root, None)]
        while work:
            node, successors = work.pop()
            if successors is None:
                number[node] = low[node] = len(number)
                stack.append(node)
                on_stack.add(node)
                successors = iter(sorted(edges[node] & nodes, key=_order))
            descended = False
            for target in successors:
                if target not in number:
                    work += [(node, successors), (target, None)]
                    descended = True
                    break
                if target in on_stack:
                    low[node] = min(low[node], number[target])
            if descended:
                continue
            if low[node] == number[node]:
                component = []
                while not component or component[-1] != node:
                    component.append(stack.pop())
                on_stack -= set(component)
                found.append(component)
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[node])
    return found


def _order(node):
    """Any fixed order will do: the generated code must not depend on hashing."""
    return (0, node, "") if isinstance(node, int) else (1, 0, repr(node))


def cyclic(edges, nodes=None):
    """The components that hold a cycle."""
    return [
        component
        for component in components(edges, nodes)
        if len(component) > 1 or component[0] in edges[component[0]]
    ]


def cycle_breakers(edges, facts):
    """A small set of functions without which the graph has no cycle (greedy, then thinned out).

    Counting costs two additions in memory a call, so large functions are preferred to small ones.
    """
    nodes, chosen = set(edges), []
    while True:
        found = cyclic(edges, nodes)
        if not found:
            break
        for component in found:
            inside = set(component)
            arriving = dict.fromkeys(inside, 0)
            for node in inside:
                for target in edges[node] & inside:
                    arriving[target] += 1
            candidates = [node for node in inside if isinstance(node, int)]
            best = max(
                sorted(candidates),
                key=lambda node: (
                    node in edges[node],
                    (arriving[node] * len(edges[node] & inside)) ** 2 * facts[node].instructions,
                ),
            )
            chosen.append(best)
            nodes.discard(best)
    for node in sorted(chosen, key=lambda node: facts[node].instructions):
        if not cyclic(edges, nodes | {node}):
            nodes.add(node)
            chosen.remove(node)
    return set(chosen)


def heaviest_path(edges, nodes, weight):
    """node -> greatest sum of weights on a path that starts there and stays in `nodes`."""
    heaviest = {}
    for component in components(edges, nodes):
        (node,) = component  # no cycles are left among them
        following = max((heaviest[target] for target in edges[node] & nodes), default=0)
        heaviest[node] = weight(node) + following
    return heaviest
