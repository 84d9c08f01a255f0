"""Acceptance tests: order of installation, kill and restart, error messages, examples of Rudr, kubectl."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py import errors
from rudr_py.catalog import Catalog
from rudr_py.kube import requests
from rudr_py.model.crd_schemas import crds
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster, killed
from tests.e2e import waiting
from tests.e2e.conftest import Kubectl, Server
from tests.e2e.documents import (
    APPLICATION,
    DEPLOYMENT,
    Document,
    application,
    component,
    condition,
    greeting,
    invalid,
    message,
    observed,
    synced,
)
from tests.e2e.waiting import InterceptingTransport

ROOT = Path(__file__).parents[2]


# --- The order of installation


async def test_a_controller_started_before_the_crds_waits_for_them(
    cluster_without_crds: Cluster, catalog: Catalog, kubectl: Kubectl
) -> None:
    transport = InterceptingTransport(cluster_without_crds.transport, lambda request: request.path.startswith("/apis"))
    controller = waiting.create_controller(cluster_without_crds, catalog, transport)
    async with waiting.running(controller):
        await asyncio.wait_for(transport.answered.wait(), 60)
        status, text = await waiting.readiness(controller)
        assert status == 500
        for kind in ("ApplicationConfiguration", "ComponentSchematic", "ComponentInstance"):
            assert kind in text

        await kubectl("apply", "-f", str(ROOT / "crds"))
        names = [f"crd/{document['metadata']['name']}" for document in crds.documents()]
        await kubectl("wait", "--for=condition=Established", *names, "--timeout=60s")
        await kubectl("apply", "-f", "-", text=yaml.safe_dump_all([component(), application()]))
        cluster_without_crds.discovery.invalidate()
        await cluster_without_crds.until(APPLICATION, "shop", synced)
        assert greeting(await cluster_without_crds.until(DEPLOYMENT, "shop-web", bool)) == "hi"
        status, text = await waiting.readiness(controller)
        assert (status, "failed" in text) == (200, False), text


# --- Kill and restart


async def test_a_kill_between_apply_and_status_then_a_revert_by_the_user_converges(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application(greeting="A"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)

    await cluster.apply(application(greeting="B"))
    transport = InterceptingTransport(
        cluster.transport,
        lambda request: request.method == "PATCH" and request.path.endswith("/deployments/shop-web"),
        cut=True,
    )
    controller = waiting.create_controller(cluster, catalog, transport)
    async with killed([asyncio.create_task(controller.run(asyncio.Event()))]):
        await asyncio.wait_for(transport.answered.wait(), 60)
    assert greeting(await cluster.until(DEPLOYMENT, "shop-web", bool)) == "B"
    before = await cluster.get(APPLICATION, "shop")
    assert before is not None
    assert not synced(before)

    await cluster.apply(application(greeting="A"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        assert greeting(await cluster.until(DEPLOYMENT, "shop-web", bool)) == "A"


# --- Nothing to do


async def test_a_restart_with_applications_in_sync_writes_nothing_and_reads_no_application(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    names = {f"shop-{number}" for number in range(100)}
    await cluster.apply(component())
    await asyncio.gather(*(cluster.apply(application(name=name)) for name in names))
    settings = Settings(definitions_namespace=cluster.namespace)  # an existing one; a missing one is retried
    async with cluster.controller(catalog, settings=settings):
        await waiting.until_all(cluster, APPLICATION, names, served(server))
        await waiting.until_idle(cluster, server.mark, server.writes)

    before = server.mark()
    controller = waiting.create_controller(cluster, catalog, cluster.transport, settings=settings)
    async with waiting.running(controller):
        await waiting.until_reconciled(controller, len(names))
    assert len(server.writes()) > len(names)
    assert server.writes(before) == []
    paths = [request.path for request in server.answered(before)]
    assert [path for path in paths if "shop" in path] == []
    assert 0 < len(paths) < len(names) / 2


def served(server: Server) -> Any:
    """A predicate: whether an application is in its final state on this server."""
    if not server.has_controllers:
        return synced
    return lambda document: synced(document) and condition(document, "Ready") == "True"


# --- Errors


FIVE_ERRORS = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
  name: shop
spec:
  components:
    - componentName: web
      instanceName: shop-web
      parameterValues:
        - name: greeting
          value: "[fromVariable(absent)]"
      traits:
        - name: ingres
          properties: {hostname: shop.example}
        - name: manual-scaler
          properties: {replicaCount: many}
    - componentName: demanding
      instanceName: shop-demanding
    - componentName: crunch
      instanceName: shop-crunch
      traits:
        - name: ingress
          properties: {hostname: shop.example, path: /}
"""
WORD_BY_LINE = {11: "absent", 13: "ingres", 16: "replicaCount", 17: "greeting", 22: "ingress"}
"""A word that the message of each error contains, by the line of the error."""


def components() -> list[Document]:
    demanding = component("demanding", parameters=[{"name": "greeting", "type": "string", "required": True}])
    crunch = component("crunch", workloadType="core.oam.dev/v1alpha1.SingletonWorker")
    crunch["spec"]["containers"][0].pop("ports")
    return [component(), demanding, crunch]


async def test_validate_reports_five_errors_each_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "components.yaml").write_text(yaml.safe_dump_all(components()))
    (tmp_path / "shop.yaml").write_text(FIVE_ERRORS)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rudr_py", "validate", "-f", "shop.yaml", "-f", "components.yaml"),
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    reported = [line.split(":", 3) for line in out.decode().splitlines() if ": error: " in line]
    assert process.returncode == 1
    assert {int(line): True for _, line, _, _ in reported} == dict.fromkeys(WORD_BY_LINE, True), out.decode()
    assert len(reported) == 5
    for file, line, _, text in reported:
        assert file == "shop.yaml"
        assert WORD_BY_LINE[int(line)] in text


