"""An application as a tree of its objects, down to the pods, by owner references. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import Health, kstatus, mappings_in
from rudr_py.cli.cluster import pod_state
from rudr_py.cli.commands.tree import rolled_up
from rudr_py.cli.output import plain_text
from rudr_py.controller.state import inventory
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.render.values import labels

Document = Mapping[str, Any]


class TreeNode(msgspec.Struct, frozen=True, kw_only=True):
    """An object and the objects that it owns. `name` is that of kubectl: `deployment.apps/web`.

    `created` is the timestamp of its creation, empty if there is none. `images` are those of the containers of a pod or
    of a pod template. `restarts` is that of the containers of a pod, None for other objects.
    """

    name: str
    health: Health
    children: tuple[TreeNode, ...] = ()
    kind: str = ""
    namespace: str = ""
    uid: str = ""
    created: str = ""
    images: tuple[str, ...] = ()
    restarts: int | None = None

    def walk(self, depth: int = 0) -> Iterator[tuple[int, TreeNode]]:
        """Every node below and including this one, with its depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def build(root: Document, documents: Iterable[Document]) -> TreeNode:
    """The tree of the objects that `root` owns, directly or not, and of those in its inventory without an owner.

    The latter are claims, which outlive their application. They are placed below their instances.
    """
    objects = list(documents)
    by_owner: dict[str, list[Document]] = {}
    for document in objects:
        for owner in _owner_references(document):
            by_owner.setdefault(str(owner.get("uid")), []).append(document)
    instances = {
        _instance(document): _uid(document)
        for document in by_owner.get(_uid(root), ())
        if document.get("kind") == "ComponentInstance"
    }
    inventory_uids = _inventory_uids(root)
    for document in objects:
        if not _owner_references(document) and _uid(document) in inventory_uids:
            by_owner.setdefault(instances.get(_instance(document), _uid(root)), []).append(document)
    return _Builder(root, by_owner).node(root)


def without_old_replica_sets(documents: Iterable[Document]) -> list[Document]:
    """All documents except ReplicaSets that a Deployment keeps for a rollback and that own nothing any more."""
    objects = list(documents)
    owners = {str(owner.get("uid")) for document in objects for owner in _owner_references(document)}
    return [document for document in objects if not _is_old_replica_set(document) or _uid(document) in owners]


def _is_old_replica_set(document: Document) -> bool:
    spec = document.get("spec")
    if document.get("kind") != "ReplicaSet" or not isinstance(spec, Mapping) or spec.get("replicas") != 0:
        return False
    return any(owner.get("kind") == "Deployment" for owner in _owner_references(document))


def _inventory_uids(root: Document) -> frozenset[str]:
    """The uids of the objects in the application's status."""
    status = root.get("status")
    records = inventory.read(status.get("resources") if isinstance(status, Mapping) else None)
    return frozenset(record.uid for record in records.values() if record.uid)


def _owner_references(document: Document) -> Iterable[Mapping[str, Any]]:
    references: Iterable[Mapping[str, Any]] = document["metadata"].get("ownerReferences", ())
    return references


def _instance(document: Document) -> str:
    return str((document["metadata"].get("labels") or {}).get(labels.INSTANCE))


def _uid(document: Document) -> str:
    return str(document["metadata"].get("uid"))


def owned(root: Document, documents: Iterable[Document]) -> list[Document]:
    """The objects that `root` owns, directly or not."""
    objects = list(documents)
    by_uid: dict[str, Document] = {}
    owners = {_uid(root)}
    while owners:
        children = {
            _uid(document): document
            for document in objects
            if any(str(owner.get("uid")) in owners for owner in _owner_references(document))
        }
        owners = set(children) - set(by_uid)
        by_uid |= children
    return list(by_uid.values())


