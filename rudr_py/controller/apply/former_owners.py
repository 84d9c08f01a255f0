"""The earlier ComponentInstances of an instance, whose objects pass to its current one. Pure.

A ComponentInstance is named for a component and an instance. An instance that moves to another component therefore gets
a new one; its objects keep their names and are not created again.
"""

from __future__ import annotations

from rudr_py.api import Ref
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject


def uids(state: ClusterState, application: LiveObject, plan: Plan, planned: PlannedObject) -> frozenset[str]:
    """The uids of the application's other ComponentInstances for the instance of a planned object."""
    if planned.owner != "instance":
        return frozenset()
    owner = next(instance.owner for instance in plan.instances if instance.name == planned.instance)
    label = labels.labels(application.name, planned.instance)[labels.INSTANCE]
    return frozenset(
        live.uid
        for kind, live in state.owned_by(application.uid, application.namespace)
        if kind == COMPONENT_INSTANCE and Ref(kind, live.name) != owner and _is_of(live, label)
    )


def _is_of(live: LiveObject, instance: str) -> bool:
    """Whether a ComponentInstance is of this instance. Those of Rudr have no labels, only their name."""
    return live.labels.get(labels.INSTANCE, instance if live.name.endswith(f"-{instance}") else "") == instance
