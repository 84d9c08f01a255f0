"""Apply the ignore rules of an application to its planned objects. Pure.

A pointer through a list is resolved to the item that is planned at its index: by the name of the item if it has one, so
that it is the same item in a live object with further items.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import Ref
from rudr_py.errors import Problem
from rudr_py.model import paths
from rudr_py.model.application import IgnoreRule
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject, Pointer

_INDEX = re.compile(r"[0-9]{1,9}")
"""The index of an item; bounded, because int() raises ValueError for thousands of digits."""

LISTED = 10
"""Maximum number of objects that a message names."""

_OWN_LABELS = (labels.MANAGED_BY, labels.APPLICATION, labels.INSTANCE)


def apply(
    manifests: Sequence[PlannedObject], rules: Sequence[IgnoreRule]
) -> tuple[tuple[PlannedObject, ...], list[Problem]]:
    """The result of `steps`."""
    return run(steps(manifests, rules))


def steps(
    manifests: Sequence[PlannedObject], rules: Sequence[IgnoreRule]
) -> Stepwise[tuple[tuple[PlannedObject, ...], list[Problem]]]:
    """The objects with the fields that the rules leave to other managers, and the rules and pointers without effect.

    An object that runs once is never reverted, so rules do not concern it. Each rule is a step.
    """
    if not rules:
        return tuple(manifests), []
    added: dict[Ref, list[Pointer]] = {}
    problems: list[Problem] = []
    for rule in rules:
        yield len(manifests) * (1 + len(rule.pointers))
        matching = [planned for planned in manifests if not planned.inputs_digest and _matches(rule, planned.ref)]
        if not matching:
            problems.append(Problem(_unmatched(manifests), rule.path))
            continue
        for index, pointer in enumerate(rule.pointers):
            resolved = {planned.ref: path for planned in matching if (path := resolve(planned.body, pointer))}
            problem = _problem(pointer, matching, resolved)
            if problem:
                problems.append(Problem(problem, paths.child(rule.path, "jsonPointers", index)))
            for ref, path in resolved.items():
                added.setdefault(ref, []).append(path)
    return tuple(_with(planned, added.get(planned.ref, ())) for planned in manifests), problems


def pointers(rules: Iterable[IgnoreRule], ref: Ref) -> tuple[tuple[str, ...], ...]:
    """The pointers of all rules that match an object."""
    return tuple(steps for rule in rules if _matches(rule, ref) for steps in rule.pointers if steps)


def resolve(body: Any, steps: Iterable[str]) -> Pointer:
    """The place of a JSON pointer in a planned object; empty where the object does not have it."""
    path: list[str | int | dict[str, str]] = []
    for step in steps:
        if isinstance(body, Mapping) and step in body:
            path.append(step)
            body = body[step]
        elif isinstance(body, list) and _INDEX.fullmatch(step) and int(step) < len(body):
            body = body[int(step)]
            name = body.get("name") if isinstance(body, dict) else None
            path.append({"name": name} if isinstance(name, str) else int(step))
        else:
            return ()
    return tuple(path)


def _matches(rule: IgnoreRule, ref: Ref) -> bool:
    return rule.matches(ref.kind.group, ref.kind.kind, ref.name)


def _with(planned: PlannedObject, added: Sequence[Pointer]) -> PlannedObject:
    new = [path for path in added if path not in planned.ignored]
    return msgspec.structs.replace(planned, ignored=(*planned.ignored, *new)) if new else planned


def _unmatched(manifests: Iterable[PlannedObject]) -> str:
    names = _listed([planned for planned in manifests if not planned.inputs_digest])
    return f"the rule matches no object of this application; it has {names or 'none'}"


def _problem(steps: tuple[str, ...], matching: Sequence[PlannedObject], resolved: Mapping[Ref, Pointer]) -> str:
    """The reason why a pointer has no effect or is not allowed; empty where it is in order, or has an error already."""
    if steps[:2] == ("metadata", "labels") and steps[2] in _OWN_LABELS:
        return f"the label {steps[2]} cannot be ignored, because rudr selects its objects by it"
    if resolved or not steps:
        return ""
    refs = _listed(matching)
    return f"rudr does not set this field of {refs}, so that the rule has no effect; remove it, or correct the pointer"


def _listed(manifests: Sequence[PlannedObject]) -> str:
    """The first objects by name, and the number of further ones."""
    names = heapq.nsmallest(LISTED, (str(planned.ref) for planned in manifests))
    more = [f"{len(manifests) - LISTED} more"] if len(manifests) > LISTED else []
    return ", ".join([*names, *more])
