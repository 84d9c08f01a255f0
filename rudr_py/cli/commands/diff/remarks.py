"""Remarks about the changes of a plan: delays, restarts of pods, and outages. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import get_in, mappings_in, places
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import CRON_JOB, JOB
from rudr_py.render.values.plan import Plan

_COUNTS = ("replicas", "currentNumberScheduled", "actualReplicas")
"""The fields of a status that count the pods of a workload, in the order in which they are read."""

RUNS_ONCE = ("Task", "SingletonTask")
"""The endings of workload types that do not serve."""


def delays(diff: DocumentDiff, plan: Plan) -> Iterator[str]:
    """The instances that precede the change of a workload object."""
    for instance in plan.instances:
        if instance.waits and diff.ref in instance.workload.refs and diff.change != "delete":
            others = dict.fromkeys(f"{one.dependency.instance} is {one.dependency.condition}" for one in instance.waits)
            yield f"applied after {' and '.join(others)}"


def with_restarts(diff: DocumentDiff) -> DocumentDiff:
    """The difference with the number of pods that it restarts.

    The next runs of a CronJob have the new template, and a Job that has begun keeps its pods.
    """
    if diff.change not in ("change", "replace") or diff.ref.kind in (CRON_JOB, JOB):
        return diff
    path = places.template_path(diff.ref.kind) or ("spec", "template")
    live, merged = (get_in(state, *path, default={}) for state in document_diff.states(diff))
    if live == merged or not get_in(live, "spec", "containers", default=[]):
        return diff
    counts = (get_in(diff.live, "status", field, default=0) for field in _COUNTS)
    return msgspec.structs.replace(diff, restarts=next(filter(None, counts), 0))


def outage(application: Mapping[str, Any], plan: Plan) -> str:
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
