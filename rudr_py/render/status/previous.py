"""What a stored status remembers for the next one: when a trait was attached, what ran to its end, what there was.

Reads any document without raising: ours, an older release's, Rudr's, anyone's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from rudr_py.model.condition import Condition
from rudr_py.render.status import runs as running
from rudr_py.render.types import packages
from rudr_py.render.values.inputs import Runs


class PreviousStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What of the last status matters for the next one.

    `attached` is (instance, trait) -> when the trait was first applied, and ("", scope) -> the same of a scope;
    `runs` are those of objects that run once; `packages` is type -> the package that offered it. `instances` and
    `scopes` are the entries as they stand.
    """

    conditions: tuple[Condition, ...] = ()
    phase: str = ""
    attached: Mapping[tuple[str, str], datetime] = msgspec.field(default_factory=dict)
    runs: Runs = msgspec.field(default_factory=dict)
    instances: tuple[dict[str, Any], ...] = ()
    scopes: tuple[dict[str, Any], ...] = ()
    resources: tuple[dict[str, Any], ...] = ()
    packages: Mapping[str, str] = msgspec.field(default_factory=dict)


def previous(document: Any) -> PreviousStatus:
    """Read a stored status, ours or Rudr's or anyone's; what cannot be read counts as absent."""
    status = document if isinstance(document, dict) else {}
    instances, scopes = _maps(status.get("instances")), _maps(status.get("scopes"))
    return PreviousStatus(
        conditions=_conditions(status.get("conditions")),
        phase=str(status.get("phase") or ""),
        attached=_attached(instances, scopes),
        runs=_runs(instances),
        instances=instances,
        scopes=scopes,
        resources=_maps(status.get("resources")),
        packages=packages.read(_maps(status.get("packages"))),
    )


def _conditions(value: Any) -> tuple[Condition, ...]:
    found: dict[str, Condition] = {}
    for item in _maps(value):
        try:
            read = msgspec.convert(item, Condition)
        except msgspec.ValidationError:
            continue
        found.setdefault(read.type, read)
    return tuple(found.values())


def _attached(
    instances: tuple[dict[str, Any], ...], scopes: tuple[dict[str, Any], ...]
) -> dict[tuple[str, str], datetime]:
    entries = [(str(one.get("name") or ""), trait) for one in instances for trait in _maps(one.get("traits"))]
    found: dict[tuple[str, str], datetime] = {}
    for instance, entry in (*((name, trait) for name, trait in entries if name), *(("", scope) for scope in scopes)):
        try:
            moment = datetime.fromisoformat(entry["attachedAt"])
            if moment.tzinfo is not None:
                key = instance, str(entry["name"])
                found[key] = min(moment.astimezone(UTC), found.get(key, moment))
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return found


def _runs(instances: tuple[dict[str, Any], ...]) -> Runs:
    found = {}
    for entry in instances:
        name, runs = entry.get("name"), entry.get("runs")
        if isinstance(name, str) and isinstance(runs, dict):
            found[name] = running.read(runs)
    return {name: runs for name, runs in found.items() if runs}


def _maps(value: Any) -> tuple[dict[str, Any], ...]:
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
