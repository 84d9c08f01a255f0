"""The objects that Rudr created for an instance and that no type renders today.

They have no label of rudr, so no watch reports them. A label makes them ordinary objects of the instance that the plan
lacks: a workload ends before another one starts, everything else is pruned. For example, Rudr before November 2019 ran
singletons as Deployments. Claims are only reported, because they hold data.

They are searched before an instance is adopted, and when it has pods of a workload that no cache contains: an earlier
release has adopted the instance without this search, or Rudr still runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, naming
from rudr_py.controller.apply import predecessors
from rudr_py.controller.results import change_log
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource, Selection, Target
from rudr_py.model import kinds
from rudr_py.model.identity import ObjectKey
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

SEARCHED = 1000
"""Maximum number of owners of pods of an application that are remembered not to be of Rudr."""

_POD_OWNERS: Final = {kind.kind: kind for kind in (kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.JOB)}
"""The kinds of workloads that Rudr created."""

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
        """Label everything of Rudr that the ComponentInstance `planned` owns and the plan lacks.

        Raises KubeError; the ComponentInstance must not be adopted before this has succeeded.
        """
        if planned.ref.kind != kinds.COMPONENT_INSTANCE:
            return
        instance = unadopted(self._state, application, planned)
        if instance is None:
            instance = await self._beside(application, plan, planned)
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

    async def _beside(self, application: LiveObject, plan: Plan, planned: PlannedObject) -> LiveObject | None:
        """The live ComponentInstance, if it owns a stray workload. At most one request for each owner of pods."""
        strays = stray_workloads(self._state, application, plan, planned)
        searched = self._state.applications.get(ObjectKey(application.namespace, application.name)).searched_owners
        strays = {uid: ref for uid, ref in strays.items() if uid not in searched}
        owner = self._state.get(planned.ref.kind, application.namespace, planned.ref.name) if strays else None
        if owner is None or await owns_any(self._client.client, self._resource, owner, strays.values()):
            return owner
        searched.update(dict.fromkeys(strays))
        while len(searched) > SEARCHED:
            del searched[next(iter(searched))]
        return None

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
            if _is_left(live, owner) and Ref(kind, live.name) not in desired:
                yield kind, live


def stray_workloads(state: ClusterState, application: LiveObject, plan: Plan, planned: PlannedObject) -> dict[str, Ref]:
    """The workloads of pods of an instance that are neither planned nor in a cache, by the uids of the pods' owners.

    Empty for an object that is not a live ComponentInstance of the application.
    """
    owner = state.get(planned.ref.kind, application.namespace, planned.ref.name)
    if planned.ref.kind != kinds.COMPONENT_INSTANCE or owner is None or owner.owner_uid != application.uid:
        return {}
    desired = {(one.ref.kind.kind, one.ref.name) for one in plan.manifests}
    strays: dict[str, Ref] = {}
    for pod in state.pods(application.namespace, application.name, planned.instance):
        kind_name, name = predecessors.workload_of(pod)
        kind = _POD_OWNERS.get(kind_name) if pod.owner_uid and not pod.deleting else None
        if kind is None or (kind_name, name) in desired or pod.labels.get(labels.APPLICATION) != application.name:
            continue
        if state.get(kind, application.namespace, name) is None:
            strays[pod.owner_uid] = Ref(kind, name)
    return strays


async def owns_any(client: Client, resolve: ResolveKind, owner: LiveObject, strays: Iterable[Ref]) -> bool:
    """Whether a ComponentInstance owns one of these workloads. Raises KubeError."""
    for ref in strays:
        try:
            document = await client.get(Target(await resolve(ref.kind), owner.namespace, ref.name))
        except (errors.KindAbsentError, errors.NotFoundError, errors.ForbiddenError):
            continue
        if _is_left(live_object.decode(msgspec.json.encode(document)), owner):
            return True
    return False


def _is_left(live: LiveObject, owner: LiveObject) -> bool:
    """Whether a ComponentInstance owns an object that rudr has neither labelled nor applied.

    An apply of labels alone would remove the fields of an object that rudr has applied.
    """
    return live.owner_uid == owner.uid and not (labels.is_managed(live.labels) or live.digest)


def unadopted(state: ClusterState, application: LiveObject, planned: PlannedObject) -> LiveObject | None:
    """The live ComponentInstance that rudr has not applied yet; None for any other object."""
    if planned.ref.kind != kinds.COMPONENT_INSTANCE:
        return None
    live = state.get(planned.ref.kind, application.namespace, planned.ref.name)
    if live is None or live.applied or live.deleting or live.owner_uid != application.uid:
        return None
    return live