async def test_five_errors_are_listed_in_the_condition_and_nothing_else_changes(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(*components(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = await cluster.until(DEPLOYMENT, "shop-web", bool)

        await cluster.apply(yaml.safe_load(FIVE_ERRORS), application(name="valid"))
        refused = await cluster.until(APPLICATION, "shop", invalid)
        lines = message(refused, "Valid").splitlines()
        assert len(lines) == 5
        for word in WORD_BY_LINE.values():
            assert any(word in line for line in lines)
        await cluster.until(APPLICATION, "valid", synced)
        after = await cluster.until(DEPLOYMENT, "shop-web", bool)
        assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
        assert "deletionTimestamp" not in after["metadata"]


async def serves_another_application(cluster: Cluster, catalog: Catalog) -> None:
    """Check that a valid application is reconciled twice and that no reconcile panicked."""
    await cluster.apply(component(), application(name="valid"))
    async with cluster.controller(catalog) as controller:
        await cluster.until(APPLICATION, "valid", synced)
        await cluster.apply(application(name="valid", greeting="changed"))
        await cluster.until(DEPLOYMENT, "valid-web", lambda d: greeting(d) == "changed")
        await cluster.until(APPLICATION, "valid", synced)
        assert await waiting.panic_count(controller) == 0


MALFORMED: dict[str, Any] = {
    "spec-is-text": "malformed",
    "spec-is-absent": None,
    "components-are-a-number": {"components": 7},
    "a-component-is-a-list": {"components": [["web"], None, 3]},
    "names-are-numbers": {"components": [{"componentName": 1, "instanceName": {"a": "b"}}]},
    "values-are-text": {"components": [{"componentName": "web", "instanceName": "w", "parameterValues": "greeting"}]},
    "traits-are-numbers": {"components": [{"componentName": "web", "instanceName": "w", "traits": [1, {"name": []}]}]},
}


@pytest.mark.faults
async def test_malformed_stored_applications_do_not_block_other_applications(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    assert server.local is not None
    store = server.local.backend.store
    for name, spec in MALFORMED.items():
        await cluster.apply(application(name=name))
        table = "applicationconfigurations.core.oam.dev"
        stored = store.get(table, cluster.namespace, name)
        assert stored is not None
        store.put(table, {**stored, "spec": spec, "status": ["malformed"]})
    await serves_another_application(cluster, catalog)


@pytest.mark.parametrize("depth", [100, 300, 500, 900, 3000])
async def test_a_deeply_nested_application_does_not_block_other_applications(
    cluster: Cluster, catalog: Catalog, server: Server, depth: int
) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    trait = b'[{"name":"ingress","properties":%b}]' % deep
    spec = b'{"components":[{"componentName":"web","instanceName":"deep-web","traits":%b}]}' % trait
    head = b'{"apiVersion":"core.oam.dev/v1alpha1","kind":"ApplicationConfiguration","metadata":{"name":"deep"}'
    target = await cluster.target(APPLICATION, "deep")
    try:
        await cluster.client.send(requests.create(target, head + b',"spec":' + spec + b"}", "tester"))
    except errors.InvalidError:
        assert server.local is not None
        pytest.skip("the local API refuses this depth")
    await serves_another_application(cluster, catalog)


# --- Examples of Rudr


NEEDS_PLUGIN = {"openfaas", "prometheus"}
"""Examples that need a plugin and third-party CRDs."""

REFUSED = "singleton-nginx-app"
"""An ingress on a SingletonWorker, which has no ports."""

WARNED = {"voter-app", "example-multi-component", "example-multi-server"}


async def test_every_example_of_rudr_reaches_its_expected_state(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl, server: Server, shared: Path
) -> None:
    async with cluster.controller(catalog):
        await kubectl("apply", "--validate=strict", "--recursive", "-f", str(shared))
        names = {document["metadata"]["name"] for document in await cluster.list(APPLICATION)}
        await waiting.until_all(cluster, APPLICATION, names - NEEDS_PLUGIN - {REFUSED}, served(server))
        refused = await cluster.until(APPLICATION, REFUSED, invalid)
        assert "ingress" in message(refused, "Valid")
        assert "SingletonWorker" in message(refused, "Valid")
        for name in NEEDS_PLUGIN:
            await cluster.until(APPLICATION, name, observed)
        warned = {d["metadata"]["name"] for d in await cluster.list(APPLICATION) if d["status"].get("warnings")}
        assert warned >= WARNED


# --- kubectl


async def test_kubectl_lists_describes_and_explains(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl, server: Server
) -> None:
    broken = application({"name": "ingres", "properties": {}}, name="broken")
    await cluster.apply(component(), application(), broken)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", served(server))
        await cluster.until(APPLICATION, "broken", invalid)

        header, *rows = (await kubectl("get", "applicationconfigurations")).splitlines()
        listed = {row.split()[0]: row.split() for row in rows}
        assert set(listed) == {"shop", "broken"}
        assert header.split()[0] == "NAME"
        assert "READY" in header.split()
        assert listed["shop"][1] == "synced"
        assert listed["broken"][1] != "synced"

        described = await kubectl("describe", "applicationconfiguration", "broken")
        assert "no installed plugin provides the trait" in described
        assert "Events:" in described

        explained = await kubectl("explain", "applicationconfiguration.spec.components")
        for field in ("componentName", "instanceName", "parameterValues", "traits", "applicationScopes"):
            assert field in explained
