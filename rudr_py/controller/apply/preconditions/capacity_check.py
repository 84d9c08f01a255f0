"""Compares the new pods of a plan with the nodes, before its first object is applied (RS-1 to RS-3).

A workload that already runs pods of this size is not checked: it stays as it is while its nodes come and go.
"""

from __future__ import annotations

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply.preconditions.nodes import NodeReader, Nodes
from rudr_py.controller.pacing import Breath
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import NODE
from rudr_py.render import capacity
from rudr_py.render.capacity import PodNeeds
from rudr_py.render.values.plan import Plan
from rudr_py.settings import ResourceCheck

REASON = "InsufficientResources"
"""The reason of an application of which nothing is applied, because its pods fit on no node."""

ANY_NODE = Ref(NODE, "")
"""Any node: a new or a larger one may end a shortage."""

COMPARISON = 20
"""The work for the comparison of an object with its live one, in values of documents."""

UNKNOWN = "resources are not checked, because the nodes cannot be read; see rudr rbac"


class Shortage(msgspec.Struct, frozen=True):
    """A sentence for each object whose pods fit on no node, and whether the application is refused for it."""

    lines: tuple[str, ...]
    is_refused: bool

    @property
    def message(self) -> str:
        """The message for the status."""
        return "\n".join((*self.lines, "nothing of this application is applied until a node is large enough"))


class CapacityCheck:
    """Checks the plans of applications. `mode` is the setting."""

    def __init__(self, reader: NodeReader, state: ClusterState, mode: ResourceCheck) -> None:
        self._reader = reader
        self._state = state
        self._mode = mode

    async def shortage(self, application: LiveObject, plan: Plan) -> Shortage | None:
        """The resources that nodes lack for the new pods of a plan; None if none, or if unknown. Raises KubeError."""
        if self._mode == "off":
            return None
        needs = await self._new_needs(application, plan)
        lists = self._reader.lists
        nodes = await self._reader.read() if needs else None
        if nodes is None:
            return Shortage((UNKNOWN,), is_refused=False) if needs and self._mode == "refuse" else None
        lines = capacity.shortages(needs, nodes.sizes)
        if lines and lists == self._reader.lists:  # a larger node may have joined since the list
            nodes = await self._reader.read(fresh=True)
            lines = capacity.shortages(needs, nodes.sizes) if nodes is not None else ()
        return Shortage(lines, self._refuses(nodes)) if lines and nodes is not None else None

    async def is_fixed(self) -> bool:
        """Whether no autoscaler can add a node; False if that is unknown. Raises KubeError."""
        nodes = await self._reader.read() if self._mode != "off" else None
        return nodes is not None and nodes.is_fixed

    def _refuses(self, nodes: Nodes) -> bool:
        return self._mode == "refuse" or (self._mode == "auto" and nodes.is_fixed)

    async def _new_needs(self, application: LiveObject, plan: Plan) -> dict[Ref, PodNeeds]:
        """The needs of the pods of each object that does not exist, or whose pods request less."""
        new: dict[Ref, PodNeeds] = {}
        breath = Breath()
        for planned in plan.manifests:
            await breath.spend(COMPARISON)
            needs = capacity.pod_needs(planned.body)
            if needs is None or not needs.requests:
                continue
            live = self._state.get(planned.ref.kind, application.namespace, planned.ref.name)
            if live is None or not _covers(_live_needs(live), needs):
                new[planned.ref] = needs
        return new


def _covers(live_needs: PodNeeds | None, needs: PodNeeds) -> bool:
    """Whether pods that fit somewhere still do with other needs."""
    if live_needs is None or live_needs.node_selector != needs.node_selector:
        return False
    return all(number <= live_needs.requests.get(name, capacity.ZERO) for name, number in needs.requests.items())


def _live_needs(live: LiveObject) -> PodNeeds | None:
    try:
        return capacity.pod_needs({"spec": live.part("spec")})
    except errors.UndecodableError:
        return None
