"""The order of deletions: an instance that depends on others is deleted, with its pods, before those. Pure.

Each ComponentInstance records the dependencies of its instance, as they were when it was applied last. So the order
needs no documents, and not the package of the type that declared it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Set

from rudr_py.kube.live_object import LiveObject
from rudr_py.model import json_text
from rudr_py.model.metadata_keys import DEPENDS_ON_ANNOTATION
from rudr_py.render.values import labels

LISTED = 3
"""The number of dependents in a sentence; the rest is counted."""

_Graph = Mapping[str, Set[str]]


class Teardown:
    """The instances of an application that exist, also under deletion, by the values of their label."""

    def __init__(self, application: str, component_instances: Iterable[LiveObject]) -> None:
        """`application` is the name; `component_instances` are those that it owns."""
        self._live: dict[str, list[LiveObject]] = {}
        self._dependencies: dict[str, set[str]] = {}
        for live in component_instances:
            label = live.labels.get(labels.INSTANCE, "")
            self._live.setdefault(label, []).append(live)
            if listed := live.annotations.get(DEPENDS_ON_ANNOTATION, ""):
                names = (labels.labels(application, name)[labels.INSTANCE] for name in listed.split(","))
                self._dependencies.setdefault(label, set()).update(names)
        self._dependents: dict[str, set[str]] = {}
        for label, dependencies in self._dependencies.items():
            for name in dependencies:
                self._dependents.setdefault(name, set()).add(label)

    def dependents(self, instance: str) -> tuple[str, ...]:
        """The instances that depend on one, and must be deleted before it. Those of a cycle do not count."""
        return self._ordered.get(instance, ())

    @functools.cached_property
    def _ordered(self) -> dict[str, tuple[str, ...]]:
        cycles = _components(self._dependencies, self._dependents)
        return {
            name: tuple(sorted(label for label in dependents if cycles[label] != cycles[name]))
            for name, dependents in self._dependents.items()
        }

    def dependencies(self, instance: str) -> frozenset[str]:
        """The existing instances on which one depends."""
        return frozenset(self._dependencies.get(instance, ())) & self._live.keys()

    @property
    def first(self) -> tuple[LiveObject, ...]:
        """The ComponentInstances to delete before others, and before the application; empty where no order remains."""
        labels_first = {
            dependent for label in self._live for dependent in self.dependents(label) if not self.dependents(dependent)
        }
        return tuple(live for label in sorted(labels_first) for live in self._live[label])


def _components(graph: _Graph, reverse: _Graph) -> dict[str, int]:
    """The nodes with numbers: two have the same one if each reaches the other (Kosaraju's algorithm)."""
    visited: set[str] = set()
    order = [node for first in {**graph, **reverse} for node in _finished(graph, first, visited)]
    visited.clear()
    return {node: number for number, last in enumerate(reversed(order)) for node in _finished(reverse, last, visited)}


def _finished(graph: _Graph, first: str, visited: set[str]) -> list[str]:
    """The nodes that are reached from the first one and were not visited, each after those that it reaches."""
    if first in visited:
        return []
    visited.add(first)
    finished: list[str] = []
    path = [(first, iter(graph.get(first, ())))]
    while path:
        node, targets = path[-1]
        target = next((target for target in targets if target not in visited), None)
        if target is None:
            finished.append(node)
            path.pop()
        else:
            visited.add(target)
            path.append((target, iter(graph.get(target, ()))))
    return finished


def notes(kept: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """A sentence about each instance that is deleted after those that depend on it."""
    for instance, dependents in kept:
        depend = "depends" if len(dependents) == 1 else "depend"
        names = json_text.listed(dependents, LISTED)
        yield f"the former instance {instance} is deleted after {names}, which {depend} on it"
