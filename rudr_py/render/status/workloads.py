"""The health of the workloads of a plan, and of single types: each assesses its own observed objects. Pure."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from rudr_py.api import Context, Health, InvalidProperties, Kind, Ref, get_in
from rudr_py.errors import PluginCallError
from rudr_py.render.status import runs as running
from rudr_py.render.status.sizes import ElasticInstance, ReadyState, ReadyStates
from rudr_py.render.types import plugin_call
from rudr_py.render.values.inputs import Observed, Runs, SharedObjects
from rudr_py.render.values.plan import BoundType, InstancePlan, Plan

C = TypeVar("C", bound=Context[Any])

COMPLETED: Final = frozenset({"Complete", "Succeeded"})
"""The reasons of a workload that is ready because it has run to its end."""

_FAILED = Health("failed", "Failed", "the Job failed and was deleted; it will run again when its inputs change")


class Workloads:
    """The workloads of the instances of a plan, as the cluster was at one moment.

    `runs` are those of objects that run once; `settled` are the objects, each with its instance, that completed and
    were deleted.
    """

    def __init__(
        self, plan: Plan, observed: Observed, now: datetime, previous_runs: Runs, previous_ready: ReadyStates
    ) -> None:
        """`previous_runs` and `previous_ready` are those of the previous status."""
        self._observed = observed
        self._now = now
        self._previous_ready = previous_ready
        self.runs = running.observe(plan, observed, previous_runs)
        self.settled = running.deleted(plan, observed, self.runs, running.COMPLETE)
        self._failed = running.deleted(plan, observed, self.runs, running.FAILED)

    def assessed(
        self, instance: InstancePlan, shared_objects: SharedObjects | None = None
    ) -> tuple[Health, ReadyState | None]:
        """The health of the workload of an instance, and the state to keep in the status if it is ready."""
        if any((instance.name, ref) in self._failed for ref in instance.workload.refs):
            return _FAILED, None
        objects = shared_objects or SharedObjects(self._observed)
        observed = objects.for_type(instance.workload.offer.package)
        elastic = ElasticInstance(instance, observed, self._previous_ready.get(instance.name))
        context = msgspec.structs.replace(instance.workload.context, sufficient_replicas=elastic.sufficient)
        workload_type = msgspec.structs.replace(instance.workload, context=context)
        health = assess_type(workload_type, instance.name, elastic, self._now, self.settled)
        return health, elastic.ready_state if health.ok else None

    def completion(self, instance: InstancePlan) -> Health:
        """The health of a workload that is ready only when it has run to its end."""
        health, _ = self.assessed(instance)
        if not health.ok or health.reason in COMPLETED:
            return health
        # an object of a custom kind has conditions or a phase of its own
        refs = set(instance.workload.refs)
        documents = (
            document
            for kind in sorted({ref.kind for ref in refs}, key=str)
            for document in self._observed.documents(instance.name, kind)
            if Ref(kind, get_in(document, "metadata", "name", default="")) in refs
        )
        states = {running.state(document) for document in documents}
        if running.FAILED in states:
            return Health("failed", "Failed")
        return health if running.COMPLETE in states else Health("progressing", "Running", health.message)


class ObjectsByName:
    """Observed objects by name: a type reads each of its objects by name, and may have thousands."""

    def __init__(self, observe: Callable[[Kind], Iterable[dict[str, Any]]]) -> None:
        self._observe = observe
        self._objects: dict[Kind, dict[str, dict[str, Any]]] = {}

    def get(self, ref: Ref) -> dict[str, Any] | None:
        """The first object of a name."""
        if ref.kind not in self._objects:
            by_name = self._objects[ref.kind] = {}
            for document in self._observe(ref.kind):
                by_name.setdefault(get_in(document, "metadata", "name", default=""), document)
        return self._objects[ref.kind].get(ref.name)

    def copy(self, ref: Ref) -> dict[str, Any] | None:
        """A copy of the first object of a name, for a type that shares the objects with other types."""
        return copy.deepcopy(self.get(ref))


def assess_type(
    bound_type: BoundType[Context[Any]],
    instance: str,
    observed: Observed,
    now: datetime,
    settled: Collection[tuple[str, Ref]],
) -> Health:
    context = with_live(bound_type, instance, observed, now)
    remaining = tuple(manifest for manifest in context.manifests if (instance, manifest.ref) not in settled)
    deleted = len(remaining) < len(context.manifests)
    try:
        health = plugin_call.health(bound_type.offer, msgspec.structs.replace(context, manifests=remaining))
    except (InvalidProperties, PluginCallError) as error:
        return unknown(error)
    return (
        Health("ready", "Complete", "the Job completed and was deleted", health.show)
        if deleted and health.ok
        else health
    )


def with_live(bound_type: BoundType[C], instance: str, observed: Observed, now: datetime) -> C:
    # once for each kind, because a scope may read the object of every member
    observe = functools.cache(functools.partial(observed.documents, instance))
    by_name = ObjectsByName(observe)
    return msgspec.structs.replace(
        bound_type.context, _observe=observe, _live=by_name.get, _read=observed.document, now=now
    )


def unknown(error: Exception) -> Health:
    return Health("unknown", "Refused" if isinstance(error, InvalidProperties) else "PluginFailed", str(error))
