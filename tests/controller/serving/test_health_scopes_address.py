"""The address of health scopes, as Rudr's own program had it, over real sockets on loopback."""

from __future__ import annotations

import aiohttp
import msgspec
import pytest

from rudr_py.controller.serving.http import HealthChecks, HttpServers
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.watch import Applied
from rudr_py.model.kinds import HEALTH_SCOPE
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock


def known(*scopes: tuple[str, str, object]) -> ClusterState:
    found, cache = ClusterState(), Cache()
    for number, (namespace, name, status) in enumerate(scopes):
        metadata = {"namespace": namespace, "name": name, "resourceVersion": str(number + 1)}
        document = {"apiVersion": "core.oam.dev/v1alpha1", "kind": "HealthScope", "metadata": metadata}
        cache.feed(Applied(live_object.decode(msgspec.json.encode({**document, "status": status}))))
    found.add(HEALTH_SCOPE, "", cache)
    return found


WORLD = known(
    ("shop", "good", {"health": "healthy"}),
    ("shop", "bad", {"health": "unhealthy"}),
    ("shop", "new", None),
    ("shop", "odd", "healthy"),
    ("shop", "both", {"health": "healthy"}),
    ("store", "both", {"health": "unhealthy"}),
)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/good", 200, "healthy"),
        ("/bad", 200, "unhealthy"),
        ("/new", 200, "unhealthy"),
        ("/odd", 200, "unhealthy"),
        ("/both", 200, "unhealthy"),
        ("/shop/both", 200, "healthy"),
        ("/store/both", 200, "unhealthy"),
        ("/store/good", 404, "no health scope 'good'\n"),
        ("/none", 404, "no health scope 'none'\n"),
    ],
)
async def test_a_scope_is_addressed_by_name_or_by_namespace_and_name(path: str, status: int, text: str) -> None:
    settings = Settings(health_address="", metrics_address="", health_scope_address="127.0.0.1:0")

    def health(namespace: str, name: str) -> str | None:
        return cluster_state.scope_health(WORLD, namespace, name)

    endpoints = HttpServers(HealthChecks(), Metrics(FakeClock()), settings, health)
    async with (
        endpoints.serving(),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{endpoints.health_scope_port}{path}") as answer,
    ):
        assert (answer.status, await answer.text()) == (status, text)
        assert answer.content_type == "text/plain"


async def test_scope_health_is_not_served_unless_enabled() -> None:
    endpoints = HttpServers(HealthChecks(), Metrics(FakeClock()), Settings(health_address="", metrics_address=""))
    async with endpoints.serving():
        assert endpoints.health_scope_port == 0
