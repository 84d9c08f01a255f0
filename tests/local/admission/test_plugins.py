"""Admission of pods: service account and tolerations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.harness import Api

CORE = "/api/v1/namespaces/default"
PODS = f"{CORE}/pods"


@pytest.fixture
async def account_api() -> AsyncIterator[Api]:
    """A cluster whose namespaces have a service account."""
    settings = LocalSettings(controllers=frozenset({"namespace"}))
    async with LocalCluster(settings) as cluster, aiohttp.ClientSession() as session:
        yield Api(session, cluster.url)


def pod(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i"}]
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {"containers": containers, **spec}}


async def test_a_pod_gets_the_default_service_account(account_api: Api) -> None:
    created = await account_api.created(PODS, pod("p"))
    assert (created["spec"]["serviceAccountName"], created["spec"]["serviceAccount"]) == ("default", "default")


async def test_the_service_account_of_a_pod_must_exist(account_api: Api) -> None:
    reply = await account_api("POST", PODS, pod("p", serviceAccountName="bot"))
    message = 'pods "p" is forbidden: error looking up service account default/bot: serviceaccount "bot" not found'
    assert (reply.status, reply.body["message"]) == (403, message)
    await account_api.created(f"{CORE}/serviceaccounts", {"metadata": {"name": "bot"}})
    await account_api.created(PODS, pod("p", serviceAccountName="bot"))


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
