"""A volume with the sharing policy Exclusive: never more than one pod of the instance mounts it."""

from __future__ import annotations

from typing import Any

from rudr_py.api.context import WorkloadContext
from rudr_py.api.pod_templates.volumes import exclusive
from rudr_py.api.values import InvalidProperties, Scale


def limited_scale(ctx: WorkloadContext[Any], scale: Scale | None) -> Scale | None:
    """The scale; exactly one replica for a component with an Exclusive volume and no scale.

    Raises InvalidProperties if the scale allows several pods to mount such a volume.
    """
    names = exclusive(ctx.component)
    if not names:
        return scale
    if scale is None:
        return Scale.exact(1)
    most = scale.most
    if most is not None and most <= 1:
        return scale
    number = f"up to {most} replicas" if most is not None else "a number of replicas that another autoscaler sets"
    listed = " and ".join(f'"{name}"' for name in names)
    noun = "volumes" if len(names) > 1 else "volume"
    raise InvalidProperties(
        f"{number} would mount the Exclusive {noun} {listed} of component {ctx.component.metadata.name} at the same "
        "time; scale to at most 1, or set sharingPolicy: Shared if several pods may write the data at the same "
        "time (an existing claim keeps its access mode: a Shared volume then needs another name)"
    )
