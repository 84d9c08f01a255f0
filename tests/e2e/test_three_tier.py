"""examples/three-tier: an application with a password in a namespace that enforces `restricted` and counts limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    JOB,
    POD,
    STATEFUL_SET,
    condition,
    message,
    ready,
    synced,
)

FOLDER = Path(__file__).parents[2] / "examples" / "three-tier"
PASSWORD = "example-password"
RUNNING = (DEPLOYMENT, STATEFUL_SET, JOB)
ENFORCED = "pod-security.kubernetes.io/enforce=restricted"
OPERATORS = {"pod-security", "resources", "secret-env"}
"""The traits without which the namespace accepts no pod."""


def _documents() -> list[dict[str, Any]]:
    """The documents of the example without their namespace."""
    paths = sorted(FOLDER.glob("*.yaml"))
    documents = [document for path in paths for document in yaml.safe_load_all(path.read_text())]
    for document in documents:
        document["metadata"].pop("namespace", None)
    return [document for document in documents if document["kind"] != "Namespace"]


async def _restrict(cluster: Cluster, kubectl: Any) -> None:
    await kubectl("label", "namespace", cluster.namespace, ENFORCED)


@pytest.mark.controllers
async def test_the_application_becomes_ready_and_its_password_is_in_no_object(
    cluster: Cluster, plugin_catalog: Catalog, kubectl: Any
) -> None:
    await _restrict(cluster, kubectl)
    await cluster.apply(*_documents())
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shelf", ready)
    kinds = (APPLICATION, COMPONENT_INSTANCE, EVENT, POD, CONFIG_MAP, *RUNNING)
    objects = [document for kind in kinds for document in await cluster.list(kind)]
    assert len(objects) > len(kinds)
    assert [document["metadata"]["name"] for document in objects if PASSWORD in json.dumps(document)] == []


@pytest.mark.controllers
async def test_without_the_traits_of_the_operator_the_namespace_accepts_no_pod_and_the_reason_is_reported(
    cluster: Cluster, plugin_catalog: Catalog, kubectl: Any
) -> None:
    await _restrict(cluster, kubectl)
    documents = _documents()
    for binding in documents[-1]["spec"]["components"]:
        binding["traits"] = [trait for trait in binding["traits"] if trait["name"] not in OPERATORS]
    await cluster.apply(*documents)

    def is_explained(document: dict[str, Any]) -> bool:
        return condition(document, "Ready") == "False" and "violates PodSecurity" in message(document, "Ready")

    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shelf", is_explained)
    assert await cluster.list(POD) == []


async def test_every_pod_template_is_accepted_by_the_namespace(
    cluster: Cluster, plugin_catalog: Catalog, kubectl: Any, tmp_path: Path
) -> None:
    await _restrict(cluster, kubectl)
    await cluster.apply(*_documents())
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shelf", synced)
    templates = {
        document["metadata"]["name"]: document["spec"]["template"]
        for kind in RUNNING
        for document in await cluster.list(kind)
    }
    assert sorted(templates) == ["shelf-api", "shelf-database", "shelf-mailer", "shelf-migration", "shelf-web"]
    for name, template in templates.items():
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"try-{name}"}, "spec": template["spec"]}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(pod))
        await kubectl("create", "--dry-run=server", "-f", str(path))
