"""The health of instances that a type holds. Pure.

It describes what runs, not the documents: they may name other objects, other kinds, or another workload type. So it is
that of the live objects, by the rules of kstatus, without the methods of the types.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal

from rudr_py.api import Health, Kind, Ref, get_in, kstatus
from rudr_py.model.kinds import COMPONENT_INSTANCE, CONFIG_MAP, POD
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render import holds
from rudr_py.render.status import rudr_status
from rudr_py.render.status import runs as running
from rudr_py.render.status.sizes import ReadyState
from rudr_py.render.values.inputs import Observed, Run, Runs
from rudr_py.render.values.plan import BoundType, Holder, InstancePlan


class HeldInstance:
    """An instance that is held, and its live objects of the kinds that it has had."""

    def __init__(self, plan: InstancePlan, observed: Observed, kinds: Collection[Kind], before: ReadyState | None):
        self._plan = plan
        self._before = before
        types = [plan.workload.offer, *(trait.offer for trait in plan.traits)]
        searched = {*kinds, *(kind for offer in types for kind in offer.type.produces)} - {COMPONENT_INSTANCE, POD}
        self._objects = {kind: observed.documents(plan.name, kind) for kind in sorted(searched, key=str)}

    @property
    def exists(self) -> bool:
        """Whether the instance has objects."""
        return any(self._objects.values())

    def workload(self) -> Health:
        """The health of the objects that no trait declares; the message has the reasons of the hold first."""
        declared = {kind for trait in self._plan.traits for kind in trait.offer.type.produces}
        declared -= set(self._plan.workload.offer.type.produces)
        own = [document for kind, of_kind in self._objects.items() if kind not in declared for document in of_kind]
        health = _worst(own, self._before.replicas if self._before is not None else None)
        reason = holds.reason(self._plan.held)
        if health is None:
            return Health(_state(reason), reason, holds.text(self._plan.held))
        message = "; ".join(filter(None, (holds.text(self._plan.held), "" if health.ok else health.message)))
        return Health(health.state, reason, message, health.show)

    def trait(self, trait: BoundType[Any]) -> Health:
        """The health of a trait: that of the objects of its kinds; unknown for one that has none."""
        holders = [holder for holder in self._plan.held if _is_by(holder, trait)]
        kinds = set(trait.offer.type.produces) - set(self._plan.workload.offer.type.produces)
        health = _worst([one for kind in sorted(kinds, key=str) for one in self._objects[kind]], None)
        if holders:
            reason = holds.reason(holders)
            return Health(_state(reason), reason, holders[0].reason, health.show if health is not None else {})
        if health is None:
            return Health("unknown", holds.REASON, "its changes are not applied while the instance is held")
        return Health(health.state, holds.REASON if health.ok else health.reason, health.message, health.show)

    def texts(self) -> dict[str, str]:
        """Rudr's words for the live objects, as `rudr_status.texts`."""
        return {
            f"{kind.kind.lower()}/{name}": rudr_status.word(Ref(kind, name), document)
            for kind, documents in self._objects.items()
            if kind != CONFIG_MAP
            for document in documents
            if (name := get_in(document, "metadata", "name", default=""))
        }

    def runs(self, previous: Runs) -> dict[str, Run]:
        """The runs of objects that run once: those of the previous status, with the state of the live ones."""
        runs = dict(previous.get(self._plan.name, {}))
        for documents in self._objects.values():
            for document in documents:
                name = get_in(document, "metadata", "name", default="")
                inputs = get_in(document, "metadata", "annotations", INPUTS_ANNOTATION, default="")
                if inputs or name in runs:
                    runs[name] = Run(name, inputs or runs[name].inputs, running.state(document))
        return runs


def _state(reason: str) -> Literal["progressing", "failed"]:
    return "progressing" if reason == holds.REASON else "failed"


def _is_by(holder: Holder, trait: BoundType[Any]) -> bool:
    return holder.category == "trait" and holder.type_name == trait.offer.name


def _worst(documents: Iterable[dict[str, Any]], sufficient: int | None) -> Health | None:
    """The worst health of objects, with the facts of all; None without objects."""
    healths = [kstatus.assess(document, sufficient) for document in documents]
    return kstatus.worst(healths) if healths else None
