"""Volumes and mounts of a component. The volume-mounter trait, or another client, creates the claims.

A volume that several containers name is one volume of the pod.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.api import claims
from rudr_py.api.component import Component, Container, Disk, Volume
from rudr_py.api.context import InstanceContext
from rudr_py.api.pod_templates.container import with_paths
from rudr_py.errors import Problem


def by_name(component: Component) -> dict[str, tuple[Volume, ...]]:
    """Every volume of the component by name, with all its uses, in the order of first use."""
    volumes: dict[str, list[Volume]] = {}
    for container in component.containers:
        for volume in container.resources.volumes:
            volumes.setdefault(volume.name, []).append(volume)
    return {name: tuple(uses) for name, uses in volumes.items()}


def disk(uses: tuple[Volume, ...]) -> Disk | None:
    """The disk of a volume: the first disk among its uses."""
    return next((volume.disk for volume in uses if volume.disk is not None), None)


def is_ephemeral(uses: tuple[Volume, ...]) -> bool:
    """Whether the volume is deleted with its pod."""
    first = disk(uses)
    return first is not None and first.ephemeral


def read_only(uses: tuple[Volume, ...]) -> bool:
    """Whether all uses of the volume are read-only."""
    return all(volume.access_mode == "RO" for volume in uses)


def exclusive(component: Component) -> tuple[str, ...]:
    """The volumes with data of their own that only one pod may mount at a time."""
    return tuple(
        name
        for name, uses in by_name(component).items()
        if not read_only(uses)
        and not any(volume.sharing_policy == "Shared" for volume in uses)
        and not is_ephemeral(uses)
    )


def render(ctx: InstanceContext[Any]) -> list[dict[str, Any]]:
    """The pod's volumes: an emptyDir for an ephemeral disk, else the claim of the instance for the volume."""
    sources = []
    instance_claims = claims.InstanceClaims(ctx)
    for name, uses in by_name(ctx.component).items():
        first = disk(uses)
        if first is not None and first.ephemeral:
            sources.append({"name": name, "emptyDir": {"sizeLimit": first.required}})
        else:
            claim = {"claimName": instance_claims.mounted_name(name), **({"readOnly": True} if read_only(uses) else {})}
            sources.append({"name": name, "persistentVolumeClaim": claim})
    return sources


def read_only_claims(component: Component) -> frozenset[str]:
    """The volumes whose source in the pod states that they are read-only; an emptyDir has no such field."""
    volumes = by_name(component)
    return frozenset(name for name, uses in volumes.items() if read_only(uses) and not is_ephemeral(uses))


def mounts(container: Container, read_only_volumes: frozenset[str]) -> list[dict[str, Any]]:
    """The container's mounts. `read_only_volumes` are those of `read_only_claims`.

    Where possible, `readOnly` is set on the volume and not on the mount, as in Rudr: a changed mount restarts pods.
    """
    return [
        {
            "name": volume.name,
            "mountPath": volume.mount_path,
            **({"readOnly": True} if volume.access_mode == "RO" and volume.name not in read_only_volumes else {}),
        }
        for volume in container.resources.volumes
    ]


def problems(ctx: InstanceContext[Any]) -> Iterator[Problem]:
    """Uses of one volume that contradict each other, and volumes with several claims."""
    disks = {name: disk(uses) for name, uses in by_name(ctx.component).items()}
    instance_claims = claims.InstanceClaims(ctx)
    for base, container in with_paths(ctx.component):
        for index, volume in enumerate(container.resources.volumes):
            path = f"{base}.resources.volumes[{index}]"
            if volume.disk not in (None, disks[volume.name]):
                message = f'volume "{volume.name}" has two different disks; it is one volume of the pod'
                yield Problem(message, path=f"{path}.disk")
            if problem := instance_claims.ambiguity(volume.name):
                yield Problem(problem, path=f"{path}.name")
