"""The applications that an index has for a value, which a change concerns. There may be thousands."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import msgspec

from rudr_py.controller.state.index import MultiMap
from rudr_py.model.identity import ObjectKey


class Users(msgspec.Struct, frozen=True):
    """The applications that an index has for a value. `namespace` is theirs, "" where they are of several."""

    index: MultiMap[ObjectKey, Any]
    value: Hashable
    namespace: str

    def __len__(self) -> int:
        return self.index.count(self.value)

    def keys(self) -> frozenset[ObjectKey]:
        """The applications, as of now."""
        return self.index.keys(self.value)


Defer = Callable[[Users], bool]
"""Called with a group of applications that a change concerns; returns whether the callee triggers them."""


def never(_users: Users) -> bool:
    """Defer no group."""
    return False


def concerned(
    index: MultiMap[ObjectKey, Any], value: Hashable, namespace: str, defer: Defer = never
) -> frozenset[ObjectKey]:
    """The applications that an index has for a value; none where `defer` accepts them."""
    users = Users(index, value, namespace)
    return frozenset() if defer(users) else users.keys()
