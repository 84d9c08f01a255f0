"""Delete the objects that an application no longer plans, and only those that surely belong to it.

`schedule` decides what is deleted and when; it is pure, and `rudr diff` announces deletions by it. Before the first
deletion the application itself is read from the server; every DELETE has uid and resourceVersion as preconditions. An
object that cannot be deleted does not keep other ones from being deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import dependencies
from rudr_py.controller.apply.config_maps import PlannedWorkloads, in_use
from rudr_py.controller.apply.order import teardown
from rudr_py.controller.apply.order.teardown import Teardown
from rudr_py.controller.apply.preserved.held_objects import HeldObjects
from rudr_py.controller.results import change_log, failures
from rudr_py.controller.results.failures import Failure
from rudr_py.controller.state import scaler_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.state.scaler_index import ScaleTarget
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube import live_object, requests
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, CONFIG_MAP, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan

FAILED = "PruneFailed"
PURPOSE = "for deleting objects that an application no longer plans"

AUTOSCALER = "HorizontalPodAutoscaler"

ROUTE_GROUPS = frozenset({"networking.k8s.io", "gateway.networking.k8s.io"})
"""The groups of the kinds that send requests to Services, which also have the kind NETWORK_POLICY."""

NETWORK_POLICY = "NetworkPolicy"


class PruneCandidate(msgspec.Struct, frozen=True):
    """An object that is not planned any more; `live` is None where only a record of it exists.

    With the propagation `Foreground` the object exists until its dependents, such as pods, are deleted.
    """

    ref: Ref
    live: LiveObject | None
    propagation: str = "Background"


class PruneSchedule(msgspec.Struct, frozen=True):
    """The candidates by the time of their deletion.

    `first` are deleted before anything is applied, `last` after the applies unless `successors.deferred` keeps them,
    and `in_use` when no pod and no revision of a workload may read or mount them any more. `held` are those of
    instances and scopes that are held, and of instances on which others still depend; they are no candidates. `notes`
    are sentences about them.
    """

    first: tuple[PruneCandidate, ...] = ()
    last: tuple[PruneCandidate, ...] = ()
    in_use: tuple[PruneCandidate, ...] = ()
    held: tuple[PruneCandidate, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[PruneCandidate, ...]:
        """All candidates."""
        return (*self.first, *self.last, *self.in_use)

    def terminating_owners(self) -> frozenset[str]:
        """The uids of the candidates under deletion: the objects that they own are deleted after them."""
        return frozenset(one.live.uid for one in self.candidates if one.live is not None and one.live.deleting)


class Pruned(msgspec.Struct, frozen=True):
    """`gone` are the objects that do not exist any more, or belong to another owner.

    `deleted` are those that a request has deleted, also where a finalizer still keeps them.
    """

    gone: frozenset[Ref] = frozenset()
    deleted: frozenset[Ref] = frozenset()
    failures: tuple[Failure, ...] = ()


def schedule(
    state: ClusterState, application: LiveObject, plan: Plan, records: Iterable[AppliedRecord]
) -> PruneSchedule:
    """Schedule all objects that the caches or the records attribute to the application and the plan lacks."""
    planned = frozenset(manifest.ref for manifest in plan.manifests)
    surplus = {
        ref: PruneCandidate(ref, live)
        for kind, live in state.children(application)
        if (ref := Ref(kind, live.name)) not in planned
    }
    for record in records:
        if record.ref not in planned:
            surplus.setdefault(record.ref, PruneCandidate(record.ref, None))
    held_objects = HeldObjects(state, application, plan)
    if not surplus:
        return PruneSchedule(notes=tuple(held_objects.notes()))
    held = tuple(candidate for candidate in surplus.values() if held_objects.keeps(candidate.live))
    for candidate in held:
        del surplus[candidate.ref]
    fixed = {
        ScaleTarget.of(application.namespace, manifest.ref)
        for manifest in plan.manifests
        if (manifest.body.get("spec") or {}).get("replicas") is not None
    }
    used = {*_mounted(surplus, plan, state), *_read(surplus, plan, application.namespace, state)}
    first, last, in_use = [], [], []
    for candidate in surplus.values():
        if _is_unmanaged_claim(candidate):
            continue
        live = candidate.live
        if candidate.ref.kind.kind == AUTOSCALER and live is not None and scaler_index.target_of(live) in fixed:
            # it would revert the planned size. What it scaled keeps its size until that is applied
            first.append(candidate)
        elif candidate.ref in used:
            in_use.append(candidate)
        else:
            last.append(candidate)
    kept = {one.live.owner_uid for one in in_use if one.live is not None}  # the garbage collector deletes with them
    in_use += (one for one in last if one.live is not None and one.live.uid in kept)
    used |= {one.ref for one in in_use}
    last = [one for one in last if one.ref not in used]
    ordered = _ordered(state, application, plan, last)
    notes = (*held_objects.notes(), *ordered.notes)
    return PruneSchedule(tuple(first), ordered.last, tuple(in_use), (*held, *ordered.held), notes)


def _ordered(state: ClusterState, application: LiveObject, plan: Plan, last: Sequence[PruneCandidate]) -> PruneSchedule:
    """The candidates of instances on which others depend are kept; those of the others are deleted after their pods."""
    instances = Teardown(application.name, state.component_instances(application))
    planned = {labels.labels(application.name, instance.name)[labels.INSTANCE] for instance in plan.instances}
    due: list[PruneCandidate] = []
    kept: list[PruneCandidate] = []
    reasons: dict[str, tuple[str, ...]] = {}
    for candidate in last:
        instance = candidate.live.labels.get(labels.INSTANCE, "") if candidate.live is not None else ""
        if not instance or instance in planned:
            due.append(candidate)
        elif dependents := instances.dependents(instance):
            reasons[instance] = dependents
            kept.append(candidate)
        else:
            is_first = bool(instances.dependencies(instance))
            due.append(msgspec.structs.replace(candidate, propagation="Foreground") if is_first else candidate)
    return PruneSchedule(last=tuple(due), held=tuple(kept), notes=tuple(teardown.notes(reasons.items())))


def _is_unmanaged_claim(candidate: PruneCandidate) -> bool:
    """Whether rudr has never applied a claim: Rudr's claims are owned by their instances, and are kept."""
    live = candidate.live
    return candidate.ref.kind == CLAIM and live is not None and not labels.is_managed(live.labels)


