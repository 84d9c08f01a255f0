"""The order of deletions: an instance that depends on others is deleted, with its pods, before those. Pure.

Each ComponentInstance records the dependencies of its instance, as they were when it was applied last. So the order
needs no documents, and not the package of the type that declared it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rudr_py.kube.live_object import LiveObject
from rudr_py.model.metadata_keys import DEPENDS_ON_ANNOTATION
from rudr_py.render.values import labels


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
        direct = self._dependents.get(instance, set())
        return tuple(sorted(direct - self._reachable(instance))) if direct else ()

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

    def _reachable(self, instance: str) -> set[str]:
        """The instances on which one depends, directly or not."""
        reached: set[str] = set()
        pending = [instance]
        while pending:
            new = self._dependencies.get(pending.pop(), set()) - reached
            reached |= new
            pending += new
        return reached


def notes(kept: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """A sentence about each instance that is deleted after those that depend on it."""
    for instance, dependents in kept:
        depend = "depends" if len(dependents) == 1 else "depend"
        yield f"the former instance {instance} is deleted after {', '.join(dependents)}, which {depend} on it"
