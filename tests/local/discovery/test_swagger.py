"""The Swagger 2.0 document."""

from __future__ import annotations

from typing import Any

from tests.local.harness import Api, widget_definition


async def test_the_swagger_document_has_built_in_and_custom_kinds(api: Api) -> None:
    await api.created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widget_definition())
    document = (await api("GET", "/openapi/v2", accept="application/json")).body
    definitions = document["definitions"]
    assert document["swagger"] == "2.0"
    assert definitions["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"] == {
        "$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentSpec",
        "description": definitions["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]["description"],
    }
    assert definitions["dev.example.v1.Widget"]["properties"]["spec"]["properties"]["size"]["type"] == "integer"
    port = definitions["io.k8s.api.core.v1.ServicePort"]["properties"]["targetPort"]
    assert "oneOf" not in str(port)
    patch = document["paths"]["/apis/example.dev/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Widget"


async def test_every_reference_of_the_swagger_document_resolves(api: Api) -> None:
    document = (await api("GET", "/openapi/v2")).body
    references: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                references.add(value["$ref"])
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    walk(document)
    assert references <= {f"#/definitions/{name}" for name in document["definitions"]}


async def test_a_client_that_accepts_only_protobuf_gets_an_empty_document(api: Api) -> None:
    answer = await api("GET", "/openapi/v2", accept="application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
    assert answer.status == 200
    assert answer.body.startswith("\n\x032.0")
