"""The one door of the room: documents + catalog + observed + now -> Plan. The same input gives the same bytes.

Every problem of every document is found before anything is refused. Nothing is raised: what is wrong is in the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.errors import Problem
from rudr_py.model import paths
from rudr_py.model.document import Positions
from rudr_py.render import instance, prepare, stamp
from rudr_py.render.inputs import Inputs
from rudr_py.render.plan import InstancePlan, Plan, Planned

INVALID = "InvalidDocument"
COMPONENT_NOT_FOUND = "ComponentNotFound"
PLUGIN_FAILED = "PluginFailed"


def render(inputs: Inputs, catalog: Catalog) -> Plan:
    """Everything that is to exist for one application, in the order in which it is to be applied."""
    preparations = [prepare.prepare(inputs, catalog, index) for index in range(len(inputs.application.components))]
    rendered = [instance.render(found.prepared, inputs) for found in preparations if found.prepared is not None]
    problems = [
        *inputs.parsed.problems,
        *(problem for found in preparations for problem in found.problems),
        *(problem for found in rendered for problem in found.problems),
    ]
    warnings = [
        *inputs.parsed.warnings,
        *(warning for found in preparations for warning in found.warnings),
        *(warning for found in rendered for warning in found.warnings),
    ]
    manifests = [
        *(_component_instance(inputs, found.plan) for found in rendered if found.plan is not None),
        *(manifest for found in rendered for manifest in found.manifests),
    ]
    problems += _twice(manifests, inputs)
    told = tuple(_unique(_located(warning, inputs.positions) for warning in warnings))
    if problems:
        located = tuple(_unique(_located(problem, inputs.positions) for problem in problems))
        return Plan(problems=located, warnings=told, reason=_reason(inputs, preparations, rendered))
    return Plan(
        manifests=tuple(manifests),
        instances=tuple(found.plan for found in rendered if found.plan is not None),
        warnings=told,
        wake_at=min((found.wake_at for found in rendered if found.wake_at), default=None),
    )


def _reason(
    inputs: Inputs, preparations: Sequence[prepare.Preparation], rendered: Sequence[instance.RenderedInstance]
) -> str:
    wrong = bool(inputs.parsed.problems) or any(found.problems and not found.missing for found in preparations)
    if wrong or any(found.problems and not found.failed for found in rendered):
        return INVALID
    return COMPONENT_NOT_FOUND if any(found.missing for found in preparations) else PLUGIN_FAILED


def _component_instance(inputs: Inputs, plan: InstancePlan) -> Planned:
    application = inputs.application.metadata
    body: dict[str, Any] = {
        "apiVersion": plan.owner.kind.api_version,
        "kind": plan.owner.kind.kind,
        "metadata": {
            "name": plan.owner.name,
            "namespace": application.namespace,
            "labels": stamp.labels(application.name, plan.name),
        },
        "spec": {"traits": []},
    }
    return Planned(ref=plan.owner, body=body, instance=plan.name, made_by="", owner="application")


def _twice(manifests: Sequence[Planned], inputs: Inputs) -> list[Problem]:
    """Two instances of the application that would write the same object."""
    first: dict[object, Planned] = {}
    found = []
    names = [binding.instance_name for binding in inputs.application.components]
    for manifest in manifests:
        other = first.setdefault(manifest.ref, manifest)
        if other is not manifest:
            path = paths.child("$", "spec", "components", names.index(manifest.instance), "instanceName")
            message = (
                f'"{other.instance}" and "{manifest.instance}" would both write {manifest.ref}; rename one of them'
            )
            found.append(Problem(message, path, rule="AC-13"))
    return found


def _located(problem: Problem, positions: Mapping[str, Positions]) -> Problem:
    """The problem with its place in a file, if the document came from one."""
    if problem.location is not None:
        return problem
    name = problem.document.partition("/")[2]
    known = positions.get(name)
    if known is None:
        return problem
    path = problem.path
    while path and known.of_key(path) is None:
        path = paths.parent(path)
    return msgspec.structs.replace(problem, location=known.of_key(path))


def _unique(problems: Any) -> list[Problem]:
    return list(dict.fromkeys(problems))
