"""The OpenAPI v3 documents."""

from __future__ import annotations

from tests.local.harness import Api


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
