"""Publishes the installed types in the definitions namespace while that exists, and removes what no type has any more.

What a definition says is decided in `render`. An object that somebody else made is never touched, and without the
rights for it nothing is published: applications need none of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller import body, definitions
from rudr_py.controller.apply import CREATE_ONLY
from rudr_py.controller.body import Body
from rudr_py.controller.recent import Recent
from rudr_py.controller.sources import Sources, Tools
from rudr_py.controller.world import World
from rudr_py.kube import watch
from rudr_py.kube.client import Client
from rudr_py.kube.objects import Live
from rudr_py.kube.requests import Resource, Selection, Target
from rudr_py.render import stamp
from rudr_py.render.plan import Planned
from rudr_py.settings import FIELD_MANAGER

NAMESPACES = Resource("", "v1", "Namespace", "namespaces", namespaced=False)

PAUSE = 60.0
"""Seconds between two writes of one definition: whoever else publishes another body under its name gets no storm."""

log = logging.getLogger(__name__)

Document = dict[str, Any]


class Publisher:
    """Keeps the definitions of the installed types as they are to be."""

    def __init__(
        self, documents: tuple[Document, ...], client: Client, known: World, sources: Sources, tools: Tools
    ) -> None:
        self._documents = documents
        self._client = client
        self._world = known
        self._sources = sources
        self._tools = tools
        self._written: Recent[tuple[Kind, str], None] = Recent(tools.clock, PAUSE)
        self._there = False
        self._pruned: set[Kind] = set()  # once for each kind: two installations that share a namespace must not fight
        self._refused: set[Kind] = set()  # by our rights, which hold as long as we run

    async def run(self) -> None:
        """Publish at every change, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_at_namespace(), name="definitions namespace")
            touched = self._world.definitions.touched
            while True:
                await touched.wait()
                touched.clear()
                if self._there and await self._round():
                    tasks.create_task(self._again(), name="definitions again")

    async def _look_at_namespace(self) -> None:
        """Know whether the namespace is there: absent, nothing is asked of the server until it comes."""
        tools = self._tools
        name = tools.settings.definitions_namespace
        selection = Selection(NAMESPACES, fields=f"metadata.name={name}")
        stream = watch.events(
            tools.transport, selection, settings=tools.settings, clock=tools.clock, random=random.random
        )
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                match event:
                    case watch.Listed(live) | watch.Applied(live):
                        self._there = not live.deleting
                    case watch.Deleted():
                        self._there = False
                    case watch.Forbidden():
                        self._there = True  # not known, so it is tried
                    case _:
                        continue
                self._world.definitions.touched.set()

    async def _again(self) -> None:
        await self._tools.clock.sleep(PAUSE)
        self._world.definitions.touched.set()

    async def _round(self) -> bool:
        """Apply and delete what is not right; whether that has to be tried again later."""
        later = False
        for kind in definitions.KINDS:
            if kind in self._refused or self._sources.problems((kind,)):
                continue
            wanted = {d["metadata"]["name"]: d for d in self._documents if d["kind"] == kind.kind}
            try:
                for name, document in wanted.items():
                    later |= await self._publish(kind, name, document)
                if kind not in self._pruned:
                    await self._prune(kind, frozenset(wanted))
                    self._pruned.add(kind)
            except errors.KubeError as error:
                if isinstance(error, errors.ForbiddenError) and not error.causes:  # a namespace that ends is a cause
                    self._refused.add(kind)
                later = later or kind not in self._refused
                log.warning("definitions cannot be published", extra={"kind": kind.kind, "error": str(error)})
        return later

    async def _publish(self, kind: Kind, name: str, document: Document) -> bool:
        """Make one definition right; whether it was written too recently to do so now."""
        namespace = self._tools.settings.definitions_namespace
        wanted = body.complete(Planned(ref=Ref(kind, name), body=document, instance="", made_by="", owner="none"), None)
        live = self._world.get(kind, namespace, name)
        if live is not None and (live.deleting or not _ours(live) or _in_sync(live, wanted)):
            return False
        if self._written.left((kind, name)) > 0:
            return True
        self._written.put((kind, name), None)
        target = await self._target(kind, name)
        condition = {"uid": live.uid} if live is not None else {"resource_version": CREATE_ONLY}
        with contextlib.suppress(errors.ConflictError):  # somebody was quicker; their change tells us
            written = await self._client.apply(target, wanted.encoded(**condition), FIELD_MANAGER)
            log.info("definition published", extra={"kind": kind.kind, "object": f"{namespace}/{name}"})
            cache = self._world.cache(kind, namespace)
            if cache is not None:
                cache.wrote(written)
        return False

    async def _prune(self, kind: Kind, wanted: frozenset[str]) -> None:
        cache = self._world.cache(kind, self._tools.settings.definitions_namespace)
        for live in cache.by_namespace(self._tools.settings.definitions_namespace) if cache is not None else ():
            if live.name in wanted or live.deleting or not _ours(live):
                continue
            target = await self._target(kind, live.name)
            with contextlib.suppress(errors.NotFoundError, errors.ConflictError):
                await self._client.delete(target, uid=live.uid, resource_version=live.resource_version)
                log.info("definition removed", extra={"kind": kind.kind, "object": f"{live.namespace}/{live.name}"})

    async def _target(self, kind: Kind, name: str) -> Target:
        resource = await self._tools.discovery.resolve(kind.api_version, kind.kind)
        return Target(resource, self._tools.settings.definitions_namespace, name)


def _ours(live: Live) -> bool:
    """Whether we have published it: it has our label, and the record of what we applied."""
    return stamp.ours(live.labels) and bool(live.applied)


def _in_sync(live: Live, wanted: Body) -> bool:
    """Whether the object says all that we want it to say; what others have added is theirs."""
    return live.applied == wanted.hash and _covers(live.document(), wanted.document)


def _covers(found: Any, wanted: Any) -> bool:
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(name in found and _covers(found[name], value) for name, value in wanted.items())
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_covers, found, wanted))
    return bool(found == wanted)
