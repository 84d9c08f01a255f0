"""Writes the status of the objects that an application has of our own kinds: instances and scopes.

The status of the application itself is the reconcile's business. What is said is decided in `render`.
"""

from __future__ import annotations

from typing import Any

from rudr_py.controller.results import result
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.status.writer import StatusWriter
from rudr_py.kube.live_object import LiveObject
from rudr_py.render.status import status
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs, Observed
from rudr_py.render.values.plan import Plan


async def instances(
    reporter: StatusWriter, known: ClusterState, live: LiveObject, built: dict[str, Any]
) -> float | None:
    """Rudr's one word on each ComponentInstance, for its health scopes and dashboards; when to say it, if later.

    `built` is the status of the application. Nothing is said of an instance that nobody has looked at.
    """
    words = {found["name"]: word for found in built.get("instances", ()) if (word := _word(found))}
    waits: list[float | None] = []
    for kind, child in known.owned_by(live.uid, live.namespace):
        name = child.labels.get(labels.INSTANCE, "")
        if kind == cluster_state.COMPONENT_INSTANCE and name in words and not child.deleting:
            waits.append((await reporter.write(child, words[name])).wait)
    return result.soonest(*waits)


async def scopes(
    reporter: StatusWriter, known: ClusterState, live: LiveObject, plan: Plan, inputs: Inputs, observed: Observed
) -> float | None:
    """The status of each scope's own object, as its type says it; when to say it, if later."""
    waits: list[float | None] = []
    for ref, wanted in status.scope_status(plan, observed, inputs.now).items():
        found = known.get(ref.kind, live.namespace, ref.name)
        if found is not None and found.owner_uid == live.uid and not found.deleting:
            waits.append((await reporter.write(found, wanted)).wait)
    return result.soonest(*waits)


def _word(found: dict[str, Any]) -> str:
    """As Rudr: a Job at work is healthy, whatever else is not ready is not."""
    state = found.get("state")
    if state == "unknown":
        return ""
    well = state == "ready" or (state == "progressing" and found.get("reason") == "Running")
    return "healthy" if well else "unhealthy"
