"""Whether Python's backtracking engine matches a pattern in time that grows linearly with the text.

Decided on the automaton of the pattern, without a run: a text can be read in exponentially many ways if two different
paths lead from a state back to itself on one text, and in polynomially many ways if one text leads from a loop to
itself, from that loop to a second one, and from the second one to itself (Weber and Seidl, "On the degree of ambiguity
of finite automata"). In a search, the attempt at each position is such a first loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from tests.patterns.automaton import START, Automaton, Edge, UnsupportedPatternError

_Node = tuple[int, ...]
_Steps = Callable[[_Node], Iterable[tuple[_Node, int]]]


def fault(pattern: str | bytes, flags: int = 0, *, search: bool = True) -> str:
    """The reason why matching is not linear, with the text to repeat; empty for a linear pattern.

    `search` includes the attempts at all positions (search, sub, split, findall); otherwise the match is anchored.
    """
    try:
        automaton = Automaton(pattern, flags, search=search)
    except UnsupportedPatternError as error:
        return f"uses {error}"
    for text in _exponential(automaton):
        return f"exponential in the number of {text!r}"
    for text in _polynomial(automaton):
        return f"polynomial in the number of {text!r}"
    return ""


def _exponential(automaton: Automaton) -> Iterator[str]:
    for component in _components(automaton.edges):
        edges = {state: [edge for edge in automaton.edges[state] if edge.target in component] for state in component}
        for state in sorted(component):
            yield from _double(automaton, edges[state])
        yield from _diverging(automaton, edges, min(component))


def _double(automaton: Automaton, edges: list[Edge]) -> Iterator[str]:
    for index, edge in enumerate(edges):
        for other in edges[index + 1 :]:
            if edge.target == other.target and edge.mask & other.mask:
                yield automaton.text(edge.mask & other.mask)


def _diverging(automaton: Automaton, edges: Mapping[int, list[Edge]], state: int) -> Iterator[str]:
    """A text on which two different paths lead from `state` back to it."""

    def steps(node: _Node) -> Iterator[tuple[_Node, int]]:
        for left in edges[node[0]]:
            for right in edges[node[1]]:
                mask = left.mask & right.mask
                if mask:
                    yield (left.target, right.target, int(node[2] or left.target != right.target)), mask

    yield from _texts(automaton, (state, state, 0), (state, state, 1), steps)


def _polynomial(automaton: Automaton) -> Iterator[str]:
    unbounded = [[edge for edge in edges if not edge.bounded] for edges in automaton.edges]
    components = list(_components(unbounded))
    for first in components:
        for second in components:
            if first is not second:
                # an attempt that passes an accepting state succeeds, and the next attempt starts after it
                failing = second - automaton.accepting if START in first else second
                yield from _two_loops(automaton, unbounded, first, failing)


def _two_loops(automaton: Automaton, unbounded: list[list[Edge]], first: set[int], second: set[int]) -> Iterator[str]:
    between = _between(automaton.edges, first, second)

    def steps(node: _Node) -> Iterator[tuple[_Node, int]]:
        for left in unbounded[node[0]]:
            for right in unbounded[node[2]] if left.target in first else ():
                mask = left.mask & right.mask
                for middle in automaton.edges[node[1]] if mask and right.target in second else ():
                    if mask & middle.mask and middle.target in between:
                        yield (left.target, middle.target, right.target), mask & middle.mask

    for start in sorted(first & between):
        for end in sorted(second & between):
            yield from _texts(automaton, (start, start, end), (start, end, end), steps)


def _texts(automaton: Automaton, start: _Node, goal: _Node, steps: _Steps) -> Iterator[str]:
    """The text of a shortest path from `start` to `goal`, if there is a path."""
    texts, queue = {start: ""}, [start]
    for node in queue:
        for target, mask in steps(node):
            if target not in texts:
                texts[target] = texts[node] + automaton.text(mask)
                queue.append(target)
            if target == goal:
                yield texts[target]
                return


def _components(edges: list[list[Edge]]) -> Iterator[set[int]]:
    """The strongly connected components that contain a loop."""
    forward = [_closure([edge.target for edge in edges[state]], edges) for state in range(len(edges))]
    looping = {state for state in range(len(edges)) if state in forward[state]}
    while looping:
        state = min(looping)
        component = {other for other in looping & forward[state] if state in forward[other]}
        looping -= component
        yield component


def _between(edges: list[list[Edge]], first: set[int], second: set[int]) -> set[int]:
    """The states on paths from the first to the second loop."""
    return {state for state in _closure(first, edges) if _closure([state], edges) & second}


def _closure(states: Iterable[int], edges: list[list[Edge]]) -> set[int]:
    reached = set(states)
    queue = list(reached)
    while queue:
        new = {edge.target for edge in edges[queue.pop()]} - reached
        reached |= new
        queue += new
    return reached
