"""Discovery documents."""

from __future__ import annotations

import pytest

from tests.local.harness import Api, widget_definition

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


async def test_aggregated_discovery_names_kinds_and_subresources(api: Api) -> None:
    reply = await api("GET", "/apis", accept=AGGREGATED)
    assert "as=APIGroupDiscoveryList" in reply.headers["Content-Type"]
    groups = {each["metadata"]["name"]: each for each in reply.body["items"]}
    resources = {each["resource"]: each for each in groups["apps"]["versions"][0]["resources"]}
    parts = {each["subresource"] for each in resources["deployments"]["subresources"]}
    assert parts == {"status", "scale"}
    assert (await api("GET", "/api", accept=AGGREGATED)).body["items"][0]["versions"][0]["version"] == "v1"


async def test_unaggregated_discovery_lists_the_same(api: Api) -> None:
    assert "apps" in {each["name"] for each in (await api("GET", "/apis")).body["groups"]}
    assert (await api("GET", "/api")).body["versions"] == ["v1"]
    names = {each["name"] for each in (await api("GET", "/api/v1")).body["resources"]}
    assert {"pods", "pods/status", "namespaces"} <= names
    assert (await api("GET", "/apis/apps")).body["preferredVersion"]["version"] == "v1"


async def test_a_definition_appears_in_discovery_and_openapi(api: Api) -> None:
    await api.created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widget_definition())
    resources = (await api("GET", "/apis/example.dev/v1")).body["resources"]
    assert resources[0]["shortNames"] == ["wd"]
    index = (await api("GET", "/openapi/v3")).body["paths"]
    document = (await api("GET", index["apis/example.dev/v1"]["serverRelativeURL"])).body
    assert "dev.example.v1.Widget" in document["components"]["schemas"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/apis/apps/v1/nothings", 404),
        ("/apis/nowhere.dev/v1/things", 404),
        ("/healthz", 200),
        ("/readyz/ping", 200),
        ("/api/v1/namespaces/default/pods/x/nothing", 404),
    ],
)
async def test_unknown_paths_are_not_found(api: Api, path: str, status: int) -> None:
    assert (await api("GET", path)).status == status
