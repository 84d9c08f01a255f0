"""Discovery and OpenAPI documents."""

from __future__ import annotations

import aiohttp
import pytest

from rudr_py.errors import LocalApiError
from rudr_py.local.cluster import LocalCluster, LocalSettings
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


async def test_openapi_contains_the_paths_that_kubectl_reads(api: Api) -> None:
    document = (await api("GET", "/openapi/v3/apis/apps/v1")).body
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {"dryRun", "fieldValidation"} <= {each["name"] for each in patch["parameters"]}
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Deployment"
    schemas = document["components"]["schemas"]
    assert schemas["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]


async def test_every_reference_of_an_openapi_document_resolves_in_it(api: Api) -> None:
    for entry in (await api("GET", "/openapi/v3")).body["paths"].values():
        document = (await api("GET", entry["serverRelativeURL"])).body
        schemas = document["components"]["schemas"]
        waiting = [document]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                target = value.get("$ref")
                if isinstance(target, str):
                    assert target.removeprefix("#/components/schemas/") in schemas
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)


@pytest.mark.parametrize(("release", "policies"), [("1.25", False), ("1.37", True)])
async def test_a_release_serves_its_own_kinds(release: str, policies: bool) -> None:
    settings = LocalSettings(release=release, controllers=frozenset())
    async with LocalCluster(settings) as cluster, aiohttp.ClientSession() as session:
        api = Api(session, cluster.url)
        assert (await api("GET", "/version")).body["minor"] == release.split(".")[1]
        names = {each["name"] for each in (await api("GET", "/apis/admissionregistration.k8s.io/v1")).body["resources"]}
        assert ("validatingadmissionpolicies" in names) is policies


def test_an_unsupported_release_is_rejected() -> None:
    with pytest.raises(LocalApiError, match="choose another release"):
        LocalCluster(LocalSettings(release="1.99"))


async def test_access_reviews_allow_everything_without_access_control(api: Api) -> None:
    body = {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}}
    review = await api.created("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    assert review["status"] == {"allowed": True}


async def test_requests_are_counted(api: Api, cluster: LocalCluster) -> None:
    await api("GET", "/version")
    await api("GET", "/api/v1/pods?limit=1")
    assert [(each.method, each.path, each.status) for each in cluster.requests] == [
        ("GET", "/version", 200),
        ("GET", "/api/v1/pods?limit=1", 200),
    ]


async def test_a_port_in_use_is_reported(cluster: LocalCluster) -> None:
    with pytest.raises(LocalApiError, match="choose another port"):
        await LocalCluster(LocalSettings(port=cluster.port, controllers=frozenset())).start()


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


async def test_requests_need_the_configured_token() -> None:
    async with LocalCluster(LocalSettings(token="t", controllers=frozenset())) as cluster:
        token = cluster.kubeconfig()["users"][0]["user"]["token"]
        async with aiohttp.ClientSession() as session:
            assert (await Api(session, cluster.url)("GET", "/api/v1/pods")).status == 401
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            assert (await Api(session, cluster.url)("GET", "/api/v1/pods")).status == 200
