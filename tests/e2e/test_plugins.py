"""The packages in plugins/: the examples become Ready, and sizes are handed over to other controllers and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests import own_packages
from tests.e2e import operators
from tests.e2e.documents import APPLICATION, DEPLOYMENT, Document, invalid, message, ready, synced


@pytest.fixture
async def plugin_cluster(cluster: Cluster) -> AsyncIterator[Cluster]:
    """A cluster with the CRDs of other projects, whose operators set the status."""
    await operators.install(cluster)
    async with operators.running(cluster):
        yield cluster


def _with(properties: Document, **changes: Any) -> Document:
    changed = {**properties, **changes}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.controllers
@pytest.mark.parametrize("path", own_packages.EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_of_each_package_becomes_ready(
    path: Path, plugin_cluster: Cluster, plugin_catalog: Catalog
) -> None:
    documents = own_packages.documents(path)
    await plugin_cluster.apply(*documents)
    async with plugin_cluster.controller(plugin_catalog):
        for document in documents:
            if document["kind"] == APPLICATION.kind:
                await plugin_cluster.until(APPLICATION, document["metadata"]["name"], ready)


@pytest.mark.controllers
@pytest.mark.parametrize(
    ("backend", "kind", "changes"),
    [
        ("keda", operators.SCALED_OBJECT, {"catchUp": None, "excludeDates": None}),
        ("cronhpa", operators.CRON_HPA, {"catchUp": None, "excludeDates": None, "timezone": None}),
    ],
)
async def test_cron_hpa_hands_the_size_to_another_controller_and_takes_it_back(
    backend: str, kind: Kind, changes: Document, plugin_cluster: Cluster, plugin_catalog: Catalog
) -> None:
    component, application = own_packages.documents(own_packages.example("office-hours"))
    await plugin_cluster.apply(component, application)
    async with plugin_cluster.controller(plugin_catalog):
        await plugin_cluster.until(APPLICATION, "office", ready)
        deployment = await plugin_cluster.until(DEPLOYMENT, "web", lambda document: "replicas" in document["spec"])
        trait = application["spec"]["components"][0]["traits"][0]
        native = trait["properties"]
        trait["properties"] = _with(native, backend=backend, **changes)
        await plugin_cluster.apply(application)
        await plugin_cluster.until(
            kind, "web-trait-cron-hpa", lambda document: bool(document["spec"]["scaleTargetRef"])
        )
        # not Ready: the other controller does not run here, and has not observed its object
        await plugin_cluster.until(APPLICATION, "office", synced)
        # the size stays until the other controller changes it
        handed = await plugin_cluster.get(DEPLOYMENT, "web")
        assert handed is not None
        assert handed["spec"]["replicas"] == deployment["spec"]["replicas"]
        trait["properties"] = native
        await plugin_cluster.apply(application)
        await plugin_cluster.gone(kind, "web-trait-cron-hpa")


@pytest.mark.controllers
async def test_a_monitor_and_rules_show_the_prometheus_that_has_accepted_them(
    plugin_cluster: Cluster, plugin_catalog: Catalog
) -> None:
    def shown(document: Document) -> list[Document]:
        instances = document.get("status", {}).get("instances", [])
        return [trait.get("show", {}) for instance in instances for trait in instance["traits"]]

    await plugin_cluster.apply(*own_packages.documents(own_packages.example("worker-alerts")))
    async with plugin_cluster.controller(plugin_catalog):
        accepted = {"prometheus": "monitoring/main"}
        await plugin_cluster.until(APPLICATION, "mail", lambda document: shown(document) == [accepted, accepted])


@pytest.mark.controllers
async def test_the_function_and_prometheus_examples_of_rudr_become_ready(
    plugin_cluster: Cluster, plugin_catalog: Catalog, shared: Path
) -> None:
    for name in ("openfaasapp.yaml", "prometheusapp.yaml"):
        await plugin_cluster.apply(*own_packages.documents(shared / name))
    async with plugin_cluster.controller(plugin_catalog):
        await plugin_cluster.until(APPLICATION, "openfaas", ready)
        await plugin_cluster.until(APPLICATION, "prometheus", ready)
        function = await plugin_cluster.get(operators.FUNCTION, "nodeinfo")
        assert function is not None
        assert function["spec"]["image"] == "functions/nodeinfo"
        assert function["spec"]["environment"] == {"write_debug": "false"}
        assert function["spec"]["labels"]["com.openfaas.scale.min"] == "2"
        prometheus = await plugin_cluster.get(operators.PROMETHEUS, "prometheus-ap")
        assert prometheus is not None
        assert prometheus["spec"]["enableAdminAPI"] is True


@pytest.mark.controllers
async def test_without_its_package_an_application_keeps_its_objects_and_reports_the_package(
    plugin_cluster: Cluster, plugin_catalog: Catalog, catalog: Catalog
) -> None:
    documents = own_packages.documents(own_packages.example("thumbnailer"))
    await plugin_cluster.apply(*documents)
    async with plugin_cluster.controller(plugin_catalog):
        await plugin_cluster.until(APPLICATION, "media", ready)
    before = await plugin_cluster.get(operators.KNATIVE, "thumbnailer")
    async with plugin_cluster.controller(catalog):
        refused = await plugin_cluster.until(APPLICATION, "media", invalid)
        assert "serving.knative.dev/v1.Service" in message(refused, "Valid")
        assert "was provided by rudr-py-faas 0" in message(refused, "Valid")
        assert "pip install rudr-py-faas" in message(refused, "Valid")
    after = await plugin_cluster.get(operators.KNATIVE, "thumbnailer")
    assert before is not None
    assert after is not None
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
