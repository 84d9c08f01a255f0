"""Name the autoscalers of other owners that scale a workload whose size an application sets. Sends nothing.

Such an autoscaler and the application write the same field, and the Kubernetes controller of two autoscalers of one
workload stops both. An application that does not set the size has no rival.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.api import Ref, get_in
from rudr_py.controller.state import scaler_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.scaler_index import ScaleTarget
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE
from rudr_py.render.values.plan import Plan, PlannedObject

_OWN = (APPLICATION.kind, COMPONENT_INSTANCE.kind)


def warnings(plan: Plan, state: ClusterState, namespace: str) -> tuple[str, ...]:
    """A sentence for each such autoscaler, with the action to take."""
    own = {
        target: planned.ref
        for planned in plan.manifests
        if planned.ref.kind.kind in scaler_index.KINDS and (target := _target(planned, namespace)) is not None
    }
    sentences = (
        sentence
        for planned in plan.manifests
        for sentence in _of_workload(planned, own.get(ScaleTarget.of(namespace, planned.ref)), plan, state, namespace)
    )
    return tuple(sentences)


def _of_workload(
    planned: PlannedObject, own_ref: Ref | None, plan: Plan, state: ClusterState, namespace: str
) -> Iterator[str]:
    is_left = ("spec", "replicas") in planned.ignored
    sets_size = not is_left and get_in(planned.body, "spec", "replicas", default=-1) >= 0
    if not sets_size and own_ref is None:
        return
    for ref in state.scalers.scalers(namespace, planned.ref):
        live = state.get(ref.kind, namespace, ref.name)
        if live is None or live.deleting or live.owner_kind in _OWN or ref == own_ref:
            continue
        rival = _described(ref, live)
        if sets_size:
            problem = f"{rival} scales {planned.ref}, whose replicas this application sets"
        else:
            problem = f"{rival} and {own_ref} both scale {planned.ref}, so that Kubernetes scales it by neither"
        yield f"{problem}; delete {_deletable(ref, live)}{_removable(planned, plan)}"


def _described(ref: Ref, live: LiveObject) -> str:
    owner = f" of {live.owner_kind.lower()}/{live.owner_name}" if live.owner_uid else ""
    return f"{ref}{owner}"


def _deletable(ref: Ref, live: LiveObject) -> str:
    return f"{live.owner_kind.lower()}/{live.owner_name}" if live.owner_uid else str(ref)


def _removable(planned: PlannedObject, plan: Plan) -> str:
    """The traits of the instance that decide its size, as an alternative; empty without any."""
    instance = plan.instance_of(planned)
    attached = instance.traits if instance is not None else ()
    names = {trait.offer.name for trait in attached if "scale" in trait.offer.type.requires}
    traits = " and ".join(f'"{name}"' for name in sorted(names))
    return f", or remove the trait {traits} from the instance {planned.instance}" if traits else ""


def _target(planned: PlannedObject, namespace: str) -> ScaleTarget | None:
    body: Any = planned.body
    return scaler_index.referenced(body.get("spec"), namespace)
