"""Servers accept rendered objects: generated applications and examples of Rudr, applied as a dry run.

Schemas do not express all rules for names, ports and values; a server checks them. The documents are generated from the
CRD schemas, as in the conformance tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster
from tests.conformance import strategies, test_examples, test_properties

FEW = 50
MANY = 1500

EXPECTED_REFUSAL = "must not contain dots"
"""StatefulSets cannot have such names since Kubernetes 1.36. Older servers accept them."""


@cache
def rendered(count: int) -> list[dict[str, Any]]:
    """The objects of `count` generated applications; deterministic."""
    bodies: dict[bytes, dict[str, Any]] = {}

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.documents())
    def collect(documents: list[dict[str, Any]]) -> None:
        for planned in test_properties.render(documents).manifests:
            bodies[msgspec.json.encode(planned.body)] = planned.body

    collect()
    return list(bodies.values())


async def refusals(cluster: Cluster, bodies: list[dict[str, Any]]) -> list[str]:
    """The errors of a dry run of these objects."""
    messages = []
    for body in bodies:
        metadata = {**body["metadata"], "namespace": cluster.namespace}
        target = await cluster.target(Kind(body["apiVersion"], body["kind"]), metadata["name"])
        try:
            await cluster.client.apply(
                target, msgspec.json.encode({**body, "metadata": metadata}), "rudr", dry_run=True
            )
        except errors.ApiError as error:
            messages.append(str(error))
    return [text for text in messages if EXPECTED_REFUSAL not in text]


async def test_the_objects_of_generated_applications_are_accepted(cluster: Cluster) -> None:
    bodies = rendered(FEW)
    assert len({body["kind"] for body in bodies}) >= 4
    assert await refusals(cluster, bodies) == []


@pytest.mark.slow
async def test_the_objects_of_many_generated_applications_are_accepted(cluster: Cluster) -> None:
    assert await refusals(cluster, rendered(MANY)) == []


async def test_the_objects_of_examples_of_rudr_are_accepted(cluster: Cluster, shared: Path) -> None:
    plans = test_examples.rendered(shared).values()
    assert await refusals(cluster, [planned.body for plan in plans for planned in plan.manifests]) == []
