"""Invalid values are refused with a message that names them."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.cli.logging import levels
from tests.charts import rendering

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"replicas": 2}, "additional properties 'replicas' not allowed"),
    ({"replicaCount": "2"}, "at '/replicaCount': got string, want integer"),
    ({"replicaCount": -1}, "at '/replicaCount': minimum"),
    ({"logLevel": "loud"}, "at '/logLevel'"),
    ({"logFormat": "xml"}, "at '/logFormat': value must be one of 'json', 'text', 'auto'"),
    ({"image": {"repository": ""}}, "at '/image/repository'"),
    ({"image": {"repository": "rudr-py:1"}}, "at '/image/repository'"),
    ({"image": {"digest": "sha256:12"}}, "at '/image/digest'"),
    ({"image": {"pullPolicy": "Sometimes"}}, "at '/image/pullPolicy'"),
    ({"image": {"pullSecrets": ["key"]}}, "at '/image/pullSecrets/0': got string, want object"),
    ({"watchNamespaces": "shop"}, "at '/watchNamespaces': got string, want array"),
    ({"watchNamespaces": ["Shop"]}, "at '/watchNamespaces/0'"),
    ({"applicationLimits": {"trait": 1}}, "invalid propertyName 'trait'"),
    ({"applicationLimits": {"traits": 0}}, "at '/applicationLimits/traits': minimum"),
    ({"fullnameOverride": "Oam"}, "at '/fullnameOverride'"),
    ({"crds": {"keep": "yes"}}, "at '/crds/keep': got string, want boolean"),
    ({"rbac": {"extraRules": [{"verbs": ["get"]}]}}, "at '/rbac/extraRules/0': missing properties"),
    ({"authorPolicy": {"create": "yes"}}, "at '/authorPolicy/create': value must be one of 'auto', true, false"),
    ({"authorPolicy": {"actions": ["Refuse"]}}, "at '/authorPolicy/actions/0'"),
    ({"authorPolicy": {"actions": []}}, "at '/authorPolicy/actions': minItems"),
    ({"authorPolicy": {"actions": ["Deny", "Warn"]}}, "at '/authorPolicy/actions': 'not' failed"),
    ({"leaderElection": {"leaseDuration": 15}}, "at '/leaderElection/leaseDuration': got number, want string"),
    ({"leaderElection": {"leaseDuration": "15"}}, "at '/leaderElection/leaseDuration'"),
    ({"plugins": {"packages": [{"name": "a", "version": "1.0"}]}}, "missing property 'hashes'"),
    ({"plugins": {"packages": [{"name": "a", "version": "1", "hashes": []}]}}, "/hashes': minItems: got 0, want 1"),
    ({"plugins": {"packages": [{"name": "a", "version": ">=1", "hashes": ["sha256:" + "0" * 64]}]}}, "/0/version'"),
    ({"plugins": {"packages": [{"name": "a", "version": "1", "hashes": ["md5:0"]}]}}, "/0/hashes/0'"),
    ({"plugins": {"packages": [{"name": "a --x", "version": "1", "hashes": ["sha256:" + "0" * 64]}]}}, "/0/name'"),
    ({"plugins": {"faas": {"rbac": 1}}}, "at '/plugins/faas/rbac'"),
    ({"extraEnv": {"A": "b"}}, "at '/extraEnv': got object, want array"),
    ({"extraArgs": [1]}, "at '/extraArgs/0'"),
    ({"livenessProbe": {"path": "/"}}, "additional properties 'path' not allowed"),
    ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "at '/podDisruptionBudget/maxUnavailable'"),
    ({"metrics": {"service": {"port": 0}}}, "at '/metrics/service/port': minimum"),
    ({"metrics": {"serviceMonitor": {"interval": "often"}}}, "at '/metrics/serviceMonitor/interval'"),
    ({"podLabels": {"a": 1}}, "at '/podLabels/a': got number, want string"),
    ({"leaderElection": {"enabled": False}}, "replicaCount is 2: more than one replica needs leaderElection.enabled"),
    (
        {"metrics": {"serviceMonitor": {"enabled": True}, "service": {"enabled": False}}},
        "metrics.serviceMonitor needs metrics.enabled and metrics.service.enabled",
    ),
    ({"metrics": {"podMonitor": {"enabled": True}, "enabled": False}}, "metrics.podMonitor needs metrics.enabled"),
]


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_an_invalid_value_is_refused_by_name(values: dict[str, Any], message: str) -> None:
    assert message in rendering.refused(values)


@pytest.mark.parametrize("level", ["debug", "rudr=info,kube=info", "error,rudr_py.plugins=debug", "off", "warning"])
def test_the_controller_accepts_the_log_levels_of_the_schema(level: str) -> None:
    environment = rendering.single(rendering.rendered({"logLevel": level}), "Deployment")["spec"]["template"]["spec"]
    (value,) = [
        variable["value"] for variable in environment["containers"][0]["env"] if variable["name"] == "RUDR_LOG_LEVEL"
    ]
    levels.parse(value)
