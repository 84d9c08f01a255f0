"""Names of the volume claims of an instance, for every workload type whose pods mount them. Pure.

A claim is named for its instance, so that a component with a volume may run several times in a namespace. A claim that
the instance already has keeps its name: Rudr and earlier releases named claims like their volumes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
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


class InstanceClaims:
    """The claims of one instance, for all its volumes. Reads the context once, however many volumes there are.

    A workload type that uses it in `render` has `CLAIM` in `observes`: claims that exist keep their names.
    """

    def __init__(self, ctx: InstanceContext[Any]) -> None:
        self._ctx = ctx
        self._requests: dict[str, ClaimRequest] = {}  # the first for each volume
        self._volumes: dict[str, set[str]] = {}  # by the names of existing claims: the volumes that they are named for
        for request in requests(ctx):
            self._requests.setdefault(request.volume, request)
            if request.claim:
                self._volumes.setdefault(request.claim, set()).add(request.volume)
        self._named = frozenset(volume for volumes in self._volumes.values() for volume in volumes)

    @cached_property
    def _observed(self) -> tuple[dict[str, list[Document]], dict[str, Document]]:
        """The claims that were taken over, by volume, and all others, by name. Read only where a volume needs them."""
        adopted: dict[str, list[Document]] = {}
        others: dict[str, Document] = {}
        for claim in self._ctx.observed(CLAIM):
            volume = get_in(claim, "metadata", "annotations", VOLUME_ANNOTATION, default="")
            if volume:
                adopted.setdefault(volume, []).append(claim)
            else:
                others[_name(claim)] = claim
        return adopted, others

    def mounted_name(self, volume: str) -> str:
        """The name of the claim that the pods of the instance mount for a volume.

        A volume without a claim and without a volume-mounter has the claim of its own name, which another client
        creates.
        """
        request = self._requests.get(volume.lower())
        if request is None and self.own(volume) is None:
            return volume
        return request.claim if request is not None and request.claim else self.managed_name(volume)

    def managed_name(self, volume: str) -> str:
        """The name of the claim of a volume for which the user names none: that of the existing claim, or a new one."""
        own = self.own(volume)
        return (_name(own) if own is not None else "") or new_name(self._ctx.instance, volume)

    def own(self, volume: str) -> Document | None:
        """The claim that the instance has for a volume: an adopted one, one of an earlier release, or a new one.

        Does not include claims that the instance mounts for other volumes.
        """
        all_adopted, all_others = self._observed
        adopted = (claim for claim in all_adopted.get(volume, ()) if not self._is_for_another(_name(claim), volume))
        names = (
            name for name in (volume, new_name(self._ctx.instance, volume)) if not self._is_for_another(name, volume)
        )
        others = (all_others[name] for name in names if name in all_others)
        return next(adopted, None) or next(others, None)

    def ambiguity(self, volume: str) -> str:
        """The problem of a volume for which the instance has taken over several claims, and none is named; or ""."""
        if volume.lower() in self._named:
            return ""
        names = sorted(_name(claim) for claim in self._observed[0].get(volume, ()))
        if len(names) < 2:
            return ""
        listed = f'the instance has taken over several claims for volume "{volume}": {", ".join(names)}'
        return f"{listed}; name one of them as claimName"

    def _is_for_another(self, name: str, volume: str) -> bool:
        return bool(self._volumes.get(name, set()) - {volume.lower()})


def _name(claim: Document) -> str:
    return get_in(claim, "metadata", "name", default="")


def is_adopted(claim: Document, volume: str) -> bool:
    """Whether a claim of the instance was taken over for a volume."""
    return get_in(claim, "metadata", "annotations", VOLUME_ANNOTATION, default="") == volume


def new_name(instance: str, volume: str) -> str:
    """The name of a new claim; different for different instances and volumes."""
    return naming.distinct(instance, volume)
