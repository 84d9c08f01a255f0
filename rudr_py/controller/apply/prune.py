"""Deletes what an application no longer asks for, and only what is surely its own.

Asks the server once for the application itself before anything is deleted; every DELETE names uid and version. One
object that cannot be deleted keeps no other from it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, kstatus
from rudr_py.controller.apply import finalizer
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import Failure
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube import live_object, requests
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.model.kinds import CONFIG_MAP
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan

FAILED = "PruneFailed"
PRUNING = "for deleting what an application no longer asks for"

AUTOSCALER = "HorizontalPodAutoscaler"

log = logging.getLogger(__name__)


class PruneCandidate(msgspec.Struct, frozen=True):
    """An object that is not planned any more; `live` is None when we only have a record of it."""

    ref: Ref
    live: LiveObject | None


class Pruned(msgspec.Struct, frozen=True):
    """`gone` are the objects that are not there any more, or are not ours and so no longer our concern."""

    gone: frozenset[Ref] = frozenset()
    failures: tuple[Failure, ...] = ()


class Pruner:
    """Deletes what is surplus."""

    def __init__(self, client: Client, discovery: Discovery, known: ClusterState, clock: Clock) -> None:
        self._client = client
        self._discovery = discovery
        self._world = known
        # objects that we cannot see and that something holds back from going, by uid of the application
        self._awaited: TtlMap[tuple[str, Ref], None] = TtlMap(clock, failures.SAFETY)

    def surplus(
        self, application: LiveObject, planned: frozenset[Ref], records: Iterable[AppliedRecord]
    ) -> tuple[PruneCandidate, ...]:
        """What the cache or the records show as the application's, and the plan lacks. Sends nothing."""
        found: dict[Ref, PruneCandidate] = {}
        for ref, live in self._owned(application):
            if ref not in planned:
                found[ref] = PruneCandidate(ref, live)
        for record in records:
            if record.ref not in planned and record.ref not in found:
                found[record.ref] = PruneCandidate(record.ref, None)
        return tuple(found.values())

    def _owned(self, application: LiveObject) -> Iterator[tuple[Ref, LiveObject]]:
        """The ComponentInstances of the application and what they own."""
        namespace = application.namespace
        for kind, live in self._world.owned_by(application.uid, namespace):
            yield Ref(kind, live.name), live
            if kind == cluster_state.COMPONENT_INSTANCE:
                for below, child in self._world.owned_by(live.uid, namespace):
                    yield Ref(below, child.name), child

    async def prune(self, application: LiveObject, surplus: Iterable[PruneCandidate]) -> Pruned:
        """Delete. What is already on its way out is only waited for. Raises nothing of the cluster's."""
        due = self._due(application, tuple(surplus))
        if not due:
            return Pruned()
        try:
            await self._confirm(application)
        except errors.NotFoundError:
            return Pruned()  # the garbage collector does the rest
        except errors.KubeError as error:
            return Pruned(failures=(failures.of(_ref(application), error, otherwise=FAILED, needed=PRUNING),))
        gone: list[Ref] = []
        failed: list[Failure] = []
        for one in due:
            try:
                if await self._delete(application, one):
                    gone.append(one.ref)
            except errors.RudrError as error:
                failed.append(failures.of(one.ref, error, otherwise=FAILED, needed=PRUNING))
                if failed[-1].ends:
                    break
        return Pruned(frozenset(gone), tuple(failed))

    def _due(self, application: LiveObject, surplus: tuple[PruneCandidate, ...]) -> list[PruneCandidate]:
        """Those to act on now: not what is being deleted already, nor what goes with its owner."""
        owners = {one.live.uid for one in surplus if one.live is not None}
        return [
            one
            for one in surplus
            if (one.live is None and self._awaited.left((application.uid, one.ref)) <= 0)
            or (one.live is not None and not (one.live.deleting or one.live.owner_uid in owners))
        ]

    async def _confirm(self, application: LiveObject) -> None:
        kind = cluster_state.APPLICATION
        resource = await self._discovery.resolve(kind.api_version, kind.kind)
        document = await self._client.get(Target(resource, application.namespace, application.name))
        metadata = document["metadata"]
        same = metadata["uid"] == application.uid and metadata.get("generation", 0) == application.generation
        if not same or metadata.get("deletionTimestamp"):
            message = "the application has changed since it was planned; nothing is pruned"
            raise errors.ConflictError(message, status=409, reason="Conflict")

    async def _delete(self, application: LiveObject, surplus: PruneCandidate) -> bool:
        """Whether the object is gone, or no concern of ours."""
        try:
            target = await self._target(application, surplus.ref)
            live = surplus.live if surplus.live is not None else await self._look(application, target)
            if live is None:
                return True
            if live.deleting:
                self._awaited.put((application.uid, surplus.ref), None)
                return False
            return await self._send(application, target, live)
        except (errors.NotFoundError, errors.KindAbsentError):
            return True

    async def _send(self, application: LiveObject, target: Target, live: LiveObject) -> bool:
        """Delete; whether it is gone at once. What has changed a moment ago is looked at once more."""
        try:
            return await self._send_once(target, live)
        except errors.ConflictError:
            newer = await self._look(application, target)
            if newer is None or newer.uid != live.uid:
                return True
            return False if newer.deleting else await self._send_once(target, newer)

    async def _send_once(self, target: Target, live: LiveObject) -> bool:
        request = requests.delete(target, uid=live.uid, resource_version=live.resource_version)
        answer = live_object.decode(await self._client.send(request))
        log.info("object pruned", extra={"object": f"{target.resource.kind} {target.namespace}/{target.name}"})
        return answer.kind == "Status"  # else it is the object, which something holds back from going

    async def _target(self, application: LiveObject, ref: Ref) -> Target:
        resource = await self._discovery.resolve(ref.kind.api_version, ref.kind.kind)
        return Target(resource, application.namespace, ref.name)

    async def _look(self, application: LiveObject, target: Target) -> LiveObject | None:
        """The object as the server has it, if it is still ours to delete."""
        live = live_object.decode(msgspec.json.encode(await self._client.get(target)))
        ours = {application.uid}
        for kind, instance in self._world.owned_by(application.uid, application.namespace):
            if kind == cluster_state.COMPONENT_INSTANCE:
                ours.add(instance.uid)
        if live.owner_uid in ours:
            return live
        wanted = labels.labels(application.name, "")[labels.APPLICATION]
        return live if finalizer.belongs(live) and live.labels.get(labels.APPLICATION) == wanted else None


