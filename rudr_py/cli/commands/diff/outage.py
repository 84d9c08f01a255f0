"""Upgrades by a new instance name with the removal policy `first`: the old instance is deleted at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rudr_py.api import mappings_in
from rudr_py.model import metadata_keys
from rudr_py.render.values.plan import Plan

RUNS_ONCE = ("Task", "SingletonTask")
"""The endings of workload types that do not serve."""


def warning(application: Mapping[str, Any], plan: Plan) -> str:
    """The text for an application whose plan replaces an instance by one of another name; empty if it does not.

    `application` is the live document with its status; its removal policy is `first`.
    """
    planned = {instance.name: instance.component for instance in plan.instances}
    live = {
        str(instance.get("name")): instance
        for instance in mappings_in(application, "status", "instances")
        if not str(instance.get("workload")).endswith(RUNS_ONCE)
    }
    deleted = sorted(name for name in live if name not in planned)
    held = {instance.name for instance in plan.held_instances}  # their predecessors are kept
    created = sorted(name for name in planned if name not in live and name not in held)
    if plan.problems or not deleted or not created:
        return ""
    component = planned[created[0]]
    advice = f"to avoid it keep the instanceName {deleted[0]}"
    if live[deleted[0]].get("component") != component:
        advice += f" and change its componentName to {component}"
    advice += f", or set the annotation {metadata_keys.REMOVAL_ANNOTATION}: after-ready"
    effect = f"the deletion of {', '.join(deleted)} does not wait until {', '.join(created)} is ready"
    return f"{effect}, which is an outage; {advice}"
