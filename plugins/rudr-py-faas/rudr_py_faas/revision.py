"""Translates a component into the template of Knative revisions. Every change of the template is a new revision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import InvalidProperties, Problem, WorkloadContext, claims, naming
from rudr_py.api.component import Container, HealthProbe, Volume
from rudr_py_faas import environment, stock
from rudr_py_faas.config_files import ConfigFiles
from rudr_py_faas.environment import Environment
from rudr_py_faas.function import Amounts

GPU: Final = "nvidia.com/gpu"

_ARCHITECTURES: Final = {"i386": "386"}
_H2C: Final = "h2c"

Seconds = Annotated[int, msgspec.Meta(ge=0)]


class KnativeProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The workload settings of a Knative Service. `image` and `environment` are for components without containers."""

    image: Annotated[str, msgspec.Meta(description="The image, instead of a container.")] = ""
    environment: Annotated[
        Environment, msgspec.Meta(description="Variables: a map, or a list of name with value or fromParam.")
    ] = msgspec.field(default_factory=dict)
    requests: Annotated[Amounts, msgspec.Meta(description="The resource requests of a replica of image.")] = Amounts()
    limits: Annotated[Amounts, msgspec.Meta(description="The resource limits of a replica of image.")] = Amounts()
    container_concurrency: Annotated[
        Seconds | None, msgspec.Meta(description="Concurrent requests of a replica; 0 means no limit.")
    ] = None
    timeout_seconds: Annotated[Seconds | None, msgspec.Meta(description="The timeout of a request.")] = None
    response_start_timeout_seconds: Annotated[
        Seconds | None, msgspec.Meta(description="The timeout for the start of a response.")
    ] = None
    idle_timeout_seconds: Annotated[Seconds | None, msgspec.Meta(description="The idle timeout of a request.")] = None
    service_account_name: Annotated[str, msgspec.Meta(description="The ServiceAccount of the pods.")] = ""
    annotations: Annotated[
        dict[str, str], msgspec.Meta(description="Annotations of revisions, such as autoscaling.knative.dev/window.")
    ] = {}
    cluster_local: Annotated[bool, msgspec.Meta(description="Whether it is reachable from the cluster only.")] = False
    features: Annotated[
        list[stock.Feature], msgspec.Meta(description="Features that config-features of the cluster enables.")
    ] = []


def template(ctx: WorkloadContext[KnativeProperties], files: ConfigFiles) -> dict[str, Any]:
    """The template with these config files, without a number of replicas."""
    settings = ctx.properties
    own = {"app.kubernetes.io/name": naming.join(ctx.application), "oam.dev/instance-name": ctx.instance}
    metadata: dict[str, Any] = {"labels": own}
    annotations = {**settings.annotations, **files.annotations()}
    if annotations:
        metadata["annotations"] = annotations
    numbers: dict[str, Any] = {
        "containerConcurrency": settings.container_concurrency,
        "timeoutSeconds": settings.timeout_seconds,
        "responseStartTimeoutSeconds": settings.response_start_timeout_seconds,
        "idleTimeoutSeconds": settings.idle_timeout_seconds,
    }
    secrets = dict.fromkeys(one.image_pull_secret for one in ctx.component.containers if one.image_pull_secret)
    optional: dict[str, Any] = {
        "serviceAccountName": settings.service_account_name,
        "imagePullSecrets": [{"name": name} for name in secrets],
        "nodeSelector": _nodes(ctx),
        "volumes": [*_volumes(ctx), *files.volumes()],
    }
    return {
        "metadata": metadata,
        "spec": {
            "containers": list(_containers(ctx, files)),
            **{key: value for key, value in numbers.items() if value is not None},
            **{key: value for key, value in optional.items() if value},
        },
    }


def requested(ctx: WorkloadContext[KnativeProperties], resource: str) -> list[str]:
    """The requests of each container for cpu or memory."""
    containers = ctx.component.containers
    if containers:
        return [getattr(container.resources, resource) for container in containers]
    amount = getattr(ctx.properties.requests, resource)
    return [amount] if amount else []


def problems(ctx: WorkloadContext[KnativeProperties]) -> Iterator[Problem]:
    """Missing and duplicate fields, and restrictions of Knative."""
    settings, containers = ctx.properties, ctx.component.containers
    yield from environment.problems(ctx, settings.environment)
    if not containers and not settings.image:
        yield Problem("a Knative Service needs a container, or the workload setting image", path="$.image")
    for name in ("image", "environment", "requests", "limits"):
        value = getattr(settings, name)
        if containers and value and value != Amounts():
            yield Problem(f"the containers define {name}; remove the workload setting", path=f"$.{name}")
    yield from stock.problems(ctx.component, frozenset(settings.features))
    instance_claims = claims.InstanceClaims(ctx)
    for index, container in enumerate(containers):
        for number, volume in enumerate(container.resources.volumes):
            if problem := instance_claims.ambiguity(volume.name):
                yield Problem(problem, path=f"$.spec.containers[{index}].resources.volumes[{number}].name")


