"""Conversion between the two versions of events."""

from __future__ import annotations

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
