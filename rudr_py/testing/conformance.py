"""Checks the contract of a type in one line.

    from rudr_py.testing import conformance

    test_conforms = conformance.suite(CronHpa(), properties=[{"jobs": []}])

This is one test for each rule and each set of properties, such as `test_conforms[renders the same bytes twice-0]`;
checks that need a cluster are one test for all sets of properties.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

import pytest

from rudr_py.testing import checks, rendering
from rudr_py.testing.checks import Case
from rudr_py.testing.rendering import RenderSetup

INSTALL = "needs the package kubernetes-validate: pip install 'rudr-py[testing]'"
_HEAVY = {checks.renders_objects_that_kubernetes_accepts, checks.declares_the_rights_that_it_needs}


class Application(TypedDict, total=False):
    """The application around the type: the further arguments of the fixture `render_one`."""

    component: Mapping[str, Any]
    traits: Sequence[Mapping[str, Any]]
    observed: Sequence[Mapping[str, Any]]
    now: datetime
    siblings: Sequence[str]


def suite(
    type_: Any,
    *types: Any,
    properties: Sequence[Mapping[str, Any]] = ({},),
    kubernetes: Sequence[str] = checks.RELEASES,
    **application: Unpack[Application],
) -> Callable[..., None]:
    """A parametrised test function. The type must accept each of `properties`.

    `kubernetes` are the releases whose schemas accept the objects, such as `("1.34", "1.37")` for a kind that is new in
    1.34. Other arguments are those of the fixture `render_one`.
    """
    setups = [
        RenderSetup(
            type_=type_,
            properties=values,
            component=application.get("component"),
            traits=tuple(application.get("traits", ())),
            observed=tuple(application.get("observed", ())),
            now=application.get("now", rendering.NOW),
            siblings=tuple(application.get("siblings", ())),
        )
        for values in properties
    ]
    cases = [Case(setup=setup, types=types, releases=tuple(kubernetes)) for setup in setups]
    rows = [_row(check, cases[:1], "") for check in checks.ONCE]
    rows += [_row(check, [case], f"-{index}") for check in checks.EACH for index, case in enumerate(cases)]
    rows += [_row(check, cases, "") for check in checks.TOGETHER]

    def conforms(check: Callable[..., None], cases: Sequence[Case]) -> None:
        check(*cases)

    parametrised: Callable[..., None] = pytest.mark.parametrize(("check", "cases"), rows)(conforms)
    return parametrised


def _row(check: Callable[..., None], cases: Sequence[Case], suffix: str) -> Any:
    absent = check in _HEAVY and importlib.util.find_spec("kubernetes_validate") is None
    marks = [pytest.mark.skip(reason=INSTALL)] if absent else []
    return pytest.param(check, cases, id=f"{check.__name__.replace('_', ' ')}{suffix}", marks=marks)
