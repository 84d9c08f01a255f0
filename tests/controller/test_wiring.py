"""The wired controller, as its endpoints show it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec

from rudr_py.catalog import Catalog, PluginState
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.kube.clock import SystemClock
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.crd_schemas import crds
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock

ADDRESS = "127.0.0.1:0"
SETTINGS = Settings(namespaces=("shop",), health_address=ADDRESS, metrics_address=ADDRESS, publish_definitions=False)


@contextlib.asynccontextmanager
async def started(transport: Any, catalog: Catalog, clock: Any) -> AsyncIterator[ControllerProcess]:
    """A controller that serves its endpoints, synced or not."""
    controller, stop = assemble(SETTINGS, transport, clock, catalog), asyncio.Event()
    running = asyncio.create_task(controller.run(stop))
    try:
        async with asyncio.timeout(60):
            while not controller.servers.health_port:
                await asyncio.wait([running], timeout=0.01)
        yield controller
    finally:
        stop.set()
        await running


async def ask(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_the_process_is_ready_once_the_required_kinds_are_listed(
    cluster: Any, transport: Any, catalog: Catalog, faults: Faults
) -> None:
    """A kind of some plugin that cannot be listed does not make the controller unready."""
    faults.refuse(403, Match(plural="ingresses"), times=99)
    async with started(transport, catalog, SystemClock()) as controller, asyncio.timeout(60):
        await controller.synced.wait()
        assert await ask(controller.servers.health_port, "/readyz?verbose") == (
            200,
            "[+]crds ok\n[+]caches ok\n[+]plugins ok\n[+]definitions ok\n[+]rights ok\nreadyz check passed\n",
        )


async def test_missing_crds_fail_readiness_by_name(bare: Any, transport: Any, catalog: Catalog) -> None:
    clock = FakeClock()
    async with started(transport, catalog, clock) as controller:
        port = controller.servers.health_port
        async with asyncio.timeout(60):
            while "Missing" not in (answer := await ask(port, "/readyz/crds"))[1]:
                await clock.advance(0.0)
        assert answer[0] == 500
        for plural in ("applicationconfigurations", "componentschematics", "componentinstances"):
            assert f"{plural}.core.oam.dev" in answer[1]
        assert "kubectl apply -f crds/" in answer[1]
        assert (await ask(port, "/healthz"))[0] == 200
        await bare.apply(*crds.documents())
        async with asyncio.timeout(60):
            while (await ask(port, "/readyz"))[0] != 200:
                await clock.advance(2.0)
        assert controller.synced.is_set()


async def test_a_kind_that_may_not_be_listed_fails_readiness_by_name(
    cluster: Any, transport: Any, catalog: Catalog, faults: Faults
) -> None:
    faults.refuse(403, Match(plural="applicationconfigurations"), times=99)
    async with started(transport, catalog, SystemClock()) as controller, asyncio.timeout(60):
        await controller.synced.wait()
        status, text = await ask(controller.servers.health_port, "/readyz/caches")
    assert (status, text) == (500, "ApplicationConfiguration in shop: Forbidden on order\n")


async def test_metrics_name_the_plugins_and_the_server(
    cluster: Any, transport: Any, catalog: Catalog, local: Any
) -> None:
    async with started(transport, catalog, SystemClock()) as controller, asyncio.timeout(60):
        await controller.synced.wait()
        _, text = await ask(controller.servers.metrics_port, "/metrics")
    assert 'rudr_plugin_info{plugin="rudr-py",version="' in text
    assert f'rest_client_requests_total{{code="200",host="127.0.0.1:{local.port}",method="GET"}}' in text


async def test_a_plugin_that_is_not_loaded_is_reported_and_counted_without_failing_readiness(
    cluster: Any, transport: Any, catalog: Catalog
) -> None:
    error = "rudr-py-x 1.0 (plugin x) cannot be loaded:\n" + "KeyError " * 200
    broken = PluginState(name="x", package="rudr-py-x", version="1.0", state="failed", error=error)
    installed = msgspec.structs.replace(catalog, plugins=(*catalog.plugins, broken))
    async with started(transport, installed, SystemClock()) as controller, asyncio.timeout(60):
        await controller.synced.wait()
        status, text = await ask(controller.servers.health_port, "/readyz?verbose")
        _, metrics = await ask(controller.servers.metrics_port, "/metrics")
    (line,) = (line for line in text.splitlines() if "plugins" in line)
    assert status == 200
    assert line.startswith("[i]plugins: Failed: rudr-py-x 1.0 (plugin x) cannot be loaded: KeyError")
    assert len(line) < 600
    assert 'rudr_plugins{state="failed"} 1.0' in metrics
