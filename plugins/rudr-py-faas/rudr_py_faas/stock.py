"""Restrictions of a Knative with default features, reported before anything is applied.

`config-features` of Knative lifts some of them; the user lists the enabled features in the workload setting `features`.
Source: pkg/apis/serving of Knative Serving, and its documentation of feature flags.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final, Literal

from rudr_py.api import Problem
from rudr_py.api.component import Component, Container

Feature = Literal[
    "kubernetes.podspec-nodeselector",
    "kubernetes.podspec-persistent-volume-claim",
    "kubernetes.podspec-persistent-volume-write",
    "multi-container-probing",
]

NODE_SELECTOR: Final[Feature] = "kubernetes.podspec-nodeselector"
CLAIM: Final[Feature] = "kubernetes.podspec-persistent-volume-claim"
CLAIM_WRITE: Final[Feature] = "kubernetes.podspec-persistent-volume-write"
SIDECAR_PROBES: Final[Feature] = "multi-container-probing"

RESERVED_PORTS: Final = frozenset({8008, 8012, 8013, 8022, 9090, 9091})
RESERVED_PATHS: Final = frozenset({"/", "/dev", "/dev/log"})
RESERVED_NAMES: Final = frozenset({"K_SERVICE", "K_CONFIGURATION", "K_REVISION"})
PORT_NAME: Final = "PORT"
QUEUE_PROXY: Final = "queue-proxy"


def problems(component: Component, features: frozenset[str]) -> Iterator[Problem]:
    """Everything in the component that Knative rejects, by JSON path in the ComponentSchematic."""
    yield from _platform(component, features)
    yield from _ports(component)
    multiple = len(component.containers) > 1
    for index, container in enumerate(component.containers):
        at = f"$.spec.containers[{index}]"
        sidecar = multiple and not container.ports
        yield from _container(container, at, sidecar=sidecar)
        yield from _volumes(container, at, features)
        if sidecar and SIDECAR_PROBES not in features:
            for name, probe in (("livenessProbe", container.liveness), ("readinessProbe", container.readiness)):
                if probe is not None:
                    yield Problem(_off("probes of a container without the port", SIDECAR_PROBES), path=f"{at}.{name}")


def _off(what: str, feature: Feature) -> str:
    return (
        f"Knative by default rejects {what}; if {feature} is enabled in config-features, "
        f"add {feature} to the workload setting features"
    )


def _platform(component: Component, features: frozenset[str]) -> Iterator[Problem]:
    # osType linux needs no selector, because Knative runs on linux only
    if component.os_type not in ("", "linux"):
        yield Problem(f"Knative runs on linux only, not on {component.os_type}", path="$.spec.osType")
    if component.arch and NODE_SELECTOR not in features:
        yield Problem(_off("the selection of nodes by arch", NODE_SELECTOR), path="$.spec.arch")


def _ports(component: Component) -> Iterator[Problem]:
    ports = [
        (port, f"$.spec.containers[{index}].ports[{number}]")
        for index, container in enumerate(component.containers)
        for number, port in enumerate(container.ports)
    ]
    if not ports and len(component.containers) > 1:
        yield Problem("one of several containers must have a port for requests", path="$.spec.containers")
    for port, at in ports[1:]:
        yield Problem(f"Knative supports one port in all containers; remove {port.name}", path=at)
    for port, at in ports:
        if port.protocol != "TCP":
            yield Problem(f"Knative supports HTTP over TCP only, not {port.protocol}", path=f"{at}.protocol")
        if port.container_port in RESERVED_PORTS:
            yield Problem(
                f"port {port.container_port} is reserved by Knative; use another port", path=f"{at}.containerPort"
            )


def _container(container: Container, at: str, *, sidecar: bool) -> Iterator[Problem]:
    if container.name == QUEUE_PROXY:
        yield Problem(f'the container name "{QUEUE_PROXY}" is reserved by Knative; use another name', path=f"{at}.name")
    reserved = RESERVED_NAMES if sidecar else RESERVED_NAMES | {PORT_NAME}
    for index, variable in enumerate(container.env):
        if variable.name in reserved:
            yield Problem(f"{variable.name} is reserved by Knative; remove it", path=f"{at}.env[{index}].name")


def _volumes(container: Container, at: str, features: frozenset[str]) -> Iterator[Problem]:
    for index, volume in enumerate(container.resources.volumes):
        where = f"{at}.resources.volumes[{index}]"
        if posixpath.normpath(volume.mount_path) in RESERVED_PATHS:
            yield Problem(f"Knative does not allow a mount at {volume.mount_path}", path=f"{where}.mountPath")
        if volume.disk is not None and volume.disk.ephemeral:
            continue
        if CLAIM not in features:
            message = _off(f'volume claims such as "{volume.name}"', CLAIM)
            yield Problem(f"{message}, or make its disk ephemeral", path=where)
        elif volume.access_mode != "RO" and CLAIM_WRITE not in features:
            yield Problem(_off(f'writable claims such as "{volume.name}"', CLAIM_WRITE), path=f"{where}.accessMode")
