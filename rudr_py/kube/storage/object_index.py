"""The objects of a cache by a value that they have, such as the uid of their owner."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar


class Named(Protocol):
    """An object with a key: its namespace and its name."""

    @property
    def key(self) -> tuple[str, str]: ...


T = TypeVar("T", bound=Named)


class ObjectIndex(Generic[T]):
    """Objects by namespace and value, in the order in which they were added; the namespace is "" for any.

    Most values have one object, which then takes no container of its own.
    """

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, T | dict[tuple[str, str], T]]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def get(self, namespace: str, *values: str) -> tuple[T, ...]:
        """The objects with one of the values."""
        groups = self._groups.get(namespace)
        if groups is None:
            return ()
        objects: list[T] = []
        for group in map(groups.get, values):
            if isinstance(group, dict):
                objects += group.values()
            elif group is not None:
                objects.append(group)
        return tuple(objects)

    def add(self, namespace: str, value: str, live: T) -> None:
        """Add an object, or replace another version of it."""
        groups = self._groups.setdefault(namespace, {})
        group = groups.get(value)
        if isinstance(group, dict):
            group[live.key] = live
        elif group is None or group.key == live.key:
            groups[value] = live
        else:
            groups[value] = {group.key: group, live.key: live}

    def remove(self, namespace: str, value: str, live: T) -> None:
        """Remove an object, or another version of it, if it is there."""
        groups = self._groups.get(namespace, {})
        group = groups.get(value)
        if isinstance(group, dict):
            group.pop(live.key, None)
            if len(group) == 1:
                groups[value] = next(iter(group.values()))
        elif group is not None and group.key == live.key:
            del groups[value]
        if not groups:
            self._groups.pop(namespace, None)
