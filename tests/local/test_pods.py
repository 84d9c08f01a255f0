"""What admission does with pods, and what is created under them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.harness import Api

CORE = "/api/v1/namespaces/default"
PODS = f"{CORE}/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


@pytest.fixture
async def housed() -> AsyncIterator[Api]:
    """A cluster whose namespaces have a service account."""
    settings = LocalSettings(controllers=frozenset({"namespace"}))
    async with LocalCluster(settings) as cluster, aiohttp.ClientSession() as session:
        yield Api(session, cluster.url)


def pod(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i"}]
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {"containers": containers, **spec}}


async def test_a_pod_gets_the_default_service_account(housed: Api) -> None:
    made = await housed.created(PODS, pod("p"))
    assert (made["spec"]["serviceAccountName"], made["spec"]["serviceAccount"]) == ("default", "default")


async def test_the_service_account_of_a_pod_must_exist(housed: Api) -> None:
    reply = await housed("POST", PODS, pod("p", serviceAccountName="bot"))
    words = 'pods "p" is forbidden: error looking up service account default/bot: serviceaccount "bot" not found'
    assert (reply.status, reply.body["message"]) == (403, words)
    await housed.created(f"{CORE}/serviceaccounts", {"metadata": {"name": "bot"}})
    await housed.created(PODS, pod("p", serviceAccountName="bot"))


async def test_a_pod_tolerates_an_unready_node_for_five_minutes(api: Api) -> None:
    spec = (await api.created(PODS, pod("p")))["spec"]
    assert [each["key"] for each in spec["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    own = [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]
    assert len((await api.created(PODS, pod("q", tolerations=own)))["spec"]["tolerations"]) == 2
    assert len((await api.created(PODS, pod("r", tolerations=[{"operator": "Exists"}])))["spec"]["tolerations"]) == 1


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
    words = "Cannot evict pod as it would violate the pod's disruption budget."
    assert (reply.status, reply.body["message"]) == (429, words)
    assert (await api("GET", f"{PODS}/p")).status == 200


async def test_a_pod_is_bound_once(api: Api) -> None:
    await api.created(PODS, pod("p"))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    assert (await api("POST", f"{PODS}/p/binding", body)).status == 201
    assert (await api("GET", f"{PODS}/p")).body["spec"]["nodeName"] == "n"
    assert (await api("POST", f"{PODS}/p/binding", body)).status == 409
