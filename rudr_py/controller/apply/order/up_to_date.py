"""Whether the live objects of an instance are those of its documents, by the records that the objects carry. Pure."""

from __future__ import annotations

from rudr_py.controller.apply import desired as desired_objects
from rudr_py.controller.apply import runs
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.render.values.inputs import Runs
from rudr_py.render.values.plan import Plan, PlannedObject


def is_up_to_date(
    state: ClusterState, application: LiveObject, plan: Plan, previous_runs: Runs, planned: PlannedObject
) -> bool:
    """Whether an object was applied last as it is planned; of one that runs once, whether it runs with these inputs.

    A change by another client does not count: it is reverted. `previous_runs` are those of the previous status.
    """
    live = state.get(planned.ref.kind, application.namespace, planned.ref.name)
    if planned.inputs_digest:
        run = previous_runs.get(planned.instance, {}).get(planned.ref.name)
        if live is None or live.deleting:
            return runs.ended(planned, run)
        return not runs.is_outdated(planned, live, run)
    if live is None or live.deleting:
        return False
    owner = _owner(state, application, plan, planned)
    if owner is None and planned.owner != "none":
        return False
    return desired_objects.in_place(desired_objects.complete(planned, owner), live).is_applied(live)


def _owner(state: ClusterState, application: LiveObject, plan: Plan, planned: PlannedObject) -> LiveObject | None:
    if planned.owner == "none":
        return None
    if planned.owner == "application":
        return application
    ref = plan.owner_of(planned)
    return state.get(ref.kind, application.namespace, ref.name)
