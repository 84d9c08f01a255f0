"""What the whole must show: order of installation, kill and restart, mistakes told, examples served, kubectl."""

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
from tests.e2e.waiting import Witness

ROOT = Path(__file__).parents[2]


# --- The order of installation


async def test_a_controller_that_came_first_waits_for_the_crds_and_then_serves(
    bare: Cluster, catalog: Catalog, kubectl: Kubectl
) -> None:
    asked = Witness(bare.transport, lambda request: request.path.startswith("/apis"))
    controller = waiting.built(bare, catalog, asked)
    async with waiting.started(controller):
        await asyncio.wait_for(asked.answered.wait(), 60)
        status, text = await waiting.readiness(controller)
        assert status == 500
        for kind in ("ApplicationConfiguration", "ComponentSchematic", "ComponentInstance"):
            assert kind in text

        await kubectl("apply", "-f", str(ROOT / "crds"))
        names = [f"crd/{document['metadata']['name']}" for document in crds.documents()]
        await kubectl("wait", "--for=condition=Established", *names, "--timeout=60s")
        await kubectl("apply", "-f", "-", text=yaml.safe_dump_all([component(), application()]))
        bare.discovery.invalidate()
        await bare.until(APPLICATION, "shop", synced)
        assert greeting(await bare.until(DEPLOYMENT, "shop-web", bool)) == "hi"
        status, text = await waiting.readiness(controller)
        assert (status, "failed" in text) == (200, False), text


# --- Killed at the worst moment


