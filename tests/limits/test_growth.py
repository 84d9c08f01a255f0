"""The work for an application grows in proportion to its documents."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.model import suggest
from rudr_py.model.parse import json_values
from rudr_py.render.status import health
from rudr_py.render.types import plugin_call
from rudr_py.render.values.plan import Plan
from rudr_py.testing import rendering
from tests.limits import shapes, work
from tests.limits.shapes import SHAPES, Documents

SIZE = 40

LARGER = {
    "undefined_parameters": suggest.COMPARED + 1,
    "undefined_variables": suggest.COMPARED + 1,
    "used_parameters": json_values.MAX_DEPTH,
}
"""Sizes from which the work is proportional: an unknown name is compared with a limited number of names, and small
documents are checked as a whole."""

GROWTH = 2.2
"""The most work for twice the size, as a multiple of the work for the single size."""


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_document_is_at_most_about_twice_the_work(shape: str) -> None:
    work.status_of(SHAPES[shape](3), work.NO_LIMITS)  # imports and caches
    size = LARGER.get(shape, SIZE)
    single, double = (_work(SHAPES[shape](size)), _work(SHAPES[shape](2 * size)))
    assert double <= GROWTH * single, f"{shape}: {single} -> {double} instructions"


class Applied:
    """The objects of a plan as an API server has them."""

    def __init__(self, plan: Plan) -> None:
        self._objects: dict[tuple[str, Kind], list[dict[str, Any]]] = {}
        for planned in plan.manifests:
            self._objects.setdefault((planned.instance, planned.ref.kind), []).append(planned.body)

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of an instance, decoded at each call as those of a cache."""
        return tuple(copy.deepcopy(self._objects.get((instance, kind), [])))

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """No object of another owner exists."""
        del ref
        return None


@pytest.mark.parametrize("shape", ["config_files", "scopes", "members"])
def test_the_health_of_twice_the_objects_is_at_most_about_twice_the_work(shape: str) -> None:
    def assess(size: int) -> int:
        plan = work.plan(SHAPES[shape](size), work.NO_LIMITS)
        observed = Applied(plan)
        health.assess(plan, observed, rendering.NOW)  # caches
        return work.instructions(lambda: health.assess(plan, observed, rendering.NOW))

    single, double = assess(SIZE), assess(2 * SIZE)
    assert double <= GROWTH * single, f"{shape}: {single} -> {double} instructions"


@pytest.mark.parametrize("scope_type", ["HealthScope", "NetworkScope"])
def test_the_copies_for_scopes_are_in_proportion_to_the_memberships(scope_type: str) -> None:
    """Copies are created without a bytecode instruction, so their bytes are counted."""

    def copied(size: int) -> int:
        plan = work.plan(shapes.memberships(size, scope_type), work.NO_LIMITS)
        return sum(len(plugin_call._copy(scope.bound_type.context)[2]) for scope in plan.scopes)

    single, fourfold = copied(20), copied(40)
    assert fourfold <= 2 * GROWTH * single, f"{single} -> {fourfold} bytes"


@pytest.mark.parametrize("scope_type", ["HealthScope", "NetworkScope"])
def test_twice_the_memberships_in_scopes_are_at_most_about_twice_the_work(scope_type: str) -> None:
    work.status_of(shapes.memberships(3, scope_type), work.NO_LIMITS)  # imports and caches
    single, double = (_work(shapes.memberships(size, scope_type)) for size in (14, 20))
    assert double <= 2.5 * single, f"{single} -> {double} instructions"


NEAR = "parameter-number"
"""Names that begin like this are similar, so that each comparison of two of them takes long."""


def unknown_names(size: int) -> dict[str, Documents]:
    """Many unknown names of each kind, each similar to as many declared ones as are compared."""
    near = [f"{NEAR}-{index}" for index in range(suggest.COMPARED - 1)]
    far = [f"parametre-{index}-numbre" for index in range(size)]
    declared = [{"name": name, "type": "string", "default": "x"} for name in near]
    scope = {"type": "core.oam.dev/v1alpha1.HealthScope", "properties": {}}
    env = [{"name": f"E{index}", "fromParam": name} for index, name in enumerate(far)]
    values = [{"name": name, "value": "x"} for name in far]
    references = [{"name": name, "value": f"[fromVariable({name})]"} for index, name in enumerate(far)]
    variables = [{"name": name, "value": "x"} for name in near]
    wide = shapes.component(parameters=declared)
    named = [shapes.binding(f"i-{index}", name) for index, name in enumerate((*near, *far))]
    return {
        "parameters of a component": [
            shapes.application([shapes.binding()]),
            shapes.component(parameters=declared, container={"env": env}),
        ],
        "values of parameters": [shapes.application([shapes.binding(parameterValues=values)]), wide],
        "variables": [shapes.application([shapes.binding(parameterValues=references)], variables=variables), wide],
        "components": [shapes.application(named), *map(shapes.component, near)],
        "scopes": [
            shapes.application(
                [shapes.binding(applicationScopes=far)], scopes=[{"name": name, **scope} for name in near]
            ),
            shapes.component(),
        ],
    }


@pytest.mark.parametrize("names", unknown_names(1))
def test_thousands_of_unknown_names_are_not_all_compared_with_the_declared_ones(names: str) -> None:
    _work(unknown_names(1)[names])  # imports and caches
    few, many = (_work(unknown_names(size)[names]) for size in (200, 800))
    # a comparison of two such names takes about 1,500 instructions, and there are 200 for each unknown one
    assert many - few < 600 * 5_000, f"{few} -> {many} instructions"


def test_the_first_unknown_names_are_compared() -> None:
    documents = unknown_names(3)["values of parameters"]
    assert 'Did you mean "parameter-number-' in work.plan(documents).warnings[0].message


def test_quadratic_work_is_recognised() -> None:
    def compare(size: int) -> int:
        return work.instructions(lambda: [left == right for left in range(size) for right in range(size)])

    assert compare(2 * SIZE) > 3 * compare(SIZE)


def _work(documents: Documents) -> int:
    return work.instructions(lambda: work.status_of(documents, work.NO_LIMITS))