def refuse(ctx: WorkloadContext[KnativeProperties], *others: Problem) -> None:
    """Raise InvalidProperties with all problems, if there are any."""
    all_problems = (*others, *problems(ctx))
    if all_problems:
        raise InvalidProperties(*all_problems)


def _containers(ctx: WorkloadContext[KnativeProperties], files: ConfigFiles) -> Iterator[dict[str, Any]]:
    for container in ctx.component.containers:
        yield _container(container, files)
    if not ctx.component.containers:
        settings = ctx.properties
        resources = {
            name: amounts
            for name, amounts in (
                ("requests", msgspec.to_builtins(settings.requests)),
                ("limits", msgspec.to_builtins(settings.limits)),
            )
            if amounts
        }
        variables = environment.resolve(ctx, settings.environment)
        optional: dict[str, Any] = {
            "env": [{"name": name, "value": value} for name, value in variables.items()],
            "resources": resources,
        }
        yield {
            "name": "function",
            "image": settings.image,
            **{key: value for key, value in optional.items() if value},
        }


def _container(container: Container, files: ConfigFiles) -> dict[str, Any]:
    optional: dict[str, Any] = {
        "command": list(container.cmd),
        "args": list(container.args),
        "env": [{"name": one.name, "value": one.value} for one in container.env if one.value is not None],
        # the name selects the protocol: any name but h2c is HTTP/1
        "ports": [
            {"name": _H2C if port.name == _H2C else "http1", "containerPort": port.container_port}
            for port in container.ports
        ],
        "volumeMounts": [*map(_mount, container.resources.volumes), *files.mounts(container)],
        "livenessProbe": _probe(container.liveness),
        "readinessProbe": _probe(container.readiness),
    }
    return {
        "name": container.name,
        "image": container.image,
        "resources": _resources(container),
        **{key: value for key, value in optional.items() if value},
    }


def _resources(container: Container) -> dict[str, Any]:
    resources = container.resources
    limits = {extended.name: extended.required for extended in resources.extended}
    if resources.gpu:
        limits[GPU] = resources.gpu
    requests = {"cpu": resources.cpu, "memory": resources.memory}
    return {"requests": requests, "limits": limits} if limits else {"requests": requests}


def _probe(probe: HealthProbe | None) -> dict[str, Any] | None:
    if probe is None:
        return None
    timing: dict[str, Any] = {
        "initialDelaySeconds": probe.initial_delay,
        "periodSeconds": probe.period,
        "timeoutSeconds": probe.timeout,
        "successThreshold": probe.success,
        "failureThreshold": probe.failure,
    }
    if probe.exec:
        return {"exec": {"command": list(probe.exec)}, **timing}
    if probe.http_get is None:
        return {"tcpSocket": {"port": probe.tcp_port}, **timing}
    request: dict[str, Any] = {"path": probe.http_get.path, "port": probe.http_get.port}
    if probe.http_get.headers:
        request["httpHeaders"] = [{"name": header.name, "value": header.value} for header in probe.http_get.headers]
    return {"httpGet": request, **timing}


def _nodes(ctx: WorkloadContext[KnativeProperties]) -> dict[str, str]:
    if stock.NODE_SELECTOR not in ctx.properties.features:
        return {}
    arch = _ARCHITECTURES.get(ctx.component.arch, ctx.component.arch)
    labels = {"kubernetes.io/os": ctx.component.os_type, "kubernetes.io/arch": arch}
    return {key: value for key, value in labels.items() if value}


def _volumes(ctx: WorkloadContext[KnativeProperties]) -> Iterator[dict[str, Any]]:
    uses: dict[str, list[Volume]] = {}
    for container in ctx.component.containers:
        for volume in container.resources.volumes:
            uses.setdefault(volume.name, []).append(volume)
    instance_claims = claims.InstanceClaims(ctx)
    for name, listed in uses.items():
        disk = next((volume.disk for volume in listed if volume.disk is not None), None)
        if disk is not None and disk.ephemeral:
            yield {"name": name, "emptyDir": {"sizeLimit": disk.required}}
        else:
            read_only = all(volume.access_mode == "RO" for volume in listed)
            claim = {"claimName": instance_claims.mounted_name(name), "readOnly": read_only}
            yield {"name": name, "persistentVolumeClaim": claim}


def _mount(volume: Volume) -> dict[str, Any]:
    read_only = {"readOnly": True} if volume.access_mode == "RO" else {}
    return {"name": volume.name, "mountPath": volume.mount_path, **read_only}
