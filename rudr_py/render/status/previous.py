"""Reads the parts of a stored status that the next one needs: times of traits, runs, instances, inventory.

It accepts any document without raising, including those of older releases and of Rudr.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from rudr_py.api import get_in, mappings_in
from rudr_py.model.condition import Condition
from rudr_py.render.status import runs as running
from rudr_py.render.types import packages
from rudr_py.render.values.inputs import Runs


class PreviousStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a stored status that the next one needs.

    `attached` is (instance, trait) -> when the trait was first applied, and ("", scope) -> the same of a scope;
    `runs` are those of objects that run once; `packages` is type -> the package that provided it. `instances` and
    `scopes` are the unchanged entries.
    """

    conditions: tuple[Condition, ...] = ()
    phase: str = ""
    attached: Mapping[tuple[str, str], datetime] = msgspec.field(default_factory=dict)
    runs: Runs = msgspec.field(default_factory=dict)
    instances: tuple[Mapping[str, Any], ...] = ()
    scopes: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[Mapping[str, Any], ...] = ()
    packages: Mapping[str, str] = msgspec.field(default_factory=dict)


def read_previous(document: Any) -> PreviousStatus:
    """Read a stored status; invalid parts count as absent."""
    instances, scopes = tuple(mappings_in(document, "instances")), tuple(mappings_in(document, "scopes"))
    return PreviousStatus(
        conditions=_conditions(mappings_in(document, "conditions")),
        phase=get_in(document, "phase", default=""),
        attached=_attached(instances, scopes),
        runs=_runs(instances),
        instances=instances,
        scopes=scopes,
        resources=tuple(mappings_in(document, "resources")),
        packages=packages.read(mappings_in(document, "packages")),
    )


def _conditions(entries: Iterable[Mapping[str, Any]]) -> tuple[Condition, ...]:
    conditions: dict[str, Condition] = {}
    for entry in entries:
        try:
            condition = msgspec.convert(entry, Condition)
        except msgspec.ValidationError:
            continue
        conditions.setdefault(condition.type, condition)
    return tuple(conditions.values())


def _attached(
    instances: tuple[Mapping[str, Any], ...], scopes: tuple[Mapping[str, Any], ...]
) -> dict[tuple[str, str], datetime]:
    entries = [
        (str(instance_entry.get("name") or ""), trait)
        for instance_entry in instances
        for trait in mappings_in(instance_entry, "traits")
    ]
    times: dict[tuple[str, str], datetime] = {}
    for instance, entry in (*((name, trait) for name, trait in entries if name), *(("", scope) for scope in scopes)):
        try:
            moment = datetime.fromisoformat(entry["attachedAt"])
            if moment.tzinfo is not None:
                key = instance, str(entry["name"])
                times[key] = min(moment.astimezone(UTC), times.get(key, moment))
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return times


def _runs(instances: tuple[Mapping[str, Any], ...]) -> Runs:
    runs_by_instance = {}
    for entry in instances:
        name, runs = entry.get("name"), entry.get("runs")
        if isinstance(name, str) and isinstance(runs, dict):
            runs_by_instance[name] = running.read(runs)
    return {name: runs for name, runs in runs_by_instance.items() if runs}
