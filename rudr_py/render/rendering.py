"""The one door of the room: documents + catalog + observed + now -> Plan. The same input gives the same bytes.

Every problem of every document is found before anything is refused. Nothing is raised: what is wrong is in the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
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

SOONEST = timedelta(seconds=1)
"""A type that wants to be asked again at once, or in the past, waits this long: it must not turn in circles."""


def render(inputs: Inputs, catalog: Catalog) -> Plan:
    """Everything that is to exist for one application, in the order in which it is to be applied."""
    preparations = [prepare.prepare(inputs, catalog, index) for index in range(len(inputs.application.components))]
    rendered = [
        instance.render(found.prepared, inputs)
        for index, found in enumerate(preparations)
        if found.prepared is not None and not _misread(inputs, index)
    ]
    missing = [found.missing for found in preparations if found.missing is not None]
    faults = [fault for found in rendered for fault in found.faults]
    manifests = [
        *(_component_instance(inputs, found.plan) for found in rendered if found.plan is not None),
        *(manifest for found in rendered for manifest in found.manifests),
    ]
    problems = [
        *inputs.parsed.problems,
        *(problem for found in preparations for problem in found.problems),
        *(problem for found in rendered for problem in found.problems),
        *_twice(manifests, inputs),
    ]
    warnings = [
        *inputs.parsed.warnings,
        *(warning for found in preparations for warning in found.warnings),
        *(warning for found in rendered for warning in found.warnings),
    ]
    told = _located(warnings, inputs.positions)
    if problems or missing or faults:
        reason = INVALID if problems else COMPONENT_NOT_FOUND if missing else PLUGIN_FAILED
        return Plan(problems=_located([*missing, *problems, *faults], inputs.positions), warnings=told, reason=reason)
    return Plan(
        manifests=tuple(manifests),
        instances=tuple(found.plan for found in rendered if found.plan is not None),
        warnings=told,
        wake_at=_wake_at(rendered, inputs.now),
    )


def _misread(inputs: Inputs, index: int) -> bool:
    """Whether the reader of the document found this binding wrong; types need not look at what is left of it."""
    path = paths.child("$", "spec", "components", index)
    return any(paths.below(problem.path, path) for problem in inputs.parsed.problems)


def _wake_at(rendered: Sequence[instance.RenderedInstance], now: datetime) -> datetime | None:
    wanted = [found.wake_at for found in rendered if found.wake_at is not None]
    return max(min(wanted), now + SOONEST) if wanted else None


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


def _located(problems: Iterable[Problem], positions: Mapping[str, Positions]) -> tuple[Problem, ...]:
    """Each problem once, with its place in a file if its document came from one."""
    return tuple(dict.fromkeys(_placed(problem, positions) for problem in problems))


def _placed(problem: Problem, positions: Mapping[str, Positions]) -> Problem:
    known = positions.get(problem.document.partition("/")[2])
    if problem.location is not None or known is None:
        return problem
    return msgspec.structs.replace(problem, location=known.of_key(problem.path))