class _Builder:
    """Builds the nodes below an application, and the health of its instances."""

    def __init__(self, root: Document, by_owner: Mapping[str, list[Document]]) -> None:
        self._by_owner = by_owner
        self._instances = rolled_up.reported(root)

    def node(self, document: Document, above: frozenset[str] = frozenset()) -> TreeNode:
        """The node of an object. Objects that own each other are not repeated below themselves."""
        above |= {_uid(document)}
        owned_objects = [child for child in self._by_owner.get(_uid(document), ()) if _uid(child) not in above]
        children = sorted((self.node(child, above) for child in owned_objects), key=lambda node: _order(node.name))
        return TreeNode(
            name=name_of(document),
            health=self._health(document, owned_objects),
            children=tuple(children),
            kind=str(document.get("kind", "")),
            namespace=str(document["metadata"].get("namespace") or ""),
            uid=str(document["metadata"].get("uid") or ""),
            created=str(document["metadata"].get("creationTimestamp") or ""),
            images=_images(document),
            restarts=pod_state.restarts(document) if document.get("kind") == "Pod" else None,
        )

    def _health(self, document: Document, owned_objects: Iterable[Document]) -> Health:
        if document.get("kind") != COMPONENT_INSTANCE.kind or document["metadata"].get("deletionTimestamp"):
            return health(document)
        children = [(child, self._below(child)) for child in owned_objects]
        return rolled_up.of_instance(document, self._instances.get(_instance(document)), children)

    def _below(self, document: Document) -> list[Document]:
        """The objects that an object owns, directly or not."""
        below: dict[str, Document] = {}
        pending = [document]
        while pending:
            for child in self._by_owner.get(_uid(pending.pop()), ()):
                if _uid(child) not in below:
                    below[_uid(child)] = child
                    pending.append(child)
        return list(below.values())


def _images(document: Document) -> tuple[str, ...]:
    """The images of the containers of a pod, or of the pod template of a workload, without duplicates."""
    template = ("spec",) if document.get("kind") == "Pod" else ("spec", "template", "spec")
    containers = mappings_in(document, *template, "containers")
    return tuple(dict.fromkeys(str(container["image"]) for container in containers if container.get("image")))


_FIRST_KINDS = ("componentinstance", "deployment", "statefulset", "job")


def _order(name: str) -> tuple[int, str]:
    kind = name.partition("/")[0].partition(".")[0]
    return (_FIRST_KINDS.index(kind) if kind in _FIRST_KINDS else len(_FIRST_KINDS), name)


def name_of(document: Document) -> str:
    """The name of an object with its kind, as in kubectl."""
    group = str(document.get("apiVersion", "")).rpartition("/")[0]
    kind = str(document.get("kind", "")).lower()
    return f"{kind}.{group}/{document['metadata']['name']}" if group else f"{kind}/{document['metadata']['name']}"


def health(document: Document) -> Health:
    """The health of an object; that of an application is its Ready condition, with the components that wait."""
    if document.get("kind") == "Pod":
        return _pod_health(document)
    if document.get("kind") != "ApplicationConfiguration":
        return kstatus.assess(document)
    condition = kstatus.condition(document, "Ready")
    message = str(condition.get("message", "")).partition("\n")[0]
    ready = condition.get("status") == "True"
    waiting = ", ".join(str(entry.get("name")) for entry in mappings_in(document, "status", "pendingComponents"))
    show = {"pinned": f"({waiting} pinned)"} if waiting else {}
    return Health("ready" if ready else "progressing", str(condition.get("reason", "Unknown")), message, show)


def _pod_health(document: Document) -> Health:
    pod_health, count = pod_state.assess(document), pod_state.restarts(document)
    show = {"restarts": f"({plain_text.counted(count, 'restart')})"} if count else {}
    return Health(pod_health.state, pod_health.reason, pod_health.message, show)


def describe(node: TreeNode) -> str:
    """The state of an object in a few words."""
    details = " ".join(node.health.show.values())
    word = node.health.reason if node.health.state != "ready" or not details else "Ready"
    return f"{word} {details}".rstrip()
