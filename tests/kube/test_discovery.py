"""Discovery against a scripted server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import MINIMUM_INTERVAL, Discovery
from rudr_py.kube.requests import Resource
from rudr_py.model import kubernetes

DEPLOYMENT = Resource("apps", "v1", "Deployment", "deployments", namespaced=True)


def kind(group: str, version: str, kind: str, plural: str, scope: str = "Namespaced") -> dict[str, Any]:
    response_kind = {"group": group, "version": version, "kind": kind}
    return {"resource": plural, "responseKind": response_kind, "scope": scope, "verbs": ["get"]}


def group(name: str, *versions: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    reported = [{"version": version, "resources": resources} for version, resources in versions]
    return {"metadata": {"name": name} if name else {}, "versions": reported}


CORE = group(
    "", ("v1", [kind("", "v1", "Pod", "pods"), kind("", "v1", "Node", "nodes", "Cluster"), {"resource": "odd"}])
)
APPS = group("apps", ("v1", [kind("apps", "v1", "Deployment", "deployments")]))


class Cluster:
    """A server that speaks the aggregated form, or only the classic one."""

    def __init__(self, answer: Any, failure: Any, *, aggregated: bool = True) -> None:
        self.answer = answer
        self.failure = failure
        self.aggregated = aggregated
        self.groups = [APPS]
        self.classic: dict[str, list[dict[str, Any]]] = {}
        self.broken: set[str] = set()
        self.version: dict[str, str] = {}

    async def __call__(self, seen: Any) -> Any:
        if seen.path in self.broken:
            return self.failure(503)
        if seen.path in ("/api", "/apis"):
            if not self.aggregated:
                name = "APIVersions" if seen.path == "/api" else "APIGroupList"
                return self.answer(body=msgspec.json.encode({"kind": name, "versions": ["v1"], "groups": []}))
            assert "as=APIGroupDiscoveryList" in seen.headers["Accept"]
            items = [CORE] if seen.path == "/api" else self.groups
            return self.answer(body=msgspec.json.encode({"kind": "APIGroupDiscoveryList", "items": items}))
        if seen.path == "/version" and self.version:
            return self.answer(body=msgspec.json.encode(self.version))
        if seen.path not in self.classic:
            return self.failure(404)
        return self.answer(body=msgspec.json.encode({"kind": "APIResourceList", "resources": self.classic[seen.path]}))


@pytest.fixture
def discovery(transport: Any, clock: Any) -> Discovery:
    return Discovery(Client(transport), clock=clock)


async def test_three_requests_discover_all_kinds_and_the_version(
    discovery: Discovery, server: Any, answer: Any, failure: Any
) -> None:
    server.handler = Cluster(answer, failure)
    assert await discovery.resolve("apps/v1", "Deployment") == DEPLOYMENT
    assert await discovery.resolve("v1", "Pod") == Resource("", "v1", "Pod", "pods", namespaced=True)
    assert (await discovery.resolve("v1", "Node")).namespaced is False
    assert [seen.path for seen in server.seen] == ["/api", "/apis", "/version"]


async def test_an_unknown_kind_is_requested_again_after_an_interval(
    discovery: Discovery, server: Any, clock: Any, answer: Any, failure: Any
) -> None:
    cluster = server.handler = Cluster(answer, failure)
    for _ in range(3):
        with pytest.raises(errors.KindAbsentError, match=r"kind Function of openfaas\.com/v1"):
            await discovery.resolve("openfaas.com/v1", "Function")
    assert len(server.seen) == 3
    cluster.groups.append(group("openfaas.com", ("v1", [kind("openfaas.com", "v1", "Function", "functions")])))
    clock.time += MINIMUM_INTERVAL
    assert (await discovery.resolve("openfaas.com/v1", "Function")).plural == "functions"
    assert len(server.seen) == 6


async def test_invalidate_requests_again_at_once_and_drops_removed_kinds(
    discovery: Discovery, server: Any, answer: Any, failure: Any
) -> None:
    cluster = server.handler = Cluster(answer, failure)
    with pytest.raises(errors.KindAbsentError):
        await discovery.resolve("x.io/v1", "X")
    cluster.groups = [group("x.io", ("v1", [kind("x.io", "v1", "X", "xes")]))]
    discovery.invalidate()
    assert await discovery.resolve("apps/v1", "Deployment") == DEPLOYMENT
    assert len(server.seen) == 3
    assert (await discovery.resolve("x.io/v1", "X")).plural == "xes"
    with pytest.raises(errors.KindAbsentError):
        await discovery.resolve("apps/v1", "Deployment")


async def test_a_group_whose_api_is_down_keeps_its_cached_kinds(
    discovery: Discovery, server: Any, answer: Any, failure: Any
) -> None:
    cluster = server.handler = Cluster(answer, failure)
    apps_down = {"metadata": {"name": "apps"}, "versions": [{"version": "v1", "freshness": "Stale"}]}
    unknown_down = {"metadata": {"name": "down.io"}, "versions": [{"version": "v1", "freshness": "Stale"}]}
    assert await discovery.resolve("apps/v1", "Deployment") == DEPLOYMENT
    cluster.groups = [unknown_down, apps_down]
    discovery.invalidate()
    with pytest.raises(errors.KindAbsentError):
        await discovery.resolve("down.io/v1", "X")
    assert await discovery.resolve("apps/v1", "Deployment") == DEPLOYMENT


async def test_a_server_without_the_aggregated_form_is_requested_group_by_group(
    discovery: Discovery, server: Any, answer: Any, failure: Any
) -> None:
    cluster = server.handler = Cluster(answer, failure, aggregated=False)
    cluster.classic["/apis/apps/v1"] = [
        {"name": "deployments", "kind": "Deployment", "namespaced": True},
        {"name": "deployments/scale", "kind": "Scale", "namespaced": True},
    ]
    cluster.classic["/api/v1"] = [{"name": "nodes", "kind": "Node", "namespaced": False}]
    cluster.broken.add("/apis/down.io/v1")
    assert await discovery.resolve("apps/v1", "Deployment") == DEPLOYMENT
    assert (await discovery.resolve("v1", "Node")).path("") == "/api/v1/nodes"
    with pytest.raises(errors.KindAbsentError):
        await discovery.resolve("apps/v1", "Scale")
    for _ in range(2):
        with pytest.raises(errors.KindAbsentError):
            await discovery.resolve("gone.io/v1", "X")
    with pytest.raises(errors.ServerError):
        await discovery.resolve("down.io/v1", "X")
    assert [seen.path for seen in server.seen] == [
        "/api", "/version", "/apis/apps/v1", "/api/v1", "/apis/gone.io/v1", "/apis/down.io/v1",
    ]  # fmt: skip


async def test_the_next_look_up_retries_after_a_failure(
    discovery: Discovery, server: Any, answer: Any, failure: Any
) -> None:
    cluster = server.handler = Cluster(answer, failure)
    cluster.broken.add("/apis")
    with pytest.raises(errors.ServerError):
        await discovery.resolve("apps/v1", "Deployment")
    cluster.broken.clear()
    assert await discovery.resolve("apps/v1", "Deployment") == DEPLOYMENT


async def test_a_response_that_is_not_discovery_is_undecodable(discovery: Discovery, server: Any, answer: Any) -> None:
    server.script(answer(body=b"<html>"))
    with pytest.raises(errors.UndecodableError):
        await discovery.resolve("v1", "Pod")


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ({"major": "1", "minor": "31+", "gitVersion": "v1.31.2-eks-1"}, (1, 31)),
        ({"major": "1", "minor": "29+"}, (1, 29)),
        ({"gitVersion": "development"}, None),
        ({}, None),
    ],
)
async def test_the_release_of_the_server_is_read_again_with_the_kinds(
    version: dict[str, str],
    release: tuple[int, int] | None,
    discovery: Discovery,
    server: Any,
    answer: Any,
    failure: Any,
) -> None:
    cluster = server.handler = Cluster(answer, failure)
    cluster.version = version
    await discovery.resolve("v1", "Pod")
    assert kubernetes.of_version(discovery.version) == release
    cluster.version = {"gitVersion": "v1.37.0"}
    discovery.invalidate()
    with pytest.raises(errors.KindAbsentError):
        await discovery.resolve("x.io/v1", "X")
    assert kubernetes.of_version(discovery.version) == (1, 37)
    cluster.version = {}
    discovery.invalidate()
    with pytest.raises(errors.KindAbsentError):
        await discovery.resolve("x.io/v1", "X")
    assert kubernetes.of_version(discovery.version) == (1, 37), "a failure does not change what types see"
