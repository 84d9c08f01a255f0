"""Who is owned by whom, by uid, so that no controller has to search.

It keeps keys, not objects: what an object looks like is asked of the cluster. It may name an object that has just
gone, and learns of one that others create when its event comes; the controllers' own writes are known at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.local.controllers.queue import Key
from rudr_py.local.resources import Kind
from rudr_py.local.store import Object


def key_of(obj: Object) -> Key:
    """Return the key of a stored object."""
    metadata = obj["metadata"]
    return Key(Kind(obj["apiVersion"], obj["kind"]), metadata.get("namespace", ""), metadata["name"])


def owner_references(obj: Object) -> list[Object]:
    """Return the owner references of an object."""
    return obj["metadata"].get("ownerReferences") or []


def controller_reference(obj: Object) -> Object | None:
    """Return the one owner reference that says `controller: true`, or None."""
    return next((each for each in owner_references(obj) if each.get("controller")), None)


class Index:
    """The keys of the objects that name an owner, by the owner's uid; and all keys that exist, with their uid."""

    def __init__(self) -> None:
        self.uids: dict[Key, str] = {}
        self._keys: dict[str, Key] = {}
        self._owners: dict[Key, tuple[str, ...]] = {}
        self._owned: dict[str, dict[Key, None]] = {}

    def put(self, obj: Object) -> None:
        """Learn an object, new or changed."""
        key = key_of(obj)
        uid = obj["metadata"]["uid"]
        self.uids[key] = uid
        self._keys[uid] = key
        owners = tuple(reference["uid"] for reference in owner_references(obj))
        if owners == self._owners.get(key, ()):
            return
        self._release(key)
        self._owners[key] = owners
        for owner in owners:
            self._owned.setdefault(owner, {})[key] = None

    def remove(self, key: Key, uid: str) -> None:
        """Forget an object, unless another one is there under its name."""
        if self.uids.get(key) == uid:
            del self.uids[key]
            self._keys.pop(uid, None)
            self._release(key)

    def key(self, uid: str) -> Key | None:
        """Return the key of the object with this uid, or None when there is none."""
        return self._keys.get(uid)

    def owned(self, uid: str) -> Iterator[Key]:
        """Iterate over the keys of the objects that name this owner."""
        return iter(tuple(self._owned.get(uid, ())))

    def _release(self, key: Key) -> None:
        for uid in self._owners.pop(key, ()):
            keys = self._owned.get(uid)
            if keys is not None:
                keys.pop(key, None)
                if not keys:
                    del self._owned[uid]
