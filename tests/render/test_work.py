"""The work of rendering grows linearly with the instances and the rules of an application."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
import yaml

from rudr_py.catalog import Catalog
from rudr_py.render import render
from rudr_py.render.limits import syntax
from rudr_py.render.values.inputs import Inputs

COMPONENT = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - name: web
    image: web:1
    ports: [{name: http, containerPort: 80}]
---
"""

RULE = {"kind": "Deployment", "jsonPointers": ["/spec/replicas", "/spec/absent"]}
Document = dict[str, Any]


def application(instances: int, **metadata: Any) -> Document:
    traits = [{"name": "manual-scaler", "properties": {"replicaCount": 2}}]
    names = [f"web-{number:04}" for number in range(instances)]
    components = [{"componentName": "web", "instanceName": name, "traits": traits} for name in names]
    return {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "shop", **metadata},
        "spec": {"components": components},
    }


def unmatched(instances: int) -> Document:
    rules = [{"kind": "StatefulSet", "jsonPointers": ["/spec/replicas"]}] * 3
    return application(instances, annotations={"rudr.oam.dev/ignore-differences": yaml.safe_dump(rules)})


def ignoring(rules: int) -> Document:
    return {"annotations": {"rudr.oam.dev/ignore-differences": yaml.safe_dump([RULE] * rules)}}


def invalid(instances: int) -> Document:
    document = application(instances)
    for number, component in enumerate(document["spec"]["components"]):
        component["instanceName"] = f"{'x' * 250}{number}"
    return document


def work(inputs: Inputs, catalog: Catalog) -> int:
    """The number of lines that a rendering executes; each iteration counts."""
    executed = 0

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        nonlocal executed
        executed += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        render.render(inputs, catalog)
    finally:
        sys.settrace(before)
    return executed


@pytest.mark.parametrize(
    "sized",
    [application, lambda n: application(n, **ignoring(20)), invalid],
    ids=["valid", "ignoring", "invalid"],
)
def test_the_work_grows_linearly_with_the_instances(
    inputs: Callable[..., Inputs], catalog: Catalog, sized: Callable[[int], Document]
) -> None:
    # the first rendering fills the caches of schemas
    _, small, double, quadruple = (
        work(inputs(COMPONENT + yaml.safe_dump(sized(size))), catalog) for size in (2, 25, 50, 100)
    )
    assert quadruple - double <= 2.05 * (double - small)


@pytest.mark.parametrize("sized", [unmatched, lambda n: application(n, **ignoring(2))], ids=["unmatched", "absent"])
def test_the_length_of_a_message_does_not_grow_with_the_instances(
    inputs: Callable[..., Inputs], catalog: Catalog, sized: Callable[[int], Document]
) -> None:
    small, large = (
        render.render(inputs(COMPONENT + yaml.safe_dump(sized(size))), catalog).problems for size in (20, 200)
    )
    assert [len(problem.message) for problem in large] == [len(problem.message) + 1 for problem in small]


@pytest.mark.parametrize(
    "check",
    [
        syntax.subdomain,
        syntax.label,
        syntax.service_name,
        syntax.port_name,
        syntax.label_value,
        syntax.key,
        syntax.data_key,
    ],
)
@pytest.mark.parametrize("text", ["a" * 1_000_000, "a-" * 500_000, "a." * 500_000, "a/" * 500_000])
def test_a_long_name_is_refused_for_its_length_before_its_pattern_is_applied(
    check: Callable[[str], str], text: str
) -> None:
    assert "at most" in check(text)
