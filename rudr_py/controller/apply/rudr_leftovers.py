"""The objects that Rudr created for an instance and that no type renders today, before the instance is adopted.

They have no label of rudr, so no watch reports them. A label makes them ordinary objects of the instance that the plan
lacks: a workload ends before another one starts, everything else is pruned. For example, Rudr before November 2019 ran
singletons as Deployments. Claims are only reported, because they hold data.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, naming
from rudr_py.controller.results import change_log
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource, Selection
from rudr_py.model import kinds
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject
from rudr_py.settings import FIELD_MANAGER

KINDS = (
    kinds.DEPLOYMENT,
    kinds.STATEFUL_SET,
    kinds.JOB,
    kinds.SERVICE,
    kinds.CONFIG_MAP,
    Kind("networking.k8s.io/v1", "Ingress"),
    Kind("autoscaling/v2", "HorizontalPodAutoscaler"),
    CLAIM,
)
"""The kinds of the objects that Rudr created for an instance."""

_CLAIM_INSTANCE = "instance-name"
"""The label of a claim with the name of its instance."""

ResolveKind = Callable[[Kind], Awaitable[Resource]]
"""Returns the resource of a kind, or raises KindAbsentError."""


class RudrLeftovers:
    """Labels the objects of Rudr that a plan lacks."""

    def __init__(self, client: CachedClient, state: ClusterState, recorder: Recorder) -> None:
        self._client = client
        self._state = state
        self._recorder = recorder

    async def mark(self, application: LiveObject, plan: Plan, planned: PlannedObject) -> None:
        """Label everything that the ComponentInstance `planned`, if Rudr created it, owns and the plan lacks.

        Raises KubeError; the ComponentInstance must not be adopted before this has succeeded.
        """
        instance = unadopted(self._state, application, planned)
        if instance is None:
            return
        async for kind, live in find(self._client.client, self._resource, plan, planned, instance):
            ref = Ref(kind, live.name)
            if kind == CLAIM:
                note = f"{ref} of Rudr, which instance {planned.instance} does not request, is kept with its data"
                self._recorder.record(application, "ObjectKept", note, action="Adopt", warning=True)
                continue
            target = await self._client.target(kind, application.namespace, live.name)
            own = labels.labels(application.name, planned.instance)
            metadata = {"name": live.name, "namespace": live.namespace, "uid": live.uid, "labels": own}
            content = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
            with contextlib.suppress(errors.ConflictError):  # it is deleted meanwhile
                await self._client.apply(target, msgspec.json.encode(content), FIELD_MANAGER)
                change_log.changed("adopted", ref, application=application.name, instance=planned.instance)

    async def _resource(self, kind: Kind) -> Resource:
        return (await self._client.target(kind, "", "")).resource


async def find(
    client: Client, resolve: ResolveKind, plan: Plan, planned: PlannedObject, owner: LiveObject
) -> AsyncIterator[tuple[Kind, LiveObject]]:
    """The objects without the label of rudr that a ComponentInstance owns and the plan lacks. Raises KubeError."""
    desired = {one.ref for one in plan.manifests}
    for kind in KINDS:
        try:
            resource = await resolve(kind)
        except errors.KindAbsentError:
            continue
        label = _CLAIM_INSTANCE if kind == CLAIM else labels.INSTANCE
        selection = Selection(resource, owner.namespace, f"{label}={naming.join(planned.instance)}")
        for item in await client.list_all(selection):
            live = live_object.decode(msgspec.json.encode(item), kind.api_version, kind.kind)
            # an apply of labels alone would remove the fields of an object that rudr has applied
            is_left = live.owner_uid == owner.uid and not (labels.is_managed(live.labels) or live.digest)
            if is_left and Ref(kind, live.name) not in desired:
                yield kind, live


def unadopted(state: ClusterState, application: LiveObject, planned: PlannedObject) -> LiveObject | None:
    """The live ComponentInstance that rudr has not applied yet; None for any other object."""
    if planned.ref.kind != kinds.COMPONENT_INSTANCE:
        return None
    live = state.get(planned.ref.kind, application.namespace, planned.ref.name)
    if live is None or live.applied or live.deleting or live.owner_uid != application.uid:
        return None
    return live
