"""Logs of pods."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.controllers import PodScript
from tests.local.harness import MERGE, Api

PODS = "/api/v1/namespaces/default/pods"
START, READY, END = "2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", "2026-01-01T00:00:09Z"
ENDED = {"exitCode": 1, "reason": "Error", "startedAt": START, "finishedAt": END}


def pod(name: str, *containers: str, log: str = "", initial: tuple[str, ...] = (), node: str = "") -> dict[str, Any]:
    notes = {"local.rudr.dev/log": log} if log else {}
    spec: dict[str, Any] = {"containers": [{"name": each, "image": "i"} for each in containers or ("c",)]}
    if initial:
        spec["initContainers"] = [{"name": each, "image": "i"} for each in initial]
    if node:
        spec["nodeName"] = node
    return {"metadata": {"name": name, "annotations": notes}, "spec": spec}


async def started(api: Api, *states: dict[str, Any], ready: bool = False) -> None:
    """Create a pod `p` whose containers have these states."""
    names = [chr(ord("a") + index) for index in range(len(states))]
    await api.created(PODS, pod("p", *names, node="n"))
    statuses = [
        {"name": name, "image": "i", "imageID": "", "ready": ready, "restartCount": 0, "lastState": {}, **state}
        for name, state in zip(names, states, strict=True)
    ]
    condition = {"type": "ContainersReady", "status": "True", "lastTransitionTime": READY}
    status = {"containerStatuses": statuses, "conditions": [condition] if ready else []}
    assert (await api("PATCH", f"{PODS}/p/status", {"status": status}, media=MERGE)).status == 200


async def log(api: Api, query: str = "") -> Any:
    """The log of the pod `p`, or the message of the error."""
    reply = await api("GET", f"{PODS}/p/log?{query}")
    assert reply.status in (200, 400, 422), reply.body
    return reply.body if reply.status == 200 else reply.body["message"]


async def test_the_log_of_a_pod_is_the_text_of_its_annotation(api: Api) -> None:
    await api.created(PODS, pod("p", log="one\ntwo\nthree\n"))
    assert await log(api) == "one\ntwo\nthree\n"
    assert await log(api, "tailLines=1") == "three\n"
    assert await log(api, "limitBytes=3") == "one"


async def test_an_annotation_may_set_the_log_of_one_container(api: Api) -> None:
    document = pod("p", "a", "b", log="of all\n")
    document["metadata"]["annotations"]["local.rudr.dev/log.b"] = "of b\n"
    await api.created(PODS, document)
    assert await log(api, "container=a") == "of all\n"
    assert await log(api, "container=b") == "of b\n"


async def test_the_script_sets_the_log_of_other_pods() -> None:
    settings = LocalSettings(controllers=frozenset(), script=lambda pod: PodScript(log=pod["metadata"]["name"]))
    async with LocalCluster(settings) as cluster:
        assert cluster.backend.pod_output({"metadata": {"name": "p"}, "spec": {"containers": []}}) == "p"


async def test_the_log_has_a_line_for_each_thing_that_happened_to_the_container(api: Api) -> None:
    await started(api, {"state": {"running": {"startedAt": START}}}, ready=True)
    assert await log(api) == "Started container a\nContainer a is ready\n"
    assert await log(api, "timestamps=true&tailLines=1") == "2026-01-01T00:00:05.000000000Z Container a is ready\n"
    assert await log(api, "sinceTime=2026-01-01T00:00:01Z") == "Container a is ready\n"
    assert await log(api, "sinceSeconds=1") == ""


async def test_a_restarted_container_has_a_previous_log(api: Api) -> None:
    await started(api, {"state": {"running": {"startedAt": END}}, "lastState": {"terminated": ENDED}})
    assert await log(api) == "Started container a\n"
    assert await log(api, "previous=true") == "Started container a\nContainer a exited with code 1 (Error)\n"


async def test_a_container_that_waits_for_its_restart_has_the_log_of_its_last_run(api: Api) -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    await started(api, {"state": waiting, "lastState": {"terminated": ENDED}})
    assert await log(api) == await log(api, "previous=true") != ""


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("ContainerCreating", "ContainerCreating"),
        ("ImagePullBackOff", "trying and failing to pull image"),
        ("ErrImagePull", "image can't be pulled"),
    ],
)
async def test_a_container_that_has_not_started_has_no_log(api: Api, reason: str, message: str) -> None:
    await started(api, {"state": {"waiting": {"reason": reason}}})
    assert await log(api) == f'container "a" in pod "p" is waiting to start: {message}'
    assert await log(api, "previous=true") == 'previous terminated container "a" in pod "p" not found'


async def test_a_condition_without_a_time_has_that_of_the_start(api: Api) -> None:
    await started(api, {"state": {"running": {"startedAt": "2026-01-01T00:00:00.123456789Z"}}}, ready=True)
    status = {"conditions": [{"type": "ContainersReady", "status": "True"}]}
    assert (await api("PATCH", f"{PODS}/p/status", {"status": status}, media=MERGE)).status == 200
    assert await log(api, "sinceTime=2026-01-01T00:00:00Z") == "Started container a\nContainer a is ready\n"


async def test_an_unassigned_pod_has_an_empty_log(api: Api) -> None:
    await api.created(PODS, pod("p"))
    for query in ("", "previous=true", "follow=true", "follow=x&timestamps=1"):
        assert (await api("GET", f"{PODS}/p/log?{query}")).status == 204


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 400, "a container name must be specified for pod p, choose one of: [i a b]"),
        ("container=z", 400, "container z is not valid for pod p"),
        ("tailLines=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            "limitBytes=99999999999999999999",
            400,
            'strconv.ParseInt: parsing "99999999999999999999": value out of range',
        ),
        ("sinceTime=x", 400, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
        ("tailLines=-1", 422, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", 422, "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", 422, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        ("stream=Stdout", 422, "stream: Forbidden: may not be specified"),
        (
            "tailLines=-1&limitBytes=-1",
            422,
            "[tailLines: Invalid value: -1: must be greater than or equal to 0, "
            "limitBytes: Invalid value: -1: must be greater than 0]",
        ),
        (
            "sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z",
            422,
            "[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
    ],
)
async def test_errors_have_the_messages_of_the_real_server(api: Api, query: str, status: int, message: str) -> None:
    await api.created(PODS, pod("p", "a", "b", initial=("i",)))
    reply = await api("GET", f"{PODS}/p/log?{query}")
    prefix = 'PodLogOptions "p" is invalid: ' if status == 422 else ""
    assert (reply.status, reply.body["message"]) == (status, prefix + message)


async def test_other_verbs_of_a_log_are_not_allowed(api: Api) -> None:
    await api.created(PODS, pod("p"))
    for method in ("PUT", "POST", "DELETE"):
        assert (await api(method, f"{PODS}/p/log", {})).status == 405
    assert (await api("GET", f"{PODS}/p")).status == 200
