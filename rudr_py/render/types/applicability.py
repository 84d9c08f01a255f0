"""Whether a trait may be attached to a workload type, by what the two types declare. Pure; the cluster is not asked."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Trait, WorkloadType
from rudr_py.catalog import Offer


def misfit(trait: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]]) -> str:
    """Why the trait cannot be attached to the workload type, or "" (TR-14)."""
    names = {workload.name, *workload.type.aliases}
    allowed = trait.type.applies_to
    if "*" not in allowed and not names & set(allowed):
        return f'the trait "{trait.name}" does not apply to {workload.name}; it applies to {", ".join(allowed)}'
    offered = workload.type.provides | ({"scale"} if workload.type.scale_forms else frozenset())
    lacking = sorted(trait.type.requires - offered)
    if lacking:
        return f'the trait "{trait.name}" needs {", ".join(lacking)}, which {workload.name} does not offer'
    return ""


def misfit_of_size(form: str, trait_name: str, workload: Offer[WorkloadType[Any]]) -> str:
    """Why the workload type cannot have the size that the trait asks for, or "" (TR-14)."""
    takes = workload.type.scale_forms
    if form in takes:
        return ""
    message = f'{workload.name} cannot have the size that the trait "{trait_name}" asks for'
    return f"{message} ({form}; it takes {', '.join(sorted(takes)) or 'none'})"