def _is_route(candidate: PruneCandidate) -> bool:
    """Whether a candidate sends requests to a Service."""
    return candidate.ref.kind.group in ROUTE_GROUPS and candidate.ref.kind.kind != NETWORK_POLICY


def lingering(schedule: PruneSchedule) -> Iterator[str]:
    """Sentences about the candidates under deletion that a finalizer keeps."""
    for candidate in schedule.candidates:
        if candidate.live is not None and candidate.live.deleting:
            finalizers = candidate.live.document()["metadata"].get("finalizers") or ()
            foreign = sorted(set(finalizers) - {"foregroundDeletion", "orphan"})
            if foreign:
                yield f"{candidate.ref} is being deleted; it remains until its finalizers end: {', '.join(foreign)}"


def belongs(state: ClusterState, application: LiveObject, live: LiveObject) -> bool:
    """Whether the application or one of its ComponentInstances owns a live object; one without owner is kept."""
    instances = (instance.uid for instance in state.component_instances(application))
    return live.owner_uid != "" and live.owner_uid in {application.uid, *instances}


def is_deleted(candidate: PruneCandidate) -> bool:
    """Whether a candidate is being deleted already."""
    return candidate.live is not None and candidate.live.deleting


def _mounted(surplus: Mapping[Ref, PruneCandidate], plan: Plan, state: ClusterState) -> frozenset[Ref]:
    """The claims that are mounted, and their owners: the garbage collector deletes a claim with its owner."""
    claims = {ref: one.live for ref, one in surplus.items() if ref.kind == CLAIM and one.live is not None}
    mounted = _mounted_claims(claims, surplus, plan, state)
    lives = [live for ref, live in claims.items() if ref in mounted]
    uids = {uid for live in lives for uid in (live.uid, live.owner_uid)}
    return frozenset(ref for ref, one in surplus.items() if one.live is not None and one.live.uid in uids)


