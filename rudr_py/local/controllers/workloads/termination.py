"""The end of a pod that is being deleted: how long its containers take, and their last statuses. Pure."""

from __future__ import annotations

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.workloads.containers import PodScript, PodState, ends
from rudr_py.local.storage.store import Object

_COMPLETED: Object = {"exitCode": 0, "reason": "Completed"}
_INTERRUPTED: Object = {"exitCode": 143, "reason": "Error"}
_KILLED: Object = {"exitCode": 137, "reason": "Error"}


def seconds_left(pod: Object, script: PodScript, age: float) -> float:
    """Return the seconds until the containers end, `age` seconds after the deletion request; the grace limits them."""
    grace: float = pod["metadata"].get("deletionGracePeriodSeconds", 0)
    return min(script.terminate_after, grace) - age


def last_states(pod: Object, script: PodScript, now: float) -> tuple[list[PodState], str]:
    """Return the last statuses of the containers, and the phase: Failed if one was killed or did not run.

    A container that would end by itself fails when it is interrupted; a server completes.
    """
    end = _INTERRUPTED if ends(pod) else _COMPLETED
    if script.terminate_after > pod["metadata"].get("deletionGracePeriodSeconds", 0):
        end = _KILLED
    states = []
    for before in pod["status"].get("containerStatuses") or ():
        status, running = before, before["state"].get("running")
        if running is not None:
            ended = {**end, **running, "finishedAt": times.stamp(now)}
            status = {**before, "state": {"terminated": ended}, "ready": False, "started": False}
        states.append(PodState(status["name"], False, status))
    codes = [state.status["state"].get("terminated", _KILLED)["exitCode"] for state in states]
    return states, "Failed" if any(codes) else "Succeeded"
