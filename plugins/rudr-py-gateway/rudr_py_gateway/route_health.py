"""The health of a route, from the conditions that the controller of each parent sets in `status.parents`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rudr_py.api import Health, get_in, kstatus, mappings_in
from rudr_py_gateway import parents
from rudr_py_gateway.parents import Parent

TEMPORARY = frozenset({"BackendNotFound", "Pending"})
"""Reasons that controllers report while objects are being created."""

BADNESS = {"ready": 0, "progressing": 1, "failed": 2}


def assess(live: Mapping[str, Any], desired: Sequence[Parent], namespace: str) -> Health:
    """The worst health of the parents, `desired` are those of the rendered route."""
    return max((_of_parent(live, parent, namespace) for parent in desired), key=lambda health: BADNESS[health.state])


def _of_parent(live: Mapping[str, Any], parent: Parent, namespace: str) -> Health:
    own = parents.key(parent.body(), namespace)
    entries = [
        entry
        for entry in mappings_in(live, "status", "parents")
        if parents.key(get_in(entry, "parentRef", default={}), namespace) == own
    ]
    if not entries:
        message = (
            f"no controller has accepted it for the {parent.kind} {parent} yet; check that the {parent.kind} exists "
            "and that its listeners allow routes of this kind from this namespace"
        )
        return Health("progressing", "NoController", message)
    generation = get_in(live, "metadata", "generation", default=0)
    problems = (problem for entry in entries for problem in _problems(entry, generation))
    worst = max(problems, key=lambda health: BADNESS[health.state], default=kstatus.READY)
    return Health(worst.state, worst.reason, f"{parent}: {worst.message}") if worst.message else worst


def _problems(entry: Mapping[str, Any], generation: int) -> Iterator[Health]:
    """The conditions of one controller that are not as they should be."""
    for name, good in (("Accepted", "True"), ("ResolvedRefs", "True"), ("PartiallyInvalid", "False")):
        condition = kstatus.condition({"status": entry}, name)
        if not condition and name == "PartiallyInvalid":
            continue
        observed = get_in(condition, "observedGeneration", default=generation)
        if not condition or observed < generation:
            yield Health("progressing", "NotObserved", f"its controller has not reported {name} of this version yet")
        elif condition.get("status") != good:
            reason = get_in(condition, "reason", default="") or f"Not{name}"
            is_temporary = reason in TEMPORARY or condition.get("status") not in ("True", "False")
            message = get_in(condition, "message", default="") or reason
            yield Health("progressing" if is_temporary else "failed", reason, message)
