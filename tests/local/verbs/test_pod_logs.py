"""Logs of pods."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.controllers import PodScript
from tests.local.harness import Api

PODS = "/api/v1/namespaces/default/pods"


def pod(name: str, *containers: str, log: str = "") -> dict[str, Any]:
    notes = {"local.rudr.dev/log": log} if log else {}
    listed = [{"name": each, "image": "i"} for each in containers or ("c",)]
    return {"metadata": {"name": name, "annotations": notes}, "spec": {"containers": listed}}


async def test_the_log_of_a_pod_is_the_text_of_its_annotation(api: Api) -> None:
    await api.created(PODS, pod("p", log="one\ntwo\nthree\n"))
    assert (await api("GET", f"{PODS}/p/log")).body == "one\ntwo\nthree\n"
    assert (await api("GET", f"{PODS}/p/log?tailLines=1")).body == "three\n"
    assert (await api("GET", f"{PODS}/p/log?limitBytes=3")).body == "one"


async def test_the_script_sets_the_log_of_other_pods() -> None:
    settings = LocalSettings(controllers=frozenset(), script=lambda pod: PodScript(log=pod["metadata"]["name"]))
    async with LocalCluster(settings) as cluster:
        assert cluster.backend.pod_output({"metadata": {"name": "p"}, "spec": {"containers": []}}) == "p"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "a container name must be specified for pod p, choose one of: [a b]"),
        ("?container=z", "container z is not valid for pod p"),
        ("?container=a&previous=true", 'previous terminated container "a" in pod "p" not found'),
    ],
)
async def test_the_log_of_a_container_without_one_is_an_error(api: Api, query: str, message: str) -> None:
    await api.created(PODS, pod("p", "a", "b"))
    reply = await api("GET", f"{PODS}/p/log{query}")
    assert (reply.status, reply.body["message"]) == (400, message)
