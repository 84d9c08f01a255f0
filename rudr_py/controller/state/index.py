"""A many-to-many index that can be read in both directions, such as which application uses which component."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)

_FEW: Final = 8
"""Number of keys up to which those of a value are a tuple, which takes a fourth of the memory of a set."""


class MultiMap(Generic[K, V]):
    """Keys with sets of values. A key may have an empty set; a value without keys takes no memory."""

    def __init__(self) -> None:
        self._values: dict[K, tuple[V, ...]] = {}
        self._keys: dict[V, tuple[K, ...] | set[K]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def values(self, key: K) -> frozenset[V]:
        """The values of a key; empty when the key is absent."""
        return frozenset(self._values.get(key, ()))

    def keys(self, value: V) -> frozenset[K]:
        """The keys that have a value."""
        return frozenset(self._keys.get(value, ()))

    def all_values(self) -> frozenset[V]:
        """The values that any key has."""
        return frozenset(self._keys)

    def count(self, value: V) -> int:
        """The number of keys that have a value."""
        return len(self._keys.get(value, ()))

    def set(self, key: K, values: Iterable[V]) -> None:
        """Replace the values of a key."""
        before, after = self.values(key), frozenset(values)
        if before == after and key in self._values:
            return
        for value in before - after:
            self._unlink(key, value)
        for value in after - before:
            self._link(key, value)
        self._values[key] = tuple(after)

    def discard(self, key: K, value: V) -> None:
        """Remove one value of a key."""
        if value in self.values(key):
            self._unlink(key, value)
            self._values[key] = tuple(self.values(key) - {value})

    def remove(self, key: K) -> None:
        """Remove a key and its values."""
        for value in self._values.pop(key, ()):
            self._unlink(key, value)

    def _link(self, key: K, value: V) -> None:
        keys = self._keys.get(value, ())
        if isinstance(keys, set):
            keys.add(key)
        else:
            self._keys[value] = (*keys, key) if len(keys) < _FEW else {*keys, key}

    def _unlink(self, key: K, value: V) -> None:
        keys = self._keys[value]
        if isinstance(keys, set):
            keys.discard(key)
        else:
            keys = self._keys[value] = tuple(other for other in keys if other != key)
        if not keys:
            del self._keys[value]