def _mounted_claims(
    claims: Mapping[Ref, LiveObject], surplus: Mapping[Ref, PruneCandidate], plan: Plan, state: ClusterState
) -> frozenset[Ref]:
    """The claims that a planned object, a pod, or any workload mounts that is not to be deleted itself."""
    if not claims:
        return frozenset()
    planned = {ref for planned in plan.manifests for ref in dependencies.references(planned.body.get("spec"))}
    namespace = next(iter(claims.values())).namespace
    used = {
        claim
        for claim, users in dependencies.users_of(state, namespace, frozenset(claims)).items()
        if any((ref not in surplus and not live.deleting) or ref.kind == POD for ref, live in users)
    }
    return frozenset(claims) & (planned | used)


def _read(surplus: Mapping[Ref, PruneCandidate], plan: Plan, namespace: str, state: ClusterState) -> Iterator[Ref]:
    """The ConfigMaps that pods may still read, except those of an instance that is removed with its pods."""
    uids = {one.live.uid for one in surplus.values() if one.live is not None}
    instances = {instance.name for instance in plan.instances}
    config_maps: dict[str | None, set[Ref]] = {}  # by the label of their instance, None for unknown
    for ref, candidate in surplus.items():
        live = candidate.live
        removed = live is not None and live.owner_uid in uids and live.labels.get(labels.INSTANCE) not in instances
        if ref.kind == CONFIG_MAP and not removed:
            config_maps.setdefault(live.labels.get(labels.INSTANCE) if live is not None else None, set()).add(ref)
    workloads = PlannedWorkloads(plan)
    for instance, refs in config_maps.items():
        yield from in_use(frozenset(refs), instance, workloads, namespace, state)


