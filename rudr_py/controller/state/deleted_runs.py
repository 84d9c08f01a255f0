"""The last states of run-once objects that were deleted; they may be the only record of how a run ended."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.api import Kind
from rudr_py.kube.live_object import LiveObject

MAXIMUM = 4096
"""Maximum number of objects that are kept. Beyond it the oldest of the namespace with the most is dropped."""

_Place = tuple[Kind, str, str]


class DeletedRuns:
    """Deleted objects by namespace and by the uid of their owner."""

    def __init__(self) -> None:
        self._namespaces: dict[str, dict[_Place, LiveObject]] = {}  # the oldest object first
        self._owners: dict[str, dict[_Place, LiveObject]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, kind: Kind, live: LiveObject) -> None:
        """Keep the last state of an object."""
        place = (kind, *live.key)
        self._remove(place)
        self._namespaces.setdefault(live.namespace, {})[place] = live
        self._owners.setdefault(live.owner_uid, {})[place] = live
        self._size += 1
        if self._size > MAXIMUM:
            namespace = max(self._namespaces, key=lambda name: len(self._namespaces[name]))
            self._remove(next(iter(self._namespaces[namespace])))

    def owned_by(self, owners: Iterable[str]) -> tuple[LiveObject, ...]:
        """The objects with one of these owners."""
        return tuple(live for owner in owners for live in self._owners.get(owner, {}).values())

    def _remove(self, place: _Place) -> None:
        of_namespace = self._namespaces.get(place[1], {})
        live = of_namespace.pop(place, None)
        if live is None:
            return
        self._size -= 1
        of_owner = self._owners[live.owner_uid]
        del of_owner[place]
        if not of_owner:
            del self._owners[live.owner_uid]
        if not of_namespace:
            del self._namespaces[place[1]]
