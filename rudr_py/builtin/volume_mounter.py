"""volume-mounter: the claim behind a volume of the component. The pod asks for it by the volume's name.

Rudr's claims were deleted with the application, and the data with them; here they stay unless asked otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from rudr_py.api import Context, Manifest, Refuse, Rendered, Trait, Volume
from rudr_py.builtin import kinds, labels, volumes

DEFAULT_SIZE = "200M"
"""The size of a claim for a volume that names no disk, as in Rudr."""


class Properties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which volume, and the storage for it."""

    volume_name: Annotated[
        str, msgspec.Meta(min_length=1, description="The component's volume to make a claim for; any case.")
    ]
    storage_class: Annotated[
        str, msgspec.Meta(description='The StorageClass; "" takes a volume that exists already, and makes none.')
    ]
    reclaim: Annotated[
        Literal["retain", "delete"],
        msgspec.Meta(description="What becomes of the claim and its data when the application ends."),
    ] = "retain"


class VolumeMounter(Trait[Properties]):
    """Gives a volume of the component storage that outlives its pods."""

    name = "volume-mounter"
    aliases = ("VolumeMounter",)
    properties = Properties
    renamed_properties: ClassVar[Mapping[str, str]] = {"volume_name": "volumeName", "storage_class": "storageClass"}
    needs = frozenset({"pods"})
    produces = (kinds.CLAIM,)

    def render(self, ctx: Context[Properties]) -> Rendered:
        """One claim, named by the volume alone: pods of Rudr's time mount it by that name."""
        name, uses = _volume(ctx)
        disk = volumes.disk(uses)
        if disk is not None and disk.ephemeral:
            message = f'volume "{name}" is ephemeral: it lives and dies with its pod and takes no claim'
            raise Refuse((f"{message}; remove this trait, or ephemeral from the disk", "$.volumeName"))
        spec = {
            "accessModes": [_access_mode(uses)],
            "resources": {"requests": {"storage": disk.required if disk is not None else DEFAULT_SIZE}},
            "storageClassName": ctx.properties.storage_class,
        }
        retain = ctx.properties.reclaim == "retain"
        claim = Manifest(kind=kinds.CLAIM, name=name, body={"spec": spec}, labels=labels.claim(ctx), retain=retain)
        return Rendered(add=(claim,))


def _volume(ctx: Context[Properties]) -> tuple[str, tuple[Volume, ...]]:
    """The volume that the trait means, under the name that the component gives it."""
    known = volumes.by_name(ctx.component)
    wanted = ctx.properties.volume_name
    for name, uses in known.items():
        if name.lower() == wanted.lower():
            return name, uses
    listed = f"it has {', '.join(known)}" if known else "it has none"
    message = f'component {ctx.component.metadata.name} has no volume "{wanted}"; {listed}'
    raise Refuse((message, "$.volumeName"))


def _access_mode(uses: tuple[Volume, ...]) -> str:
    if volumes.read_only(uses):
        return "ReadOnlyMany"
    shared = any(volume.sharing_policy == "Shared" for volume in uses)
    return "ReadWriteMany" if shared else "ReadWriteOnce"
