"""The objects of a cache by a value that they have, such as the uid of their owner."""

from __future__ import annotations

from rudr_py.kube.live_object import LiveObject

_Group = LiveObject | dict[tuple[str, str], LiveObject]


class ObjectIndex:
    """Objects by namespace and value, in the order in which they were added; the namespace is "" for any.

    Most values have one object, which then takes no container of its own.
    """

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, _Group]] = {}

    def get(self, namespace: str, value: str) -> tuple[LiveObject, ...]:
        """The objects with a value."""
        groups = self._groups.get(namespace)
        group = groups.get(value) if groups is not None else None
        if group is None:
            return ()
        return (group,) if isinstance(group, LiveObject) else tuple(group.values())

    def add(self, namespace: str, value: str, live: LiveObject) -> None:
        """Add an object, or replace another version of it."""
        groups = self._groups.setdefault(namespace, {})
        group = groups.get(value)
        if group is None or (isinstance(group, LiveObject) and group.key == live.key):
            groups[value] = live
        elif isinstance(group, LiveObject):
            groups[value] = {group.key: group, live.key: live}
        else:
            group[live.key] = live

    def remove(self, namespace: str, value: str, live: LiveObject) -> None:
        """Remove an object, or another version of it, if it is there."""
        groups = self._groups.get(namespace, {})
        group = groups.get(value)
        if group is None or (isinstance(group, LiveObject) and group.key != live.key):
            return
        if isinstance(group, LiveObject):
            del groups[value]
        else:
            group.pop(live.key, None)
            if len(group) == 1:
                groups[value] = next(iter(group.values()))
        if not groups:
            del self._groups[namespace]
