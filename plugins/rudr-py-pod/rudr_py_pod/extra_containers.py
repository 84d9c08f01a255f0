"""The containers that the traits init-container and sidecar add to a pod template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from rudr_py.api import PodTemplatePlace, Problem, TraitContext, mappings_in
from rudr_py.api.forms import Name, PortName, PortNumber, Quantity, ResourceName, quantity
from rudr_py_pod import pod_security
from rudr_py_pod.forms import ContainerName, EnvName, MountPath
from rudr_py_pod.resources import Amounts


class SecretRef(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A key of a Secret."""

    name: Annotated[Name, msgspec.Meta(description="The name of the Secret.")]
    key: Annotated[str, msgspec.Meta(description="The key.")]


class ExtraVariable(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A variable with a value, or with the value of a key of a Secret."""

    name: Annotated[EnvName, msgspec.Meta(description="The name of the variable.")]
    value: Annotated[str | None, msgspec.Meta(description="The value.")] = None
    secret_ref: Annotated[SecretRef | None, msgspec.Meta(description="A key of a Secret with the value.")] = None


class ExtraMount(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A mount of a volume of the component."""

    volume: Annotated[str, msgspec.Meta(description="The name of the volume.")]
    mount_path: MountPath
    read_only: Annotated[bool, msgspec.Meta(description="Whether the mount is read-only.")] = False


class ExtraContainer(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A further container of the pods."""

    name: Annotated[ContainerName, msgspec.Meta(description="A name that no other container has.", examples=["helper"])]
    image: Annotated[
        str, msgspec.Meta(min_length=1, description="The image.", examples=["registry.example.org/helper:1.0"])
    ]
    command: Annotated[tuple[str, ...], msgspec.Meta(description="The command; that of the image if omitted.")] = ()
    args: Annotated[tuple[str, ...], msgspec.Meta(description="The arguments of the command.")] = ()
    env: Annotated[tuple[ExtraVariable, ...], msgspec.Meta(description="Environment variables.")] = ()
    ports: Annotated[dict[PortName, PortNumber], msgspec.Meta(description="Port numbers by name.")] = {}
    mounts: Annotated[tuple[ExtraMount, ...], msgspec.Meta(description="Volumes of the component to mount.")] = ()
    requests: Annotated[dict[ResourceName, Quantity], msgspec.Meta(description="The resource requests.")] = {}
    limits: Annotated[dict[ResourceName, Quantity], msgspec.Meta(description="The resource limits.")] = {}


def problems(extra: ExtraContainer, place: PodTemplatePlace) -> Iterator[Problem]:
    """A name that is taken, volumes that the component does not have, and variables without one value."""
    if extra.name in place.containers:
        yield Problem(f'the component has a container "{extra.name}"; choose another name', path="$.name")
    volumes = [str(volume.get("name")) for volume in mappings_in(place.template, "spec", "volumes")]
    for index, mount in enumerate(extra.mounts):
        if mount.volume not in volumes:
            listed = ", ".join(volumes) or "none"
            yield Problem(f'there is no volume "{mount.volume}"; there are: {listed}', path=f"$.mounts[{index}].volume")
    for index, variable in enumerate(extra.env):
        if (variable.value is None) == (variable.secret_ref is None):
            yield Problem("needs exactly one of value and secretRef", path=f"$.env[{index}]")


def rendered(ctx: TraitContext[Any], extra: ExtraContainer) -> dict[str, Any]:
    """The container, with the security context of the trait pod-security."""
    optional: dict[str, Any] = {
        "command": list(extra.command),
        "args": list(extra.args),
        "env": [_variable(variable) for variable in extra.env],
        "ports": [{"name": name, "containerPort": number} for name, number in sorted(extra.ports.items())],
        "volumeMounts": [
            {"name": mount.volume, "mountPath": mount.mount_path, **({"readOnly": True} if mount.read_only else {})}
            for mount in extra.mounts
        ],
        "resources": _resources(Amounts(requests=extra.requests, limits=extra.limits)),
        "securityContext": dict(pod_security.of_other_containers(ctx.traits)),
    }
    return {"name": extra.name, "image": extra.image, **{key: value for key, value in optional.items() if value}}


def _variable(variable: ExtraVariable) -> dict[str, Any]:
    if variable.secret_ref is None:
        return {"name": variable.name, "value": variable.value}
    reference = {"name": variable.secret_ref.name, "key": variable.secret_ref.key}
    return {"name": variable.name, "valueFrom": {"secretKeyRef": reference}}


def _resources(amounts: Amounts) -> dict[str, Any]:
    kinds = {"requests": amounts.requests, "limits": amounts.limits}
    return {
        kind: {name: quantity(one) for name, one in sorted(listed.items())} for kind, listed in kinds.items() if listed
    }
