"""The problems of pods, from the documents that a kubelet and a scheduler write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Health, pods

WAITING = Health("progressing", "NotReady", "1 of 3 replicas ready", {"replicas": "1/3"})
LIMITED = 'pods "web-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'


def _pod(name: str = "web-x", phase: str = "Pending", spec: Any = None, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec or {}, "status": {"phase": phase, **status}}


def _container(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "main", "image": "registry.example.org/a:1", "ready": False, "state": state, **more}


def _waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return _pod(containerStatuses=[_container({"waiting": {"reason": reason, "message": message}}, **more)])


def _condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _terminated(code: int, **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": "Error", **more}}


READY = _pod("web-r", "Running", conditions=[_condition("Ready", "True")])
REFUSED = (
    'rpc error: code = Unknown desc = failed to pull and unpack image "registry.example.org/a:1": 401 Unauthorized'
)

TABLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "the image cannot be pulled": (
        _waiting("ErrImagePull", REFUSED),
        "ImagePullBackOff",
        "ImagePullBackOff registry.example.org/a:1: failed to pull and unpack image"
        ' "registry.example.org/a:1": 401 Unauthorized',
    ),
    "the image is waited for": (
        _waiting("ImagePullBackOff", f'Back-off pulling image "registry.example.org/a:1": ErrImagePull: {REFUSED}'),
        "ImagePullBackOff",
        "ImagePullBackOff registry.example.org/a:1: failed to pull and unpack image"
        ' "registry.example.org/a:1": 401 Unauthorized',
    ),
    "an older kubelet with the same cause": (
        _waiting("ImagePullBackOff", 'Back-off pulling image "registry.example.org/a:1"'),
        "ImagePullBackOff",
        "ImagePullBackOff registry.example.org/a:1",
    ),
    "the image's name is none": (
        _waiting("InvalidImageName", "couldn't parse image name"),
        "InvalidImageName",
        "InvalidImageName registry.example.org/a:1: couldn't parse image name",
    ),
    "it crashes again and again": (
        _waiting(
            "CrashLoopBackOff", "back-off 5m0s restarting failed container", restartCount=5, lastState=_terminated(137)
        ),
        "CrashLoopBackOff",
        "CrashLoopBackOff container main ended with exit code 137, 5 restarts",
    ),
    "it is out of memory": (
        _waiting("CrashLoopBackOff", restartCount=1, lastState=_terminated(137, reason="OOMKilled")),
        "CrashLoopBackOff",
        "CrashLoopBackOff container main ended with exit code 137 (OOMKilled), 1 restart",
    ),
    "it has just crashed again": (
        _pod(phase="Running", containerStatuses=[_container(_terminated(2, message="no such\nfile"), restartCount=2)]),
        "CrashLoopBackOff",
        "CrashLoopBackOff container main ended with exit code 2, 2 restarts: no such file",
    ),
    "it ended once, in a Job": (
        _pod(phase="Failed", containerStatuses=[_container(_terminated(3))]),
        "Error",
        "Error container main ended with exit code 3",
    ),
    "no node takes it": (
        _pod(conditions=[_condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available")]),
        "Unschedulable",
        "Unschedulable: 0/3 nodes are available",
    ),
    "a Secret for its env is missing": (
        _waiting("CreateContainerConfigError", 'secret "db" not found'),
        "CreateContainerConfigError",
        'CreateContainerConfigError: container main: secret "db" not found',
    ),
    "an init container fails": (
        _pod(initContainerStatuses=[_container(_terminated(1), restartCount=1)]),
        "CrashLoopBackOff",
        "CrashLoopBackOff container main ended with exit code 1, 1 restart",
    ),
    "it was evicted": (
        _pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
        "Evicted",
        "Evicted: The node was low on resource: memory.",
    ),
    "its volumes are not there": (
        {
            **_waiting("ContainerCreating"),
            "spec": {
                "volumes": [
                    {"configMap": {"name": "conf"}},
                    {"secret": {"secretName": "key"}},
                    {"persistentVolumeClaim": {"claimName": "data"}},
                    {"emptyDir": {}},
                ]
            },
        },
        "NotReady",
        "ContainerCreating: containers are being created; they need ConfigMap conf, Secret key, "
        "PersistentVolumeClaim data",
    ),
    "its readiness probe fails": (
        _pod(
            phase="Running",
            spec={"containers": [{"name": "main", "readinessProbe": {}}]},
            containerStatuses=[_container({"running": {}})],
        ),
        "NotReady",
        "NotReady: container main runs, but its readiness probe fails",
    ),
    "it runs after crashes": (
        _pod(
            phase="Running",
            containerStatuses=[_container({"running": {}}, restartCount=2, lastState=_terminated(9))],
        ),
        "NotReady",
        "NotReady: container main runs, but it is not ready, after 2 restarts, the last with exit code 9",
    ),
    "no status yet": (_pod(), "NotReady", "Pending: containers are being created"),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_message_contains_the_pod_and_the_cause(case: str) -> None:
    pod, reason, text = TABLE[case]
    found = pods.explain(WAITING, [READY, pod])
    assert (found.state, found.reason) == ("progressing", reason)
    assert found.message == f"1 of 3 replicas ready; pod {pod['metadata']['name']}: {text}"
    assert found.show == WAITING.show


def test_the_worst_pod_is_reported_and_pods_with_the_same_problem_are_counted() -> None:
    unready = _pod("web-a", "Running", containerStatuses=[_container({"running": {}})])
    broken = [{**_waiting("ImagePullBackOff"), "metadata": {"name": name}} for name in ("web-c", "web-b", "web-d")]
    found = pods.explain(WAITING, [unready, *broken])
    told = "pod web-b (and 2 more pods): ImagePullBackOff registry.example.org/a:1"
    assert found.message == f"1 of 3 replicas ready; {told}"
    assert "(and 1 more pod):" in pods.explain(WAITING, broken[:2]).message


def test_terminating_pods_are_reported_only_without_another_problem() -> None:
    leaving = _waiting("CrashLoopBackOff")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    leaving["spec"]["nodeName"] = "lost"
    found = pods.explain(WAITING, [leaving, READY])
    assert (found.reason, found.message) == ("NotReady", "1 of 3 replicas ready; pod web-x: Terminating on node lost")
    assert pods.explain(WAITING, [leaving, _waiting("ImagePullBackOff")]).reason == "ImagePullBackOff"
    assert pods.explain(WAITING, [_pod(phase="Succeeded"), READY]) is WAITING


@pytest.mark.parametrize(
    "health", [Health("ready", "Ready"), Health("progressing", "GenerationNotObserved", "not taken up yet")]
)
def test_pods_do_not_change_the_health_of_a_ready_or_unobserved_workload(health: Health) -> None:
    assert pods.explain(health, [_waiting("CrashLoopBackOff")]) is health


def test_a_pod_of_an_earlier_revision_is_named_without_its_problem() -> None:
    """Its problem is about a template that is in no document any more."""
    outdated = _waiting("ImagePullBackOff")
    outdated["metadata"]["labels"] = {"controller-revision-hash": "web-1"}
    health = pods.explain(WAITING, [outdated], revision="web-2")
    assert (health.reason, health.message) == (
        "NotReady",
        "1 of 3 replicas ready; pod web-x: it has an earlier revision and is replaced",
    )
    assert pods.explain(WAITING, [outdated], revision="web-1").reason == "ImagePullBackOff"


def test_an_exceeded_quota_has_its_own_reason() -> None:
    found = pods.explain(Health("failed", "FailedCreate", LIMITED), [])
    assert (found.state, found.reason, found.message) == ("failed", "QuotaExceeded", LIMITED)


def test_the_health_of_a_workload_without_pods_refers_to_its_events() -> None:
    none = Health("progressing", "Updating", "0 of 1 replicas updated", {"replicas": "0/1"})
    assert "no pods yet" in pods.explain(none, []).message
    assert pods.explain(WAITING, []) is WAITING


def test_messages_of_the_cluster_are_truncated() -> None:
    assert len(pods.explain(WAITING, [_waiting("ImagePullBackOff", "x" * 10_000)]).message) < 1000


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_STATE = st.fixed_dictionaries(
    {},
    optional={
        key: _JSON | st.fixed_dictionaries({}, optional={"reason": _JSON, "message": _JSON, "exitCode": _JSON})
        for key in ("waiting", "terminated", "running")
    },
)
_STATUSES = _JSON | st.lists(
    _JSON
    | st.fixed_dictionaries(
        {}, optional={"name": _JSON, "image": _JSON, "restartCount": _JSON, "state": _STATE, "lastState": _STATE}
    ),
    max_size=2,
)
_PODS = st.fixed_dictionaries(
    {},
    optional={
        "metadata": _JSON | st.fixed_dictionaries({"name": _JSON}),
        "spec": _JSON | st.fixed_dictionaries({}, optional={"containers": _JSON, "volumes": _JSON}),
        "status": _JSON
        | st.fixed_dictionaries(
            {},
            optional={
                "phase": _JSON,
                "reason": _JSON,
                "containerStatuses": _STATUSES,
                "initContainerStatuses": _STATUSES,
                "conditions": _JSON
                | st.lists(
                    st.fixed_dictionaries({"type": st.sampled_from(["Ready", "PodScheduled"]), "status": _JSON})
                ),
            },
        ),
    },
)


@given(st.lists(_PODS, max_size=3))
def test_no_pod_of_any_shape_raises(found: list[dict[str, Any]]) -> None:
    explained = pods.explain(WAITING, found)
    assert explained.state == "progressing"
    assert explained.reason
