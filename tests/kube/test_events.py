"""The recorder of Events against a scripted server."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from rudr_py.kube import events, live_object
from rudr_py.kube.client import Client
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject


def live(name: str = "web", **metadata: Any) -> LiveObject:
    head = {"name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": "7"} | metadata
    return live_object.decode(
        msgspec.json.encode({"metadata": head}), "core.oam.dev/v1alpha1", "ApplicationConfiguration"
    )


@pytest.fixture
def recorder(transport: Any, clock: Any, server: Any, answer: Any) -> Recorder:
    async def handler(_seen: Any) -> Any:
        return answer(201, b"{}")

    server.handler = handler
    return Recorder(Client(transport), identity="rudr-0", clock=clock)


def sent(server: Any) -> list[dict[str, Any]]:
    return [msgspec.json.decode(seen.body) for seen in server.seen]


async def test_an_event_has_object_reporter_and_time(recorder: Recorder, server: Any) -> None:
    recorder.record(live(), "Conflict", "somebody owns it", action="Apply", warning=True)
    await recorder.flush()
    [body] = sent(server)
    assert server.seen[0].path == "/apis/events.k8s.io/v1/namespaces/ns/events"
    assert body["regarding"] == {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "name": "web",
        "namespace": "ns",
        "uid": "uid-web",
        "resourceVersion": "7",
    }
    assert (body["type"], body["reason"], body["action"], body["note"]) == (
        "Warning", "Conflict", "Apply", "somebody owns it",
    )  # fmt: skip
    assert (body["reportingController"], body["reportingInstance"]) == ("core.oam.dev/rudr-py", "rudr-0")
    assert body["eventTime"] == "2026-01-02T03:04:05.000000Z"
    assert "series" not in body


async def test_nothing_more_is_sent_to_a_namespace_that_is_being_deleted(
    recorder: Recorder, server: Any, failure: Any
) -> None:
    server.script(failure(403, "Forbidden", causes=[{"reason": "NamespaceTerminating", "message": "no"}]))
    for name in ("a", "b", "c"):
        recorder.record(live(name), "Conflict", "the object exists", action="Apply")
    await recorder.flush()
    recorder.record(live("d"), "Conflict", "the object exists", action="Apply")
    await recorder.flush()
    assert (len(server.seen), recorder.dropped) == (1, 0)


async def test_repeats_become_a_series_that_is_patched_once_a_minute(
    recorder: Recorder, server: Any, clock: Any
) -> None:
    for _ in range(130):
        recorder.record(live(), "Failed", "again", action="Apply")
        clock.time += 1
    await recorder.flush()
    create, first, second, last = sent(server)
    assert [seen.method for seen in server.seen] == ["POST", "PATCH", "PATCH", "PATCH"]
    assert server.seen[1].path.endswith("/" + create["metadata"]["name"])
    assert (first["series"]["count"], second["series"]["count"], last["series"]["count"]) == (61, 121, 130)
    assert first["series"]["lastObservedTime"] == "2026-01-02T03:05:05.000000Z"


async def test_a_repeat_after_a_long_pause_is_a_new_event(recorder: Recorder, server: Any, clock: Any) -> None:
    recorder.record(live(), "Failed", "again", action="Apply")
    clock.time += events.SERIES_LIFE
    recorder.record(live(), "Failed", "again", action="Apply")
    await recorder.flush()
    assert [seen.method for seen in server.seen] == ["POST", "POST"]
    assert len({body["metadata"]["name"] for body in sent(server)}) == 2


async def test_the_number_of_events_per_object_is_limited(recorder: Recorder, server: Any, clock: Any) -> None:
    for number in range(100):
        recorder.record(live(), "Failed", f"note {number}", action="Apply")
    recorder.record(live("other"), "Failed", "mine", action="Apply")
    await recorder.flush()
    assert len(server.seen) == events.BURST + 1
    assert recorder.dropped == 100 - events.BURST
    clock.time += events.REFILL
    recorder.record(live(), "Failed", "later", action="Apply")
    recorder.record(live(), "Failed", "later still", action="Apply")
    await recorder.flush()
    assert len(server.seen) == events.BURST + 2


async def test_a_note_is_cut_to_the_limit_of_the_server(recorder: Recorder, server: Any) -> None:
    recorder.record(live(), "Failed", "ä" * 2000, action="Apply")
    await recorder.flush()
    note = sent(server)[0]["note"]
    assert len(note.encode()) <= 1024
    assert note.endswith("ä…")


async def test_the_name_of_an_event_is_valid_for_any_object_name(recorder: Recorder, server: Any) -> None:
    recorder.record(live("n" * 253), "Failed", "x", action="Apply")
    recorder.record(live("cluster", namespace=""), "Failed", "x", action="Apply")
    await recorder.flush()
    first, second = sent(server)
    assert len(first["metadata"]["name"]) <= 253
    assert second["metadata"]["namespace"] == "default"


async def test_an_event_that_cannot_be_sent_is_dropped_and_the_next_is_sent(
    recorder: Recorder, server: Any, failure: Any, answer: Any
) -> None:
    server.script(failure(403), answer(end="abort"), answer(201, b"{}"))
    for name in ("a", "b", "c"):
        recorder.record(live(name), "Failed", "x", action="Apply")
    await recorder.flush()
    assert len(server.seen) == 3


async def test_a_series_whose_event_expired_starts_again(
    recorder: Recorder, server: Any, failure: Any, answer: Any, clock: Any
) -> None:
    server.script(answer(201, b"{}"), failure(404), answer(201, b"{}"))
    for _ in range(3):
        recorder.record(live(), "Failed", "x", action="Apply")
        await recorder.flush()
        clock.time += 61
    assert [seen.method for seen in server.seen] == ["POST", "PATCH", "POST"]


async def test_recording_never_waits_and_never_fails(recorder: Recorder) -> None:
    for number in range(events.QUEUE + 5):
        recorder.record(live(str(number)), "Failed", "x", action="Apply")
    assert recorder.dropped == 5


async def test_a_flood_of_events_of_one_namespace_neither_drops_nor_delays_those_of_another(
    recorder: Recorder, server: Any
) -> None:
    for number in range(2 * events.QUEUE):
        recorder.record(live(f"flood-{number}", namespace="noisy"), "Failed", "x", action="Apply")
    for number in range(3):
        recorder.record(live(f"rare-{number}", namespace="quiet"), "Failed", "x", action="Apply")
    assert recorder.dropped == events.QUEUE + 3
    await recorder.flush()
    places = [place for place, body in enumerate(sent(server)) if body["regarding"]["namespace"] == "quiet"]
    assert places == [1, 3, 5]


async def test_events_of_equally_busy_namespaces_do_not_displace_each_other_for_ever(recorder: Recorder) -> None:
    for number in range(events.QUEUE):
        for namespace in ("a", "b"):
            recorder.record(live(str(number), namespace=namespace), "Failed", "x", action="Apply")
    assert recorder.dropped == events.QUEUE


async def test_the_work_for_an_event_does_not_grow_with_the_number_of_objects_that_have_events(
    recorder: Recorder, server: Any, clock: Any
) -> None:
    del server

    class Counted(dict[Any, Any]):
        steps = 0

        def items(self) -> Any:
            return self.counted(super().items())

        def counted(self, items: Any) -> Any:
            for item in items:
                Counted.steps += 1
                yield item

    recorder._series, recorder._allowances = Counted(), Counted()
    for number in range(500):
        recorder.record(live(f"object-{number}"), "Failed", "x", action="Apply")
        clock.time += 1
    await recorder.flush()
    assert Counted.steps <= 4 * 500


async def test_run_sends_recorded_events(recorder: Recorder, server: Any, answer: Any) -> None:
    arrived = asyncio.Event()

    async def handler(_seen: Any) -> Any:
        arrived.set()
        return answer(201, b"{}")

    server.handler = handler
    task = asyncio.create_task(recorder.run())
    recorder.record(live(), "Started", "x", action="Apply")
    await asyncio.wait_for(arrived.wait(), 60)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
