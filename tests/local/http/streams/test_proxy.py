"""The proxy subresource of pods and services. Messages are those of kube-apiserver 1.36."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import MERGE, Api

CORE = "/api/v1/namespaces/default"
PORTS = [{"name": "http", "containerPort": 8080}, {"containerPort": 9090}]


@pytest.fixture(autouse=True)
async def _objects(api: Api) -> None:
    metadata = {"name": "web", "labels": {"app": "web"}}
    containers = [{"name": "c", "image": "nginx", "ports": PORTS}]
    await api.created(f"{CORE}/pods", {"metadata": metadata, "spec": {"nodeName": "local", "containers": containers}})
    ready = {"phase": "Running", "podIP": "10.1.2.3", "conditions": [{"type": "Ready", "status": "True"}]}
    await api("PATCH", f"{CORE}/pods/web/status", {"status": ready}, media=MERGE)
    ports: list[dict[str, Any]] = [{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 81}]
    for name, selector in (("web", {"app": "web"}), ("none", {"app": "none"})):
        await api.created(
            f"{CORE}/services", {"metadata": {"name": name}, "spec": {"selector": selector, "ports": ports}}
        )


@pytest.mark.parametrize(
    ("path", "port"),
    [
        ("pods/web/proxy", 8080),
        ("pods/web:9090/proxy/a/b?watch=1", 9090),
        ("pods/http:web:http/proxy/", 8080),
        ("services/web:a/proxy/", 8080),
        ("services/http:web:80/proxy/x", 8080),
    ],
)
async def test_a_port_answers_through_the_proxy(api: Api, path: str, port: int) -> None:
    for method in ("GET", "POST"):
        reply = await api(method, f"{CORE}/{path}", {} if method == "POST" else None)
        assert (reply.status, f"pod web, namespace default, port {port}" in reply.body) == (200, True)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("pods/other/proxy", 404, 'pods "other" not found'),
        ("pods/x:web:1:2/proxy", 400, 'invalid pod request "x:web:1:2"'),
        (
            "pods/web:70/proxy",
            503,
            "error trying to reach service: dial tcp 10.1.2.3:70: connect: connection refused",
        ),
        (
            "services/web:b/proxy",
            503,
            "error trying to reach service: dial tcp 10.1.2.3:81: connect: connection refused",
        ),
        ("services/web:c/proxy", 503, 'no service port "c" found for service "web"'),
        ("services/none:a/proxy", 503, 'no endpoints available for service "none"'),
    ],
)
async def test_a_port_that_does_not_answer_is_unavailable(api: Api, path: str, status: int, message: str) -> None:
    reply = await api("GET", f"{CORE}/{path}")
    assert (reply.status, reply.body["message"]) == (status, message)


async def test_discovery_lists_the_proxy(api: Api) -> None:
    parts = {each["name"]: each for each in (await api("GET", "/api/v1")).body["resources"]}
    assert parts["pods/proxy"]["kind"] == "PodProxyOptions"
    assert parts["services/proxy"]["verbs"] == ["create", "delete", "get", "patch", "update"]
