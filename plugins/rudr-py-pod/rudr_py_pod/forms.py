"""Forms of properties that several traits have: names of parts of a pod, and probes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from rudr_py.api.forms import Port, PortNumber, Positive, Seconds

ContainerName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]

Containers = Annotated[
    tuple[ContainerName, ...], msgspec.Meta(description="Names of containers of the component; all by default.")
]

Key = Annotated[str, msgspec.Meta(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
"""A key of a Secret or a ConfigMap."""

EnvName = Annotated[str, msgspec.Meta(pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")]

MountPath = Annotated[str, msgspec.Meta(pattern=r"^/", description="The absolute path of the mount.")]

Percent = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,3}%$")]
Number = Annotated[int, msgspec.Meta(ge=0)]
NumberOrPercent = Number | Percent
Share = Number | Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,2}|100)%$")]
"""A number, or at most 100 percent."""


class HttpGet(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A GET request to the container."""

    path: Annotated[str, msgspec.Meta(description="The path of the request.")] = "/"
    port: Annotated[Port, msgspec.Meta(description="The port, by number or name.")]
    scheme: Annotated[Literal["HTTP", "HTTPS"], msgspec.Meta(description="The scheme of the request.")] = "HTTP"


class Probe(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A probe by exactly one of `httpGet`, `tcpPort`, `grpcPort` and `command`; times are seconds."""

    http_get: Annotated[HttpGet | None, msgspec.Meta(description="A GET request that succeeds with 200 to 399.")] = None
    tcp_port: Annotated[Port | None, msgspec.Meta(description="A port that accepts a connection.")] = None
    grpc_port: Annotated[PortNumber | None, msgspec.Meta(description="A port with the health service of gRPC.")] = None
    command: Annotated[tuple[str, ...], msgspec.Meta(description="A command that ends with 0.")] = ()
    initial_delay: Annotated[Seconds, msgspec.Meta(description="Seconds before the first probe.")] = 0
    period: Annotated[Positive, msgspec.Meta(description="Seconds between two probes.")] = 10
    timeout: Annotated[Positive, msgspec.Meta(description="Seconds after which a probe fails.")] = 1
    failure_threshold: Annotated[Positive, msgspec.Meta(description="Failures in a row that count.")] = 3
    success_threshold: Annotated[Positive, msgspec.Meta(description="Successes in a row that count.")] = 1


def handlers(probe: Probe) -> list[dict[str, Any]]:
    """The handlers of a probe; a valid one has exactly one."""
    listed: list[dict[str, Any]] = []
    if probe.http_get is not None:
        request = {"path": probe.http_get.path, "port": probe.http_get.port, "scheme": probe.http_get.scheme}
        listed.append({"httpGet": request})
    if probe.tcp_port is not None:
        listed.append({"tcpSocket": {"port": probe.tcp_port}})
    if probe.grpc_port is not None:
        listed.append({"grpc": {"port": probe.grpc_port}})
    if probe.command:
        listed.append({"exec": {"command": list(probe.command)}})
    return listed


def rendered_probe(probe: Probe) -> dict[str, Any]:
    """A valid probe in the form of Kubernetes."""
    # the API server does not store a zero, so it is not sent
    delay = {"initialDelaySeconds": probe.initial_delay} if probe.initial_delay else {}
    return {
        **handlers(probe)[0],
        **delay,
        "periodSeconds": probe.period,
        "timeoutSeconds": probe.timeout,
        "failureThreshold": probe.failure_threshold,
        "successThreshold": probe.success_threshold,
    }
