"""The removed instances that make way: an added one needs what they hold, and cannot be ready beside them. Pure.

That is a volume claim that cannot be shared, the name of an object, the room of a quota for pods, or room on a node.
Requests that admission refuses because of a removed object are the subject of `successors.Denials`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

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
        claims = {name for one in planned for name in self._plan.mounted_claims(one)}
        exclusive = {name for name in claims if self._is_exclusive(name)}
        owners = self._owners(planned)
        has_room = functools.cache(functools.partial(self._has_room, replacement.added))
        return frozenset(
            label
            for label in replacement.removed
            if not exclusive.isdisjoint(self._mounted(label))
            or any(live.uid in owners for live in self._difference.existing(label))
            or ((pods := len(self._pods(label))) > 0 and (with_room or has_room(pods)))
        )

    def lacks_room(self, replacement: Replacement) -> bool:
        """Whether no node has room for a pod of an added instance, and the end of other pods may create it."""
        return any(_lacks_room(pod) for label in replacement.added for pod in self._pods(label))

    def _pods(self, label: str) -> list[LiveObject]:
        of_instance = self._state.pods(self._application.namespace, self._application.name, label)
        return [pod for pod in of_instance if not runs.has_ended(pod)]

    def _mounted(self, label: str) -> Iterator[str]:
        for live in self._difference.existing(label):
            yield from (ref.name for ref in dependencies.references(live.part("spec")) if ref.kind == CLAIM)

    def _is_exclusive(self, claim: str) -> bool:
        live = self._state.get(CLAIM, self._application.namespace, claim)
        modes = get_in(live.part("spec"), "accessModes", default=[]) if live is not None else []
        return _SHARED.isdisjoint(mode for mode in modes if isinstance(mode, str))

    def _owners(self, planned: Iterable[PlannedObject]) -> frozenset[str]:
        """The uids of the owners of the objects that have the names of planned ones, which cannot exist twice."""
        lives = (self._state.get(one.ref.kind, self._application.namespace, one.ref.name) for one in planned)
        return frozenset(live.owner_uid for live in lives if live is not None) - {""}

    def _has_room(self, added: Iterable[str], number: int) -> bool:
        """Whether a quota refuses pods of an added instance, and has room after the end of this number of pods."""
        return any(successors.has_room(self._messages.get(name, ""), number) for name in added)


def _lacks_room(pod: LiveObject) -> bool:
    condition = kstatus.condition({"status": pod.part("status")}, "PodScheduled")
    if condition.get("status") != "False" or condition.get("reason") != UNSCHEDULABLE:
        return False
    message = str(condition.get("message", ""))
    return _TAKEN.search(message) is not None and _FINAL.search(message) is None
