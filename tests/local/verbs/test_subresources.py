"""Evictions and bindings of pods."""

from __future__ import annotations

from typing import Any

from tests.local.harness import Api

CORE = "/api/v1/namespaces/default"
PODS = f"{CORE}/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


def pod(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i"}]
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {"containers": containers, **spec}}


def eviction(name: str) -> dict[str, Any]:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}


async def test_an_evicted_pod_is_deleted(api: Api) -> None:
    await api.created(PODS, pod("p"))
    assert (await api("POST", f"{PODS}/p/eviction", eviction("p"))).body["status"] == "Success"
    assert (await api("POST", f"{PODS}/p/eviction", eviction("p"))).status == 404


async def test_a_budget_blocks_an_eviction(api: Api) -> None:
    await api.created(PODS, pod("p"))
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    await api.created(BUDGETS, {"metadata": {"name": "b"}, "spec": spec})
    reply = await api("POST", f"{PODS}/p/eviction", eviction("p"))
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    assert (reply.status, reply.body["message"]) == (429, message)
    assert (await api("GET", f"{PODS}/p")).status == 200


async def test_a_pod_is_bound_once(api: Api) -> None:
    await api.created(PODS, pod("p"))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    assert (await api("POST", f"{PODS}/p/binding", body)).status == 201
    assert (await api("GET", f"{PODS}/p")).body["spec"]["nodeName"] == "n"
    assert (await api("POST", f"{PODS}/p/binding", body)).status == 409
