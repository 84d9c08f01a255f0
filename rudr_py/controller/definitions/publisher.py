"""Publishes the installed types in the definitions namespace while that exists, and removes what no type has any more.

What a definition says is decided in `render`. An object that somebody else made is never touched, and where it cannot
be done nothing is published: applications need none of it. Whether the namespace is there shows when something is
applied: to watch it would take a right in the whole cluster.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired
from rudr_py.controller.apply.applier import CREATE_ONLY
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.results.result import soonest
from rudr_py.controller.state import definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.controller.watching.sources import Sources, SourceTools
from rudr_py.kube.client import Client
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER

PAUSE = 60.0
"""Seconds between two writes of one definition: whoever else publishes another body under its name gets no storm.

Also the longest pause until something is tried again that cannot be done: there is no namespace, or no right.
"""

SOON = 2.0
"""The first such pause; it doubles."""

log = logging.getLogger(__name__)

Document = dict[str, Any]


class Publisher:
    """Keeps the definitions of the installed types as they are to be.

    `problems` says for each kind that cannot be published why not.
    """

    def __init__(
        self, documents: tuple[Document, ...], client: Client, known: ClusterState, sources: Sources, tools: SourceTools
    ) -> None:
        self._documents = documents
        self._client = client
        self._world = known
        self._sources = sources
        self._tools = tools
        self._written: TtlMap[tuple[Kind, str], None] = TtlMap(tools.clock, PAUSE)
        self._pruned: set[Kind] = set()  # once for each kind: two installations that share a namespace must not fight
        self._failed: dict[Kind, int] = {}  # how often in a row
        self._rest: dict[Kind, float] = {}  # until when nothing is tried
        self.problems: dict[Kind, str] = {}

    def told(self) -> Iterator[str]:
        """A line for each kind that cannot be published."""
        return (f"{kind.kind}: {problem}" for kind, problem in self.problems.items())

    async def run(self) -> None:
        """Publish at every change, until cancelled."""
        touched = self._world.definitions.touched
        async with asyncio.TaskGroup() as tasks:
            again: asyncio.Task[None] | None = None
            while True:
                await touched.wait()
                touched.clear()
                pause = await self._round()
                if pause is not None and (again is None or again.done()):
                    again = tasks.create_task(self._again(pause), name="definitions again")

    async def _again(self, pause: float) -> None:
        await self._tools.clock.sleep(pause)
        self._world.definitions.touched.set()

    async def _round(self) -> float | None:
        """Apply and delete what is not right; in how many seconds that has to be tried again, if it has to be."""
        pauses: list[float | None] = []
        for kind in definition_index.KINDS:
            left = self._rest.get(kind, 0.0) - self._tools.clock.monotonic()
            if left > 0:
                pauses.append(left)
            elif not self._sources.problems((kind,)):
                pauses.append(await self._try(kind))
        return soonest(*pauses)

    async def _try(self, kind: Kind) -> float | None:
        wanted = {d["metadata"]["name"]: d for d in self._documents if d["kind"] == kind.kind}
        try:
            late = [await self._publish(kind, name, document) for name, document in wanted.items()]
            if kind not in self._pruned:
                await self._prune(kind, frozenset(wanted))
                self._pruned.add(kind)
        except errors.KubeError as error:
            return self._rest_after(kind, error)
        self._failed.pop(kind, None)
        self.problems.pop(kind, None)
        return PAUSE if any(late) else None

    def _rest_after(self, kind: Kind, error: errors.KubeError) -> float:
        """Leave a kind alone for a while. That the namespace is not there, or a right, is no news the second time."""
        self._failed[kind] = self._failed.get(kind, 0) + 1
        pause: float = min(PAUSE, SOON * 2 ** min(self._failed[kind] - 1, 10))
        concerned = (
            definition_index.KINDS if isinstance(error, errors.NotFoundError) else (kind,)
        )  # there is no namespace
        self._rest |= dict.fromkeys(concerned, self._tools.clock.monotonic() + pause)
        if self.problems.get(kind) != str(error):
            log.warning("definitions cannot be published", extra={"kind": kind.kind, "error": str(error)})
        self.problems[kind] = str(error)
        return pause

    async def _publish(self, kind: Kind, name: str, document: Document) -> bool:
        """Make one definition right; whether it was written too recently to do so now."""
        namespace = self._tools.settings.definitions_namespace
        wanted = desired.complete(
            PlannedObject(ref=Ref(kind, name), body=document, instance="", made_by="", owner="none"), None
        )
        live = self._world.get(kind, namespace, name)
        if live is not None and (live.deleting or not _ours(live) or _in_sync(live, wanted)):
            return False
        if self._written.left((kind, name)) > 0:
            return True
        target = await self._target(kind, name)
        condition = {"uid": live.uid} if live is not None else {"resource_version": CREATE_ONLY}
        with contextlib.suppress(errors.ConflictError):  # somebody was quicker; their change tells us
            written = await self._client.apply(target, wanted.encoded(**condition), FIELD_MANAGER)
            log.info("definition published", extra={"kind": kind.kind, "object": f"{namespace}/{name}"})
            cache = self._world.cache(kind, namespace)
            if cache is not None:
                cache.wrote(written)
        self._written.put((kind, name), None)
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


def _ours(live: LiveObject) -> bool:
    """Whether we have published it: it has our label, and the record of what we applied."""
    return labels.is_managed(live.labels) and bool(live.applied)


def _in_sync(live: LiveObject, wanted: DesiredObject) -> bool:
    """Whether the object says all that we want it to say; what others have added is theirs."""
    return live.applied == wanted.hash and _covers(live.document(), wanted.document)


def _covers(found: Any, wanted: Any) -> bool:
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(name in found and _covers(found[name], value) for name, value in wanted.items())
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_covers, found, wanted))
    return bool(found == wanted)
