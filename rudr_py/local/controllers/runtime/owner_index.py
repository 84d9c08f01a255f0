"""Indexes of owners, labels and selectors, so that no controller has to search.

They hold keys, not objects. Writes of the controllers are indexed at once, those of other clients with their event, so
a key may name an object that no longer exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object


def key_of(obj: Object) -> QueueKey:
    """Return the key of a stored object."""
    metadata = obj["metadata"]
    return QueueKey(KindInfo(obj["apiVersion"], obj["kind"]), metadata.get("namespace", ""), metadata["name"])


def owner_references(obj: Object) -> list[Object]:
    """Return the owner references of an object."""
    return obj["metadata"].get("ownerReferences") or []


def controller_reference(obj: Object) -> Object | None:
    """Return the owner reference with `controller: true`, or None."""
    return next((each for each in owner_references(obj) if each.get("controller")), None)


class OwnerIndex:
    """The uid of each key, and the keys under each mark: an owner's uid, a label, a selector, a target, a node."""

    def __init__(self) -> None:
        self.uids: dict[QueueKey, str] = {}
        self._keys: dict[str, QueueKey] = {}
        self._marks: dict[QueueKey, tuple[_Mark, ...]] = {}
        self._marked: dict[_Mark, dict[QueueKey, None]] = {}

    def put(self, obj: Object) -> None:
        """Index a new or changed object."""
        key = key_of(obj)
        uid = obj["metadata"]["uid"]
        self.uids[key] = uid
        self._keys[uid] = key
        marks = tuple(_marks(obj))
        if marks != self._marks.get(key, ()):
            self._release(key)
            self._marks[key] = marks
            for mark in marks:
                self._marked.setdefault(mark, {})[key] = None

    def remove(self, key: QueueKey, uid: str) -> None:
        """Remove an object, unless another one has its name."""
        if self.uids.get(key) == uid:
            del self.uids[key]
            self._keys.pop(uid, None)
            self._release(key)

    def key(self, uid: str) -> QueueKey | None:
        """Return the key of the object with this uid, or None."""
        return self._keys.get(uid)

    def owned(self, uid: str) -> Iterator[QueueKey]:
        """Iterate over the keys of the objects with this owner."""
        return self._under(("owner", uid))

    def labelled(self, kind: KindInfo, namespace: str, selector: Mapping[str, str]) -> Iterator[QueueKey]:
        """Iterate over the keys of pods that may have these labels; the caller checks each. Only pods are indexed."""
        sets = [tuple(self._marked.get(("label", kind, namespace, *pair), ())) for pair in selector.items()]
        sets.sort(key=len)
        return iter(sets[0] if sets else ())

    def selecting(self, kind: KindInfo, namespace: str, labels: Mapping[str, str]) -> Iterator[QueueKey]:
        """Iterate over the keys of Services that may select these labels. Only Services are indexed."""
        for pair in labels.items():
            yield from self._under(("selector", kind, namespace, *pair))

    def scaling(self, kind: KindInfo, target: QueueKey) -> Iterator[QueueKey]:
        """Iterate over the keys of the autoscalers of a target."""
        return self._under(("target", kind, target.namespace, target.kind.kind, target.name))

    def unassigned(self, namespace: str = "") -> Iterator[QueueKey]:
        """Iterate over the keys of the pods of a namespace (all, if empty) that have no node."""
        return (key for key in self.on_node("") if not namespace or key.namespace == namespace)

    def on_node(self, name: str) -> Iterator[QueueKey]:
        """Iterate over the keys of the pods that are assigned to a node."""
        return self._under(("node", name))

    def _under(self, mark: _Mark) -> Iterator[QueueKey]:
        return iter(tuple(self._marked.get(mark, ())))

    def _release(self, key: QueueKey) -> None:
        for mark in self._marks.pop(key, ()):
            keys = self._marked.get(mark)
            if keys is not None:
                keys.pop(key, None)
                if not keys:
                    del self._marked[mark]


_Mark = tuple[object, ...]


def _marks(obj: Object) -> Iterator[_Mark]:
    for reference in owner_references(obj):
        yield ("owner", reference["uid"])
    kind, namespace = obj["kind"], obj["metadata"].get("namespace", "")
    here = (KindInfo(obj["apiVersion"], kind), namespace)
    if kind == "Pod":
        for pair in (obj["metadata"].get("labels") or {}).items():
            yield ("label", *here, *pair)
        yield ("node", obj["spec"].get("nodeName", ""))
    elif kind == "Service":
        # a selected pod has all pairs of the selector, so one of them is enough
        for pair in sorted((obj["spec"].get("selector") or {}).items())[:1]:
            yield ("selector", *here, *pair)
    elif kind == "HorizontalPodAutoscaler":
        target = obj["spec"]["scaleTargetRef"]
        yield ("target", *here, target["kind"], target["name"])
