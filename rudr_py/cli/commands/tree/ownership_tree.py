"""An application as a tree of its objects, down to the pods, by owner references. Pure: documents in, nodes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import Health, kstatus
from rudr_py.cli.cluster import pod_state
from rudr_py.cli.output import problems
from rudr_py.controller.state import inventory
from rudr_py.render.values import labels

Document = Mapping[str, Any]

STATUS_ONLY = frozenset({"ConfigMap", "Service", "Ingress", "ComponentInstance", "ReplicaSet"})
"""Kinds that say nothing of their own beyond being there."""


class TreeNode(msgspec.Struct, frozen=True):
    """An object and what it owns; `name` is kubectl's (`deployment.apps/web`)."""

    name: str
    health: Health
    children: tuple[TreeNode, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, TreeNode]]:
        """Every node below and including this one, with its depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def build(root: Document, documents: Iterable[Document]) -> TreeNode:
    """The tree of everything that `root` owns, directly or not, and of what it records as its own without owning it.

    That is a claim, which outlives its application; it stands below the instance that it was made for.
    """
    listed = list(documents)
    below: dict[str, list[Document]] = {}
    for document in listed:
        for owner in document["metadata"].get("ownerReferences", ()):
            below.setdefault(str(owner.get("uid")), []).append(document)
    places = {_instance(one): _uid(one) for one in below.get(_uid(root), ()) if one.get("kind") == "ComponentInstance"}
    recorded = _recorded(root)
    for document in listed:
        if not document["metadata"].get("ownerReferences") and _uid(document) in recorded:
            below.setdefault(places.get(_instance(document), _uid(root)), []).append(document)
    return _node(root, below)


def current(documents: Iterable[Document]) -> list[Document]:
    """All but the ReplicaSets that a Deployment keeps to roll back to: none is wanted of them, and none is left."""
    listed = list(documents)
    owners = {str(owner.get("uid")) for one in listed for owner in one["metadata"].get("ownerReferences", ())}
    return [one for one in listed if not _kept_to_roll_back(one) or _uid(one) in owners]


def _kept_to_roll_back(document: Document) -> bool:
    spec = document.get("spec")
    if document.get("kind") != "ReplicaSet" or not isinstance(spec, Mapping) or spec.get("replicas") != 0:
        return False
    return any(owner.get("kind") == "Deployment" for owner in document["metadata"].get("ownerReferences", ()))


def _recorded(root: Document) -> frozenset[str]:
    """The uids that the application's status has."""
    status = root.get("status")
    found = inventory.read(status.get("resources") if isinstance(status, Mapping) else None)
    return frozenset(record.uid for record in found.values() if record.uid)


def _instance(document: Document) -> str:
    return str((document["metadata"].get("labels") or {}).get(labels.INSTANCE))


def _uid(document: Document) -> str:
    return str(document["metadata"].get("uid"))


def owned(root: Document, documents: Iterable[Document]) -> list[Document]:
    """Everything that `root` owns, directly or not."""
    listed = list(documents)
    found: dict[str, Document] = {}
    owners = {str(root["metadata"].get("uid"))}
    while owners:
        below = {
            str(one["metadata"].get("uid")): one
            for one in listed
            if any(str(owner.get("uid")) in owners for owner in one["metadata"].get("ownerReferences", ()))
        }
        owners = set(below) - set(found)
        found |= below
    return list(found.values())


def _node(document: Document, below: Mapping[str, list[Document]]) -> TreeNode:
    owned = below.get(_uid(document), [])
    children = sorted((_node(child, below) for child in owned), key=lambda node: _order(node.name))
    return TreeNode(name_of(document), health(document), tuple(children))


def _order(name: str) -> tuple[int, str]:
    kind = name.partition("/")[0].partition(".")[0]
    return (["componentinstance", "deployment", "statefulset", "job"].index(kind) if kind in _FIRST else 9, name)


_FIRST = frozenset({"componentinstance", "deployment", "statefulset", "job"})


def name_of(document: Document) -> str:
    """The object as kubectl names it."""
    group = str(document.get("apiVersion", "")).rpartition("/")[0]
    kind = str(document.get("kind", "")).lower()
    return f"{kind}.{group}/{document['metadata']['name']}" if group else f"{kind}/{document['metadata']['name']}"


def health(document: Document) -> Health:
    """How the object is doing; an application says so itself, in its Ready condition."""
    if document.get("kind") == "Pod":
        return _pod(document)
    if document.get("kind") != "ApplicationConfiguration":
        return kstatus.assess(document)
    ready = kstatus.condition(document, "Ready")
    state = "ready" if ready.get("status") == "True" else "progressing"
    return Health("ready" if state == "ready" else "progressing", str(ready.get("reason", "Unknown")), _first(ready))


def _pod(document: Document) -> Health:
    found, count = pod_state.assess(document), pod_state.restarts(document)
    counted = problems.counted(count, "restart")
    return Health(found.state, found.reason, found.message, {"restarts": f"({counted})"} if count else {})


def _first(condition: Mapping[str, Any]) -> str:
    return str(condition.get("message", "")).partition("\n")[0]


def lines(node: TreeNode, say: Callable[[TreeNode], str] | None = None) -> Iterator[str]:
    """The tree as text, one line an object; `say` puts its state into words, in place of `describe`."""
    words = say or describe
    yield f"{node.name}  {words(node)}"
    yield from _branches(node, "", words)


def _branches(node: TreeNode, indent: str, words: Callable[[TreeNode], str]) -> Iterator[str]:
    for number, child in enumerate(node.children):
        last = number == len(node.children) - 1
        yield f"{indent}{'└── ' if last else '├── '}{child.name}  {words(child)}"
        yield from _branches(child, indent + ("    " if last else "│   "), words)


def describe(node: TreeNode) -> str:
    """State and reason in a few words."""
    shown = " ".join(node.health.show.values())
    word = node.health.reason if node.health.state != "ready" or not shown else "Ready"
    return f"{word} {shown}".rstrip()
