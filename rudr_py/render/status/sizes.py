"""Health of instances whose size changes without a change of the documents: by an autoscaler, by time, by a user. Pure.

Such an instance remains ready while further replicas of the same template start. The status keeps what it was like when
it was ready last: the template, and the number of ready replicas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Kind, Ref, get_in
from rudr_py.render.values import digests
from rudr_py.render.values.inputs import Observed
from rudr_py.render.values.plan import InstancePlan


class ReadyState(msgspec.Struct, frozen=True):
    """An instance at the time at which it was ready: a digest of its objects without sizes, and its ready replicas."""

    template: str
    replicas: int


ReadyStates = Mapping[str, ReadyState]
"""By the names of instances."""


class ElasticInstance:
    """An instance whose size may change by itself: its objects as observed, and its state when it was ready last."""

    def __init__(self, plan: InstancePlan, observed: Observed, before: ReadyState | None) -> None:
        self._plan = plan
        self._observed = observed
        self._before = before
        sized = [document for document in self._documents() if get_in(document, "spec", "replicas", default=-1) >= 0]
        self._template = template_of(sized) if sized else ""
        self._ready = min((_ready_replicas(document) for document in sized), default=0)
        self._desired = min((get_in(document, "spec", "replicas", default=0) for document in sized), default=0)

    @property
    def sufficient(self) -> int | None:
        """The number of ready replicas that suffices; None for all.

        That of the documents if they name one; otherwise as many as before.
        """
        if self._plan.elastic is None:
            return None
        if self._plan.elastic.minimum is not None:
            return self._plan.elastic.minimum
        return min(self._before.replicas, self._desired) if self._before is not None else None

    @property
    def ready_state(self) -> ReadyState | None:
        """The state to keep in the status of an instance that is ready; None if its size is that of the documents."""
        if self._plan.elastic is None or not self._template:
            return None
        return ReadyState(self._template, self._ready)

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The observed objects. A change of nothing but their size counts as observed by their controllers."""
        documents = self._observed.documents(instance, kind)
        if self._before is not None and self._before.template == self._template and self._plan.elastic is not None:
            return tuple(map(_counted_as_observed, documents))
        return documents

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """The object that `ref` names, as it is observed."""
        return self._observed.document(ref)

    def _documents(self) -> Iterable[Mapping[str, Any]]:
        if self._plan.elastic is None:
            return
        # an instance may have many ConfigMaps
        names: dict[Kind, set[str]] = {}
        for ref in self._plan.workload.refs:
            names.setdefault(ref.kind, set()).add(ref.name)
        for kind, own in names.items():
            for document in self._observed.documents(self._plan.name, kind):
                if get_in(document, "metadata", "name", default="") in own:
                    yield document


def template_of(documents: Iterable[Mapping[str, Any]]) -> str:
    """The digest of the observed workloads of an instance, without their sizes."""
    return digests.of([_without_size(document) for document in documents])


def read(entry: Mapping[str, Any]) -> ReadyState | None:
    """The state in the entry of an instance in a stored status; None without a valid one."""
    template = get_in(entry, "lastReady", "template", default="")
    replicas = get_in(entry, "lastReady", "replicas", default=-1)
    return ReadyState(template, replicas) if template and replicas >= 0 else None


def written(state: ReadyState) -> dict[str, Any]:
    """The field of the entry of an instance in the status."""
    return {"lastReady": {"template": state.template, "replicas": state.replicas}}


def _without_size(document: Mapping[str, Any]) -> Any:
    spec = {name: value for name, value in document["spec"].items() if name != "replicas"}
    return [document.get("kind"), get_in(document, "metadata", "name", default=""), spec]


def _ready_replicas(document: Mapping[str, Any]) -> int:
    status = get_in(document, "status", default={})
    return get_in(status, "availableReplicas", default=get_in(status, "readyReplicas", default=0))


def _counted_as_observed(document: dict[str, Any]) -> dict[str, Any]:
    generation = get_in(document, "metadata", "generation", default=0)
    if 0 < get_in(document, "status", "observedGeneration", default=0) < generation:
        return {**document, "status": {**document["status"], "observedGeneration": generation}}
    return document
