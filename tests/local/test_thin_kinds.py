"""Kinds with little behaviour of their own: the two versions of events, ReplicationControllers."""

from __future__ import annotations

from typing import Any

from tests.local.harness import Api

CORE = "/api/v1/namespaces/default"
EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"
POD = {"kind": "Pod", "namespace": "default", "name": "p"}


async def test_both_views_watch_the_same_events(api: Api) -> None:
    old = {"metadata": {"name": "a"}, "involvedObject": POD, "reason": "R", "message": "m", "type": "Normal"}
    await api.created(f"{CORE}/events", old)
    new = {
        "metadata": {"name": "b"},
        "regarding": POD,
        "reason": "R",
        "note": "m",
        "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "c",
        "reportingInstance": "i",
        "action": "x",
    }
    await api.created(EVENTS, new)
    first, second = [each["object"] for each in await api.watch(f"{CORE}/events?watch=1", until=2)]
    assert (first["eventTime"], first["reportingInstance"], second["message"]) == (None, "", "m")
    assert second["involvedObject"] == POD
    first, second = [each["object"] for each in await api.watch(f"{EVENTS}?watch=1", until=2)]
    assert (first["note"], first["regarding"], "reportingInstance" in first) == ("m", POD, False)
    assert second["reportingInstance"] == "i"


def replication(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {"metadata": {"name": "rc"}, "spec": {"template": template, **spec}}


async def test_a_replication_controller_selects_its_pods(api: Api) -> None:
    path = f"{CORE}/replicationcontrollers"
    made = await api.created(path, replication())
    assert made["spec"]["selector"] == {"a": "b"}
    reply = await api("POST", path, replication(selector={"x": "y"}, replicas=-1))
    assert reply.body["message"] == (
        'ReplicationController "rc" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, '
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`]'
    )
