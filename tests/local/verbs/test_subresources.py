"""Evictions and bindings of pods."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import MERGE, Api, Reply

CORE = "/api/v1/namespaces/default"
PODS = f"{CORE}/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
NO_TARGET = "target.name: Required value"


def pod(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i"}]
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {"containers": containers, **spec}}


def eviction(name: str) -> dict[str, Any]:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}


async def test_an_evicted_pod_is_deleted(api: Api) -> None:
    await api.created(PODS, pod("p"))
    assert (await api("POST", f"{PODS}/p/eviction", eviction("p"))).body["status"] == "Success"
    assert (await api("POST", f"{PODS}/p/eviction", eviction("p"))).status == 404


READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
UNREADY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
SPENT = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1, "observedGeneration": 1}


async def guarded(api: Api, pod_status: dict[str, Any], budget_status: dict[str, Any], **spec: Any) -> None:
    """Create a pod on a node, and a budget that selects it, with their statuses."""
    await api.created(PODS, pod("p", nodeName="n"))
    await api("PATCH", f"{PODS}/p/status", {"status": pod_status}, media=MERGE)
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}, **spec}
    await api.created(BUDGETS, {"metadata": {"name": "b"}, "spec": spec})
    await api("PATCH", f"{BUDGETS}/b/status", {"status": budget_status}, media=MERGE)


async def evict(api: Api, **fields: Any) -> Reply:
    return await api("POST", f"{PODS}/p/eviction", {**eviction("p"), **fields})


async def test_an_evicted_pod_terminates_with_the_reason(api: Api) -> None:
    await api.created(PODS, pod("p", nodeName="n"))
    assert (await evict(api, deleteOptions={"gracePeriodSeconds": 9})).status == 201
    live = (await api("GET", f"{PODS}/p")).body
    assert live["metadata"]["deletionGracePeriodSeconds"] == 9
    (condition,) = live["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("DisruptionTarget", "True")
    assert (condition["reason"], condition["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")
    assert (await evict(api)).status == 201


@pytest.mark.parametrize(
    ("pod_status", "budget_status", "cause", "retry"),
    [
        (READY, SPENT, "The disruption budget b needs 1 healthy pods and has 1 currently", None),
        (
            UNREADY,
            {**SPENT, "currentHealthy": 0},
            "The disruption budget b needs 1 healthy pods and has 0 currently",
            None,
        ),
        (READY, {}, "The disruption budget b is still being processed by the server.", "10"),
    ],
)
async def test_a_budget_blocks_an_eviction(
    api: Api, pod_status: dict[str, Any], budget_status: dict[str, Any], cause: str, retry: str | None
) -> None:
    await guarded(api, pod_status, budget_status)
    reply = await evict(api)
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    assert (reply.status, reply.body["message"]) == (429, message)
    assert reply.body["details"]["causes"] == [{"reason": "DisruptionBudget", "message": cause}]
    assert reply.headers.get("Retry-After") == retry
    assert "deletionTimestamp" not in (await api("GET", f"{PODS}/p")).body["metadata"]


@pytest.mark.parametrize(
    ("pod_status", "spec"),
    [
        ({"phase": "Pending"}, {}),
        ({"phase": "Failed"}, {}),
        (UNREADY, {}),
        (UNREADY, {"unhealthyPodEvictionPolicy": "AlwaysAllow"}),
        (READY, {"selector": {"matchLabels": {"app": "another"}}}),
    ],
)
async def test_a_budget_does_not_protect_a_pod_that_does_not_serve(
    api: Api, pod_status: dict[str, Any], spec: dict[str, Any]
) -> None:
    await guarded(api, pod_status, SPENT, **spec)
    assert (await evict(api)).status == 201


async def test_an_eviction_uses_up_its_budget(api: Api) -> None:
    await guarded(api, READY, {**SPENT, "disruptionsAllowed": 1})
    assert (await evict(api, deleteOptions={"dryRun": ["All"]})).status == 201
    assert (await api("GET", f"{BUDGETS}/b")).body["status"]["disruptionsAllowed"] == 1
    assert (await evict(api)).status == 201
    status = (await api("GET", f"{BUDGETS}/b")).body["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["p"])
    assert status["conditions"][0]["reason"] == "InsufficientPods"


async def test_an_eviction_with_two_budgets_fails(api: Api) -> None:
    await guarded(api, READY, {**SPENT, "disruptionsAllowed": 1})
    await api.created(BUDGETS, {"metadata": {"name": "c"}, "spec": {"selector": {}}})
    reply = await evict(api)
    message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    assert (reply.status, reply.body["message"]) == (500, message)


async def test_an_eviction_of_another_name_is_rejected(api: Api) -> None:
    await api.created(PODS, pod("p", nodeName="n"))
    reply = await evict(api, metadata={"name": "q"})
    assert (reply.status, reply.body["message"]) == (400, "name in URL does not match name in Eviction object")


async def test_a_pod_is_bound_once(api: Api) -> None:
    created = await api.created(PODS, pod("p"))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p", "annotations": {"a": "b"}}}
    body["target"] = {"kind": "Node", "name": "n"}
    assert (await api("POST", f"{PODS}/p/binding", {**body, "target": {}})).body["message"] == NO_TARGET
    assert (await api("POST", f"{PODS}/p/binding", body)).status == 201
    bound = (await api("GET", f"{PODS}/p")).body
    assert (bound["spec"]["nodeName"], bound["metadata"]["annotations"]) == ("n", {"a": "b"})
    assert bound["metadata"]["generation"] == created["metadata"]["generation"]
    assert bound["metadata"]["managedFields"] == created["metadata"]["managedFields"]
    assert [each["type"] for each in bound["status"]["conditions"]] == ["PodScheduled"]
    assert (await api("POST", f"{PODS}/p/binding", body)).status == 409
