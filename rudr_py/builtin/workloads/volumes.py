"""Volumes of a component: what the pod mounts. Claims are made by the volume-mounter trait, or by anyone.

A volume that several containers name is one volume of the pod.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.api import Problem
from rudr_py.api.component import Component, Container, Disk, Volume
from rudr_py.builtin import problem


def by_name(component: Component) -> dict[str, tuple[Volume, ...]]:
    """Every volume of the component by name, with all its uses, in the order of first use."""
    found: dict[str, tuple[Volume, ...]] = {}
    for container in component.containers:
        for volume in container.resources.volumes:
            found[volume.name] = (*found.get(volume.name, ()), volume)
    return found


def disk(uses: tuple[Volume, ...]) -> Disk | None:
    """The disk that a volume asks for: the first that one of its uses names."""
    return next((volume.disk for volume in uses if volume.disk is not None), None)


def read_only(uses: tuple[Volume, ...]) -> bool:
    """Whether nobody writes the volume."""
    return all(volume.access_mode == "RO" for volume in uses)


def render(component: Component) -> list[dict[str, Any]]:
    """The pod's volumes: an emptyDir for an ephemeral disk, else the claim that has the volume's name."""
    return [_source(name, uses) for name, uses in by_name(component).items()]


def mounts(component: Component, container: Container) -> list[dict[str, Any]]:
    """The container's mounts.

    Read-only is said at the volume where it can be, as in Rudr: a mount that differs restarts pods.
    """
    shared = by_name(component)
    return [
        {
            "name": volume.name,
            "mountPath": volume.mount_path,
            **({"readOnly": True} if volume.access_mode == "RO" and not read_only(shared[volume.name]) else {}),
        }
        for volume in container.resources.volumes
    ]


def problems(component: Component) -> Iterator[Problem]:
    """Uses of one volume that contradict each other."""
    uses = by_name(component)
    for base, container in problem.containers(component):
        for index, volume in enumerate(container.resources.volumes):
            if volume.disk not in (None, disk(uses[volume.name])):
                message = (
                    f'volume "{volume.name}" is described twice, with different disks; it is one volume of the pod'
                )
                yield Problem(message, path=f"{base}.resources.volumes[{index}].disk")


def _source(name: str, uses: tuple[Volume, ...]) -> dict[str, Any]:
    wanted = disk(uses)
    if wanted is not None and wanted.ephemeral:
        return {"name": name, "emptyDir": {"sizeLimit": wanted.required}}
    claim: dict[str, Any] = {"claimName": name}
    if read_only(uses):
        claim["readOnly"] = True
    return {"name": name, "persistentVolumeClaim": claim}
