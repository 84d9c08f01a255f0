"""The packages in plugins/: the examples become Ready, and sizes are handed over to other controllers and back."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.testing.cluster import Cluster
from tests.e2e import stand_in_crds
from tests.e2e.documents import (
    APPLICATION,
    CRD,
    DEPLOYMENT,
    Document,
    established,
    invalid,
    message,
    synced,
)


@pytest.fixture(name="types", scope="session")
def _types() -> Catalog:
    """The built-in types and those of the packages, from their sources."""
    plugins = [
        InstalledPlugin(
            name=name,
            package=f"rudr-py-{name}",
            version="0",
            load=lambda name=name: importlib.import_module(f"rudr_py_{name}"),  # type: ignore[misc] # bound at once
        )
        for name in stand_in_crds.PACKAGES
    ]
    loaded = loading.load(plugins, entry_points.standard())
    assert [state.error for state in loaded.refused] == []
    return loaded.catalog


@pytest.fixture
async def platform(cluster: Cluster) -> AsyncIterator[Cluster]:
    """A cluster with the stand-in CRDs, whose conditions are set."""
    for kind in stand_in_crds.PLURALS:
        await cluster.apply(stand_in_crds.definition(kind))
    for kind, plural in stand_in_crds.PLURALS.items():
        await cluster.until(CRD, f"{plural}.{kind.group}", established)
    cluster.discovery.invalidate()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(stand_in_crds.satisfy(cluster, kind)) for kind in stand_in_crds.CONDITIONS]
        yield cluster
        for task in tasks:
            task.cancel()


def _with(properties: Document, **changes: Any) -> Document:
    changed = {**properties, **changes}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.controllers
@pytest.mark.parametrize("path", stand_in_crds.EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_of_each_package_becomes_ready(path: Path, platform: Cluster, types: Catalog) -> None:
    documents = stand_in_crds.documents(path)
    await platform.apply(*documents)
    async with platform.controller(types):
        for document in documents:
            if document["kind"] == APPLICATION.kind:
                await platform.until(APPLICATION, document["metadata"]["name"], stand_in_crds.ready)


@pytest.mark.controllers
@pytest.mark.parametrize(
    ("backend", "kind", "changes"),
    [
        ("keda", stand_in_crds.SCALED_OBJECT, {"catchUp": None, "excludeDates": None}),
        ("cronhpa", stand_in_crds.CRON_HPA, {"catchUp": None, "excludeDates": None, "timezone": None}),
    ],
)
async def test_cron_hpa_hands_the_size_to_another_controller_and_takes_it_back(
    backend: str, kind: Kind, changes: Document, platform: Cluster, types: Catalog
) -> None:
    component, application = stand_in_crds.documents(stand_in_crds.example("office-hours"))
    await platform.apply(component, application)
    async with platform.controller(types):
        await platform.until(APPLICATION, "office", stand_in_crds.ready)
        deployment = await platform.until(DEPLOYMENT, "web", lambda document: "replicas" in document["spec"])
        trait = application["spec"]["components"][0]["traits"][0]
        native = trait["properties"]
        trait["properties"] = _with(native, backend=backend, **changes)
        await platform.apply(application)
        await platform.until(kind, "web-trait-cron-hpa", lambda document: bool(document["spec"]["scaleTargetRef"]))
        await platform.until(APPLICATION, "office", lambda document: stand_in_crds.ready(document) and synced(document))
        # the size stays until the other controller changes it
        handed = await platform.get(DEPLOYMENT, "web")
        assert handed is not None
        assert handed["spec"]["replicas"] == deployment["spec"]["replicas"]
        trait["properties"] = native
        await platform.apply(application)
        await platform.gone(kind, "web-trait-cron-hpa")


@pytest.mark.controllers
async def test_the_function_and_prometheus_examples_of_rudr_become_ready(
    platform: Cluster, types: Catalog, shared: Path
) -> None:
    for name in ("openfaasapp.yaml", "prometheusapp.yaml"):
        await platform.apply(*stand_in_crds.documents(shared / name))
    async with platform.controller(types):
        await platform.until(APPLICATION, "openfaas", stand_in_crds.ready)
        await platform.until(APPLICATION, "prometheus", stand_in_crds.ready)
        function = await platform.get(stand_in_crds.FUNCTION, "nodeinfo")
        assert function is not None
        assert function["spec"]["image"] == "functions/nodeinfo"
        assert function["spec"]["environment"] == {"write_debug": "false"}
        assert function["spec"]["labels"]["com.openfaas.scale.min"] == "2"
        prometheus = await platform.get(stand_in_crds.PROMETHEUS, "prometheus-ap")
        assert prometheus is not None
        assert prometheus["spec"]["enableAdminAPI"] is True


@pytest.mark.controllers
async def test_without_its_package_an_application_keeps_its_objects_and_reports_the_package(
    platform: Cluster, types: Catalog, catalog: Catalog
) -> None:
    documents = stand_in_crds.documents(stand_in_crds.example("thumbnailer"))
    await platform.apply(*documents)
    async with platform.controller(types):
        await platform.until(APPLICATION, "media", stand_in_crds.ready)
    before = await platform.get(stand_in_crds.KNATIVE, "thumbnailer")
    async with platform.controller(catalog):
        refused = await platform.until(APPLICATION, "media", invalid)
        assert "serving.knative.dev/v1.Service" in message(refused, "Valid")
        assert "was provided by rudr-py-faas 0" in message(refused, "Valid")
        assert "pip install rudr-py-faas" in message(refused, "Valid")
    after = await platform.get(stand_in_crds.KNATIVE, "thumbnailer")
    assert before is not None
    assert after is not None
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
