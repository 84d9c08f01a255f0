"""The endpoints over real sockets on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from rudr_py.controller.serving.http import HealthChecks, HttpServers
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.errors import ConfigError
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock, settle


def make(checks: HealthChecks | None = None, *, health: str = "127.0.0.1:0", metrics: str = "") -> HttpServers:
    settings = Settings(health_address=health, metrics_address=metrics)
    return HttpServers(checks or HealthChecks(), Metrics(FakeClock()), settings)


async def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Status and text."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text()


@pytest.fixture
def checks() -> HealthChecks:
    return HealthChecks()


@pytest.fixture
async def ready(checks: HealthChecks) -> AsyncIterator[HttpServers]:
    endpoints = make(checks)
    async with endpoints.serving():
        yield endpoints


async def test_readyz_passes_without_checks_and_when_all_pass(ready: HttpServers, checks: HealthChecks) -> None:
    assert await ask(ready.health_port, "/readyz") == (200, "ok")
    checks.add("caches", lambda: None)
    assert await ask(ready.health_port, "/readyz") == (200, "ok")
    assert await ask(ready.health_port, "/readyz?verbose") == (200, "[+]caches ok\nreadyz check passed\n")


async def test_readyz_lists_each_check_and_the_problem_of_a_failed_one(
    ready: HttpServers, checks: HealthChecks
) -> None:
    problems = ["listing Deployment"]
    checks.add("caches", lambda: problems[0] if problems else None)
    checks.add("leader", lambda: None)
    told = "[-]caches failed: listing Deployment\n[+]leader ok\nreadyz check failed\n"
    assert await ask(ready.health_port, "/readyz") == (500, told)
    assert await ask(ready.health_port, "/readyz?verbose") == (500, told)
    problems.clear()
    assert await ask(ready.health_port, "/readyz") == (200, "ok")


async def test_informational_checks_are_listed_and_fail_nothing(ready: HttpServers, checks: HealthChecks) -> None:
    told: list[str] = []
    checks.add("caches", lambda: None)
    checks.inform("plugins", lambda: "\n".join(told) or None)
    verbose = "[+]caches ok\n[+]plugins ok\nreadyz check passed\n"
    assert await ask(ready.health_port, "/readyz?verbose") == (200, verbose)
    told += ["one is broken", "one is old"]
    assert await ask(ready.health_port, "/readyz") == (200, "ok")
    verbose = "[+]caches ok\n[i]plugins: one is broken\n[i]plugins: one is old\nreadyz check passed\n"
    assert await ask(ready.health_port, "/readyz?verbose") == (200, verbose)
    assert await ask(ready.health_port, "/readyz/plugins") == (200, "one is broken\none is old\n")


async def test_a_single_check_has_its_own_path(ready: HttpServers, checks: HealthChecks) -> None:
    checks.add("caches", lambda: "listing Deployment")
    checks.add("leader", lambda: None)
    assert await ask(ready.health_port, "/readyz/leader") == (200, "ok")
    assert await ask(ready.health_port, "/readyz/caches") == (500, "listing Deployment\n")
    assert await ask(ready.health_port, "/readyz/sync") == (404, "no check 'sync'; there are: caches, leader\n")


async def test_healthz_depends_on_the_event_loop_and_not_on_readiness(ready: HttpServers, checks: HealthChecks) -> None:
    checks.add("caches", lambda: "listing Deployment")
    assert (await ask(ready.health_port, "/healthz"))[0] == 500
    clock = FakeClock()
    beating = asyncio.create_task(ready.liveness.run(clock))
    await settle()
    assert await ask(ready.health_port, "/healthz") == (200, "ok")
    assert await ask(ready.health_port, "/healthz/event-loop") == (200, "ok")
    clock.jump(12)
    told = "[-]event-loop failed: the event loop has been blocked for 12 s\nhealthz check failed\n"
    assert await ask(ready.health_port, "/healthz") == (500, told)
    beating.cancel()


async def test_metrics_and_rudrs_health_are_served_at_the_metrics_address() -> None:
    endpoints = make(health="127.0.0.1:0", metrics="localhost:0")
    async with endpoints.serving():
        assert endpoints.metrics_port not in (0, endpoints.health_port)
        status, text = await ask(endpoints.metrics_port, "/metrics")
        assert status == 200
        assert "rudr_build_info{" in text
        assert (await ask(endpoints.metrics_port, "/health"))[1].endswith("health check failed\n")
        assert (await ask(endpoints.metrics_port, "/readyz"))[0] == 404
        assert (await ask(endpoints.health_port, "/metrics"))[0] == 404


async def test_metrics_have_the_format_that_the_client_accepts() -> None:
    endpoints = make(health="", metrics="127.0.0.1:0")
    async with endpoints.serving():
        _, text = await ask(endpoints.metrics_port, "/metrics", Accept="application/openmetrics-text;version=1.0.0")
        assert text.endswith("# EOF\n")


async def test_equal_addresses_share_one_server() -> None:
    endpoints = make(health="127.0.0.1:0", metrics="127.0.0.1:0")
    async with endpoints.serving():
        assert endpoints.health_port == endpoints.metrics_port != 0
        assert (await ask(endpoints.health_port, "/readyz"))[0] == 200
        assert (await ask(endpoints.health_port, "/metrics"))[0] == 200


async def test_an_empty_address_disables_a_server() -> None:
    endpoints = make(health="", metrics="")
    async with endpoints.serving():
        assert (endpoints.health_port, endpoints.metrics_port) == (0, 0)


async def test_an_address_without_host_is_every_interface() -> None:
    endpoints = make(health=":0")
    async with endpoints.serving():
        assert endpoints.health_port != 0


async def test_after_serving_the_port_is_free_and_can_be_served_again() -> None:
    endpoints = make()
    async with endpoints.serving():
        port = endpoints.health_port
    assert endpoints.health_port == 0
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(port, "/readyz")
    async with endpoints.serving():
        assert (await ask(endpoints.health_port, "/readyz"))[0] == 200


async def test_an_address_in_use_is_named_with_its_setting_and_the_other_server_is_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        address, other = (f"127.0.0.1:{sock.getsockname()[1]}" for sock in (taken, free))
        free.close()
        endpoints = make(health=other, metrics=address)
        with pytest.raises(ConfigError) as raised:
            async with endpoints.serving():
                pytest.fail("serves")
    assert str(raised.value).startswith(f"cannot listen on {address} (metrics_address): the port is in use")
    assert endpoints.health_port == 0
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(int(other.rpartition(":")[2]), "/readyz")


@pytest.mark.parametrize("address", ["8081", "localhost", ":", "localhost:http", ":65536", ":-1", ":٣"])
async def test_an_invalid_address_is_refused_with_its_setting(address: str) -> None:
    with pytest.raises(ConfigError, match=r"^health_address .* is not an address"):
        async with make(health=address).serving():
            pytest.fail("serves")


@pytest.mark.parametrize("address", ["192.0.2.1:0", "a..b:0", "\0:0", "[::g]:0"])
async def test_an_address_of_another_host_is_refused_with_its_setting(address: str) -> None:
    with pytest.raises(ConfigError, match="health_address"):
        async with make(health=address).serving():
            pytest.fail("serves")
