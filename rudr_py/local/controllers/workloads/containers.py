"""Container statuses from the script and the age of a pod. Pure."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from rudr_py.local.controllers.runtime import times
from rudr_py.local.storage.store import Object

READY, CRASH_LOOP, IMAGE_PULL_ERROR = "ready", "crash-loop", "image-pull-error"
NEVER_READY, FAIL, SUCCEED = "never-ready", "fail", "succeed"
OUTCOMES = frozenset({READY, CRASH_LOOP, IMAGE_PULL_ERROR, NEVER_READY, FAIL, SUCCEED})

_MOMENT = 1.0
_FIRST_PAUSE, _LAST_PAUSE = 10.0, 300.0


class PodScript(msgspec.Struct, frozen=True):
    """The scripted behaviour of a pod.

    `outcome`: `ready` (a pod that ends by its restartPolicy: `succeed`), `never-ready`, `crash-loop`,
    `image-pull-error`, `fail` or `succeed`; the last two end the containers, which are restarted according to
    restartPolicy. `ready_after` is the number of seconds from the start until the containers are ready, `runs_for` that
    from then until they end (None: a second if restartPolicy is not Always, else 0), `terminate_after` that from the
    deletion of the pod until they end, at most its grace period. `log` is their output.
    """

    outcome: str = READY
    ready_after: float = 0.0
    runs_for: float | None = None
    terminate_after: float = 0.0
    log: str = ""


class PodState(msgspec.Struct, frozen=True):
    """The name, readiness and containerStatus of a container."""

    name: str
    ready: bool
    status: Object


def container_states(
    pod: Object, script: PodScript, age: float, started: float
) -> tuple[list[PodState], str, float | None]:
    """Return the containers of a pod `age` seconds after its start, its phase, and the seconds until they change."""
    template, phase, wake = _shared_status(pod, script, age, started)
    states = []
    for container in pod["spec"].get("containers") or ():
        status = {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": f"local/{container.get('image', '')}",
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "started": False,
            **template,
        }
        waiting = status["state"].get("waiting")
        if waiting is not None:
            about = {"container": container["name"], "image": container.get("image", ""), **pod["metadata"]}
            message = waiting["message"].format_map(about)
            status["state"] = {"waiting": {**waiting, "message": message}}
        states.append(PodState(container["name"], status["ready"], status))
    return states, phase, wake


def ephemeral_states(pod: Object, now: str) -> list[Object]:
    """Return the statuses of ephemeral containers, which start at once and run as long as the pod."""
    before = (pod.get("status") or {}).get("ephemeralContainerStatuses") or ()
    started = {status["name"]: status for status in before}
    return [
        started.get(container["name"])
        or {
            "name": container["name"],
            "image": container["image"],
            "imageID": f"local/{container['image']}",
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "state": {"running": {"startedAt": now}},
        }
        for container in pod["spec"]["ephemeralContainers"]
    ]


def _shared_status(
    pod: Object, script: PodScript, age: float, started: float
) -> tuple[dict[str, Any], str, float | None]:
    """Return the status fields that all containers of a pod share."""
    if script.outcome == IMAGE_PULL_ERROR:
        message = 'Back-off pulling image "{image}"'
        return {"state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}}, "Pending", None
    running = {"running": {"startedAt": times.stamp(started)}}
    if script.outcome == NEVER_READY:
        return {"state": running, "started": True}, "Running", None
    if age < script.ready_after:
        return {"state": running, "started": True}, "Running", script.ready_after - age
    if script.outcome == READY:
        return {"state": running, "started": True, "ready": True}, "Running", None
    runs_until = script.ready_after + _running_time(pod, script)
    if age < runs_until and script.outcome != CRASH_LOOP:
        return {"state": running, "started": True, "ready": True}, "Running", runs_until - age
    return _ended_status(pod, script, age - runs_until, started + runs_until)


def _running_time(pod: Object, script: PodScript) -> float:
    """Return the seconds from readiness until the containers end."""
    if script.runs_for is None:
        return _MOMENT if ends(pod) else 0.0
    return script.runs_for


def ends(pod: Object) -> bool:
    """Return whether the containers of a pod are not restarted after success."""
    return bool(pod["spec"].get("restartPolicy", "Always") != "Always")


def _ended_status(pod: Object, script: PodScript, age: float, since: float) -> tuple[dict[str, Any], str, float | None]:
    """Return the status of containers that ended `age` seconds ago: terminated, or waiting for a restart."""
    good = script.outcome == SUCCEED
    policy = pod["spec"].get("restartPolicy", "Always")
    code = 0 if good else 1
    terminated: Object = {"exitCode": code, "reason": "Completed" if good else "Error"}
    for_good = policy == "Never" or (policy == "OnFailure" and good)
    if for_good and script.outcome != CRASH_LOOP:
        ended = {"startedAt": times.stamp(since), "finishedAt": times.stamp(since)}
        return {"state": {"terminated": terminated | ended}}, "Succeeded" if good else "Failed", None
    restarts, pause, wake = _restarts(max(0.0, age))
    ended_at = times.stamp(since + age + wake - pause)
    message = f"back-off {pause:.0f}s restarting failed container={{container}} pod={{name}}_{{namespace}}({{uid}})"
    state = {
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": message}},
        "lastState": {"terminated": terminated | {"startedAt": ended_at, "finishedAt": ended_at}},
        "restartCount": restarts,
    }
    return state, "Running", wake


def _restarts(age: float) -> tuple[int, float, float]:
    """Return the number of restarts of a container that ends at once, the current pause, and its remaining seconds.

    Pauses are those of the kubelet: 10 s, doubled up to 5 min. The first start counts as a restart.
    """
    doublings = int(math.log2(_LAST_PAUSE / _FIRST_PAUSE)) + 1
    ends = 0.0
    for number in range(doublings):
        pause = _FIRST_PAUSE * 2**number
        ends += pause
        if age < ends:
            return number + 1, pause, ends - age
    more = int((age - ends) // _LAST_PAUSE)
    return doublings + more + 1, _LAST_PAUSE, ends + (more + 1) * _LAST_PAUSE - age