class Pruner:
    """Deletes scheduled objects."""

    def __init__(self, client: CachedClient, state: ClusterState, terminating: TtlMap[tuple[str, Ref], None]) -> None:
        """`terminating` are objects without a watch that a finalizer keeps, by uid of the application."""
        self._client = client
        self._state = state
        self._terminating = terminating

    async def prune(
        self, application: LiveObject, candidates: Iterable[PruneCandidate], before: frozenset[Ref] = frozenset()
    ) -> Pruned:
        """Delete the candidates that are not being deleted yet. Reports KubeErrors as failures.

        `before` are objects that have been deleted just now; the cache may have them still.
        """
        due = self._due(application, tuple(candidates), before)
        if not due:
            return Pruned()
        try:
            await self._confirm(application)
        except errors.NotFoundError:
            return Pruned()  # the garbage collector deletes its objects
        except errors.KubeError as error:
            ref = Ref(APPLICATION, application.name)
            return Pruned(failures=(failures.of(ref, error, otherwise=FAILED, needed=PURPOSE),))
        gone: set[Ref] = set()
        deleted: set[Ref] = set()
        failed: list[Failure] = []
        for candidate in due:
            try:
                is_gone, is_deleted = await self._delete(application, candidate)
            except errors.RudrError as error:
                failed.append(failures.of(candidate.ref, error, otherwise=FAILED, needed=PURPOSE))
                if await self.ends(application, failed[-1]):
                    break
            else:
                gone |= {candidate.ref} if is_gone else set()
                deleted |= {candidate.ref} if is_deleted else set()
        return Pruned(frozenset(gone), frozenset(deleted), tuple(failed))

    async def ends(self, application: LiveObject, failure: Failure) -> bool:
        """Whether every further request would fail for the same reason.

        A request without an answer may concern its object only, because admission hangs; then the server still answers
        a read of the application.
        """
        if not failure.unanswered:
            return failure.ends
        try:
            await self._client.get(await self._target(application, Ref(APPLICATION, application.name)))
        except errors.KubeError as error:
            return isinstance(error, errors.ConnectionFailedError)
        return False

    def _due(
        self, application: LiveObject, candidates: tuple[PruneCandidate, ...], before: frozenset[Ref]
    ) -> list[PruneCandidate]:
        """The candidates without those that are being deleted, that own an object to keep, or go with their owner.

        Routes come first, and do not wait for their owner: the garbage collector may delete a Service before an Ingress
        that sends requests to it.
        """
        refs = frozenset(candidate.ref for candidate in candidates)
        # the account of the application deletes each object before its owner, because the collector has more rights
        gone = before if self._client.user else refs | before
        due = [candidate for candidate in candidates if not self._keeps(application, candidate, gone)]
        owners = {candidate.live.uid for candidate in due if candidate.live is not None}
        due = [
            candidate
            for candidate in due
            if (
                self._terminating.left((application.uid, candidate.ref)) <= 0
                if candidate.live is None
                else not (candidate.live.deleting or (candidate.live.owner_uid in owners and not _is_route(candidate)))
            )
        ]
        return sorted(due, key=_is_route, reverse=True)

    def _keeps(self, application: LiveObject, candidate: PruneCandidate, refs: frozenset[Ref]) -> bool:
        """Whether a ComponentInstance owns an object that is not among the candidates; the collector would delete it.

        It is the former one of an instance, of which not every object has passed to the current one.
        """
        if candidate.live is None or candidate.ref.kind != COMPONENT_INSTANCE:
            return False
        owned = self._state.owned_by(candidate.live.uid, application.namespace)
        return any(Ref(kind, live.name) not in refs and not live.deleting for kind, live in owned)

    async def _confirm(self, application: LiveObject) -> None:
        document = await self._client.get(await self._target(application, Ref(APPLICATION, application.name)))
        metadata = document["metadata"]
        same = metadata.get("uid") == application.uid and metadata.get("generation", 0) == application.generation
        if not same or metadata.get("deletionTimestamp"):
            message = "the application has changed since it was planned; nothing is pruned"
            raise errors.ConflictError(message, status=409, reason="Conflict")

    async def _delete(self, application: LiveObject, candidate: PruneCandidate) -> tuple[bool, bool]:
        """Delete one object. Whether it is gone, or belongs to another owner; and whether a request has deleted it."""
        try:
            target = await self._target(application, candidate.ref)
            live = candidate.live if candidate.live is not None else await self._read(application, target)
            if live is None:
                return True, False
            if live.deleting:
                self._terminating.put((application.uid, candidate.ref), None)
                return False, False
            return await self._send(application, target, live, candidate.propagation)
        except (errors.NotFoundError, errors.KindAbsentError):
            return True, False

    async def _send(
        self, application: LiveObject, target: Target, live: LiveObject, propagation: str
    ) -> tuple[bool, bool]:
        """Send the DELETE, once more for an object that has just changed. Returns the same as `_delete`."""
        try:
            return await self._send_once(application, target, live, propagation), True
        except errors.ConflictError:
            newer = await self._read(application, target)
            if newer is None or newer.uid != live.uid:
                return True, False
            if newer.deleting:
                return False, False
            return await self._send_once(application, target, newer, propagation), True

    async def _send_once(self, application: LiveObject, target: Target, live: LiveObject, propagation: str) -> bool:
        request = requests.delete(target, uid=live.uid, resource_version=live.resource_version, propagation=propagation)
        answer = live_object.decode(await self._client.client.send(request))
        ref = Ref(Kind(target.resource.api_version, target.resource.kind), target.name)
        instance = live.labels.get(labels.INSTANCE, "")
        change_log.changed("deleted", ref, application=application.name, instance=instance, reason="NotPlanned")
        return answer.kind == "Status"  # else it is the object, kept by a finalizer

    async def _target(self, application: LiveObject, ref: Ref) -> Target:
        return await self._client.target(ref.kind, application.namespace, ref.name)

    async def _read(self, application: LiveObject, target: Target) -> LiveObject | None:
        """The object as the server has it, if it still belongs to the application."""
        live = await self._client.client.live(requests.get(target))
        return live if belongs(self._state, application, live) else None
