"""Translates a container of a ComponentSchematic into a container of a pod. Volume mounts are an argument."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rudr_py.api.component import Component, Container, ExtendedResource, HealthProbe
from rudr_py.errors import Problem

GPU: Final = "nvidia.com/gpu"
"""The resource name of a GPU; Kubernetes has no vendor-neutral one."""

_WHOLE = re.compile(r"\d+([kMGTPE]|[KMGTPE]i)?")
_TYPE_NAME = re.compile(r"(?P<group>[^/]+)/v[a-z0-9]+\.(?P<kind>[A-Za-z0-9]+)")


def with_paths(component: Component) -> Iterator[tuple[str, Container]]:
    """Return each container after its JSON path in the ComponentSchematic, for problems that types report."""
    for index, container in enumerate(component.containers):
        yield f"$.spec.containers[{index}]", container


def render(container: Container, mounts: list[dict[str, Any]]) -> dict[str, Any]:
    """The container with these volume mounts. imagePullPolicy is left to the default of Kubernetes."""
    optional: dict[str, Any] = {
        "command": list(container.cmd),
        "args": list(container.args),
        "env": [
            {"name": variable.name, "value": variable.value} if variable.value else {"name": variable.name}
            for variable in container.env
            if variable.value is not None
        ],
        "ports": [
            {"name": port.name, "containerPort": port.container_port, "protocol": port.protocol}
            for port in container.ports
        ],
        "volumeMounts": mounts,
        "livenessProbe": _probe(container.liveness) if container.liveness else None,
        "readinessProbe": _probe(container.readiness) if container.readiness else None,
    }
    return {
        "name": container.name,
        "image": container.image,
        "resources": _resources(container),
        **{key: value for key, value in optional.items() if value},
    }


def problems(container: Container, path: str) -> Iterator[Problem]:
    """Requirements that Kubernetes cannot satisfy. `path` is the container's place in the ComponentSchematic."""
    taken = {GPU: "gpu"} if container.resources.gpu else {}
    for index, extended in enumerate(container.resources.extended):
        where = f"{path}.resources.extended[{index}]"
        if not _WHOLE.fullmatch(extended.required):
            message = f"{extended.required} of {extended.name}: an extended resource must be a whole number"
            yield Problem(message, path=f"{where}.required")
        resource = resource_name(extended)
        if resource in taken:
            yield Problem(
                f"{extended.name} is {resource} in Kubernetes, which {taken[resource]} requests already",
                path=f"{where}.name",
            )
        taken.setdefault(resource, extended.name)


def resource_name(extended: ExtendedResource) -> str:
    """The name that a device plugin advertises: `example.com/v1.Dongle` is `example.com/dongle`.

    Any other name is used unchanged.
    """
    match = _TYPE_NAME.fullmatch(extended.name)
    return f"{match['group']}/{match['kind'].lower()}" if match else extended.name


def _resources(container: Container) -> dict[str, Any]:
    resources = container.resources
    limits = {resource_name(extended): extended.required for extended in resources.extended}
    if resources.gpu:
        limits[GPU] = resources.gpu
    requests = {"cpu": resources.cpu, "memory": resources.memory}
    return {"requests": requests, "limits": limits} if limits else {"requests": requests}


def _probe(probe: HealthProbe) -> dict[str, Any]:
    # the API server does not store a zero, so it is not sent
    delay = {"initialDelaySeconds": probe.initial_delay} if probe.initial_delay else {}
    return {
        **_handler(probe),
        **delay,
        "periodSeconds": probe.period,
        "timeoutSeconds": probe.timeout,
        "successThreshold": probe.success,
        "failureThreshold": probe.failure,
    }


def _handler(probe: HealthProbe) -> dict[str, Any]:
    if probe.exec:
        return {"exec": {"command": list(probe.exec)}}
    if probe.http_get is None:
        return {"tcpSocket": {"port": probe.tcp_port}}
    request: dict[str, Any] = {"path": probe.http_get.path, "port": probe.http_get.port}
    if probe.http_get.headers:
        request["httpHeaders"] = [{"name": header.name, "value": header.value} for header in probe.http_get.headers]
    return {"httpGet": request}
