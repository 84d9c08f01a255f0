"""What a Knative with its own defaults refuses, told before anything is applied.

Knative's `config-features` can allow some of it; nobody but the user knows that here, and says it by the workload
setting `features`. Source: pkg/apis/serving of Knative Serving, and its documentation of feature flags.
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
    """Everything in the component that is refused, by JSON path in the ComponentSchematic."""
    yield from _platform(component, features)
    yield from _ports(component)
    several = len(component.containers) > 1
    for index, container in enumerate(component.containers):
        at = f"$.spec.containers[{index}]"
        sidecar = several and not container.ports
        yield from _container(container, at, sidecar=sidecar)
        yield from _volumes(container, at, features)
        if sidecar and SIDECAR_PROBES not in features:
            for name, probe in (("livenessProbe", container.liveness), ("readinessProbe", container.readiness)):
                if probe is not None:
                    yield Problem(_off("probes of a container without the port", SIDECAR_PROBES), path=f"{at}.{name}")


def _off(what: str, feature: Feature) -> str:
    return (
        f"a stock Knative refuses {what}; where {feature} is enabled in config-features, "
        f"add {feature} to the workload setting features"
    )


def _platform(component: Component, features: frozenset[str]) -> Iterator[Problem]:
    # osType linux needs no selector: Knative runs on nothing else
    if component.os_type not in ("", "linux"):
        yield Problem(f"Knative runs on linux only, not on {component.os_type}", path="$.spec.osType")
    if component.arch and NODE_SELECTOR not in features:
        yield Problem(_off("to choose nodes by arch", NODE_SELECTOR), path="$.spec.arch")


def _ports(component: Component) -> Iterator[Problem]:
    found = [
        (port, f"$.spec.containers[{index}].ports[{number}]")
        for index, container in enumerate(component.containers)
        for number, port in enumerate(container.ports)
    ]
    if not found and len(component.containers) > 1:
        yield Problem("one of several containers must have a port, where requests go", path="$.spec.containers")
    for port, at in found[1:]:
        yield Problem(f"Knative takes one port in all containers; {port.name} is one too many", path=at)
    for port, at in found:
        if port.protocol != "TCP":
            yield Problem(f"Knative takes requests by HTTP, over TCP and not {port.protocol}", path=f"{at}.protocol")
        if port.container_port in RESERVED_PORTS:
            yield Problem(
                f"Knative needs port {port.container_port} for itself; listen on another", path=f"{at}.containerPort"
            )


def _container(container: Container, at: str, *, sidecar: bool) -> Iterator[Problem]:
    if container.name == QUEUE_PROXY:
        yield Problem(f'Knative has a container "{QUEUE_PROXY}" of its own; use another name', path=f"{at}.name")
    reserved = RESERVED_NAMES if sidecar else RESERVED_NAMES | {PORT_NAME}
    for index, variable in enumerate(container.env):
        if variable.name in reserved:
            yield Problem(f"Knative sets {variable.name} itself; remove it", path=f"{at}.env[{index}].name")


def _volumes(container: Container, at: str, features: frozenset[str]) -> Iterator[Problem]:
    for index, volume in enumerate(container.resources.volumes):
        where = f"{at}.resources.volumes[{index}]"
        if posixpath.normpath(volume.mount_path) in RESERVED_PATHS:
            yield Problem(f"Knative lets nothing be mounted at {volume.mount_path}", path=f"{where}.mountPath")
        if volume.disk is not None and volume.disk.ephemeral:
            continue
        if CLAIM not in features:
            message = _off(f'volume claims, and "{volume.name}" is one', CLAIM)
            yield Problem(f"{message}, or make its disk ephemeral", path=where)
        elif volume.access_mode != "RO" and CLAIM_WRITE not in features:
            yield Problem(
                _off(f'claims that are written to, and "{volume.name}" is one', CLAIM_WRITE), path=f"{where}.accessMode"
            )
