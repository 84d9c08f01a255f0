"""Problems of dependencies between instances: unknown names, cycles, and conditions that are never met. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from rudr_py.errors import Problem
from rudr_py.model import suggest
from rudr_py.render.values.plan import Wait

NAMED: Final = 8
"""The most instances of a cycle that a message names."""

Waits = Mapping[str, Sequence[Wait]]
"""The dependencies of each instance, by its name."""


def problems(waits: Waits, names: Collection[str], endless: Mapping[str, str]) -> Iterator[Problem]:
    """All problems. `names` are all instances; `endless` are those whose workload never ends, each with its type."""
    existing = frozenset(names)
    for wait in (wait for of_instance in waits.values() for wait in of_instance):
        target = wait.dependency.instance
        if target not in existing:
            yield _problem(wait, f'the application has no instance "{target}".{suggest.nearest(target, names)}')
        elif wait.dependency.condition == "complete" and target in endless:
            message = f'the instance "{target}" never completes, because a {endless[target]} does not run to its end'
            yield _problem(wait, f"{message}; use the condition ready")
    yield from _cycles(waits)


def _cycles(waits: Waits) -> Iterator[Problem]:
    """A problem at each dependency that closes a cycle: without these dependencies there is none."""
    finished: set[str] = set()
    for first in waits:
        path: dict[str, Iterator[Wait]] = {}
        if first not in finished:
            path[first] = iter(waits[first])
        while path:
            instance = next(reversed(path))
            wait = next(path[instance], None)
            if wait is None:
                finished.add(instance)
                del path[instance]
                continue
            target = wait.dependency.instance
            if target in path:
                yield _problem(wait, _cycle(path, target))
            elif target in waits and target not in finished:
                path[target] = iter(waits[target])


def _cycle(path: Iterable[str], target: str) -> str:
    names = list(path)
    names = names[names.index(target) :]
    if len(names) == 1:
        return f'the instance "{target}" depends on itself'
    listed = [*names[:NAMED], *(["..."] if len(names) > NAMED else []), target]
    return f"the instances wait for each other: {' -> '.join(listed)}"


def _problem(wait: Wait, message: str) -> Problem:
    return msgspec.structs.replace(wait.problem, message=message)
