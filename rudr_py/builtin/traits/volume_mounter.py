"""volume-mounter: the claim behind a volume of the component. The pod asks for it by the volume's name.

Rudr's claims were deleted with the application, and the data with them; here they stay unless asked otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from rudr_py.api import InvalidProperties, Manifest, Problem, Rendered, Trait, TraitContext
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
            min_length=1, description="The component's volume to make a claim for; any case.", examples=["data"]
        ),
    ]
    storage_class: Annotated[
        str,
        msgspec.Meta(
            description='The StorageClass; "" takes a volume that exists already, and makes none.',
            examples=["standard"],
        ),
    ]
    reclaim: Annotated[
        Literal["retain", "delete"],
        msgspec.Meta(description="What becomes of the claim and its data when the application ends."),
    ] = "retain"


class Properties(Claim, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which volumes, and the storage for them: a list here, or the trait several times."""

    volumes: Annotated[tuple[Claim, ...], msgspec.Meta(description="Further volumes of the component.")] = ()

    def claims(self) -> Iterator[tuple[str, Claim]]:
        """All claims that are asked for, with their JSON paths; the short form is the first."""
        yield "$", self
        for index, claim in enumerate(self.volumes):
            yield f"$.volumes[{index}]", claim


class VolumeMounter(Trait[Properties]):
    """Gives volumes of the component storage that outlives its pods."""

    name = "volume-mounter"
    aliases = ("VolumeMounter",)
    properties = Properties
    renamed_properties: ClassVar[Mapping[str, str]] = {"volume_name": "volumeName", "storage_class": "storageClass"}
    requires = frozenset({"pods"})
    repeatable = True
    produces = (kinds.CLAIM,)

    def render(self, ctx: TraitContext[Properties]) -> Rendered:
        """The claims, named by their volumes alone: pods of Rudr's time mount them by these names."""
        known = {name.lower(): (name, uses) for name, uses in volumes.by_name(ctx.component).items()}
        problems = list(_problems(ctx, known))
        if problems:
            raise InvalidProperties(*problems)
        return Rendered(
            add=tuple(_claim(ctx, claim, *known[claim.volume_name.lower()]) for _, claim in ctx.properties.claims())
        )


def _problems(ctx: TraitContext[Properties], known: Mapping[str, tuple[str, tuple[Volume, ...]]]) -> Iterator[Problem]:
    listed = f"it has {', '.join(name for name, _ in known.values())}" if known else "it has none"
    seen: set[str] = set()
    for base, claim in ctx.properties.claims():
        wanted = claim.volume_name.lower()
        disk = volumes.disk(known[wanted][1]) if wanted in known else None
        if wanted not in known:
            message = f'component {ctx.component.metadata.name} has no volume "{claim.volume_name}"; {listed}'
            yield Problem(message, path=f"{base}.volumeName")
        elif wanted in seen:
            yield Problem(f'volume "{claim.volume_name}" is named twice; it has one claim', path=f"{base}.volumeName")
        elif disk is not None and disk.ephemeral:
            message = f'volume "{claim.volume_name}" is ephemeral: it lives and dies with its pod and takes no claim'
            yield Problem(f"{message}; remove it here, or ephemeral from its disk", path=f"{base}.volumeName")
        seen.add(wanted)


def _claim(ctx: TraitContext[Properties], claim: Claim, name: str, uses: tuple[Volume, ...]) -> Manifest:
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
