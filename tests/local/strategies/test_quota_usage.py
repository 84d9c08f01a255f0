"""Quotas. Messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import CONFIG_MAPS, MERGE, Api, config_map, deployment

CORE = "/api/v1/namespaces/default"
HARD = {
    "configmaps": "1",
    "count/deployments.apps": "0",
    "pods": "2",
    "requests.cpu": "1",
    "limits.memory": "1Gi",
    "requests.storage": "2Gi",
    "services.nodeports": "1",
}


@pytest.fixture(autouse=True)
async def _quota(api: Api) -> None:
    await api.created(f"{CORE}/resourcequotas", {"metadata": {"name": "rq"}, "spec": {"hard": HARD}})


def pod(name: str, cpu: str = "", memory: str = "") -> dict[str, Any]:
    resources = {"requests": {"cpu": cpu}, "limits": {"memory": memory}} if cpu else {}
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}}


async def refusal(api: Api, path: str, body: Any) -> str:
    reply = await api("POST", path, body)
    assert (reply.status, reply.body["reason"]) == (403, "Forbidden")
    return str(reply.body["message"])


async def test_objects_are_counted(api: Api) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    assert await refusal(api, CONFIG_MAPS, config_map("b")) == (
        'configmaps "b" is forbidden: exceeded quota: rq, requested: configmaps=1, used: configmaps=1, '
        "limited: configmaps=1"
    )
    assert await refusal(api, "/apis/apps/v1/namespaces/default/deployments", deployment("d")) == (
        'deployments.apps "d" is forbidden: exceeded quota: rq, requested: count/deployments.apps=1, '
        "used: count/deployments.apps=0, limited: count/deployments.apps=0"
    )


async def test_limited_resources_must_be_specified(api: Api) -> None:
    message = 'pods "p" is forbidden: failed quota: rq: must specify limits.memory for: c; requests.cpu for: c'
    assert await refusal(api, f"{CORE}/pods", pod("p")) == message


async def test_requests_of_pods_are_summed(api: Api) -> None:
    assert await refusal(api, f"{CORE}/pods", pod("p", "2", "2Gi")) == (
        'pods "p" is forbidden: exceeded quota: rq, requested: limits.memory=2Gi,requests.cpu=2, '
        "used: limits.memory=0,requests.cpu=0, limited: limits.memory=1Gi,requests.cpu=1"
    )
    await api.created(f"{CORE}/pods", pod("p", "600m", "100Mi"))
    assert await refusal(api, f"{CORE}/pods", pod("p2", "600m", "100Mi")) == (
        'pods "p2" is forbidden: exceeded quota: rq, requested: requests.cpu=600m, used: requests.cpu=600m, '
        "limited: requests.cpu=1"
    )


async def test_storage_of_claims_and_ports_of_services_count(api: Api) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}}
    message = await refusal(api, f"{CORE}/persistentvolumeclaims", {"metadata": {"name": "v"}, "spec": spec})
    assert message.endswith("requested: requests.storage=3Gi, used: requests.storage=0, limited: requests.storage=2Gi")
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    service = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": ports}}
    assert "services.nodeports=2" in await refusal(api, f"{CORE}/services", service)


async def test_an_update_counts_only_its_increase(api: Api) -> None:
    ports = [{"name": "a", "port": 80}]
    service = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": ports}}
    await api.created(f"{CORE}/services", service)
    assert (await api("PATCH", f"{CORE}/services/s", {"metadata": {"labels": {"a": "b"}}}, media=MERGE)).status == 200
    more = {"spec": {"ports": [*ports, {"name": "b", "port": 81}]}}
    assert (await api("PATCH", f"{CORE}/services/s", more, media=MERGE)).status == 403


async def test_a_quota_is_validated(api: Api) -> None:
    hard = {"foo": "1", "configmaps": "-1", "pods": "1.5"}
    reply = await api("POST", f"{CORE}/resourcequotas", {"metadata": {"name": "x"}, "spec": {"hard": hard}})
    assert {cause["field"]: cause["message"] for cause in reply.body["details"]["causes"]} == {
        "spec.hard[foo]": 'Invalid value: "foo": must be a standard resource for quota',
        "spec.hard[configmaps]": 'Invalid value: "-1": must be greater than or equal to 0',
        "spec.hard[pods]": 'Invalid value: "1500m": must be an integer',
    }
