"""The packages in plugins/: an example of each goes to Ready, and what another controller has is handed to and fro."""

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
from tests.e2e import standins
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
    found = [
        InstalledPlugin(
            name=name,
            package=f"rudr-py-{name}",
            version="0",
            load=lambda name=name: importlib.import_module(f"rudr_py_{name}"),  # type: ignore[misc] # bound at once
        )
        for name in standins.PACKAGES
    ]
    loaded = loading.load(found, entry_points.standard())
    assert [state.error for state in loaded.refused] == []
    return loaded.catalog


@pytest.fixture
async def platform(cluster: Cluster) -> AsyncIterator[Cluster]:
    """A cluster on which those kinds are served and looked after."""
    for kind in standins.PLURALS:
        await cluster.apply(standins.definition(kind))
    for kind, plural in standins.PLURALS.items():
        await cluster.until(CRD, f"{plural}.{kind.group}", established)
    cluster.discovery.invalidate()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(standins.satisfy(cluster, kind)) for kind in standins.CONDITIONS]
        yield cluster
        for task in tasks:
            task.cancel()


def _with(properties: Document, **changes: Any) -> Document:
    changed = {**properties, **changes}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.controllers
@pytest.mark.parametrize("path", standins.EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_of_each_package_goes_to_ready(path: Path, platform: Cluster, types: Catalog) -> None:
    documents = standins.documents(path)
    await platform.apply(*documents)
    async with platform.controller(types):
        for document in documents:
            if document["kind"] == APPLICATION.kind:
                await platform.until(APPLICATION, document["metadata"]["name"], standins.ready)


@pytest.mark.controllers
@pytest.mark.parametrize(
    ("backend", "kind", "changes"),
    [
        ("keda", standins.SCALED_OBJECT, {"catchUp": None, "excludeDates": None}),
        ("cronhpa", standins.CRON_HPA, {"catchUp": None, "excludeDates": None, "timezone": None}),
    ],
)
async def test_cron_hpa_leaves_the_size_to_another_controller_and_takes_it_back(
    backend: str, kind: Kind, changes: Document, platform: Cluster, types: Catalog
) -> None:
    component, application = standins.documents(standins.example("office-hours"))
    await platform.apply(component, application)
    async with platform.controller(types):
        await platform.until(APPLICATION, "office", standins.ready)
        deployment = await platform.until(DEPLOYMENT, "web", lambda found: "replicas" in found["spec"])
        trait = application["spec"]["components"][0]["traits"][0]
        native = trait["properties"]
        trait["properties"] = _with(native, backend=backend, **changes)
        await platform.apply(application)
        await platform.until(kind, "web-trait-cron-hpa", lambda found: bool(found["spec"]["scaleTargetRef"]))
        await platform.until(APPLICATION, "office", lambda found: standins.ready(found) and synced(found))
        # the size that was there stays until the other controller says another
        handed = await platform.get(DEPLOYMENT, "web")
        assert handed is not None
        assert handed["spec"]["replicas"] == deployment["spec"]["replicas"]
        trait["properties"] = native
        await platform.apply(application)
        await platform.gone(kind, "web-trait-cron-hpa")


@pytest.mark.controllers
async def test_rudrs_function_and_prometheus_run(platform: Cluster, types: Catalog, shared: Path) -> None:
    for name in ("openfaasapp.yaml", "prometheusapp.yaml"):
        await platform.apply(*standins.documents(shared / name))
    async with platform.controller(types):
        await platform.until(APPLICATION, "openfaas", standins.ready)
        await platform.until(APPLICATION, "prometheus", standins.ready)
        function = await platform.get(standins.FUNCTION, "nodeinfo")
        assert function is not None
        assert function["spec"]["image"] == "functions/nodeinfo"
        assert function["spec"]["environment"] == {"write_debug": "false"}
        assert function["spec"]["labels"]["com.openfaas.scale.min"] == "2"
        prometheus = await platform.get(standins.PROMETHEUS, "prometheus-ap")
        assert prometheus is not None
        assert prometheus["spec"]["enableAdminAPI"] is True


@pytest.mark.controllers
async def test_without_its_package_an_application_keeps_its_objects_and_says_what_is_missing(
    platform: Cluster, types: Catalog, catalog: Catalog
) -> None:
    documents = standins.documents(standins.example("thumbnailer"))
    await platform.apply(*documents)
    async with platform.controller(types):
        await platform.until(APPLICATION, "media", standins.ready)
    before = await platform.get(standins.KNATIVE, "thumbnailer")
    async with platform.controller(catalog):
        found = await platform.until(APPLICATION, "media", invalid)
        assert "serving.knative.dev/v1.Service" in message(found, "Valid")
        assert "was provided by rudr-py-faas 0" in message(found, "Valid")
        assert "pip install rudr-py-faas" in message(found, "Valid")
    after = await platform.get(standins.KNATIVE, "thumbnailer")
    assert before is not None
    assert after is not None
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
