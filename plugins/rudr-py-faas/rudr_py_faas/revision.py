"""Translates a component into the template of Knative revisions. Every change of the template is a new revision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import PodTemplate, Problem, WorkloadContext, naming, pod_template, pod_templates, reject
from rudr_py.api.forms import Seconds
from rudr_py_faas import environment, stock
from rudr_py_faas.environment import Environment
from rudr_py_faas.function import Amounts

_H2C: Final = "h2c"


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


def pod_template_of(ctx: WorkloadContext[KnativeProperties]) -> PodTemplate:
    """The pod template of the component. Raises InvalidProperties for a component that a pod does not support."""
    own = {"app.kubernetes.io/name": naming.join(ctx.application), "oam.dev/instance-name": ctx.instance}
    return pod_template(ctx, labels=own)


def template(ctx: WorkloadContext[KnativeProperties], pods: PodTemplate) -> dict[str, Any]:
    """The template of revisions for a pod template, without a number of replicas."""
    settings, spec = ctx.properties, pods.document["spec"]
    metadata = dict(pods.document["metadata"])
    if settings.annotations:
        metadata["annotations"] = {**metadata.get("annotations", {}), **settings.annotations}
    numbers: dict[str, Any] = {
        "containerConcurrency": settings.container_concurrency,
        "timeoutSeconds": settings.timeout_seconds,
        "responseStartTimeoutSeconds": settings.response_start_timeout_seconds,
        "idleTimeoutSeconds": settings.idle_timeout_seconds,
    }
    optional: dict[str, Any] = {
        "serviceAccountName": settings.service_account_name,
        "imagePullSecrets": spec.get("imagePullSecrets"),
        # Knative runs on linux only, and rejects a selector by default
        "nodeSelector": spec.get("nodeSelector") if stock.NODE_SELECTOR in settings.features else None,
        "volumes": spec.get("volumes"),
    }
    return {
        "metadata": metadata,
        "spec": {
            "containers": [_container(container) for container in spec["containers"]] or [_of_settings(ctx)],
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
    yield from pod_templates.problems(ctx)


def refuse(ctx: WorkloadContext[KnativeProperties], *others: Problem) -> None:
    """Raise InvalidProperties with all problems, if there are any."""
    reject((*others, *problems(ctx)))


def _of_settings(ctx: WorkloadContext[KnativeProperties]) -> dict[str, Any]:
    """The container of a component without containers."""
    settings = ctx.properties
    variables = environment.resolve(ctx, settings.environment)
    amounts = {"requests": msgspec.to_builtins(settings.requests), "limits": msgspec.to_builtins(settings.limits)}
    optional: dict[str, Any] = {
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "resources": {name: amount for name, amount in amounts.items() if amount},
    }
    return {
        "name": "function",
        "image": settings.image,
        **{key: value for key, value in optional.items() if value},
    }


def _container(container: dict[str, Any]) -> dict[str, Any]:
    """A container of a pod template with the ports and mounts that Knative accepts."""
    changed: dict[str, Any] = {}
    if "ports" in container:
        # the name selects the protocol: any name but h2c is HTTP/1
        changed["ports"] = [
            {"name": _H2C if port["name"] == _H2C else "http1", "containerPort": port["containerPort"]}
            for port in container["ports"]
        ]
    if "volumeMounts" in container:
        # the mounts of single files are those of ConfigMaps, which must be read-only
        changed["volumeMounts"] = [
            {**mount, "readOnly": True} if "subPath" in mount else mount for mount in container["volumeMounts"]
        ]
    return {**container, **changed}
