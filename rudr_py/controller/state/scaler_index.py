"""The autoscalers of all owners, by the workload that each of them scales. Sends nothing.

Unlike other kinds, autoscalers are watched without a label: one of another owner may scale a managed workload.
"""

from __future__ import annotations

from sys import intern

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, get_in
from rudr_py.controller.state.index import MultiMap
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import DEPLOYMENT

KINDS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})
"""Kinds whose objects set the replicas of `spec.scaleTargetRef`."""


class ScaleTarget(msgspec.Struct, frozen=True, gc=False):
    """A scaled workload. It has the group of its kind without a version, which autoscalers ignore."""

    namespace: str
    group: str
    kind: str
    name: str

    @classmethod
    def of(cls, namespace: str, ref: Ref) -> ScaleTarget:
        """The target with the identity of this object."""
        return cls(namespace, ref.kind.group, ref.kind.kind, ref.name)


class ScalerIndex:
    """The autoscalers by their targets. `note` is called with each change of an object of `KINDS`."""

    def __init__(self) -> None:
        self._targets: MultiMap[tuple[Kind, str, str], ScaleTarget] = MultiMap()

    def note(self, kind: Kind, change: Change) -> None:
        """Update the index."""
        live = change.new or change.old
        if live is None or kind.kind not in KINDS:
            return
        target = target_of(change.new) if change.new is not None else None
        if target is None:
            self._targets.remove((kind, *live.key))
        else:
            self._targets.set((kind, *live.key), (target,))

    def scalers(self, namespace: str, ref: Ref) -> tuple[Ref, ...]:
        """The autoscalers of a workload, in a stable order."""
        keys = self._targets.keys(ScaleTarget.of(namespace, ref))
        return tuple(sorted((Ref(kind, name) for kind, _, name in keys), key=str))


def target_of(live: LiveObject) -> ScaleTarget | None:
    """The workload that an autoscaler scales; None where its document does not contain it."""
    try:
        return referenced(live.part("spec"), live.namespace)
    except errors.UndecodableError:
        return None


def referenced(spec: object, namespace: str) -> ScaleTarget | None:
    """The workload in `spec.scaleTargetRef`, or None."""
    reference = get_in(spec, "scaleTargetRef", default={})
    name = get_in(reference, "name", default="")
    group = get_in(reference, "apiVersion", default=DEPLOYMENT.api_version).rpartition("/")[0]
    kind = get_in(reference, "kind", default=DEPLOYMENT.kind)
    return ScaleTarget(namespace, intern(group), intern(kind), intern(name)) if name else None
