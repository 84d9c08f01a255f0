"""pod-security: the security context of pods and containers, by a profile of the Pod Security Standards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from rudr_py.api import (
    Attached,
    DropField,
    InvalidProperties,
    PodTemplatePlace,
    PodTrait,
    SetField,
    TraitContext,
    pod_security,
)

UserId = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class PodSecurityProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A profile, and the ids of the processes. `restricted` needs an image that does not run as root, or `user`."""

    profile: Annotated[
        Literal["restricted", "baseline"], msgspec.Meta(description="The Pod Security Standard of the namespace.")
    ] = "restricted"
    user: Annotated[UserId | None, msgspec.Meta(description="The user id of all processes.")] = None
    group: Annotated[UserId | None, msgspec.Meta(description="The group id of all processes.")] = None
    fs_group: Annotated[UserId | None, msgspec.Meta(description="The group id of volumes.")] = None
    read_only_root_filesystem: Annotated[
        bool | None, msgspec.Meta(description="Whether the root file system is read-only.")
    ] = None
    add_capabilities: Annotated[
        tuple[Literal["NET_BIND_SERVICE"], ...], msgspec.Meta(description="Capabilities that restricted allows.")
    ] = ()


class PodSecurity(PodTrait[PodSecurityProperties]):
    """Makes pods conform to the Pod Security Standard `restricted` or `baseline`."""

    name = "pod-security"
    properties = PodSecurityProperties

    def edits(
        self, ctx: TraitContext[PodSecurityProperties], place: PodTemplatePlace
    ) -> Iterator[SetField | DropField]:
        """Edits of the security contexts. Containers of init-container and sidecar have the same context."""
        properties = ctx.properties
        if properties.profile == "restricted" and properties.user == 0:
            raise InvalidProperties("restricted excludes root; use another user, or profile: baseline", path="$.user")
        if properties.profile == "baseline":
            # the defaults of the platform must not make the pod restricted
            yield DropField(place.ref, (*place.path, "spec", "securityContext", "runAsNonRoot"))
        for field, value in _of_pod(properties).items():
            yield place.edit(("spec", "securityContext", field), value)
        for name in place.containers:
            for field, value in of_container(properties).items():
                yield place.edit_container(name, ("securityContext", field), value)


def of_other_containers(traits: Sequence[Attached]) -> Mapping[str, Any]:
    """The security context of a container that another trait adds: that of the trait pod-security, if attached."""
    own = next((trait for trait in traits if trait.name == PodSecurity.name), None)
    if own is None:
        return {}
    try:
        return of_container(msgspec.convert(own.properties, PodSecurityProperties))
    except msgspec.ValidationError:
        # pod-security reports it, and nothing is applied
        return {}


def of_container(properties: PodSecurityProperties) -> dict[str, Any]:
    """The security context of each container."""
    is_restricted = properties.profile == "restricted"
    context = pod_security.restricted_container(properties.add_capabilities) if is_restricted else {}
    if properties.read_only_root_filesystem is not None:
        context["readOnlyRootFilesystem"] = properties.read_only_root_filesystem
    return context


def _of_pod(properties: PodSecurityProperties) -> dict[str, Any]:
    optional = {
        "runAsUser": properties.user,
        "runAsGroup": properties.group,
        "fsGroup": properties.fs_group,
    }
    context = pod_security.restricted_pod()
    if properties.profile == "baseline":
        del context["runAsNonRoot"]
    return {
        **context,
        **{field: value for field, value in optional.items() if value is not None},
    }
