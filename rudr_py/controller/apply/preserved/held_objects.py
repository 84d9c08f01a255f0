"""The objects that stay as they are, because a type holds their instance or a scope. Pure.

A held instance has no objects in the plan. Its live objects are those with its label; of Rudr's objects, which have no
label, those of its ComponentInstance.
"""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.controller.results.failures import WaitingError
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.render import holds
from rudr_py.render.values import labels
from rudr_py.render.values.plan import InstancePlan, Plan, PlannedObject


class HeldObjects:
    """The live objects of one application that a hold keeps."""

    def __init__(self, state: ClusterState, application: LiveObject, plan: Plan) -> None:
        self._is_held = plan.is_held
        self._has_held_scope = any(scope.held for scope in plan.scopes)
        self._owners: dict[str, LiveObject] = {}
        self._held: dict[str, InstancePlan] = {}
        self._successors: dict[str, InstancePlan] = {}
        if not self._is_held:
            return
        self._owners = {live.uid: live for live in state.component_instances(application)}
        self._held = {_label(application, instance): instance for instance in plan.held_instances}
        planned = {_label(application, instance) for instance in plan.instances}
        present = {live.labels.get(labels.INSTANCE, "") for live in self._owners.values()}
        new = [instance for label, instance in self._held.items() if label not in present]
        for live in self._owners.values():
            label = live.labels.get(labels.INSTANCE, "")
            for instance in new if label and label not in planned else ():
                if labels.component_instance(instance.component, label).name == live.name:
                    self._successors.setdefault(label, instance)

    def keeps(self, live: LiveObject | None) -> bool:
        """Whether an object that the plan lacks is kept; `live` is None for one of which only a record exists."""
        if not self._is_held:
            return False
        if live is None:
            return True  # it cannot be attributed to an instance
        instances = self._instances(live)
        if not instances:
            return self._has_held_scope or live.kind == COMPONENT_INSTANCE.kind
        return not instances.isdisjoint((*self._held, *self._successors))

    def check(self, planned: PlannedObject, live: LiveObject | None) -> None:
        """Raise WaitingError for a planned object that would take a live one from an instance that is held."""
        if not self._held or live is None or live.owner_uid not in self._owners:
            return
        own = planned.body["metadata"]["labels"].get(labels.INSTANCE, "")
        for label in sorted(self._instances(live) - {own}):
            if label in self._held:
                message = f"{planned.ref} belongs to the instance {self._held[label].name}, which is held"
                raise WaitingError(message, reason=holds.REASON)

    def notes(self) -> Iterator[str]:
        """A sentence about each former instance that is kept until the instance that replaces it is applied."""
        for label, instance in self._successors.items():
            yield f"the former instance {label} is kept until {instance.name} is applied, which is held"

    def _instances(self, live: LiveObject) -> frozenset[str]:
        """The labels of the instances to which an object may belong; none for an object of the application itself.

        By its own label and that of its owner, because another client may have changed one of them.
        """
        owner = live if live.kind == COMPONENT_INSTANCE.kind else self._owners.get(live.owner_uid)
        named = {live.labels.get(labels.INSTANCE, "")}
        if owner is not None:
            label = owner.labels.get(labels.INSTANCE, "")
            named.add(label)
            if not (label and owner.name.endswith(f"-{label}")):
                # one of Rudr has only its name
                named.update(held for held in self._held if _may_be(owner, held, self._held[held]))
        return frozenset(named - {""})


def _may_be(owner: LiveObject, label: str, instance: InstancePlan) -> bool:
    return owner.name.endswith(f"-{label}") or owner.name == instance.owner.name


def _label(application: LiveObject, instance: InstancePlan) -> str:
    return labels.labels(application.name, instance.name)[labels.INSTANCE]
