"""Whether a trait may be attached to a workload type, by the declarations of the two types. Pure."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Trait, WorkloadType
from rudr_py.catalog import Offer


def misfit(trait: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]]) -> str:
    """The reason why the trait cannot be attached to the workload type, or "" (TR-14)."""
    names = {workload.name, *workload.type.aliases}
    allowed = trait.type.applies_to
    if "*" not in allowed and not names & set(allowed):
        return f'the trait "{trait.name}" does not apply to {workload.name}; it applies to {", ".join(allowed)}'
    offered = workload.type.provides | ({"scale"} if workload.type.scale_forms else frozenset())
    lacking = sorted(trait.type.requires - offered)
    if lacking:
        return f'the trait "{trait.name}" requires {", ".join(lacking)}, which {workload.name} does not provide'
    return ""


def scale_misfit(form: str, trait_name: str, workload: Offer[WorkloadType[Any]]) -> str:
    """The reason why the workload type does not accept the scale that the trait requests, or "" (TR-14)."""
    accepted = workload.type.scale_forms
    if form in accepted:
        return ""
    message = f'{workload.name} does not accept the scale that the trait "{trait_name}" requests'
    return f"{message} ({form}; it accepts {', '.join(sorted(accepted)) or 'none'})"
