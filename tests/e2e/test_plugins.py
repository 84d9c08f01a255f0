"""The packages in plugins/: an example of each goes to Ready, and pip installs them into an environment of their own.

The kinds of Knative, OpenFaaS, KEDA, CronHPA and Prometheus are small stand-ins, as is what sets their conditions.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.plugins import discovery, loading
from rudr_py.plugins.discovery import Found
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    CRD,
    DEPLOYMENT,
    Document,
    condition,
    established,
    invalid,
    message,
    observed,
    synced,
)

ROOT = Path(__file__).parents[2]
PACKAGES = ("cronhpa", "faas", "prometheus")
EXAMPLES = sorted((ROOT / "plugins").glob("*/examples/*.yaml"))

KNATIVE = Kind("serving.knative.dev/v1", "Service")
FUNCTION = Kind("openfaas.com/v1", "Function")
PROMETHEUS = Kind("monitoring.coreos.com/v1", "Prometheus")
MONITOR = Kind("monitoring.coreos.com/v1", "ServiceMonitor")
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject")
CRON_HPA = Kind("autoscaling.alibabacloud.com/v1beta1", "CronHorizontalPodAutoscaler")

PLURALS = {
    KNATIVE: "services",
    FUNCTION: "functions",
    PROMETHEUS: "prometheuses",
    MONITOR: "servicemonitors",
    SCALED_OBJECT: "scaledobjects",
    CRON_HPA: "cronhorizontalpodautoscalers",
}

CONDITIONS = {
    KNATIVE: ("ConfigurationsReady", "RoutesReady", "Ready"),
    FUNCTION: ("Ready", "Healthy"),
    PROMETHEUS: ("Reconciled", "Available"),
    SCALED_OBJECT: ("Ready",),
}
"""What the controllers of these kinds say when all is well; the others say nothing."""


def definition(kind: Kind) -> Document:
    """A CustomResourceDefinition that takes any spec and any status."""
    version = kind.api_version.rpartition("/")[2]
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    plural = PLURALS[kind]
    return {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": f"{plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {"kind": kind.kind, "plural": plural, "singular": kind.kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


async def satisfy(cluster: Cluster, kind: Kind) -> None:
    """Say of every object of a kind, and of each change of it, that all is well."""
    async with contextlib.aclosing(cluster.changes(kind, "")) as changes:
        async for live in changes:
            found = live.document() if live is not None else {}
            generation = found.get("metadata", {}).get("generation", 0)
            if not found or found.get("status", {}).get("observedGeneration") == generation:
                continue
            said = [{"type": name, "status": "True", "observedGeneration": generation} for name in CONDITIONS[kind]]
            status = {"status": {"observedGeneration": generation, "conditions": said}}
            target = await cluster.target(kind, found["metadata"]["name"], "status")
            await cluster.client.merge_patch(target, msgspec.json.encode(status), "stand-in")


@pytest.fixture(name="types", scope="session")
def _types() -> Catalog:
    """The built-in types and those of the packages, from their sources."""
    found = [
        Found(
            name=name,
            package=f"rudr-py-{name}",
            version="0",
            load=lambda name=name: importlib.import_module(f"rudr_py_{name}"),  # type: ignore[misc] # bound at once
        )
        for name in PACKAGES
    ]
    loaded = loading.load(found, discovery.standard())
    assert [state.error for state in loaded.refused] == []
    return loaded.catalog


@pytest.fixture
async def platform(cluster: Cluster) -> AsyncIterator[Cluster]:
    """A cluster on which those kinds are served and looked after."""
    for kind in PLURALS:
        await cluster.apply(definition(kind))
    for kind, plural in PLURALS.items():
        await cluster.until(CRD, f"{plural}.{kind.group}", established)
    cluster.discovery.invalidate()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(satisfy(cluster, kind)) for kind in CONDITIONS]
        yield cluster
        for task in tasks:
            task.cancel()


def ready(application: Document) -> bool:
    return observed(application) and condition(application, "Ready") == "True"


def _documents(path: Path) -> list[Document]:
    return list(yaml.safe_load_all(path.read_text()))


def _with(properties: Document, **changes: Any) -> Document:
    changed = {**properties, **changes}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.controllers
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_of_each_package_goes_to_ready(path: Path, platform: Cluster, types: Catalog) -> None:
    documents = _documents(path)
    await platform.apply(*documents)
    async with platform.controller(types):
        for document in documents:
            if document["kind"] == APPLICATION.kind:
                await platform.until(APPLICATION, document["metadata"]["name"], ready)


@pytest.mark.controllers
@pytest.mark.parametrize(
    ("backend", "kind", "changes"),
    [
        ("keda", SCALED_OBJECT, {"catchUp": None, "excludeDates": None}),
        ("cronhpa", CRON_HPA, {"catchUp": None, "excludeDates": None, "timezone": None}),
    ],
)
async def test_cron_hpa_leaves_the_size_to_another_controller_and_takes_it_back(
    backend: str, kind: Kind, changes: Document, platform: Cluster, types: Catalog
) -> None:
    component, application = _documents(ROOT / "plugins" / "rudr-py-cronhpa" / "examples" / "office-hours.yaml")
    await platform.apply(component, application)
    async with platform.controller(types):
        await platform.until(APPLICATION, "office", ready)
        deployment = await platform.until(DEPLOYMENT, "web", lambda found: "replicas" in found["spec"])
        trait = application["spec"]["components"][0]["traits"][0]
        native = trait["properties"]
        trait["properties"] = _with(native, backend=backend, **changes)
        await platform.apply(application)
        await platform.until(kind, "web-trait-cron-hpa", lambda found: bool(found["spec"]["scaleTargetRef"]))
        await platform.until(APPLICATION, "office", lambda found: ready(found) and synced(found))
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
        await platform.apply(*_documents(shared / name))
    async with platform.controller(types):
        await platform.until(APPLICATION, "openfaas", ready)
        await platform.until(APPLICATION, "prometheus", ready)
        function = await platform.get(FUNCTION, "nodeinfo")
        assert function is not None
        assert function["spec"]["image"] == "functions/nodeinfo"
        assert function["spec"]["environment"] == {"write_debug": "false"}
        assert function["spec"]["labels"]["com.openfaas.scale.min"] == "2"
        prometheus = await platform.get(PROMETHEUS, "prometheus-ap")
        assert prometheus is not None
        assert prometheus["spec"]["enableAdminAPI"] is True


@pytest.mark.controllers
async def test_without_its_package_an_application_keeps_its_objects_and_says_what_is_missing(
    platform: Cluster, types: Catalog, catalog: Catalog
) -> None:
    documents = _documents(ROOT / "plugins" / "rudr-py-faas" / "examples" / "thumbnailer.yaml")
    await platform.apply(*documents)
    async with platform.controller(types):
        await platform.until(APPLICATION, "media", ready)
    before = await platform.get(KNATIVE, "thumbnailer")
    async with platform.controller(catalog):
        found = await platform.until(APPLICATION, "media", invalid)
        assert "serving.knative.dev/v1.Service" in message(found, "Valid")
        assert "was offered by rudr-py-faas 0" in message(found, "Valid")
        assert "pip install rudr-py-faas" in message(found, "Valid")
    after = await platform.get(KNATIVE, "thumbnailer")
    assert before is not None
    assert after is not None
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])


def _run(*command: str | Path) -> str:
    done = subprocess.run(  # noqa: S603 - the commands are those below
        [str(word) for word in command],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_pip_installs_the_project_and_each_package_into_a_new_environment(tmp_path: Path) -> None:
    _run(sys.executable, "-m", "venv", tmp_path / "venv")
    folder = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    packages = [f"./plugins/rudr-py-{name}" for name in PACKAGES]
    pip = (folder / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    try:
        _run(*pip, "download", "--no-deps", "--dest", tmp_path, "cronsim")
    except AssertionError:
        pytest.skip("needs a package index")
    _run(*pip, "install", ".", *packages)

    told = json.loads(_run(folder / "rudr", "plugins", "-o", "json"))["items"]
    states = {state["package"]: state for state in told}
    for name in PACKAGES:
        assert (states[f"rudr-py-{name}"]["state"], states[f"rudr-py-{name}"]["version"]) == ("loaded", "0.1.0")
    assert states["rudr-py-cronhpa"]["types"] == ["cron-hpa"]
    for path in EXAMPLES:
        assert "kind: " in _run(folder / "rudr", "render", "-f", path)
    preview = _run(folder / "rudr", "cron", "preview", EXAMPLES[0], "--from", "2026-03-27T12:00Z")
    assert "Europe/Berlin" in preview
