"""The watch against a scripted server over a real socket, with a clock that does not wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.kube import watch, watch_stream
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import Applied, Bookmark, Deferred, Deleted, Event, Listed, ListingDone, Skips, Undecodable
from rudr_py.kube.watch_stream import Splitter
from rudr_py.settings import Settings

SETTINGS = Settings(watch_silence=5.0, list_page=2)


@pytest.fixture
def start(transport: Any, pods: Any, clock: Any) -> Any:
    def make(settings: Settings = SETTINGS) -> AsyncGenerator[Event]:
        selection = Selection(pods, "ns", "app=a")
        return watch.events(transport, selection, settings=settings, clock=clock, random=lambda: 0.5)

    return make


async def take(stream: AsyncGenerator[Event], count: int) -> list[Event]:
    """So many events, in reasonable time; the stream stays open."""
    result: list[Event] = []
    async with asyncio.timeout(60):
        while len(result) < count:
            result.append(await anext(stream))
    return result


def told(events: list[Event]) -> list[str]:
    """Events in short: class, and name or version."""
    short = []
    for event in events:
        match event:
            case Listed(live) | Applied(live) | Deleted(live):
                short.append(f"{type(event).__name__} {live.name}")
            case ListingDone(version) | Bookmark(version):
                short.append(f"{type(event).__name__} {version}")
            case _:
                short.append(type(event).__name__)
    return short


def bookmark(version: int, *, initial: bool = False) -> dict[str, Any]:
    annotations = {"annotations": {"k8s.io/initial-events-end": "true"}} if initial else {}
    return {"kind": "Pod", "metadata": {"resourceVersion": str(version)} | annotations}


def page(items: list[Any], version: int, token: str = "") -> bytes:
    metadata = {"resourceVersion": str(version), "continue": token}
    return msgspec.json.encode({"kind": "PodList", "metadata": metadata, "items": items})


async def test_an_event_about_a_cached_version_of_an_object_is_a_bookmark(
    transport: Any, pods: Any, clock: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    cached = {("a", "11"), ("b", "12")}
    body = line("ADDED", pod("a", 3)) + line("BOOKMARK", bookmark(9, initial=True))
    body += line("MODIFIED", pod("a", 11)) + line("DELETED", pod("b", 12)) + line("MODIFIED", pod("a", 13))
    server.script(answer(body=body, end="hang"))
    stream = watch.events(
        transport,
        Selection(pods, "ns", "app=a"),
        settings=SETTINGS,
        clock=clock,
        random=lambda: 0.5,
        skips=Skips(lambda _resource, identity: (identity.name, identity.resource_version) in cached),
    )
    async with contextlib.aclosing(stream):
        events = told(await take(stream, 6))
    assert events == ["ListingStarted", "Listed a", "ListingDone 9", "Bookmark 11", "Deleted b", "Applied a"]


async def test_deferred_objects_are_not_decoded_unless_they_were_deleted(
    transport: Any, pods: Any, clock: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    body = line("ADDED", pod("a", 3)) + line("ADDED", pod("b", 4)) + line("BOOKMARK", bookmark(9, initial=True))
    body += line("MODIFIED", pod("a", 11)) + line("DELETED", pod("a", 12))
    server.script(answer(body=body, end="close"), answer(end="hang"))
    stream = watch.events(
        transport,
        Selection(pods, "ns"),
        settings=SETTINGS,
        clock=clock,
        random=lambda: 0.5,
        skips=Skips(is_deferred=lambda _resource, identity: identity.name == "a"),
    )
    async with contextlib.aclosing(stream):
        _, first, second, _, changed, deleted = await take(stream, 6)
        assert isinstance(first, Deferred)
        assert isinstance(changed, Deferred)
        assert (first.object.name, changed.object.resource_version) == ("a", "11")
        assert changed.object.decode().resource_version == "11"
        assert told([second, deleted]) == ["Listed b", "Deleted a"]


async def test_a_list_by_watch_continues_as_the_watch(
    start: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    body = line("ADDED", pod("a", 3)) + line("ADDED", pod("b", 4)) + line("BOOKMARK", bookmark(9, initial=True))
    body += line("MODIFIED", pod("a", 11)) + line("DELETED", pod("b", 12)) + line("BOOKMARK", bookmark(20))
    server.script(answer(body=body, end="hang"))
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 7))
    assert events == [
        "ListingStarted", "Listed a", "Listed b", "ListingDone 9", "Applied a", "Deleted b", "Bookmark 20",
    ]  # fmt: skip
    query = server.seen[0].query
    assert query["sendInitialEvents"] == "true"
    assert query["resourceVersionMatch"] == "NotOlderThan"
    assert query["allowWatchBookmarks"] == "true"
    assert query["labelSelector"] == "app=a"
    assert "resourceVersion" not in query


async def test_a_selection_of_parts_keeps_no_other_parts(
    transport: Any, server: Any, answer: Any, line: Any, pod: Any, *, pods: Any, clock: Any
) -> None:
    server.script(answer(body=line("ADDED", pod("a", 3)), end="hang"))
    selection = Selection(pods, parts=("status",))
    stream = watch.events(transport, selection, settings=SETTINGS, clock=clock, random=lambda: 0.5)
    async with contextlib.aclosing(stream):
        _, listed = await take(stream, 2)
    assert isinstance(listed, Listed)
    assert (listed.live.part("spec"), listed.live.part("status")) == (None, {"phase": "Running"})


@pytest.mark.parametrize("code", [400, 404, 422])
async def test_a_server_without_list_by_watch_is_listed_by_pages(
    start: Any, server: Any, answer: Any, failure: Any, pod: Any, code: int
) -> None:
    server.script(
        failure(code),
        answer(body=page([pod("a", 1), pod("b", 2)], 7, "more")),
        answer(body=page([pod("c", 3)], 7)),
    )
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 6))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.1)
    assert events == ["ListingStarted", "ListingStarted", "Listed a", "Listed b", "Listed c", "ListingDone 7"]
    first, second, third = server.seen[1:]
    assert (first.query["limit"], "resourceVersion" in first.query) == ("2", False)
    assert second.query["continue"] == "more"
    assert third.query["resourceVersion"] == "7"


async def test_a_closed_watch_resumes_without_a_list_and_without_a_delay(
    start: Any, server: Any, answer: Any, line: Any, pod: Any, clock: Any
) -> None:
    listed = line("BOOKMARK", bookmark(9, initial=True))
    server.script(
        answer(body=listed),
        answer(body=line("ADDED", pod("a", 11))),
        answer(body=line("BOOKMARK", bookmark(30))),
        answer(body=line("MODIFIED", pod("a", 31)), end="hang"),
    )
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 5))
    assert events == ["ListingStarted", "ListingDone 9", "Applied a", "Bookmark 30", "Applied a"]
    assert [seen.query.get("resourceVersion") for seen in server.seen] == [None, "9", "11", "30"]
    assert clock.slept == []


async def test_a_server_that_closes_at_once_is_retried_with_backoff(
    start: Any, server: Any, answer: Any, line: Any, clock: Any
) -> None:
    async def handler(seen: Any) -> Any:
        return answer(body=b"" if "resourceVersion" in seen.query else line("BOOKMARK", bookmark(9, initial=True)))

    server.handler = handler
    async with contextlib.aclosing(start()) as stream:
        await take(stream, 2 + 9)
    assert clock.slept == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])
    assert {seen.query.get("resourceVersion") for seen in server.seen[1:]} == {"9"}


@pytest.mark.parametrize("as_event", [True, False])
async def test_an_expired_version_causes_a_relist(
    start: Any, server: Any, answer: Any, failure: Any, line: Any, pod: Any, *, as_event: bool
) -> None:
    expired = failure(410, "Expired")
    if as_event:
        expired = answer(body=line("ERROR", msgspec.json.decode(expired.body)))
    listed = line("ADDED", pod("a", 3)) + line("BOOKMARK", bookmark(9, initial=True))
    server.script(answer(body=listed), expired, answer(body=listed, end="hang"))
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 7))
    assert events[3:] == ["Interrupted", "ListingStarted", "Listed a", "ListingDone 9"]


async def test_a_too_large_version_causes_a_relist(
    start: Any, server: Any, answer: Any, failure: Any, line: Any
) -> None:
    listed = answer(body=line("BOOKMARK", bookmark(9, initial=True)))
    server.script(listed, failure(504, "Timeout", "Too large resource version: 9, current: 5"), listed)
    async with contextlib.aclosing(start()) as stream:
        assert told(await take(stream, 4))[2:] == ["Interrupted", "ListingStarted"]


@pytest.mark.parametrize("as_event", [True, False])
@pytest.mark.parametrize("code", [429, 500, 503])
async def test_load_and_server_errors_back_off_and_keep_the_version(
    start: Any, server: Any, answer: Any, failure: Any, line: Any, clock: Any, *, code: int, as_event: bool
) -> None:
    fault = failure(code)
    if as_event:
        fault = answer(body=line("ERROR", msgspec.json.decode(fault.body)))
    server.script(answer(body=line("BOOKMARK", bookmark(9, initial=True))), fault, fault)
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 4))
    assert events[2:] == ["Interrupted", "Interrupted"]
    assert clock.slept == pytest.approx([0.8])
    assert [seen.query.get("resourceVersion") for seen in server.seen] == [None, "9", "9"]


async def test_retry_after_is_respected(
    start: Any, server: Any, answer: Any, failure: Any, line: Any, clock: Any
) -> None:
    busy = failure(429)
    busy.headers["Retry-After"] = "20"
    server.script(busy, answer(body=line("BOOKMARK", bookmark(9, initial=True)), end="hang"))
    async with contextlib.aclosing(start()) as stream:
        assert told(await take(stream, 4))[-1] == "ListingDone 9"
    assert clock.slept[0] >= 20
    assert "sendInitialEvents" in server.seen[1].query


async def test_a_silent_watch_is_interrupted(start: Any, server: Any, answer: Any, line: Any) -> None:
    server.script(answer(body=line("BOOKMARK", bookmark(9, initial=True)), end="hang"))
    async with contextlib.aclosing(start(Settings(watch_silence=0.1))) as stream:
        assert told(await take(stream, 3)) == ["ListingStarted", "ListingDone 9", "Interrupted"]


async def test_a_failed_list_by_watch_is_retried_at_the_next_list(
    start: Any, server: Any, answer: Any, failure: Any, line: Any
) -> None:
    server.script(
        answer(end="abort"),
        answer(body=page([], 7)),
        failure(410, "Expired"),
        answer(body=line("BOOKMARK", bookmark(9, initial=True))),
    )
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 7))
    assert events[2:] == ["ListingStarted", "ListingDone 7", "Interrupted", "ListingStarted", "ListingDone 9"]
    assert ["sendInitialEvents" in seen.query for seen in server.seen] == [True, False, False, True]


async def test_a_server_without_list_by_watch_is_requested_once(
    start: Any, server: Any, answer: Any, failure: Any
) -> None:
    server.script(failure(422), answer(body=page([], 7)), failure(410, "Expired"), answer(body=page([], 8)))
    async with contextlib.aclosing(start()) as stream:
        await take(stream, 6)
    assert ["sendInitialEvents" in seen.query for seen in server.seen] == [True, False, False, False]


async def test_closing_the_stream_closes_the_connection(start: Any, server: Any, answer: Any, line: Any) -> None:
    server.script(answer(body=line("BOOKMARK", bookmark(9, initial=True)), end="hang"))
    async with contextlib.aclosing(start()) as stream:
        await take(stream, 2)
        assert server.open == 1
    async with asyncio.timeout(60):
        await server.all_closed.wait()


async def test_a_list_by_watch_that_never_ends_falls_back_to_pages(
    start: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    server.script(answer(body=line("ADDED", pod("a", 3)), end="hang"), answer(body=page([pod("a", 3)], 7)))
    async with contextlib.aclosing(start(Settings(watch_silence=0.1))) as stream:
        events = told(await take(stream, 6))
    assert events == ["ListingStarted", "Listed a", "Interrupted", "ListingStarted", "Listed a", "ListingDone 7"]


async def test_a_stream_that_ends_at_any_byte_gives_no_partial_event_and_resumes(
    start: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    history = [
        line("ADDED", pod("a", 11)),
        line("MODIFIED", pod("a", 12, labels={"app": "ä\n"})),
        line("BOOKMARK", bookmark(13)),
        line("DELETED", pod("a", 14)),
    ]
    whole = b"".join(history)
    cut = {"at": 0, "done": False}

    async def handler(seen: Any) -> Any:
        version = seen.query.get("resourceVersion")
        if version is None:
            return answer(body=line("BOOKMARK", bookmark(10, initial=True)))
        rest = b"".join(history[int(version) - 10 :])
        if cut["done"]:
            return answer(body=rest, end="hang")
        cut["done"] = True
        return answer(body=rest[: cut["at"]], end="abort" if cut["at"] % 2 else "well")

    server.handler = handler
    for offset in range(len(whole) + 1):
        cut.update(at=offset, done=False)
        server.seen.clear()
        result: list[Event] = []
        async with contextlib.aclosing(start()) as stream, asyncio.timeout(60):
            while not result or not isinstance(result[-1], Deleted):
                result.append(await anext(stream))
        events = [event for event in told(result) if event != "Interrupted"]
        assert events[2:] == ["Applied a", "Applied a", "Bookmark 13", "Deleted a"], offset
        complete = whole[:offset].count(b"\n")
        if complete < len(history):
            assert server.seen[2].query["resourceVersion"] == str(10 + complete), offset


async def test_an_invalid_line_is_not_an_event_and_the_last_version_is_resumed(
    start: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    listed = line("BOOKMARK", bookmark(9, initial=True))
    server.script(
        answer(body=listed + line("ADDED", pod("a", 10)) + b"<html>gateway</html>\n" + line("ADDED", pod("b", 11))),
        answer(body=line("ADDED", pod("b", 11)), end="hang"),
    )
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 5))
    assert events[2:] == ["Applied a", "Interrupted", "Applied b"]
    assert server.seen[1].query["resourceVersion"] == "10"


async def test_repeated_invalid_lines_cause_a_relist(start: Any, server: Any, answer: Any, line: Any) -> None:
    async def handler(seen: Any) -> Any:
        if "resourceVersion" in seen.query:
            return answer(body=b"garbage\n")
        return answer(body=line("BOOKMARK", bookmark(9, initial=True)))

    server.handler = handler
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 6))
    assert events[2:] == ["Interrupted", "Interrupted", "Interrupted", "ListingStarted"]


BAD = [
    b'{"metadata":{"name":"bad","namespace":"ns","resourceVersion":"12"},"spec":"\\ud800"}',
    b'{"metadata":{"name":"bad","namespace":"ns","resourceVersion":"12"},"spec":'
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}",
    b'{"metadata":{"name":"bad","namespace":"ns","resourceVersion":"12","labels":[]}}',
    b'{"metadata":{"name":"bad","namespace":"ns","resourceVersion":"12"},"spec":"\xff"}',
]


@pytest.mark.parametrize("bad", BAD, ids=["surrogate", "deep", "wrong type", "not UTF-8"])
async def test_an_undecodable_object_affects_no_other_in_a_watch(
    start: Any, server: Any, answer: Any, line: Any, pod: Any, bad: bytes
) -> None:
    body = line("BOOKMARK", bookmark(9, initial=True)) + b'{"type":"ADDED","object":' + bad + b"}\n"
    server.script(answer(body=body), answer(body=line("ADDED", pod("b", 13)), end="hang"))
    async with contextlib.aclosing(start()) as stream:
        events = await take(stream, 4)
    assert isinstance(events[2], Undecodable)
    assert (events[2].namespace, events[2].name) == ("ns", "bad")
    assert told(events)[3] == "Applied b"
    assert server.seen[1].query["resourceVersion"] == "12"


@pytest.mark.parametrize("bad", BAD, ids=["surrogate", "deep", "wrong type", "not UTF-8"])
async def test_an_undecodable_object_affects_no_other_in_a_list(
    start: Any, server: Any, answer: Any, failure: Any, pod: Any, bad: bytes
) -> None:
    body = page([pod("a", 1), {"mark": 1}, pod("b", 2)], 7).replace(b'{"mark":1}', bad)
    server.script(failure(422), answer(body=body))
    async with contextlib.aclosing(start()) as stream:
        events = await take(stream, 6)
    assert told(events)[2:] == ["Listed a", "Undecodable", "Listed b", "ListingDone 7"]
    assert isinstance(events[3], Undecodable)
    assert events[3].name == "bad"


async def test_expired_pages_cause_an_unpaged_list(
    start: Any, server: Any, answer: Any, failure: Any, pod: Any
) -> None:
    server.script(
        failure(422),
        answer(body=page([pod("a", 1)], 7, "more")),
        failure(410, "Expired"),
        answer(body=page([pod("a", 1)], 8)),
    )
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 7))
    assert events[-3:] == ["ListingStarted", "Listed a", "ListingDone 8"]
    assert "limit" not in server.seen[3].query


async def test_an_absent_kind_is_reported_and_retried_slowly_until_it_exists(
    start: Any, server: Any, answer: Any, failure: Any, line: Any, clock: Any
) -> None:
    absent = failure(404)
    server.script(absent, absent, absent, absent, answer(body=line("BOOKMARK", bookmark(9, initial=True))))
    async with contextlib.aclosing(start()) as stream:
        events = [event for event in told(await take(stream, 8)) if event != "ListingStarted"]
    assert events == ["KindAbsent", "KindAbsent", "ListingDone 9"]
    assert clock.slept == [watch.SLOW_RETRY, watch.SLOW_RETRY]


async def test_a_forbidden_kind_is_reported_and_retried_slowly(
    start: Any, server: Any, answer: Any, failure: Any, line: Any, clock: Any
) -> None:
    server.script(failure(403, "Forbidden"), answer(body=line("BOOKMARK", bookmark(9, initial=True))))
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 4))
    assert events == ["ListingStarted", "Forbidden", "ListingStarted", "ListingDone 9"]
    assert clock.slept == [watch.SLOW_RETRY]


async def test_a_bookmark_follows_when_access_is_granted_again(
    start: Any, server: Any, answer: Any, failure: Any, line: Any
) -> None:
    first = answer(body=line("BOOKMARK", bookmark(9, initial=True)))
    server.script(first, failure(403, "Forbidden"), answer(body=line("BOOKMARK", bookmark(12))))
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 5))
    assert events == ["ListingStarted", "ListingDone 9", "Forbidden", "Bookmark 9", "Bookmark 12"]


async def test_an_unreachable_server_is_retried_permanently(start: Any, server: Any, clock: Any, answer: Any) -> None:
    async def handler(_seen: Any) -> Any:
        return answer(end="abort")

    server.handler = handler
    async with contextlib.aclosing(start()) as stream:
        await take(stream, 20)
    assert max(clock.slept) == 30


async def test_a_successful_watch_resets_the_backoff(
    start: Any, server: Any, answer: Any, line: Any, clock: Any
) -> None:
    broken = [answer(body=line("BOOKMARK", bookmark(10 + n)) + b"garbage\n") for n in range(6)]
    server.script(answer(body=line("BOOKMARK", bookmark(9, initial=True))), *broken)
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 2 + 12))
    assert events.count("ListingStarted") == 1
    assert clock.slept == [0.8] * 5


async def test_a_long_watch_without_events_is_resumed_without_a_delay(
    start: Any, server: Any, answer: Any, line: Any, pod: Any, clock: Any
) -> None:
    async def handler(seen: Any) -> Any:
        if len(server.seen) == 1:
            return answer(body=line("BOOKMARK", bookmark(9, initial=True)))
        if len(server.seen) in (5, 7):
            return answer(body=b"")
        clock.time += 200
        return answer(body=b"") if len(server.seen) < 8 else answer(body=line("ADDED", pod("a", 10)), end="hang")

    server.handler = handler
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 5))
    assert events[2:] == ["Interrupted", "Interrupted", "Applied a"]
    assert clock.slept == [0.8, 0.8]


async def test_only_the_marked_bookmark_ends_a_list_by_watch(
    start: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    body = line("BOOKMARK", bookmark(5)) + line("ADDED", pod("a", 3)) + line("BOOKMARK", bookmark(9, initial=True))
    server.script(answer(body=body, end="hang"))
    async with contextlib.aclosing(start()) as stream:
        assert told(await take(stream, 3)) == ["ListingStarted", "Listed a", "ListingDone 9"]


async def test_a_list_without_a_version_is_retried_with_backoff(
    start: Any, server: Any, answer: Any, failure: Any, clock: Any
) -> None:
    async def handler(seen: Any) -> Any:
        return failure(422) if "watch" in seen.query else answer(body=b'{"items":[],"metadata":{}}')

    server.handler = handler
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 7))
    assert "ListingDone" not in "".join(events)
    assert clock.slept == pytest.approx([0.8, 1.6])


async def test_a_page_that_is_too_long_is_requested_again_with_fewer_objects(
    start: Any, server: Any, answer: Any, failure: Any, pod: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MAX_PAGE", 2000)
    large = [pod(name, 1, annotations={"x": "x" * 1500}) for name in ("a", "b")]
    server.script(
        failure(422),
        answer(body=page(large, 7)),
        answer(body=page(large[:1], 7, "more")),
        answer(body=page([*large[1:], pod("c", 1)], 7)),
    )
    async with contextlib.aclosing(start(Settings(list_page=16))) as stream:
        events = told(await take(stream, 6))
    assert events == ["ListingStarted", "ListingStarted", "Listed a", "Listed b", "Listed c", "ListingDone 7"]
    assert [seen.query.get("limit") for seen in server.seen[1:4]] == ["16", "2", "2"]


async def test_an_object_is_read_however_long_it_is(
    start: Any, server: Any, answer: Any, failure: Any, pod: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MAX_PAGE", 100)
    server.script(failure(422), answer(body=page([pod("a", 1)], 7)), answer(body=page([pod("a", 1)], 7)))
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 4))
    assert events[-1] == "ListingDone 7"
    assert server.seen[2].query["limit"] == "1"


async def test_an_unpaged_list_is_used_only_once(start: Any, server: Any, answer: Any, failure: Any, pod: Any) -> None:
    server.script(
        failure(422),
        answer(body=page([pod("a", 1)], 7, "more")),
        failure(410, "Expired"),
        answer(body=page([], 8)),
        failure(410, "Expired"),
        answer(body=page([], 9)),
    )
    async with contextlib.aclosing(start()) as stream:
        events = told(await take(stream, 9))
    assert events[-1] == "ListingDone 9"
    assert server.seen[-1].query["limit"] == "2"


async def test_an_event_that_is_too_long_is_reported_and_affects_no_other(
    start: Any, server: Any, answer: Any, line: Any, pod: Any
) -> None:
    huge = line("ADDED", pod("huge", 10, annotations={"a": "x" * watch_stream.MAX_LINE}))
    body = line("BOOKMARK", bookmark(9, initial=True)) + huge + line("ADDED", pod("a", 11))
    server.script(answer(body=body, end="hang"))
    async with contextlib.aclosing(start()) as stream:
        assert sorted(told(await take(stream, 4))[2:]) == ["Applied a", "Undecodable"]


@pytest.mark.parametrize(
    "text",
    [
        b'{"type":"ADDED","object":{"a":"\\ud800"}',
        b'{"type":"ADDED"}',
        b'{"type":"ADDED","object":7}x',
        b'["ADDED"]',
        b"7",
        b'{"type":"BOOKMARK","object":{"a":"\\ud800"}}',
    ],
)
def test_an_incomplete_event_is_rejected(text: bytes) -> None:
    with pytest.raises(errors.UndecodableError):
        watch_stream.parse(text)


def test_a_line_that_is_too_long_is_skipped_and_the_next_one_is_decoded() -> None:
    splitter = Splitter(limit=10)
    assert splitter.feed(b"12345") == []
    assert splitter.feed(b"67890123") == []
    assert splitter.feed(b"4\nshort\nhalf") == [b"short"]
    assert splitter.skipped == 1
    assert splitter.feed(b"\n\n") == [b"half"]
