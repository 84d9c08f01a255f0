"""The writers of an application cannot send a request with the rights of the controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec
import pytest

from rudr_py.controller.apply.contention import Contention
from rudr_py.controller.apply.impersonation.accounts import ApplicationClients
from rudr_py.controller.apply.impersonation.writers import WriterFactory
from rudr_py.controller.apply.refusals import Refusals
from rudr_py.controller.results.failures import RefusedError, WaitingError
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import requests
from rudr_py.kube.cache import Cache
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Request, Resource
from rudr_py.kube.transport import Reply, Transport
from rudr_py.kube.watch import Listed, ListingDone, ListingStarted
from rudr_py.model.kinds import APPLICATION, NAMESPACE
from rudr_py.settings import Impersonation
from rudr_py.testing.clock import FakeClock

ANNOTATION = "rudr.oam.dev/service-account"
OAM = "core.oam.dev"
CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
APPLICATIONS = Resource(OAM, "v1alpha1", "ApplicationConfiguration", "applicationconfigurations", namespaced=True)
Make = Callable[..., LiveObject]


class Recording:
    """A transport that records requests, and responds with an empty object."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Reply:
        self.requests.append(request)
        return Reply(200, {}, b"{}")


@pytest.fixture
def transport() -> Recording:
    return Recording()


def state_with(*namespaces: LiveObject, listed: bool = True) -> ClusterState:
    """The state with these namespaces in its cache."""
    state, cache = ClusterState(), Cache()
    state.add(NAMESPACE, "", cache)
    cache.feed(ListingStarted())
    for namespace in namespaces:
        cache.feed(Listed(namespace))
    if listed:
        cache.feed(ListingDone("9"))
    return state


def clients(
    state: ClusterState, transport: Recording, impersonation: Impersonation | None = None, *, enabled: bool = True
) -> ApplicationClients:
    """The clients of applications."""
    client = Client(cast(Transport, transport))
    discovery = Discovery(client, clock=FakeClock())
    chosen = (impersonation or Impersonation()) if enabled else None
    return ApplicationClients(CachedClient(client, discovery, state.cache_of), state, chosen)


def reachable(value: object, seen: set[int]) -> Iterator[Client]:
    """Every client that attributes of a value lead to, except by the event recorder, discovery and the caches."""
    if id(value) in seen or isinstance(value, Recorder | ClusterState | Discovery):
        return
    seen.add(id(value))
    if isinstance(value, Client):
        yield value
    parts: dict[str, Any] = getattr(value, "__dict__", {})
    if isinstance(value, msgspec.Struct):
        parts = {field: getattr(value, field) for field in value.__struct_fields__}
    for part in parts.values():
        yield from reachable(part, seen)


@pytest.mark.parametrize(("name", "is_valid"), [("team", True), ("no name", False)])
async def test_every_client_of_the_writers_acts_as_the_account_and_as_none_without_a_valid_account(
    live: Make, transport: Recording, name: str, is_valid: bool
) -> None:
    state, clock = state_with(), FakeClock()
    recorder = Recorder(Client(cast(Transport, transport)), identity="x", clock=clock)
    factory = WriterFactory(clients(state, transport), state, recorder, Contention(clock), Refusals(clock, 1.0), clock)
    writers = factory.of(live(APPLICATION, "shop", annotations={ANNOTATION: name}))
    assert (writers.error is None) == is_valid
    found = [*reachable(writers, set())]
    assert found
    for client in found:
        await client.send(requests.get(APPLICATIONS.object("shop", "shop")))
        assert transport.requests[-1].user == ""
        if is_valid:
            await client.send(requests.get(CONFIG_MAPS.object("shop", "a")))
            assert transport.requests[-1].user == "system:serviceaccount:shop:team"
        else:
            with pytest.raises(ValueError, match="not a service account"):
                await client.send(requests.get(CONFIG_MAPS.object("shop", "a")))


@pytest.mark.parametrize(
    ("application", "namespace", "expected"),
    [
        ({}, {}, "rudr-apps"),
        ({}, {ANNOTATION: "team"}, "team"),
        ({ANNOTATION: "builder"}, {ANNOTATION: "team"}, "builder"),
        ({ANNOTATION: "a.b-c"}, {}, "a.b-c"),
    ],
)
def test_the_account_is_that_of_the_application_then_of_the_namespace_then_of_the_settings(
    live: Make, transport: Recording, application: dict[str, str], namespace: dict[str, str], expected: str
) -> None:
    state = state_with(live(NAMESPACE, "shop", namespace="", annotations=namespace))
    client = clients(state, transport).of(live(APPLICATION, "shop", annotations=application))
    assert client.user == f"system:serviceaccount:shop:{expected}"


def test_the_annotation_of_an_application_has_no_effect_where_that_is_disabled(
    live: Make, transport: Recording
) -> None:
    state = state_with(live(NAMESPACE, "shop", namespace="", annotations={ANNOTATION: "team"}))
    impersonation = Impersonation(application_annotation=False)
    client = clients(state, transport, impersonation).of(live(APPLICATION, "shop", annotations={ANNOTATION: "builder"}))
    assert client.user == "system:serviceaccount:shop:team"


@pytest.mark.parametrize("place", ["application", "namespace"])
@pytest.mark.parametrize(
    "name", ["", "Team", "a/b", "a:b", "a\r\nb", "a\n", ".", "..", "-a", "a" * 254, "\u0430"], ids=ascii
)
def test_an_annotation_that_is_no_name_is_refused(live: Make, transport: Recording, place: str, name: str) -> None:
    annotations: dict[str, dict[str, str]] = {"application": {}, "namespace": {}, place: {ANNOTATION: name}}
    state = state_with(live(NAMESPACE, "shop", namespace="", annotations=annotations["namespace"]))
    with pytest.raises(RefusedError) as caught:
        clients(state, transport).of(live(APPLICATION, "shop", annotations=annotations["application"]))
    assert caught.value.reason == "InvalidServiceAccount"


@pytest.mark.parametrize("state", [ClusterState(), state_with(listed=False)], ids=["not watched", "not listed"])
def test_the_default_account_is_not_used_while_the_namespace_cannot_be_read(
    live: Make, transport: Recording, state: ClusterState
) -> None:
    with pytest.raises(WaitingError) as caught:
        clients(state, transport).of(live(APPLICATION, "shop"))
    assert caught.value.reason == "UnknownServiceAccount"


def test_without_impersonation_the_client_is_that_of_the_controller(live: Make, transport: Recording) -> None:
    assert clients(ClusterState(), transport, enabled=False).of(live(APPLICATION, "shop")).user == ""
