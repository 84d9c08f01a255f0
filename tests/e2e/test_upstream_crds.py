"""Objects of the kinds of other projects on an API server with the definitions of these projects."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster
from tests import own_suites, upstream_crds
from tests.e2e import operators
from tests.e2e.documents import Document


def _lost(applied: Any, live: Any, path: str = "") -> list[str]:
    """The paths of applied fields that the live object does not have."""
    if isinstance(applied, dict):
        return [
            lost
            for key, value in applied.items()
            for lost in (_lost(value, live[key], f"{path}.{key}") if key in live else [f"{path}.{key}"])
        ]
    if isinstance(applied, list):
        pairs = enumerate(zip(applied, live, strict=True))
        return [lost for index, pair in pairs for lost in _lost(*pair, f"{path}[{index}]")]
    return []


def _objects() -> list[Document]:
    """The objects of all conformance suites, without those of the kinds of Kubernetes and OAM."""
    groups = {definition["spec"]["group"] for definition in upstream_crds.definitions().values()}
    planned = (planned for case in own_suites.cases() for planned in case.plan().manifests)
    return [planned.body for planned in planned if planned.ref.kind.group in groups]


async def test_no_field_of_a_rendered_object_is_dropped(cluster: Cluster) -> None:
    await operators.install(cluster)
    bodies = _objects()
    assert bodies
    for index, body in enumerate(bodies):
        # without an owner, which the garbage collector would look up
        metadata = {"name": f"case-{index}", "labels": body["metadata"].get("labels", {})}
        document = {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata, "spec": body["spec"]}
        await cluster.apply(document)
        kind = Kind(document["apiVersion"], document["kind"])
        live = await cluster.get(kind, metadata["name"])
        assert live is not None
        assert _lost(document, live) == []
