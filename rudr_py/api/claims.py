"""Names of the volume claims of an instance, for every workload type whose pods mount them. Pure.

A claim is named for its instance, so that a component with a volume may run several times in a namespace. A claim that
the instance already has keeps its name: Rudr and earlier releases named claims like their volumes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from rudr_py.api import naming
from rudr_py.api.context import InstanceContext
from rudr_py.api.fields import get_in, mappings_in
from rudr_py.model.kinds import Kind

CLAIM: Final = Kind("v1", "PersistentVolumeClaim")

VOLUME_ANNOTATION: Final = "rudr.oam.dev/volume"
"""The annotation of a claim that the instance has taken over: the name of its volume."""

SHARED_WITH_ANNOTATION: Final = "rudr.oam.dev/shared-with"
"""The annotation of a claim: the names of other applications that may mount it, with commas, or `*` for all."""

VOLUME_MOUNTER: Final = "volume-mounter"
"""The name of the trait that creates claims."""

Document = dict[str, Any]


class ClaimRequest(msgspec.Struct, frozen=True):
    """One volume of a volume-mounter: `claim` is the name of an existing claim, empty where the trait chooses it."""

    volume: str
    claim: str = ""


def requests(ctx: InstanceContext[Any]) -> Iterator[ClaimRequest]:
    """The volumes of all volume-mounters of the instance. The names of volumes are in lower case."""
    for trait in ctx.traits:
        if trait.name == VOLUME_MOUNTER:
            for entry in (trait.properties, *mappings_in(trait.properties, "volumes")):
                volume = get_in(entry, "volumeName", default="")
                yield ClaimRequest(volume.lower(), get_in(entry, "claimName", default=""))


def mounted_name(ctx: InstanceContext[Any], volume: str) -> str:
    """The name of the claim that the pods of the instance mount for a volume.

    A workload type that calls it in `render` has `CLAIM` in `observes`: claims that exist keep their names.
    A volume without a claim and without a volume-mounter has the claim of its own name, which another client creates.
    """
    request = next((request for request in requests(ctx) if request.volume == volume.lower()), None)
    if request is None and own(ctx, volume) is None:
        return volume
    return request.claim if request is not None and request.claim else managed_name(ctx, volume)


def managed_name(ctx: InstanceContext[Any], volume: str) -> str:
    """The name of the claim of a volume for which the user names none: that of the existing claim, or a new one."""
    return get_in(own(ctx, volume), "metadata", "name", default="") or new_name(ctx.instance, volume)


def own(ctx: InstanceContext[Any], volume: str) -> Document | None:
    """The claim that the instance has for a volume: an adopted one, one of an earlier release, or a new one.

    Does not include claims that the instance mounts for other volumes.
    """
    other = {request.claim for request in requests(ctx) if request.claim and request.volume != volume.lower()}
    claims: dict[str, Document] = {}
    for claim in ctx.observed(CLAIM):
        claim_name = get_in(claim, "metadata", "name", default="")
        if claim_name in other:
            continue
        if is_adopted(claim, volume):
            return claim
        if not get_in(claim, "metadata", "annotations", VOLUME_ANNOTATION, default=""):
            claims[claim_name] = claim
    return claims.get(volume) or claims.get(new_name(ctx.instance, volume))


def ambiguity(ctx: InstanceContext[Any], volume: str) -> str:
    """The problem of a volume for which the instance has taken over several claims, and the user names none; or ""."""
    if any(request.volume == volume.lower() and request.claim for request in requests(ctx)):
        return ""
    adopted = [claim for claim in ctx.observed(CLAIM) if is_adopted(claim, volume)]
    names = sorted(get_in(claim, "metadata", "name", default="") for claim in adopted)
    if len(names) < 2:
        return ""
    listed = ", ".join(names)
    return f'the instance has taken over several claims for volume "{volume}": {listed}; name one of them as claimName'


def is_adopted(claim: Document, volume: str) -> bool:
    """Whether a claim of the instance was taken over for a volume."""
    return get_in(claim, "metadata", "annotations", VOLUME_ANNOTATION, default="") == volume


def new_name(instance: str, volume: str) -> str:
    """The name of a new claim; different for different instances and volumes."""
    return naming.distinct(instance, volume)
