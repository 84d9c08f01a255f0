"""Ports that Kubernetes would reject: their names, numbers and protocols, in Services and in pods."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.render.limits import check

HTTP, DNS = {"name": "http", "port": 80}, {"name": "dns", "port": 53}


def fields(kind: str, spec: dict[str, Any]) -> list[str]:
    """The fields of an object that violate a rule."""
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}, "spec": spec}
    return [violation.field for violation in check.violations(body)]


@pytest.mark.parametrize(
    ("ports", "violations"),
    [
        ([HTTP], []),
        ([{"port": 80}], []),
        ([HTTP, DNS], []),
        ([HTTP, {"port": 53}], ["spec.ports[1].name"]),
        ([HTTP, DNS, {"port": 54}], ["spec.ports[2].name"]),
        ([HTTP, {**DNS, "name": "http"}], ["spec.ports[1].name"]),
        ([{**HTTP, "name": "HTTP"}], ["spec.ports[0].name"]),
        ([{**HTTP, "name": "x" * 63}], []),
        ([{**HTTP, "name": "x" * 64}], ["spec.ports[0].name"]),
        ([{**HTTP, "port": 0}], ["spec.ports[0].port"]),
        ([{**HTTP, "port": 65535}], []),
        ([{**HTTP, "port": 65536}], ["spec.ports[0].port"]),
    ],
)
def test_each_of_several_ports_of_a_service_has_a_name_of_its_own(
    ports: list[dict[str, Any]], violations: list[str]
) -> None:
    assert fields("Service", {"ports": ports}) == violations


def listening(*ports: dict[str, Any]) -> dict[str, Any]:
    """A container per port."""
    return {"containers": [{"name": f"c{index}", "ports": [port]} for index, port in enumerate(ports)]}


@pytest.mark.parametrize(
    ("second", "is_free"),
    [
        ({"hostPort": 80}, False),
        ({"hostPort": 80, "protocol": "TCP"}, False),
        ({"hostPort": 80, "protocol": "UDP"}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, True),
        ({"hostPort": 81}, True),
        ({}, True),
    ],
)
def test_a_port_of_the_node_is_used_once_in_a_pod(second: dict[str, Any], is_free: bool) -> None:
    spec = listening({"containerPort": 80, "hostPort": 80}, {"containerPort": 80, **second})
    assert fields("Pod", spec) == ([] if is_free else ["spec.containers[1].ports[0].hostPort"])


@pytest.mark.parametrize(("number", "is_valid"), [(1, True), (65535, True), (65536, False), (-1, False)])
def test_a_port_of_the_node_has_a_valid_number(number: int, is_valid: bool) -> None:
    violations = fields("Pod", listening({"containerPort": 80, "hostPort": number}))
    assert violations == ([] if is_valid else ["spec.containers[0].ports[0].hostPort"])


def test_names_of_ports_are_unique_in_a_container_only() -> None:
    first, second = {"name": "http", "containerPort": 80}, {"name": "http", "containerPort": 81}
    assert fields("Pod", listening(first, second)) == []
    container = {"name": "web", "ports": [first, second]}
    assert fields("Pod", {"containers": [container]}) == ["spec.containers[0].ports[1].name"]
