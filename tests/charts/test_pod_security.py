"""The Pod Security check reports each violation of the level "restricted"."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.charts import pod_security

GOOD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "tmp", "emptyDir": {}}],
    "containers": [
        {
            "name": "one",
            "ports": [{"containerPort": 80}],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}


def test_a_good_pod_violates_nothing() -> None:
    assert pod_security.violations(GOOD) == []


@pytest.mark.parametrize(
    "pod",
    [
        {"hostNetwork": True},
        {"hostPID": True},
        {"hostIPC": True},
        {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]},
        {"securityContext": {"runAsNonRoot": True}},
        {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
        {"securityContext": {**GOOD["securityContext"], "runAsUser": 0}},
        {"securityContext": {**GOOD["securityContext"], "seccompProfile": {"type": "Unconfined"}}},
        {"securityContext": {**GOOD["securityContext"], "sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
        {"initContainers": [{"name": "bare"}]},
    ],
)
def test_a_violation_of_a_pod_is_reported(pod: dict[str, Any]) -> None:
    assert pod_security.violations({**GOOD, **pod})


@pytest.mark.parametrize(
    "context",
    [
        {"privileged": True},
        {"allowPrivilegeEscalation": True},
        {"allowPrivilegeEscalation": None},
        {"capabilities": {}},
        {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}},
        {"runAsNonRoot": False},
        {"runAsUser": 0},
        {"seccompProfile": {"type": "Unconfined"}},
        {"procMount": "Unmasked"},
        {"seLinuxOptions": {"type": "spc_t"}},
        {"seLinuxOptions": {"user": "root"}},
        {"appArmorProfile": {"type": "Unconfined"}},
        {"windowsOptions": {"hostProcess": True}},
    ],
)
def test_a_violation_of_a_container_is_reported(context: dict[str, Any]) -> None:
    pod = copy.deepcopy(GOOD)
    pod["containers"][0]["securityContext"] |= context
    assert pod_security.violations(pod)


def test_a_host_port_is_reported() -> None:
    pod = copy.deepcopy(GOOD)
    pod["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 80}]
    assert pod_security.violations(pod)
