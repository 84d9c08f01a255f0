"""A workload type that cannot give the size which a trait asks for: the mistake is told at the trait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import InvalidProperties, Rendered, Scale, WorkloadContext, WorkloadType
from rudr_py.render.values.plan import Plan

AT = "$.spec.components[0]"
SCALER = {"name": "manual-scaler", "properties": {"replicaCount": 3}}
AUTO = {"name": "auto-scaler", "properties": {"minimum": 2, "maximum": 5}}
EMPTY = {"name": "empty", "properties": {}}


class Picky(WorkloadType[dict[str, Any]]):
    """Takes no size that anyone asks for."""

    name = "core.oam.dev/v1alpha1.Server"
    scale_forms = frozenset({"exact", "range"})

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        del ctx
        return Rendered()

    def scale(self, ctx: WorkloadContext[dict[str, Any]], size: Scale | None) -> Rendered:
        del ctx
        raise InvalidProperties(f"not {size.form if size else 'without'}")


@pytest.mark.parametrize(
    ("traits", "path", "message"),
    [
        ((EMPTY, SCALER), f"{AT}.traits[1]", "not exact"),
        ((AUTO,), f"{AT}.traits[0]", "not range"),
        ((), f"{AT}.instanceName", "not without"),
    ],
)
def test_an_unsupported_scale_is_rejected_at_the_trait_that_requests_it(
    traits: tuple[dict[str, Any], ...],
    path: str,
    message: str,
    plan: Callable[..., Plan],
    application: Callable[..., str],
    web: Callable[..., dict[str, Any]],
    with_types: Callable[..., Any],
) -> None:
    rendered = plan(application(web(*traits)), types=with_types(Picky()))
    assert [(problem.path, problem.message) for problem in rendered.problems] == [(path, message)]
