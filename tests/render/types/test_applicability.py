"""Whether a trait may be attached to a workload type, by what both declare."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py import catalog
from rudr_py.api import Trait, WorkloadType
from rudr_py.render.types import constraints


class Plain(WorkloadType[Any]):
    """Offers nothing."""

    name = "example.org/v1.Plain"
    aliases = ("example.org/v1.Simple",)


class Sized(WorkloadType[Any]):
    """Takes a size, and has pods."""

    name = "example.org/v1.Sized"
    scale_forms = frozenset({"exact"})
    provides = frozenset({"pods"})


class Anywhere(Trait[Any]):
    """Needs nothing."""

    name = "anywhere"


class Bound(Trait[Any]):
    """Applies to an alias of one type."""

    name = "bound"
    applies_to = ("example.org/v1.Simple",)


class Scaler(Trait[Any]):
    """Needs a size and pods."""

    name = "scaler"
    requires = frozenset({"scale", "pods"})


@pytest.mark.parametrize(
    ("trait", "workload", "why"),
    [
        (Anywhere, Plain, ""),
        (Anywhere, Sized, ""),
        (Bound, Plain, ""),
        (Bound, Sized, "does not apply to example.org/v1.Sized; it applies to example.org/v1.Simple"),
        (Scaler, Sized, ""),
        (Scaler, Plain, "requires pods, scale, which example.org/v1.Plain does not provide"),
    ],
)
def test_a_trait_fits_types_that_it_applies_to_and_that_provide_its_requirements(
    trait: type[Trait[Any]], workload: type[WorkloadType[Any]], why: str
) -> None:
    offers = catalog.offer(trait(), package="p 1"), catalog.offer(workload(), package="p 1")
    reported = constraints.declared_misfit(*offers)
    assert reported.endswith(why)
    assert bool(reported) == bool(why)
