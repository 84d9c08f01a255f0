"""Deletes what an application no longer asks for, and only what is surely its own.

Asks the server once for the application itself before anything is deleted; every DELETE names uid and version.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller import world
from rudr_py.controller.ledger import Record
from rudr_py.controller.world import World
from rudr_py.kube import objects
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.objects import Live
from rudr_py.kube.requests import Target

log = logging.getLogger(__name__)


class Surplus(msgspec.Struct, frozen=True):
    """An object that is not planned any more; `live` is None when we only have a record of it."""

    ref: Ref
    live: Live | None


def _due(surplus: tuple[Surplus, ...]) -> tuple[Surplus, ...]:
    """Those to act on now: not what is being deleted already, nor what the garbage collector deletes with its owner."""
    owners = {one.live.uid for one in surplus if one.live is not None}
    return tuple(one for one in surplus if one.live is None or not (one.live.deleting or one.live.owner_uid in owners))


class Pruner:
    """Deletes what is surplus."""

    def __init__(self, client: Client, discovery: Discovery, known: World) -> None:
        self._client = client
        self._discovery = discovery
        self._world = known

    def surplus(self, application: Live, planned: frozenset[Ref], records: Iterable[Record]) -> tuple[Surplus, ...]:
        """What the cache or the records show as the application's, and the plan lacks. Sends nothing."""
        found: dict[Ref, Surplus] = {}
        for ref, live in self._owned(application):
            if ref not in planned:
                found[ref] = Surplus(ref, live)
        for record in records:
            if record.ref not in planned and record.ref not in found:
                found[record.ref] = Surplus(record.ref, None)
        return tuple(found.values())

    def _owned(self, application: Live) -> Iterator[tuple[Ref, Live]]:
        """The ComponentInstances of the application and what they own."""
        namespace = application.namespace
        for kind, live in self._world.owned_by(application.uid, namespace):
            yield Ref(kind, live.name), live
            if kind == world.COMPONENT_INSTANCE:
                for below, child in self._world.owned_by(live.uid, namespace):
                    yield Ref(below, child.name), child

    async def prune(self, application: Live, surplus: Iterable[Surplus]) -> frozenset[Ref]:
        """Delete; returns what is gone, or is not ours and so no longer our concern.

        Raises ConflictError when the application is not what we planned for any more, and any KubeError.
        """
        due = _due(tuple(surplus))
        if not due:
            return frozenset()
        await self._confirm(application)
        gone = [one.ref for one in due if await self._delete(application, one)]
        return frozenset(gone)

    async def _confirm(self, application: Live) -> None:
        kind = world.APPLICATION
        resource = await self._discovery.resolve(kind.api_version, kind.kind)
        document = await self._client.get(Target(resource, application.namespace, application.name))
        metadata = document["metadata"]
        same = metadata["uid"] == application.uid and metadata.get("generation", 0) == application.generation
        if not same or metadata.get("deletionTimestamp"):
            message = f"{application.name} has changed since it was planned; nothing is pruned"
            raise errors.ConflictError(message, status=409, reason="Conflict")

    async def _delete(self, application: Live, surplus: Surplus) -> bool:
        """Whether the object is gone, or no concern of ours."""
        live = surplus.live
        target = await self._target(application, surplus.ref)
        if target is None:
            return True
        try:
            live = live if live is not None else await self._look(application, target)
            if live is None:
                return True
            await self._client.delete(target, uid=live.uid, resource_version=live.resource_version)
        except errors.NotFoundError:
            return True
        log.info("object pruned", extra={"object": str(surplus.ref)})
        return False

    async def _target(self, application: Live, ref: Ref) -> Target | None:
        try:
            resource = await self._discovery.resolve(ref.kind.api_version, ref.kind.kind)
        except errors.KindAbsentError:
            return None
        return Target(resource, application.namespace, ref.name)

    async def _look(self, application: Live, target: Target) -> Live | None:
        """The object that we only have a record of, if it is still ours to delete."""
        live = objects.decode(msgspec.json.encode(await self._client.get(target)))
        ours = {application.uid}
        for kind, instance in self._world.owned_by(application.uid, application.namespace):
            if kind == world.COMPONENT_INSTANCE:
                ours.add(instance.uid)
        return live if live.owner_uid in ours else None
