"""What a cluster shows at the moment, and a line for every change that a person would want to see. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.api import kstatus
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.kube.live_object import LiveObject
from rudr_py.render.values import labels

Document = dict[str, Any]

APPLICATION = "ApplicationConfiguration"

QUIET = frozenset({"ComponentSchematic", "ComponentInstance", "ReplicaSet"})
"""Kinds whose changes are no news."""


class ChangeFormatter:
    """The objects by uid, as they were last seen."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._said: dict[str, str] = {}

    def put(self, live: LiveObject) -> Iterator[str]:
        """An object was added or changed; a line if that is news. What belongs to no application is passed over."""
        if live.kind != APPLICATION and not live.owner_uid and labels.MANAGED_BY not in live.labels:
            return
        document = live.document()
        fresh = live.uid not in self._documents
        self._documents[live.uid] = document
        words = ownership_tree.describe(TreeNode("", ownership_tree.health(document)))
        if live.kind in QUIET or self._said.get(live.uid) == words:
            return
        self._said[live.uid] = words
        yield f"{ownership_tree.name_of(document)} {'created' if fresh else 'is'}: {words}"

    def remove(self, live: LiveObject) -> Iterator[str]:
        """An object is gone."""
        document = self._documents.pop(live.uid, None)
        self._said.pop(live.uid, None)
        if document is not None and live.kind not in QUIET:
            yield f"{ownership_tree.name_of(document)} deleted"

    def applications(self) -> list[Document]:
        """All applications, by name."""
        found = [document for document in self._documents.values() if document["kind"] == APPLICATION]
        return sorted(found, key=lambda document: str(document["metadata"]["name"]))

    def trees(self) -> list[TreeNode]:
        """The tree of every application, by name."""
        documents = list(self._documents.values())
        return [ownership_tree.build(application, documents) for application in self.applications()]

    def statuses(self) -> Iterator[str]:
        """What each application says of itself: its phase, and every condition with its message."""
        for application in self.applications():
            status = application.get("status") or {}
            yield f"{ownership_tree.name_of(application)}: phase {status.get('phase', 'unknown')}"
            for condition in status.get("conditions", ()):
                message = f"  {condition['message']}" if condition.get("message") else ""
                yield f"  {condition['type']:8} {condition['status']:8} {condition['reason']}{message}"

    def ready(self, names: frozenset[str]) -> bool:
        """Whether the applications of these names are all there and Ready in their present form."""
        ready = {str(d["metadata"]["name"]) for d in self.applications() if _ready(d)}
        return names <= ready


def _ready(document: Document) -> bool:
    condition = kstatus.condition(document, "Ready")
    current = condition.get("observedGeneration") == document["metadata"].get("generation")
    return current and condition.get("status") == "True"
