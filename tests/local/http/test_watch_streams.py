"""Watches over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.harness import CONFIG_MAPS, MERGE, Api, config_map

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def types_and_names(events: list[Any]) -> list[tuple[str, str]]:
    return [(each["type"], each["object"]["metadata"].get("name", "")) for each in events]


async def test_a_watch_continues_from_a_resource_version(api: Api) -> None:
    first = await api.created(CONFIG_MAPS, config_map("a"))
    await api.created(CONFIG_MAPS, config_map("b"))
    await api("DELETE", f"{CONFIG_MAPS}/a")
    since = first["metadata"]["resourceVersion"]
    events = await api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}", until=2)
    assert types_and_names(events) == [("ADDED", "b"), ("DELETED", "a")]


async def test_a_watch_without_a_resource_version_starts_with_existing_objects(api: Api) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    assert types_and_names(await api.watch(f"{CONFIG_MAPS}?watch=1", until=1)) == [("ADDED", "a")]


async def test_a_watch_sends_changes_while_it_is_open(api: Api) -> None:
    watching = asyncio.create_task(api.watch(f"{CONFIG_MAPS}?watch=1", until=2))
    await api.created(CONFIG_MAPS, config_map("a"))
    await api("PATCH", f"{CONFIG_MAPS}/a", {"data": {"k": "v"}}, media=MERGE)
    assert types_and_names(await watching)[-1] == ("MODIFIED", "a")


async def test_an_object_that_leaves_the_selection_is_sent_as_deleted_with_its_previous_state(api: Api) -> None:
    first = await api.created(CONFIG_MAPS, config_map("a", {"app": "x"}))
    await api("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"app": "y"}}}, media=MERGE)
    await api("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"app": "x"}}}, media=MERGE)
    since = first["metadata"]["resourceVersion"]
    events = await api.watch(f"{CONFIG_MAPS}?watch=1&labelSelector=app%3Dx&resourceVersion={since}", until=2)
    assert types_and_names(events) == [("DELETED", "a"), ("ADDED", "a")]
    assert events[0]["object"]["metadata"]["labels"] == {"app": "x"}


async def test_initial_events_end_with_a_bookmark(api: Api) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    path = f"{CONFIG_MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = await api.watch(path, until=2)
    assert [each["type"] for each in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_initial_events_need_a_match(api: Api) -> None:
    assert (await api("GET", f"{CONFIG_MAPS}?watch=1&sendInitialEvents=true")).status == 422


async def test_a_watch_from_compacted_history_ends_with_410(api: Api, cluster: LocalCluster) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    cluster.backend.store.compact()
    events = await api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion=2")
    assert [(each["type"], each["object"]["code"]) for each in events] == [("ERROR", 410)]


async def test_a_watch_ends_after_its_timeout(api: Api) -> None:
    assert await api.watch(f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1") == []


async def test_tables_describe_their_columns_once(api: Api) -> None:
    for name in ("a", "b"):
        await api.created(CONFIG_MAPS, config_map(name))
    events = await api.watch(f"{CONFIG_MAPS}?watch=1", until=2, accept=TABLE)
    has_columns = [each["object"]["columnDefinitions"] is not None for each in events]
    assert has_columns == [True, False]
    assert events[1]["object"]["rows"][0]["cells"][0] == "b"


async def test_tables_of_live_events_describe_their_columns_once_to_each_watcher(api: Api) -> None:
    since = (await api.created(CONFIG_MAPS, config_map("x")))["metadata"]["resourceVersion"]
    for name in ("a", "b"):
        await api.created(CONFIG_MAPS, config_map(name))
    for _ in range(2):
        events = await api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}", until=2, accept=TABLE)
        assert [each["object"]["columnDefinitions"] is not None for each in events] == [True, False]


async def test_bookmarks_have_the_current_revision_of_an_idle_watch() -> None:
    settings = LocalSettings(controllers=frozenset(), bookmark_interval=0.05)
    async with LocalCluster(settings) as cluster, aiohttp.ClientSession() as session:
        api = Api(session, cluster.url)
        await api.created("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})
        events = await api.watch(f"{CONFIG_MAPS}?watch=1&allowWatchBookmarks=true", until=1)
        assert events[0]["type"] == "BOOKMARK"
        assert events[0]["object"]["metadata"]["resourceVersion"] == str(cluster.backend.store.revision)


async def test_watches_end_when_the_cluster_does() -> None:
    cluster = LocalCluster(LocalSettings(controllers=frozenset()))
    await cluster.start()
    async with (
        asyncio.timeout(60),
        aiohttp.ClientSession() as session,
        session.get(f"{cluster.url}{CONFIG_MAPS}?watch=1") as response,
    ):
        await cluster.stop()
        assert await response.read() == b""
