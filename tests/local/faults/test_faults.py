"""Scripted faults, and the middlewares that inject them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from rudr_py.local.cluster import LocalCluster
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.local.faults.watch_distortions import Distortion
from rudr_py.local.http.routing import Route
from rudr_py.local.http.server import Middleware, NextHandler
from tests.local.harness import CONFIG_MAPS, Api, config_map


@pytest.fixture
def faults(cluster: LocalCluster) -> Faults:
    return Faults(cluster.server)


async def test_the_next_matching_requests_are_rejected(api: Api, faults: Faults) -> None:
    faults.refuse(429, Match(verb="create"), times=2, retry_after=3)
    codes = [(await api("POST", CONFIG_MAPS, config_map("a"))).status for _ in range(3)]
    assert codes == [429, 429, 201]


async def test_a_rejection_has_a_retry_after_header(api: Api, faults: Faults) -> None:
    faults.refuse(429, retry_after=3)
    reply = await api("GET", CONFIG_MAPS)
    assert (reply.headers["Retry-After"], reply.body["details"]["retryAfterSeconds"]) == ("3", 3)


async def test_other_requests_are_executed(api: Api, faults: Faults) -> None:
    faults.refuse(500, Match(plural="secrets"))
    assert (await api("GET", CONFIG_MAPS)).status == 200


async def test_a_connection_closed_before_execution_changes_nothing(api: Api, faults: Faults) -> None:
    faults.hang_up(Match(verb="create"))
    with pytest.raises(aiohttp.ClientError):
        await api("POST", CONFIG_MAPS, config_map("a"))
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 404


async def test_a_request_with_a_lost_answer_was_executed(api: Api, faults: Faults) -> None:
    faults.lose_answer(Match(verb="create"))
    with pytest.raises(aiohttp.ClientError):
        await api("POST", CONFIG_MAPS, config_map("a"))
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_a_held_request_waits_for_its_event(api: Api, faults: Faults) -> None:
    release = faults.hold(Match(verb="get"))
    await api.created(CONFIG_MAPS, config_map("a"))
    waiting = asyncio.create_task(api("GET", f"{CONFIG_MAPS}/a"))
    assert (await api("GET", CONFIG_MAPS)).status == 200
    assert not waiting.done()
    release.set()
    assert (await waiting).status == 200


async def test_open_watches_are_closed(api: Api, cluster: LocalCluster, faults: Faults) -> None:
    async with asyncio.timeout(60), api.session.get(f"{cluster.url}{CONFIG_MAPS}?watch=1") as response:
        assert faults.cut_watches("secrets") == 0
        assert faults.cut_watches("configmaps") == 1
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_request_can_be_executed_and_rejected(api: Api, faults: Faults) -> None:
    faults.refuse_after(504, Match(verb="create"))
    assert (await api("POST", CONFIG_MAPS, config_map("a"))).status == 504
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_a_request_can_be_executed_and_never_answered(api: Api, faults: Faults) -> None:
    release = faults.hold(Match(verb="create"), after=True)
    waiting = asyncio.create_task(api("POST", CONFIG_MAPS, config_map("a")))
    async with asyncio.timeout(60):
        while (await api("GET", f"{CONFIG_MAPS}/a")).status != 200:
            assert not waiting.done()
        release.set()
        assert (await waiting).status == 201


async def test_a_delayed_request_is_answered(api: Api, faults: Faults) -> None:
    faults.delay(0.01)
    assert (await api("GET", CONFIG_MAPS)).status == 200


async def test_a_watch_can_be_closed_in_the_middle_of_a_line(api: Api, cluster: LocalCluster, faults: Faults) -> None:
    async with asyncio.timeout(60), api.session.get(f"{cluster.url}{CONFIG_MAPS}?watch=1") as response:
        assert faults.cut_watches(mid_line=True) == 1
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def watched_names(api: Api, count: int, *, until: int) -> list[str]:
    """The names in the events of a watch while ConfigMaps a, b, c… are created."""
    start = (await api("GET", CONFIG_MAPS)).body["metadata"]["resourceVersion"]
    watch = asyncio.create_task(api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={start}", until=until))
    for name in "abcdef"[:count]:
        await api.created(CONFIG_MAPS, config_map(name))
    return [event["object"]["metadata"]["name"] for event in await watch]


@pytest.mark.parametrize(
    ("distortion", "expected"),
    [
        (Distortion.drop(lambda number: number == 1), ["a", "c"]),
        (Distortion.duplicate(lambda number: number == 1), ["a", "b", "b", "c"]),
        (Distortion.reorder(lambda number: number == 0), ["b", "a", "c"]),
        (Distortion.late(0.01), ["a", "b", "c"]),
    ],
)
async def test_events_of_a_watch_are_distorted(
    api: Api, faults: Faults, distortion: Distortion, expected: list[str]
) -> None:
    faults.distort(distortion, "configmaps")
    assert await watched_names(api, 3, until=len(expected)) == expected


async def test_a_frozen_watch_sends_nothing_until_it_is_released(api: Api, faults: Faults) -> None:
    release = asyncio.Event()
    faults.distort(Distortion.frozen(release))
    watching = asyncio.create_task(watched_names(api, 1, until=1))
    while (await api("GET", f"{CONFIG_MAPS}/a")).status != 200:
        assert not watching.done()
    assert not watching.done()
    release.set()
    assert await watching == ["a"]


async def test_a_watch_from_expired_history_ends_with_an_error(api: Api, faults: Faults) -> None:
    before = (await api("GET", CONFIG_MAPS)).body["metadata"]["resourceVersion"]
    await api.created(CONFIG_MAPS, config_map("a"))
    faults.expire_history()
    (event,) = await api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={before}", until=1)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


async def test_middlewares_are_nested_in_order(api: Api, cluster: LocalCluster) -> None:
    passed: list[str] = []

    def gate(name: str) -> Middleware:
        async def through(_: web.BaseRequest, route: Route, answer: NextHandler) -> web.StreamResponse:
            passed.append(f"{name} {route.verb}")
            return await answer()

        return through

    cluster.server.middlewares += [gate("outer"), gate("inner")]
    await api("GET", CONFIG_MAPS)
    assert passed == ["outer list", "inner list"]
