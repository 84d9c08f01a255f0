"""Strategies of workloads."""

from __future__ import annotations

from typing import Any

from tests.local.harness import Api

CORE = "/api/v1/namespaces/default"


def replication(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {"metadata": {"name": "rc"}, "spec": {"template": template, **spec}}


async def test_a_replication_controller_selects_its_pods(api: Api) -> None:
    path = f"{CORE}/replicationcontrollers"
    created = await api.created(path, replication())
    assert created["spec"]["selector"] == {"a": "b"}
    reply = await api("POST", path, replication(selector={"x": "y"}, replicas=-1))
    assert reply.body["message"] == (
        'ReplicationController "rc" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, '
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`]'
    )
