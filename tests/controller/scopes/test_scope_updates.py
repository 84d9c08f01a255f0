"""Scopes through the whole controller over the local API: whom it asks, whom it tells, and what that costs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec

from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.kube.prober import ProbeRequest
from rudr_py.model.kinds import APPLICATION, HEALTH_SCOPE
from rudr_py.settings import Settings
from rudr_py.testing.cluster import ADDRESS

SETTINGS = Settings(
    namespaces=("shop",), status_interval=0.05, health_address=ADDRESS, metrics_address="", health_scope_address=ADDRESS
)
Document = dict[str, Any]


def scopes(name: str = "groups", **properties: Any) -> Document:
    given = {"probe_method": "kube-get", "probe_endpoint": ".status", **properties}
    given = {key.replace("_", "-"): value for key, value in given.items()}
    scope = {"name": "well", "type": "core.oam.dev/v1alpha1.HealthScope", "properties": given}
    head = {"apiVersion": APPLICATION.api_version, "kind": APPLICATION.kind}
    return {**head, "metadata": {"name": name}, "spec": {"scopes": [scope], "components": []}}


def joined(document: Document, *names: str) -> Document:
    document["spec"]["components"][0]["applicationScopes"] = list(names or ("groups",))
    return document


def states(document: Document) -> dict[str, str]:
    return {entry["instanceName"]: entry["status"] for entry in document.get("status", {}).get("components", [])}


def synced(document: Document) -> bool:
    current = document.get("status", {}).get("observedGeneration") == document["metadata"]["generation"]
    return current and kstatus.condition(document, "Synced").get("status") == "True"


class Script:
    """Answers for the network."""

    def __init__(self) -> None:
        self.checks: list[ProbeRequest] = []
        self.wrong: str | None = None

    async def probe(self, request: ProbeRequest) -> str | None:
        self.checks.append(request)
        return self.wrong


@contextlib.asynccontextmanager
async def running(
    cluster: Any, catalog: Catalog, prober: Script, settings: Settings = SETTINGS
) -> AsyncIterator[ControllerProcess]:
    controller = assemble(settings, cluster.transport, cluster.clock, catalog, prober=prober)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(controller.run(stop))
        try:
            async with asyncio.timeout(60):
                await controller.synced.wait()
            yield controller
        finally:
            stop.set()


async def test_members_are_probed_through_their_services_and_the_scope_has_the_results(
    cluster: Any, catalog: Catalog, component: Any, application: Any
) -> None:
    asks = scopes(probe_method="httpGet", probe_endpoint="/healthz", probe_interval=1)
    await cluster.apply(component(), joined(application()), asks)
    prober = Script()
    async with running(cluster, catalog, prober):
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d) == {"shop-web": "healthy"})
        prober.wrong = "HTTP 500"
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d) == {"shop-web": "unhealthy"})
        prober.wrong = None
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d) == {"shop-web": "healthy"})
    asked = {(one.host, one.port, one.path) for one in prober.checks}
    assert asked == {("shop-web.shop.svc", 8080, "/healthz")}


async def test_metrics_count_scopes_instances_and_applications_by_their_status(
    cluster: Any, catalog: Catalog, component: Any, application: Any
) -> None:
    asks = scopes(probe_method="httpGet", probe_endpoint="/healthz", probe_interval=1)
    await cluster.apply(component(), joined(application()), asks)
    prober = Script()
    prober.wrong = "HTTP 500"
    settings = msgspec.structs.replace(SETTINGS, metrics_address=ADDRESS)
    async with running(cluster, catalog, prober, settings) as controller, aiohttp.ClientSession() as session:
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d) == {"shop-web": "unhealthy"})
        await cluster.until(APPLICATION, "shop", synced)  # nothing here makes its Deployment ready
        await cluster.until(APPLICATION, "groups", lambda d: kstatus.condition(d, "Ready").get("status") == "True")
        async with session.get(f"http://127.0.0.1:{controller.servers.metrics_port}/metrics") as answer:
            lines = (await answer.text()).splitlines()
    told = {line for line in lines if line.startswith(("rudr_applications{", "rudr_component_", "rudr_health_"))}
    assert {line for line in told if not line.endswith(" 0.0")} == {
        'rudr_applications{ready="False"} 1.0',
        'rudr_applications{ready="True"} 1.0',
        'rudr_component_instances{state="progressing"} 1.0',
        'rudr_health_scopes{health="unhealthy"} 1.0',
    }
    assert any(line.startswith('rudr_writes_total{resource="healthscopes/status",verb="apply"}') for line in lines)
    assert any(line.startswith("rest_client_requests_total") and 'method="GET"' in line for line in lines)


async def test_a_changed_member_costs_one_status_write_of_its_scope(
    cluster: Any, catalog: Catalog, component: Any, application: Any, spent: Any
) -> None:
    others = [joined(application(name=f"shop-{number}")) for number in range(5)]
    await cluster.apply(component(), scopes(), joined(application()), *others)
    async with running(cluster, catalog, Script()) as controller:
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: len(states(d)) == 6)
        for name in ("shop", *(other["metadata"]["name"] for other in others)):
            await cluster.until(APPLICATION, name, synced)
        await controller.idle()
        spent.reset()
        target = await cluster.target(Kind("apps/v1", "Deployment"), "shop-web", "status")
        deployment = await cluster.get(Kind("apps/v1", "Deployment"), "shop-web")
        well = {"observedGeneration": deployment["metadata"]["generation"], "replicas": 1, "readyReplicas": 1}
        well |= {"updatedReplicas": 1, "availableReplicas": 1}
        well |= {"conditions": [{"type": "Available", "status": "True", "reason": "Up", "message": ""}]}
        await cluster.client.merge_patch(target, msgspec.json.encode({"status": well}), "tester")
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d)["shop-web"] == "healthy")
    writes = {one for one in spent() if not one.startswith("GET")}
    assert {one for one in writes if "shop-0" in one or "shop-1" in one} == set()
    assert "PATCH healthscopes/groups/status" in writes


async def test_an_application_that_cannot_be_rendered_does_not_block_scopes(
    cluster: Any, catalog: Catalog, component: Any, application: Any
) -> None:
    broken = application(name="broken")
    broken["spec"]["components"][0]["componentName"] = "nothing"
    await cluster.apply(component(), scopes(), joined(application()), broken)
    async with running(cluster, catalog, Script()):
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: set(states(d)) == {"shop-web"})


async def test_two_applications_with_scopes_do_not_block_each_other(
    cluster: Any, catalog: Catalog, component: Any, application: Any
) -> None:
    first, second = joined(application(name="first"), "second"), joined(application(name="second"), "first")
    first["spec"]["scopes"], second["spec"]["scopes"] = ([dict(one)] for one in scopes()["spec"]["scopes"] * 2)
    second["spec"]["scopes"][0]["name"] = "fine"
    await cluster.apply(component(), first, second)
    async with running(cluster, catalog, Script()):
        await cluster.until(HEALTH_SCOPE, "first", lambda d: set(states(d)) == {"second-web"})
        await cluster.until(HEALTH_SCOPE, "second", lambda d: set(states(d)) == {"first-web"})
