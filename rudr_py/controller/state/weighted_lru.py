"""A map that keeps the entries which were used last, up to a total weight. A namespace may take a part of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from rudr_py.model.identity import ObjectKey

V = TypeVar("V")

SHARE = 2
"""The part of the total weight that one namespace may take: a half."""


class WeightedLru(Generic[V]):
    """Values by key, with their weights; at most `maximum` of weight and `entries` values.

    `dropped` is called with each key whose value is dropped because of a limit. A value that weighs more than the part
    of a namespace is dropped at once. All operations take constant time for each value that they drop.
    """

    def __init__(
        self, maximum: int, *, entries: int = 1_000_000, dropped: Callable[[ObjectKey], None] = lambda _key: None
    ) -> None:
        self._maximum = maximum
        self._entries = entries
        self._dropped = dropped
        self._values: dict[ObjectKey, tuple[V, int]] = {}  # the longest unused first
        self._namespaces: dict[str, dict[ObjectKey, None]] = {}  # in the same order
        self._weights: Counter[str] = Counter()  # by namespace
        self.weight = 0
        """The total weight of all values."""

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[ObjectKey]:
        return iter(self._values)

    def get(self, key: ObjectKey) -> V | None:
        """The value, which becomes the last used one; None when there is none."""
        entry = self._values.pop(key, None)
        if entry is None:
            return None
        self._values[key] = entry
        of_namespace = self._namespaces[key.namespace]
        del of_namespace[key]
        of_namespace[key] = None
        return entry[0]

    def put(self, key: ObjectKey, value: V, weight: int) -> None:
        """Set a value, and drop the longest unused ones beyond the limits."""
        self.pop(key)
        if weight > self._maximum // SHARE:
            self._dropped(key)
            return
        self._values[key] = value, weight
        self._namespaces.setdefault(key.namespace, {})[key] = None
        self._weights[key.namespace] += weight
        self.weight += weight
        while self._weights[key.namespace] > self._maximum // SHARE:
            self._drop(next(iter(self._namespaces[key.namespace])))
        while self.weight > self._maximum or len(self._values) > self._entries:
            self._drop(next(iter(self._values)))

    def pop(self, key: ObjectKey) -> None:
        """Remove a value if there is one."""
        entry = self._values.pop(key, None)
        if entry is None:
            return
        self.weight -= entry[1]
        self._weights[key.namespace] -= entry[1]
        of_namespace = self._namespaces[key.namespace]
        del of_namespace[key]
        if not of_namespace:
            del self._namespaces[key.namespace], self._weights[key.namespace]

    def _drop(self, key: ObjectKey) -> None:
        self.pop(key)
        self._dropped(key)
