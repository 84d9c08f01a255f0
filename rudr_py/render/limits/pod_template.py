"""Pod templates: names and numbers of containers, ports, environment variables, volumes and mounts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rudr_py.model import names
from rudr_py.render.limits import contradictions, metadata, syntax
from rudr_py.render.limits.violation import Violation, entries, mapping, text

HIGHEST_PORT: Final = 65535
_GRACE_PERIOD: Final = 30
"""The default of Kubernetes in seconds."""
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")


def check(template: Mapping[str, Any], path: str, claims: tuple[str, ...] = ()) -> Iterator[Violation]:
    """The violations of a template, or of a Pod without its metadata; `claims` are volumes of each pod."""
    yield from metadata.labels_and_annotations(mapping(template, "metadata"), f"{path}.metadata")
    yield from spec(mapping(template, "spec"), f"{path}.spec", claims)


def spec(pod: Mapping[str, Any], path: str, claims: tuple[str, ...] = ()) -> Iterator[Violation]:
    """The violations of the spec of a pod."""
    yield from metadata.labels(mapping(pod, "nodeSelector"), f"{path}.nodeSelector")
    volumes = [*entries(pod, "volumes", path)]
    yield from _unique_labels(volumes)
    for place, volume in volumes:
        yield from contradictions.volume(volume, place)
    mountable = {*claims, *(text(volume, "name") for _, volume in volumes)}
    containers = [*entries(pod, "initContainers", path), *entries(pod, "containers", path)]
    yield from _unique_labels(containers)
    for place, container in containers:
        yield from _ports(container, place)
        yield from _environment(container, place)
        yield from _mounts(container, place, mountable)
        yield from contradictions.container(container, place)
        yield from contradictions.pause(container, place, pod.get("terminationGracePeriodSeconds", _GRACE_PERIOD))
    for place, container in entries(pod, "initContainers", path):
        yield from contradictions.init_container(container, place)
    yield from _host_ports(containers)


def port_number(value: Any, field: str) -> Iterator[Violation]:
    """A violation if a port is a number outside 1 to 65535."""
    if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= HIGHEST_PORT:
        yield Violation(field, f"{value} is not a port; use 1 to {HIGHEST_PORT}")


def protocol(port: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """A violation if the protocol of a port does not exist."""
    if port.get("protocol", "TCP") not in _PROTOCOLS:
        yield Violation(f"{place}.protocol", f"is not a protocol; use {', '.join(_PROTOCOLS)}", str(port["protocol"]))


def repeated(items: list[tuple[str, Any]], words: str) -> Iterator[Violation]:
    """A violation for each value that an earlier item has, too; empty values are skipped."""
    seen: dict[Any, str] = {}
    for field, value in items:
        if value and value in seen:
            yield Violation(field, f"is used twice; {words} must be unique", _joined(value), (seen[value],))
        seen.setdefault(value, field)


def _joined(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _unique_labels(items: list[tuple[str, dict[str, Any]]]) -> Iterator[Violation]:
    names_by_field = [(f"{place}.name", text(item, "name")) for place, item in items]
    for field, name in names_by_field:
        if wrong := syntax.label(name):
            yield Violation(field, wrong, name)
    yield from repeated(names_by_field, "names of containers and of volumes")


def _ports(container: dict[str, Any], place: str) -> Iterator[Violation]:
    ports = [*entries(container, "ports", place)]
    for field, port in ports:
        yield from port_number(port.get("containerPort"), f"{field}.containerPort")
        if port.get("hostPort"):
            yield from port_number(port["hostPort"], f"{field}.hostPort")
        yield from protocol(port, field)
        name = text(port, "name")
        if name and (wrong := syntax.port_name(name)):
            yield Violation(f"{field}.name", wrong, name)
    yield from repeated([(f"{field}.name", text(port, "name")) for field, port in ports], "names of ports")
    numbers = [(field, (port.get("containerPort"), port.get("protocol", "TCP"))) for field, port in ports]
    yield from repeated(numbers, "ports of a container")


def _host_ports(containers: list[tuple[str, dict[str, Any]]]) -> Iterator[Violation]:
    ports = itertools.chain.from_iterable(entries(container, "ports", place) for place, container in containers)
    used = [
        (f"{field}.hostPort", (port["hostPort"], port.get("protocol", "TCP"), port.get("hostIP", "")))
        for field, port in ports
        if port.get("hostPort")
    ]
    yield from repeated(used, "ports of the node")


def _environment(container: dict[str, Any], place: str) -> Iterator[Violation]:
    variables = [(f"{field}.name", text(entry, "name")) for field, entry in entries(container, "env", place)]
    for field, name in variables:
        if wrong := names.wrong_env_name(name):
            yield Violation(field, wrong)
    yield from repeated(variables, "names of environment variables")


def _mounts(container: dict[str, Any], place: str, mountable: set[str]) -> Iterator[Violation]:
    mounts = [*entries(container, "volumeMounts", place)]
    for field, mount in mounts:
        if text(mount, "name") not in mountable:
            yield Violation(f"{field}.name", "is not the name of a volume of the pod", text(mount, "name"))
        if not text(mount, "mountPath"):
            yield Violation(f"{field}.mountPath", "is missing")
        for key in ("subPath", "subPathExpr"):
            yield from contradictions.relative(mount, key, field)
    paths = [(f"{field}.mountPath", text(mount, "mountPath")) for field, mount in mounts]
    yield from repeated(paths, "mount paths of a container")
