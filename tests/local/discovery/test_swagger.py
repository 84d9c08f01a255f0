"""The Swagger 2.0 document."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.controllers import PodScript
from tests.local.harness import Api, widget_definition

PODS = "/api/v1/namespaces/default/pods"


def pod(name: str, *containers: str, log: str = "") -> dict[str, Any]:
    notes = {"local.rudr.dev/log": log} if log else {}
    listed = [{"name": each, "image": "i"} for each in containers or ("c",)]
    return {"metadata": {"name": name, "annotations": notes}, "spec": {"containers": listed}}


async def test_the_swagger_document_has_built_in_and_custom_kinds(api: Api) -> None:
    await api.created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widget_definition())
    found = (await api("GET", "/openapi/v2", accept="application/json")).body
    definitions = found["definitions"]
    assert found["swagger"] == "2.0"
    assert definitions["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"] == {
        "$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentSpec",
        "description": definitions["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]["description"],
    }
    assert definitions["dev.example.v1.Widget"]["properties"]["spec"]["properties"]["size"]["type"] == "integer"
    port = definitions["io.k8s.api.core.v1.ServicePort"]["properties"]["targetPort"]
    assert "oneOf" not in str(port)
    patch = found["paths"]["/apis/example.dev/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Widget"


async def test_every_reference_of_the_swagger_document_resolves(api: Api) -> None:
    found = (await api("GET", "/openapi/v2")).body
    wanted: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                wanted.add(value["$ref"])
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    walk(found)
    assert wanted <= {f"#/definitions/{name}" for name in found["definitions"]}


async def test_a_client_that_accepts_only_protobuf_gets_an_empty_document(api: Api) -> None:
    answer = await api("GET", "/openapi/v2", accept="application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
    assert answer.status == 200
    assert answer.body.startswith("\n\x032.0")


async def test_the_log_of_a_pod_is_the_text_of_its_annotation(api: Api) -> None:
    await api.created(PODS, pod("p", log="one\ntwo\nthree\n"))
    assert (await api("GET", f"{PODS}/p/log")).body == "one\ntwo\nthree\n"
    assert (await api("GET", f"{PODS}/p/log?tailLines=1")).body == "three\n"
    assert (await api("GET", f"{PODS}/p/log?limitBytes=3")).body == "one"


async def test_the_script_sets_the_log_of_other_pods() -> None:
    settings = LocalSettings(controllers=frozenset(), script=lambda pod: PodScript(log=pod["metadata"]["name"]))
    async with LocalCluster(settings) as cluster:
        assert cluster.backend.pod_output({"metadata": {"name": "p"}, "spec": {"containers": []}}) == "p"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "a container name must be specified for pod p, choose one of: [a b]"),
        ("?container=z", "container z is not valid for pod p"),
        ("?container=a&previous=true", 'previous terminated container "a" in pod "p" not found'),
    ],
)
async def test_the_log_of_a_container_without_one_is_an_error(api: Api, query: str, words: str) -> None:
    await api.created(PODS, pod("p", "a", "b"))
    reply = await api("GET", f"{PODS}/p/log{query}")
    assert (reply.status, reply.body["message"]) == (400, words)
