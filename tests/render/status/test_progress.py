"""Progress of a rollout: a status that differs from the stored one by nothing on which a user acts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.render.status.progress import is_progress

Status = dict[str, Any]
TIME = "2026-01-02T03:04:05Z"


def condition(kind: str, state: str, reason: str, message: str = "") -> Status:
    return {"type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": TIME}


def rollout() -> Status:
    """The status of an application whose only instance has just been applied."""
    return {
        "observedGeneration": 1,
        "phase": "synced",
        "conditions": [
            condition("Valid", "True", "Valid"),
            condition("Synced", "True", "Synced"),
            condition("TraitsReady", "Unknown", "NotObserved", "0 of 1 traits are ready"),
            condition("Ready", "False", "NotObserved", "0 of 2 instances are ready"),
        ],
        "components": {"web": {"deployment/web": "updating"}},
        "instances": [
            {
                "name": name,
                "state": "progressing",
                "reason": "NotObserved",
                "traits": [{"name": "ingress", "attachedAt": TIME, "state": "progressing", "reason": "NotObserved"}],
            }
            for name in ("web", "api")
        ],
        "resources": [{"kind": "Deployment", "name": "web"}],
    }


def _pods_start(status: Status) -> None:
    message = "0 of 2 instances are ready\nweb: 0 of 1 replicas ready"
    status["conditions"][3] |= {"reason": "NotReady", "message": message}
    status["instances"][0] |= {"reason": "NotReady", "message": "0 of 1 replicas ready", "show": {"replicas": "0/1"}}


def _trait_becomes_ready(status: Status) -> None:
    status["conditions"][2] = condition("TraitsReady", "True", "Ready", "2 of 2 traits are ready")
    status["instances"][0]["traits"][0] |= {"state": "ready", "reason": "Ready", "show": {"address": "192.0.2.1"}}


def _one_instance_becomes_ready(status: Status) -> None:
    status["instances"][0] |= {"state": "ready", "reason": "Ready", "lastReady": {"template": "a", "replicas": 1}}
    status["components"]["web"]["deployment/web"] = "running"


@pytest.mark.parametrize("change", [_pods_start, _trait_becomes_ready, _one_instance_becomes_ready])
def test_what_happens_in_every_rollout_is_progress(change: Callable[[Status], None]) -> None:
    desired = rollout()
    change(desired)
    assert is_progress(rollout(), desired)
    assert is_progress({**rollout(), "checkpoint": "a"}, desired)


def _becomes_ready(status: Status) -> None:
    status["conditions"][3] = condition("Ready", "True", "Ready")


def _pulls_no_image(status: Status) -> None:
    status["instances"][1] |= {"reason": "ImagePullBackOff", "message": "pod api-1: back-off"}


def _cannot_be_scheduled(status: Status) -> None:
    status["conditions"][3] |= {"reason": "Unschedulable"}


def _fails(status: Status) -> None:
    status["instances"][0] |= {"state": "failed", "reason": "NotReady"}


def _trait_fails(status: Status) -> None:
    status["instances"][0]["traits"][0] |= {"reason": "FailedGetResourceMetric"}


def _trait_condition_fails(status: Status) -> None:
    status["conditions"][2] |= {"status": "False", "reason": "NoIngressClass"}


def _is_edited(status: Status) -> None:
    status["observedGeneration"] = 2


def _is_not_applied(status: Status) -> None:
    status["conditions"][1] |= {"status": "False", "reason": "Forbidden"}


def _has_another_object(status: Status) -> None:
    status["resources"].append({"kind": "Job", "name": "web"})


def _completes_a_run(status: Status) -> None:
    status["instances"][0] |= {"state": "ready", "reason": "Ready", "runs": {"web": "complete"}}


def _warns(status: Status) -> None:
    status["warnings"] = ["deprecated"]


def _loses_an_instance(status: Status) -> None:
    del status["instances"][1]


ACTIONABLE = [
    _becomes_ready,
    _pulls_no_image,
    _cannot_be_scheduled,
    _fails,
    _trait_fails,
    _trait_condition_fails,
    _is_edited,
    _is_not_applied,
    _has_another_object,
    _completes_a_run,
    _warns,
    _loses_an_instance,
]


@pytest.mark.parametrize("change", ACTIONABLE)
def test_a_result_a_problem_and_a_change_of_the_documents_are_no_progress(change: Callable[[Status], None]) -> None:
    desired = rollout()
    _pods_start(desired)
    changed = copy.deepcopy(desired)
    change(changed)
    assert not is_progress(rollout(), changed)
    assert not is_progress(changed, desired)


@pytest.mark.parametrize("stored", [None, "Add", {}, [], {"conditions": [{"type": "Ready", "status": "Unknown"}]}])
def test_a_status_without_a_rollout_is_no_progress(stored: Any) -> None:
    assert not is_progress(stored, rollout())


def test_a_problem_that_lasts_is_no_obstacle_for_progress_elsewhere_to_be_compared() -> None:
    stored, desired = rollout(), rollout()
    for status in (stored, desired):
        status["instances"][1] |= {"state": "progressing", "reason": "Suspended", "message": "the job is suspended"}
    _pods_start(desired)
    assert is_progress(stored, desired)
    desired["instances"][1]["message"] = "the job is not suspended"
    assert not is_progress(stored, desired)
