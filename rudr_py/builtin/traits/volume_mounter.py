"""volume-mounter: the claim for a volume of the component. The pod refers to it by the name of the volume.

Rudr deleted claims and their data with the application; here they are retained by default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from rudr_py.api import InvalidProperties, Manifest, Problem, Ref, Rendered, Trait, TraitContext
from rudr_py.api.component import Volume
from rudr_py.builtin import kinds, labels
from rudr_py.builtin.workloads import volumes

DEFAULT_SIZE = "200M"
"""The size of a claim for a volume that names no disk, as in Rudr."""


class Claim(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A volume, and the storage for it."""

    volume_name: Annotated[
        str,
        msgspec.Meta(
            min_length=1, description="The name of the component's volume; case-insensitive.", examples=["data"]
        ),
    ]
    storage_class: Annotated[
        str,
        msgspec.Meta(
            description='The StorageClass; "" uses an existing volume and provisions none.',
            examples=["standard"],
        ),
    ]
    reclaim: Annotated[
        Literal["retain", "delete"],
        msgspec.Meta(description="Whether the claim and its data are retained or deleted with the application."),
    ] = "retain"


class VolumeMounterProperties(Claim, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A volume and its storage, and a list of further volumes. The trait may also be attached several times."""

    volumes: Annotated[tuple[Claim, ...], msgspec.Meta(description="Further volumes of the component.")] = ()

    def claims(self) -> Iterator[tuple[str, Claim]]:
        """All claims with their JSON paths; the short form is the first."""
        yield "$", self
        for index, claim in enumerate(self.volumes):
            yield f"$.volumes[{index}]", claim


class VolumeMounter(Trait[VolumeMounterProperties]):
    """Gives volumes of the component storage that outlives its pods."""

    name = "volume-mounter"
    aliases = ("VolumeMounter",)
    properties = VolumeMounterProperties
    renamed_properties: ClassVar[Mapping[str, str]] = {"volume_name": "volumeName", "storage_class": "storageClass"}
    requires = frozenset({"pods"})
    repeatable = True
    produces = (kinds.CLAIM,)

    def render(self, ctx: TraitContext[VolumeMounterProperties]) -> Rendered:
        """The claims, named like their volumes only, because pods of Rudr mount them by these names."""
        declared = {name.lower(): (name, uses) for name, uses in volumes.by_name(ctx.component).items()}
        problems = list(_problems(ctx, declared))
        if problems:
            raise InvalidProperties(*problems)
        return Rendered(
            add=tuple(_claim(ctx, claim, *declared[claim.volume_name.lower()]) for _, claim in ctx.properties.claims())
        )

    def is_reclaimed(self, properties: VolumeMounterProperties, instance: str, ref: Ref) -> bool:
        """Whether `reclaim` of the volume's claim is `delete`."""
        del instance  # a claim is named like its volume only
        return ref.kind == kinds.CLAIM and {
            claim.reclaim for _, claim in properties.claims() if claim.volume_name.lower() == ref.name
        } == {"delete"}


def _problems(
    ctx: TraitContext[VolumeMounterProperties], declared: Mapping[str, tuple[str, tuple[Volume, ...]]]
) -> Iterator[Problem]:
    listed = f"it has {', '.join(name for name, _ in declared.values())}" if declared else "it has none"
    seen: set[str] = set()
    for base, claim in ctx.properties.claims():
        name = claim.volume_name.lower()
        disk = volumes.disk(declared[name][1]) if name in declared else None
        if name not in declared:
            message = f'component {ctx.component.metadata.name} has no volume "{claim.volume_name}"; {listed}'
            yield Problem(message, path=f"{base}.volumeName")
        elif name in seen:
            yield Problem(
                f'volume "{claim.volume_name}" is listed twice; a volume has one claim', path=f"{base}.volumeName"
            )
        elif disk is not None and disk.ephemeral:
            message = f'volume "{claim.volume_name}" is ephemeral: it is deleted with its pod and has no claim'
            yield Problem(f"{message}; remove it here, or remove ephemeral from its disk", path=f"{base}.volumeName")
        seen.add(name)


def _claim(ctx: TraitContext[VolumeMounterProperties], claim: Claim, name: str, uses: tuple[Volume, ...]) -> Manifest:
    disk = volumes.disk(uses)
    spec = {
        "accessModes": [_access_mode(uses)],
        "resources": {"requests": {"storage": disk.required if disk is not None else DEFAULT_SIZE}},
        "storageClassName": claim.storage_class,
    }
    return Manifest(
        kind=kinds.CLAIM,
        name=name,
        body={"spec": spec},
        labels=labels.claim(ctx),
        retain=claim.reclaim == "retain",
        delete_with_application=claim.reclaim == "delete",
    )


def _access_mode(uses: tuple[Volume, ...]) -> str:
    if volumes.read_only(uses):
        return "ReadOnlyMany"
    shared = any(volume.sharing_policy == "Shared" for volume in uses)
    return "ReadWriteMany" if shared else "ReadWriteOnce"
