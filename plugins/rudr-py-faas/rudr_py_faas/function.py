"""Translates a component into the spec of an OpenFaaS Function: its workload settings, as in Rudr, or its container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import Problem, WorkloadContext, forms, naming
from rudr_py.api.component import Container
from rudr_py_faas import environment
from rudr_py_faas.environment import Environment

PORT: Final = 8080
"""The port of every function of OpenFaaS."""

_ARCHITECTURES: Final = {"i386": "386"}


Text = Annotated[str, msgspec.Meta(pattern=f"^({forms.QUANTITY})?$")]


class Amounts(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """CPU and memory, as quantities of Kubernetes."""

    cpu: Text = ""
    memory: Text = ""


class FunctionProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The workload settings of a Function. `image`, `environment` and resources may come from a container instead."""

    image: Annotated[
        str, msgspec.Meta(description="The image of the function.", examples=["ghcr.io/openfaas/figlet:latest"])
    ] = ""
    handler: Annotated[str, msgspec.Meta(description="The process that handles a request, such as `node main.js`.")] = (
        ""
    )
    environment: Annotated[
        Environment, msgspec.Meta(description="Variables: a map, or a list of name with value or fromParam.")
    ] = msgspec.field(default_factory=dict)
    secrets: Annotated[list[str], msgspec.Meta(description="Names of Secrets that the function can read.")] = []
    labels: Annotated[
        dict[str, str], msgspec.Meta(description="Further labels, including those of the autoscaler.")
    ] = {}
    annotations: Annotated[
        dict[str, str], msgspec.Meta(description="Annotations, such as topic and schedule of a connector.")
    ] = {}
    constraints: Annotated[list[str], msgspec.Meta(description="Required node labels, as `key=value`.")] = []
    requests: Annotated[Amounts, msgspec.Meta(description="The resource requests of a replica.")] = Amounts()
    limits: Annotated[Amounts, msgspec.Meta(description="The resource limits of a replica.")] = Amounts()
    read_only_root_filesystem: Annotated[
        bool, msgspec.Meta(description="Whether the root file system is read-only.")
    ] = False


def spec(ctx: WorkloadContext[FunctionProperties]) -> dict[str, Any]:
    """The spec of a component without problems, without a number of replicas."""
    settings, container = ctx.properties, _container(ctx)
    variables = environment.resolve(ctx, settings.environment)
    secrets = list(settings.secrets)
    if container is not None:
        variables |= {variable.name: variable.value for variable in container.env if variable.value is not None}
        secrets += [container.image_pull_secret] if container.image_pull_secret else []
    own = {"app.kubernetes.io/name": naming.join(ctx.application), "oam.dev/instance-name": ctx.instance}
    optional: dict[str, Any] = {
        "handler": settings.handler,
        "environment": variables,
        "annotations": settings.annotations,
        "secrets": secrets,
        "constraints": [*_platform(ctx), *settings.constraints],
        "requests": requests(ctx),
        "limits": msgspec.to_builtins(settings.limits),
        "readOnlyRootFilesystem": settings.read_only_root_filesystem,
    }
    return {
        "name": ctx.instance,
        "image": container.image if container else settings.image,
        "labels": {**settings.labels, **own},
        **{key: value for key, value in optional.items() if value},
    }


def requests(ctx: WorkloadContext[FunctionProperties]) -> dict[str, str]:
    """The cpu and memory requests of a replica; settings take precedence over the container."""
    container = _container(ctx)
    defaults = {"cpu": container.resources.cpu, "memory": container.resources.memory} if container else {}
    settings: dict[str, str] = msgspec.to_builtins(ctx.properties.requests)
    return {**defaults, **settings}


def problems(ctx: WorkloadContext[FunctionProperties]) -> Iterator[Problem]:
    """Everything in the component that OpenFaaS does not support."""
    containers, settings = ctx.component.containers, ctx.properties
    yield from environment.problems(ctx, settings.environment)
    if not containers and not settings.image:
        yield Problem("a Function needs the workload setting image, or one container", path="$.image")
    if containers and settings.image:
        yield Problem(
            "the image is set twice, by the workload setting and by the container; remove one", path="$.image"
        )
    for index, _ in enumerate(containers[1:], 1):
        yield Problem("a Function has one container", path=f"$.spec.containers[{index}]")
    if containers:
        yield from _of_container(containers[0], "$.spec.containers[0]")


def _of_container(container: Container, at: str) -> Iterator[Problem]:
    if container.cmd or container.args:
        yield Problem(
            "OpenFaaS runs the command of the image; use the workload setting handler instead", path=f"{at}.cmd"
        )
    for index, port in enumerate(container.ports):
        if port.container_port != PORT:
            yield Problem(
                f"a Function of OpenFaaS listens on {PORT}, not on {port.container_port}", path=f"{at}.ports[{index}]"
            )
    if container.config:
        yield Problem(
            "OpenFaaS mounts no config files; use a Secret and the workload setting secrets", path=f"{at}.config"
        )
    if container.resources.volumes:
        yield Problem("OpenFaaS mounts no volumes", path=f"{at}.resources.volumes")
    if container.resources.gpu or container.resources.extended:
        yield Problem("OpenFaaS supports cpu and memory only; other resources need a Profile", path=f"{at}.resources")
    for name, probe in (("livenessProbe", container.liveness), ("readinessProbe", container.readiness)):
        if probe is not None:
            yield Problem("OpenFaaS probes functions by annotations com.openfaas.health.http.*", path=f"{at}.{name}")


def _container(ctx: WorkloadContext[FunctionProperties]) -> Container | None:
    return ctx.component.containers[0] if ctx.component.containers else None


def _platform(ctx: WorkloadContext[FunctionProperties]) -> Iterator[str]:
    component = ctx.component
    if component.os_type:
        yield f"kubernetes.io/os={component.os_type}"
    if component.arch:
        yield f"kubernetes.io/arch={_ARCHITECTURES.get(component.arch, component.arch)}"
