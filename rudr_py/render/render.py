"""The one door of the room: documents + catalog + observed + now -> Plan. The same input gives the same bytes.

Every problem of every document is found before anything is refused. Nothing is raised: what is wrong is in the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.errors import Problem
from rudr_py.model import paths
from rudr_py.model.document import Positions
from rudr_py.render import instance, prepare
from rudr_py.render.prepare import PreparedInstance
from rudr_py.render.scopes import render as scopes
from rudr_py.render.types import packages
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import InstancePlan, Plan, PlannedObject, RenderAnswer, RenderedInstance, RenderedScope

INVALID = "InvalidDocument"
COMPONENT_NOT_FOUND = "ComponentNotFound"
PLUGIN_FAILED = "PluginFailed"

SOONEST = timedelta(seconds=1)
"""A type that wants to be asked again at once, or in the past, waits this long: it must not turn in circles."""


def render(inputs: Inputs, catalog: Catalog) -> Plan:
    """Everything that is to exist for one application, in the order in which it is to be applied."""
    preparations = [prepare.prepare(inputs, catalog, index) for index in range(len(inputs.application.components))]
    rendered = {
        index: instance.render(found.prepared, inputs)
        for index, found in enumerate(preparations)
        if found.prepared is not None and not _misread(inputs, index)
    }
    instances = tuple(found.plan for found in rendered.values() if found.plan is not None)
    grouped = [scopes.render(inputs, catalog, index, instances) for index in range(len(inputs.application.scopes))]
    answers: list[RenderAnswer] = [*rendered.values(), *grouped]
    missing = [found.missing for found in preparations if found.missing is not None]
    faults = [fault for found in answers for fault in found.faults]
    owners = [_component_instance(inputs, plan) for plan in instances]
    problems = [
        *inputs.parsed.problems,
        *(problem for found in preparations for problem in found.problems),
        *(problem for index, found in enumerate(preparations) for problem in _tried(inputs, index, found.trial)),
        *(problem for found in answers for problem in found.problems),
        *_twice(_works(inputs, rendered, owners, grouped)),
    ]
    warnings = [
        *inputs.parsed.warnings,
        *(warning for found in preparations for warning in found.warnings),
        *(warning for found in answers for warning in found.warnings),
    ]
    told = _located(warnings, inputs.positions)
    if problems or missing or faults:
        reason = INVALID if problems else COMPONENT_NOT_FOUND if missing else PLUGIN_FAILED
        return Plan(
            problems=_located([*missing, *problems, *faults], inputs.positions),
            warnings=told,
            reason=reason,
            packages=packages.used(inputs, catalog, wrong=True),
        )
    return Plan(
        # what a scope says of its members' pods holds before there are any
        manifests=(*owners, *(m for found in (*grouped, *rendered.values()) for m in found.manifests)),
        instances=instances,
        scopes=tuple(found.plan for found in grouped if found.plan is not None),
        warnings=told,
        wake_at=_wake_at([found.wake_at for found in answers], inputs.now),
        packages=packages.used(inputs, catalog, wrong=False),
    )


def _misread(inputs: Inputs, index: int) -> bool:
    """Whether the reader of the document found this binding wrong; types need not look at what is left of it."""
    path = paths.child("$", "spec", "components", index)
    return any(paths.below(problem.path, path) for problem in inputs.parsed.problems)


def _tried(inputs: Inputs, index: int, trial: PreparedInstance | None) -> Iterator[Problem]:
    """What types refuse in an instance that is wrong already. A fault may come of what is left out: none is told."""
    if trial is not None and not _misread(inputs, index):
        yield from instance.render(trial, inputs).problems


def _wake_at(moments: Iterable[datetime | None], now: datetime) -> datetime | None:
    wanted = [moment for moment in moments if moment is not None]
    return max(min(wanted), now + SOONEST) if wanted else None


def _component_instance(inputs: Inputs, plan: InstancePlan) -> PlannedObject:
    application = inputs.application.metadata
    body: dict[str, Any] = {
        "apiVersion": plan.owner.kind.api_version,
        "kind": plan.owner.kind.kind,
        "metadata": {
            "name": plan.owner.name,
            "namespace": application.namespace,
            "labels": labels.labels(application.name, plan.name),
        },
        "spec": {"traits": []},
    }
    return PlannedObject(ref=plan.owner, body=body, instance=plan.name, made_by="", owner="application")


class _Work(msgspec.Struct, frozen=True):
    """The objects of an instance or of a scope, by its name, and where that stands."""

    name: str
    path: str
    manifests: tuple[PlannedObject, ...]


def _works(
    inputs: Inputs,
    rendered: Mapping[int, RenderedInstance],
    owners: Sequence[PlannedObject],
    grouped: Sequence[RenderedScope],
) -> Iterator[_Work]:
    for index, found in rendered.items():
        if found.plan is not None:
            path = paths.child("$", "spec", "components", index, "instanceName")
            name = found.plan.name
            yield _Work(name, path, (*(one for one in owners if one.instance == name), *found.manifests))
    for index, scope in enumerate(grouped):
        path = paths.child("$", "spec", "scopes", index, "name")
        yield _Work(inputs.application.scopes[index].name, path, scope.manifests)


def _twice(works: Iterable[_Work]) -> list[Problem]:
    """Two instances or scopes of the application that would write the same object."""
    first: dict[object, _Work] = {}
    found = []
    for work in works:
        for manifest in work.manifests:
            other = first.setdefault(manifest.ref, work)
            if other is not work:
                message = f'"{other.name}" and "{work.name}" would both write {manifest.ref}; rename one of them'
                found.append(Problem(message, work.path, rule="AC-13"))
    return found


def _located(problems: Iterable[Problem], positions: Mapping[str, Positions]) -> tuple[Problem, ...]:
    """Each problem once, with its place in a file if its document came from one."""
    return tuple(dict.fromkeys(_placed(problem, positions) for problem in problems))


def _placed(problem: Problem, positions: Mapping[str, Positions]) -> Problem:
    kind, _, name = problem.document.partition("/")
    known = positions.get(name) if kind in ("", "componentschematic") else None
    if problem.location is not None or known is None:
        return problem
    return msgspec.structs.replace(problem, location=known.of_key(problem.path))
