"""The removed instances that make way: an added one needs what they hold, and cannot be ready beside them. Pure.

That is a volume claim that cannot be shared, the name of an object, the room of a quota for pods, or room on a node.
Requests that admission refuses because of a removed object are the subject of `successors.Denials`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from rudr_py.api import get_in, kstatus
from rudr_py.controller.apply import dependencies, runs, successors
from rudr_py.controller.apply.removal.replacements import Difference, label_of
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.render.claims import CLAIM
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.status.replacements import Replacement
from rudr_py.render.values.plan import Plan, PlannedObject

_SHARED = frozenset({"ReadWriteMany", "ReadOnlyMany"})
"""Access modes of claims that the pods of two instances mount on any nodes."""

UNSCHEDULABLE = "Unschedulable"
"""The reason of a pod that no node can run."""

_TAKEN = re.compile("Insufficient |Too many pods|free ports|anti-affinity|ReadWriteOncePod|available disk|volume count")
"""A reason of kube-scheduler that the end of other pods may remove; a selector or a taint is none."""

_FINAL = re.compile(r"preemption: \d+/\d+ nodes are available: \d+ Preemption is not helpful for scheduling\.?$")
"""The result of kube-scheduler if the end of no pod would help, such as for a pod larger than each node."""


class Needs:
    """The needs of the instances that a replacement adds; `healths` are those of all planned instances."""

    def __init__(
        self,
        state: ClusterState,
        application: LiveObject,
        plan: Plan,
        difference: Difference,
        healths: Sequence[InstanceHealth],
    ) -> None:
        self._state = state
        self._application = application
        self._plan = plan
        self._difference = difference
        self._messages = {label_of(one.plan.name): one.workload.message for one in healths}

    def freed(self, replacement: Replacement, *, with_room: bool) -> frozenset[str]:
        """The removed instances that make way; with `with_room` also those whose pods may be on the node needed."""
        if replacement.instance or replacement.state == "kept":
            return frozenset()
        planned = [one for label in replacement.added for one in self._difference.objects_of(label)]
        return frozenset(
            label
            for label in replacement.removed
            if self._shares_claim(label, planned)
            or self._holds_name(label, planned)
            or self._holds_quota(label, replacement)
            or (with_room and self.lacks_room(replacement) and bool(self._pods(label)))
        )

    def lacks_room(self, replacement: Replacement) -> bool:
        """Whether no node has room for a pod of an added instance, and the end of other pods may create it."""
        return any(_lacks_room(pod) for label in replacement.added for pod in self._pods(label))

    def _pods(self, label: str) -> list[LiveObject]:
        of_instance = self._state.pods(self._application.namespace, self._application.name, label)
        return [pod for pod in of_instance if not runs.has_ended(pod)]

    def _shares_claim(self, label: str, planned: Collection[PlannedObject]) -> bool:
        mounted = {name for one in planned for name in self._plan.mounted_claims(one)}
        return bool(mounted) and any(self._is_exclusive(name) for name in mounted & set(self._mounted(label)))

    def _mounted(self, label: str) -> Iterator[str]:
        for live in self._difference.existing(label):
            yield from (ref.name for ref in dependencies.references(live.part("spec")) if ref.kind == CLAIM)

    def _is_exclusive(self, claim: str) -> bool:
        live = self._state.get(CLAIM, self._application.namespace, claim)
        modes = get_in(live.part("spec"), "accessModes", default=[]) if live is not None else []
        return _SHARED.isdisjoint(mode for mode in modes if isinstance(mode, str))

    def _holds_name(self, label: str, planned: Collection[PlannedObject]) -> bool:
        """Whether an object of the instance has the name of a planned one, which cannot be created beside it."""
        uids = {live.uid for live in self._difference.existing(label)}
        lives = (self._state.get(one.ref.kind, self._application.namespace, one.ref.name) for one in planned)
        return any(live is not None and live.owner_uid != "" and live.owner_uid in uids for live in lives)

    def _holds_quota(self, label: str, replacement: Replacement) -> bool:
        """Whether a quota refuses pods of an added instance, and has room after the end of those of the removed one."""
        number = len(self._pods(label))
        messages = (self._messages.get(name, "") for name in replacement.added)
        return number > 0 and any(successors.has_room(text, number) for text in messages)


def _lacks_room(pod: LiveObject) -> bool:
    condition = kstatus.condition({"status": pod.part("status")}, "PodScheduled")
    if condition.get("status") != "False" or condition.get("reason") != UNSCHEDULABLE:
        return False
    message = str(condition.get("message", ""))
    return _TAKEN.search(message) is not None and _FINAL.search(message) is None