async def test_killed_between_apply_and_status_and_then_set_back_ends_where_the_user_is(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application(greeting="A"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)

    await cluster.apply(application(greeting="B"))
    line = Witness(
        cluster.transport,
        lambda request: request.method == "PATCH" and request.path.endswith("/deployments/shop-web"),
        cut=True,
    )
    doomed = waiting.built(cluster, catalog, line)
    async with killed([asyncio.create_task(doomed.run(asyncio.Event()))]):
        await asyncio.wait_for(line.answered.wait(), 60)
    assert greeting(await cluster.until(DEPLOYMENT, "shop-web", bool)) == "B"
    left = await cluster.get(APPLICATION, "shop")
    assert left is not None
    assert not synced(left)

    await cluster.apply(application(greeting="A"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        assert greeting(await cluster.until(DEPLOYMENT, "shop-web", bool)) == "A"


# --- Nothing to do


async def test_a_restart_over_applications_in_sync_writes_nothing_and_asks_for_none(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    names = {f"shop-{number}" for number in range(100)}
    await cluster.apply(component())
    await asyncio.gather(*(cluster.apply(application(name=name)) for name in names))
    settings = Settings(definitions_namespace=cluster.namespace)  # one that is there: where none is, it is tried
    async with cluster.controller(catalog, settings=settings):
        await waiting.everywhere(cluster, APPLICATION, names, served(server))
        await waiting.quiet(cluster, server.mark, server.writes)

    before = server.mark()
    controller = waiting.built(cluster, catalog, cluster.transport, settings=settings)
    async with waiting.started(controller):
        await waiting.reconciled(controller, len(names))
    assert len(server.writes()) > len(names)
    assert server.writes(before) == []
    asked = [one.path for one in server.answered(before)]
    assert [path for path in asked if "shop" in path] == []
    assert 0 < len(asked) < len(names) / 2


def served(server: Server) -> Any:
    """Whether an application is as far as it can get on this server."""
    if not server.has_controllers:
        return synced
    return lambda document: synced(document) and condition(document, "Ready") == "True"


# --- Mistakes


FIVE_MISTAKES = """\
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
WHERE = {11: "absent", 13: "ingres", 16: "replicaCount", 17: "greeting", 22: "ingress"}
"""The line of each mistake, and a word that its message must have."""


def components() -> list[Document]:
    demanding = component("demanding", parameters=[{"name": "greeting", "type": "string", "required": True}])
    crunch = component("crunch", workloadType="core.oam.dev/v1alpha1.SingletonWorker")
    crunch["spec"]["containers"][0].pop("ports")
    return [component(), demanding, crunch]


async def test_validate_tells_five_mistakes_each_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "components.yaml").write_text(yaml.safe_dump_all(components()))
    (tmp_path / "shop.yaml").write_text(FIVE_MISTAKES)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rudr_py", "validate", "-f", "shop.yaml", "-f", "components.yaml"),
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    told = [line.split(":", 3) for line in out.decode().splitlines() if ": error: " in line]
    assert process.returncode == 1
    assert {int(line): True for _, line, _, _ in told} == dict.fromkeys(WHERE, True), out.decode()
    assert len(told) == 5
    for file, line, _, text in told:
        assert file == "shop.yaml"
        assert WHERE[int(line)] in text


async def test_five_mistakes_stand_in_the_condition_and_touch_nothing_else(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(*components(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = await cluster.until(DEPLOYMENT, "shop-web", bool)

        await cluster.apply(yaml.safe_load(FIVE_MISTAKES), application(name="valid"))
        refused = await cluster.until(APPLICATION, "shop", invalid)
        lines = message(refused, "Valid").splitlines()
        assert len(lines) == 5
        for word in WHERE.values():
            assert any(word in line for line in lines)
        await cluster.until(APPLICATION, "valid", synced)
        after = await cluster.until(DEPLOYMENT, "shop-web", bool)
        assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
        assert "deletionTimestamp" not in after["metadata"]


async def serves_a_neighbour(cluster: Cluster, catalog: Catalog) -> None:
    """A valid application beside what is there already is served, twice, and nothing went out of bounds."""
    await cluster.apply(component(), application(name="valid"))
    async with cluster.controller(catalog) as controller:
        await cluster.until(APPLICATION, "valid", synced)
        await cluster.apply(application(name="valid", greeting="changed"))
        await cluster.until(DEPLOYMENT, "valid-web", lambda d: greeting(d) == "changed")
        await cluster.until(APPLICATION, "valid", synced)
        assert await waiting.panics(controller) == 0


NONSENSE: dict[str, Any] = {
    "spec-is-text": "nonsense",
    "spec-is-absent": None,
    "components-are-a-number": {"components": 7},
    "a-component-is-a-list": {"components": [["web"], None, 3]},
    "names-are-numbers": {"components": [{"componentName": 1, "instanceName": {"a": "b"}}]},
    "values-are-text": {"components": [{"componentName": "web", "instanceName": "w", "parameterValues": "greeting"}]},
    "traits-are-numbers": {"components": [{"componentName": "web", "instanceName": "w", "traits": [1, {"name": []}]}]},
}


@pytest.mark.faults
async def test_nonsense_from_before_the_schema_hinders_nobody(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    assert server.local is not None
    store = server.local.backend.store
    for name, spec in NONSENSE.items():
        await cluster.apply(application(name=name))
        table = "applicationconfigurations.core.oam.dev"
        stored = store.get(table, cluster.namespace, name)
        assert stored is not None
        store.put(table, {**stored, "spec": spec, "status": ["nonsense"]})
    await serves_a_neighbour(cluster, catalog)


@pytest.mark.parametrize("depth", [100, 300, 500, 900, 3000])
async def test_an_application_of_great_depth_hinders_nobody(
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
        pytest.skip("the local API reads no deeper than Python does")
    await serves_a_neighbour(cluster, catalog)


# --- Rudr's own examples


ELSEWHERE = {"openfaas", "prometheus"}
"""Need a plugin and a CRD of somebody else's."""

REFUSED = "singleton-nginx-app"
"""An ingress on a SingletonWorker, which listens on nothing."""

WARNED = {"voter-app", "example-multi-component", "example-multi-server"}


async def test_every_example_of_rudr_applies_and_does_what_it_says(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl, server: Server, shared: Path
) -> None:
    async with cluster.controller(catalog):
        await kubectl("apply", "--validate=strict", "--recursive", "-f", str(shared))
        found = {document["metadata"]["name"] for document in await cluster.list(APPLICATION)}
        await waiting.everywhere(cluster, APPLICATION, found - ELSEWHERE - {REFUSED}, served(server))
        refused = await cluster.until(APPLICATION, REFUSED, invalid)
        assert "ingress" in message(refused, "Valid")
        assert "SingletonWorker" in message(refused, "Valid")
        for name in ELSEWHERE:
            await cluster.until(APPLICATION, name, observed)
        warned = {d["metadata"]["name"] for d in await cluster.list(APPLICATION) if d["status"].get("warnings")}
        assert warned >= WARNED


# --- kubectl at home


async def test_kubectl_lists_describes_and_explains(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl, server: Server
) -> None:
    broken = application({"name": "ingres", "properties": {}}, name="broken")
    await cluster.apply(component(), application(), broken)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", served(server))
        await cluster.until(APPLICATION, "broken", invalid)

        header, *rows = (await kubectl("get", "configurations")).splitlines()
        listed = {row.split()[0]: row.split() for row in rows}
        assert set(listed) == {"shop", "broken"}
        assert header.split()[0] == "NAME"
        assert "READY" in header.split()
        assert listed["shop"][1] == "synced"
        assert listed["broken"][1] != "synced"

        described = await kubectl("describe", "configuration", "broken")
        assert "no installed plugin provides the trait" in described
        assert "Events:" in described

        explained = await kubectl("explain", "applicationconfiguration.spec.components")
        for field in ("componentName", "instanceName", "parameterValues", "traits", "applicationScopes"):
            assert field in explained
