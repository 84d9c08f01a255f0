"""Health from an object's own fields, kind by kind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import kstatus


def _object(kind: str, status: Any = None, spec: Any = None, **metadata: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": kind, "metadata": {"name": "x", **metadata}}
    if status is not None:
        made["status"] = status
    if spec is not None:
        made["spec"] = spec
    return made


def _condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "reason": reason, "message": message}]}


def _deployed(**changes: int) -> dict[str, Any]:
    counts = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}
    return {key: value for key, value in (counts | changes).items() if value >= 0}


_TWO = {"replicas": 2}
_LATE = _condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")
_HELD = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
_QUOTA = _condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")

TABLE = [
    ("Deployment", _deployed(), _TWO, "ready", "Ready"),
    ("Deployment", None, _TWO, "progressing", "NotObserved"),
    ("Deployment", _deployed(observedGeneration=-1), _TWO, "progressing", "NotObserved"),
    ("Deployment", _deployed(updatedReplicas=1), _TWO, "progressing", "Updating"),
    ("Deployment", _deployed(replicas=3), _TWO, "progressing", "Updating"),
    ("Deployment", _deployed(availableReplicas=1), _TWO, "progressing", "NotReady"),
    ("Deployment", _deployed(availableReplicas=-1), _TWO, "progressing", "NotReady"),
    ("Deployment", {"observedGeneration": 1}, {"replicas": 0}, "ready", "Ready"),
    ("Deployment", _deployed(replicas=1, updatedReplicas=1, availableReplicas=1), {}, "ready", "Ready"),
    ("Deployment", _deployed() | _LATE, _TWO, "failed", "ProgressDeadlineExceeded"),
    ("Deployment", _deployed() | _QUOTA, _TWO, "failed", "FailedCreate"),
    ("Deployment", _deployed(), {**_TWO, "paused": True}, "ready", "RolloutPaused"),
    ("Deployment", _deployed(updatedReplicas=0), {**_TWO, "paused": True}, "progressing", "RolloutPaused"),
    ("Deployment", None, {**_TWO, "paused": True}, "progressing", "NotObserved"),
    ("StatefulSet", _deployed(), _TWO, "ready", "Ready"),
    ("StatefulSet", _deployed(updatedReplicas=1), {**_TWO, "updateStrategy": _HELD}, "progressing", "RolloutPaused"),
    ("StatefulSet", _deployed(), {**_TWO, "updateStrategy": _HELD}, "ready", "Ready"),
    (
        "StatefulSet",
        _deployed(updatedReplicas=1),
        {**_TWO, "updateStrategy": {"type": "OnDelete"}},
        "progressing",
        "RolloutPaused",
    ),
    ("StatefulSet", _deployed(readyReplicas=1), _TWO, "progressing", "NotReady"),
    ("StatefulSet", _deployed(updatedReplicas=0), _TWO, "progressing", "Updating"),
    ("ReplicaSet", _deployed(updatedReplicas=-1), _TWO, "ready", "Ready"),
    ("ReplicaSet", _deployed(updatedReplicas=-1, replicas=1), _TWO, "progressing", "Updating"),
    ("ReplicaSet", _deployed(updatedReplicas=-1, readyReplicas=1), _TWO, "progressing", "NotReady"),
    (
        "DaemonSet",
        {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
        {},
        "ready",
        "Ready",
    ),
    (
        "DaemonSet",
        {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1},
        {},
        "progressing",
        "NotReady",
    ),
    ("Job", None, {}, "progressing", "Starting"),
    ("Job", {"active": 1}, {}, "progressing", "Running"),
    ("Job", _condition("Complete", "True"), {}, "ready", "Complete"),
    ("Job", _condition("Failed", "True", "BackoffLimitExceeded"), {}, "failed", "BackoffLimitExceeded"),
    ("Job", _condition("Suspended", "True"), {}, "progressing", "Suspended"),
    ("PersistentVolumeClaim", None, {}, "progressing", "Pending"),
    ("PersistentVolumeClaim", {"phase": "Bound"}, {}, "ready", "Ready"),
    ("PersistentVolumeClaim", {"phase": "Lost"}, {}, "failed", "Lost"),
    ("Pod", {"phase": "Running"} | _condition("Ready", "True"), {}, "ready", "Ready"),
    ("Pod", {"phase": "Running"} | _condition("Ready", "False", "ContainersNotReady"), {}, "progressing", None),
    ("Pod", {"phase": "Pending"}, {}, "progressing", "Pending"),
    ("Pod", {"phase": "Succeeded"}, {}, "ready", "Succeeded"),
    ("Pod", {"phase": "Failed", "reason": "Evicted"}, {}, "failed", "Evicted"),
    ("HorizontalPodAutoscaler", None, {}, "progressing", "NotObserved"),
    ("HorizontalPodAutoscaler", _condition("ScalingActive", "True"), {}, "ready", "Ready"),
    ("HorizontalPodAutoscaler", _condition("AbleToScale", "False", "FailedGetScale"), {}, "progressing", None),
    (
        "HorizontalPodAutoscaler",
        _condition("ScalingActive", "False", "FailedGetResourceMetric"),
        {},
        "progressing",
        "FailedGetResourceMetric",
    ),
    ("CustomResourceDefinition", None, {}, "progressing", "NotEstablished"),
    ("CustomResourceDefinition", _condition("Established", "True"), {}, "ready", "Ready"),
    ("CustomResourceDefinition", _condition("NamesAccepted", "False", "Taken"), {}, "failed", "Taken"),
    ("Anything", None, {}, "ready", "Ready"),
    ("Anything", _condition("Ready", "True"), {}, "ready", "Ready"),
    ("Anything", _condition("Ready", "Unknown"), {}, "progressing", "NotReady"),
    ("Anything", _condition("Stalled", "True", "Broken"), {}, "failed", "Broken"),
    ("Anything", _condition("Reconciling", "True"), {}, "progressing", "Reconciling"),
]


@pytest.mark.parametrize(("kind", "status", "spec", "state", "reason"), TABLE)
def test_the_health_of_an_object_follows_from_its_status(
    kind: str, status: Any, spec: Any, state: str, reason: str | None
) -> None:
    health = kstatus.assess(_object(kind, status, spec))
    assert health.state == state
    assert reason is None or health.reason == reason


@pytest.mark.parametrize("kind", sorted({row[0] for row in TABLE}))
def test_a_terminating_object_is_not_ready(kind: str) -> None:
    health = kstatus.assess(_object(kind, {"phase": "Bound"}, deletionTimestamp="2026-01-01T00:00:00Z"))
    assert (health.state, health.reason) == ("progressing", "Terminating")


@pytest.mark.parametrize("kind", sorted({row[0] for row in TABLE} - {"HorizontalPodAutoscaler"}))
def test_a_status_of_an_older_generation_is_progressing(kind: str) -> None:
    status = _deployed() | _condition("Complete", "True")
    health = kstatus.assess(_object(kind, status, _TWO, generation=2))
    assert (health.state, health.reason) == ("progressing", "GenerationNotObserved")


def test_an_autoscaler_is_ready_before_its_latest_change_was_observed() -> None:
    status = {"observedGeneration": 1} | _condition("ScalingActive", "True")
    assert kstatus.assess(_object("HorizontalPodAutoscaler", status, generation=2)).ok


def test_a_failure_contains_the_message_of_the_server() -> None:
    assert kstatus.assess(_object("Deployment", _QUOTA)).message == "exceeded quota"


def test_the_shown_size_is_ready_of_desired_replicas() -> None:
    health = kstatus.assess(_object("Deployment", _deployed(availableReplicas=1), _TWO))
    assert health.show == {"replicas": "1/2"}


@pytest.mark.parametrize(
    ("status", "desired", "sufficient", "state", "reason"),
    [
        # replicas of one template are added
        (_deployed(), 4, 2, "ready", "ScalingUp"),
        (_deployed(), 4, None, "progressing", "Updating"),
        (_deployed(replicas=4, updatedReplicas=4), 4, 2, "ready", "ScalingUp"),
        (_deployed(replicas=4, updatedReplicas=4), 4, 3, "progressing", "NotReady"),
        (_deployed(replicas=4, updatedReplicas=4) | _QUOTA, 4, 2, "ready", "ScalingUp"),
        (_deployed(replicas=4, updatedReplicas=4) | _LATE, 4, 2, "ready", "ScalingUp"),
        (_deployed(replicas=0, updatedReplicas=0, availableReplicas=0), 3, 0, "ready", "ScalingUp"),
        # fewer than the autoscaler will set
        (_deployed(), 2, 3, "progressing", "ScalingUp"),
        # replicas are removed, down to none
        (_deployed(replicas=4, updatedReplicas=4, availableReplicas=4), 2, 2, "ready", "Ready"),
        (_deployed(replicas=0, updatedReplicas=0, availableReplicas=0), 0, 2, "ready", "Ready"),
        # replicas of two templates
        (_deployed(replicas=4, updatedReplicas=1, availableReplicas=4), 4, 2, "progressing", "Updating"),
        (_deployed(replicas=4, updatedReplicas=1, availableReplicas=4) | _LATE, 4, 2, "failed", None),
    ],
)
def test_a_workload_to_which_replicas_are_added_is_ready_with_a_sufficient_number(
    status: Any, desired: int, sufficient: int | None, state: str, reason: str | None
) -> None:
    health = kstatus.assess(_object("Deployment", status, {"replicas": desired}), sufficient)
    assert health.state == state
    assert reason is None or health.reason == reason


def test_a_paused_rollout_is_reported_with_the_command_that_continues_it() -> None:
    health = kstatus.assess(_object("Deployment", _deployed(updatedReplicas=0), {**_TWO, "paused": True}))
    assert health.message.endswith("kubectl rollout resume deployment/x")


def test_an_absent_condition_is_an_empty_mapping() -> None:
    assert kstatus.condition(_object("Pod"), "Ready") == {}


_WORDS = st.sampled_from(
    sorted(
        {row[0] for row in TABLE}
        | {"kind", "status", "spec", "metadata", "conditions", "type", "Ready", "Failed", "True", "phase"}
        | {"replicas", "observedGeneration", "generation", "updatedReplicas", "desiredNumberScheduled", "active"}
    )
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=3), inner, max_size=5),
    max_leaves=15,
)
_KIND = st.sampled_from(sorted({row[0] for row in TABLE}))


@given(kind=_KIND | _JSON, metadata=_JSON, spec=_JSON, status=_JSON)
def test_no_document_of_any_shape_raises(kind: Any, metadata: Any, spec: Any, status: Any) -> None:
    health = kstatus.assess({"kind": kind, "metadata": metadata, "spec": spec, "status": status})
    assert health.state in {"ready", "progressing", "failed"}
    assert health.reason


@given(st.dictionaries(_WORDS, _JSON, max_size=5))
def test_no_mapping_of_any_shape_raises(document: dict[str, Any]) -> None:
    kstatus.assess(document)
