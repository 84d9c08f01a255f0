"""The current objects of a cluster, and a line for each change that matters to the user. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from rudr_py.api import Health, kstatus
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.output.masking import Mask
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.render.values import labels

Document = dict[str, Any]


QUIET = frozenset({"ComponentSchematic", "ComponentInstance", "ReplicaSet"})
"""Kinds whose changes are not printed."""


EXPLAINED = frozenset({"Unschedulable", "FailedCreate", "ReplicaSetCreateError"})
"""Reasons that are printed with their message: a limit of the cluster that the user can change."""


class ChangeFormatter:
    """The objects by uid, in their last version. Texts are without the sensitive values that `words` determine."""

    def __init__(self, words: Collection[str] = ()) -> None:
        self._documents: dict[str, Document] = {}
        self._descriptions: dict[str, str] = {}
        self._words = words
        self._mask: Mask | None = None

    def put(self, live: LiveObject) -> Iterator[str]:
        """Store an object that was added or changed. Yields a line if its state differs.

        Objects that belong to no application are ignored.
        """
        has_values = live.kind in (APPLICATION.kind, COMPONENT.kind)
        if not has_values and not live.owner_uid and labels.MANAGED_BY not in live.labels:
            return
        self._mask = None if has_values else self._mask
        document = live.document()
        is_new = live.uid not in self._documents
        self._documents[live.uid] = document
        description = _describe(ownership_tree.health(document))
        if live.kind in QUIET or self._descriptions.get(live.uid) == description:
            return
        self._descriptions[live.uid] = description
        yield self.mask.text(f"{ownership_tree.name_of(document)}{' created' if is_new else ''}: {description}")

    def remove(self, live: LiveObject) -> Iterator[str]:
        """Remove an object that was deleted. Yields a line."""
        document = self._documents.pop(live.uid, None)
        self._descriptions.pop(live.uid, None)
        if document is not None and live.kind not in QUIET:
            yield f"{ownership_tree.name_of(document)} deleted"

    @property
    def mask(self) -> Mask:
        """The sensitive values of all applications and components."""
        if self._mask is None:
            kinds = (APPLICATION.kind, COMPONENT.kind)
            self._mask = Mask([each for each in self._documents.values() if each["kind"] in kinds], self._words)
        return self._mask

    def applications(self) -> list[Document]:
        """All applications, by name."""
        applications = [document for document in self._documents.values() if document["kind"] == APPLICATION.kind]
        return sorted(applications, key=lambda document: str(document["metadata"]["name"]))

    def trees(self) -> list[TreeNode]:
        """The tree of every application, by name."""
        documents = list(self._documents.values())
        trees = [ownership_tree.build(application, documents) for application in self.applications()]
        return list(map(self.mask.struct, trees))

    def statuses(self) -> Iterator[str]:
        """The phase and the conditions of each application."""
        return map(self.mask.text, self._statuses())

    def _statuses(self) -> Iterator[str]:
        for application in self.applications():
            status = application.get("status") or {}
            yield f"{ownership_tree.name_of(application)}: phase {status.get('phase', 'unknown')}"
            for condition in status.get("conditions", ()):
                message = f"  {condition['message']}" if condition.get("message") else ""
                yield f"  {condition['type']:8} {condition['status']:8} {condition['reason']}{message}"

    def ready(self, names: frozenset[str]) -> bool:
        """Whether the applications of these names exist and are Ready in their current generation."""
        return names <= {str(document["metadata"]["name"]) for document in self.applications() if _is_ready(document)}


def _describe(health: Health) -> str:
    description = ownership_tree.describe(TreeNode(name="", health=health))
    explained = health.reason in EXPLAINED and health.message
    return f"{description}: {health.message}" if explained else description


def _is_ready(document: Document) -> bool:
    condition = kstatus.condition(document, "Ready")
    current = condition.get("observedGeneration") == document["metadata"].get("generation")
    return current and condition.get("status") == "True"
