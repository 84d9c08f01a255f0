"""Logs that are followed."""

from __future__ import annotations

from tests.local.harness import MERGE, Api
from tests.local.http.streams.conftest import PODS, running_pod

FOLLOW = f"{PODS}/p/log?follow=true"


async def test_lines_are_sent_as_they_appear_until_the_pod_is_deleted(api: Api) -> None:
    await running_pod(api, "p", log="one\n")
    async with api.session.get(api.url + FOLLOW) as response:
        assert response.content_type == "text/plain"
        assert await response.content.readline() == b"one\n"
        longer = {"metadata": {"annotations": {"local.rudr.dev/log": "one\ntwo\nthree"}}}
        assert (await api("PATCH", f"{PODS}/p", longer, media=MERGE)).status == 200
        assert await response.content.readline() == b"two\n"
        assert (await api("DELETE", f"{PODS}/p?gracePeriodSeconds=0")).status == 200
        assert await response.content.read() == b"three"


async def test_the_log_of_a_container_that_does_not_run_ends(api: Api) -> None:
    await running_pod(api, "p", outcome="crash-loop")
    async with api.session.get(api.url + FOLLOW) as response:
        assert b"exited with code 1" in await response.read()


async def test_a_limit_ends_the_log(api: Api) -> None:
    await running_pod(api, "p", log="one\ntwo\n")
    async with api.session.get(f"{api.url}{FOLLOW}&limitBytes=5") as response:
        assert await response.read() == b"one\nt"


async def test_the_tail_is_that_of_the_lines_at_the_start(api: Api) -> None:
    await running_pod(api, "p", log="one\ntwo\n")
    async with api.session.get(f"{api.url}{FOLLOW}&tailLines=1") as response:
        assert await response.content.readline() == b"two\n"
        longer = {"metadata": {"annotations": {"local.rudr.dev/log": "one\ntwo\n3\n4\n"}}}
        assert (await api("PATCH", f"{PODS}/p", longer, media=MERGE)).status == 200
        assert await response.content.readline() == b"3\n"


async def test_errors_precede_the_stream(api: Api) -> None:
    await running_pod(api, "p")
    assert (await api("GET", f"{FOLLOW}&container=z")).status == 400
    assert (await api("GET", f"{FOLLOW}&tailLines=-1")).status == 422
    assert (await api("GET", f"{PODS}/absent/log?follow=true")).status == 404