def hindering(surplus: Iterable[PruneCandidate], plan: Plan) -> tuple[PruneCandidate, ...]:
    """The autoscalers that would undo what the plan says: it fixes the size of what they scale.

    They go before anything is applied. That is safe: what they scaled keeps its size until the plan's is applied, and
    should that fail, too.
    """
    fixed = {one.ref for one in plan.manifests if (one.body.get("spec") or {}).get("replicas") is not None}
    return tuple(one for one in surplus if one.ref.kind.kind == AUTOSCALER and _scaled(one) in fixed)


def _scaled(surplus: PruneCandidate) -> Ref | None:
    spec = surplus.live.part("spec") if surplus.live is not None else None
    target = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
    if not isinstance(target, dict):
        return None
    return Ref(Kind(str(target.get("apiVersion")), str(target.get("kind"))), str(target.get("name")))


def in_use(surplus: PruneCandidate, plan: Plan, namespace: str, known: ClusterState) -> bool:
    """Whether pods of before a rollout may still need a ConfigMap: one that is moved must find its files again."""
    if surplus.ref.kind != CONFIG_MAP:
        return False
    instance = surplus.live.labels.get(labels.INSTANCE) if surplus.live is not None else None
    for planned in plan.manifests:
        runs = not planned.once and "template" in (planned.body.get("spec") or {})
        if runs and instance in (None, planned.body["metadata"]["labels"].get(labels.INSTANCE)):
            live = known.get(planned.ref.kind, namespace, planned.ref.name)
            if live is None or not kstatus.assess(live.document()).ok:
                return True
    return False


def _ref(application: LiveObject) -> Ref:
    return Ref(cluster_state.APPLICATION, application.name)
