"""The objects of a cluster that a command looks at: listed once, or followed by watches. Writes nothing.

What may not be read, or is not served, is told and left out, unless it is the applications themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click
import msgspec

from rudr_py.api import Kind
from rudr_py.cli.cluster.client import APPLICATION, ClusterClient, unread
from rudr_py.errors import ForbiddenError, KindAbsentError
from rudr_py.kube import watch
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import (
    Applied,
    Deleted,
    Event,
    Forbidden,
    Interrupted,
    KindAbsent,
    Listed,
    ListingDone,
    ListingStarted,
)
from rudr_py.render.values import labels as stamp
from rudr_py.settings import Settings

Document = dict[str, Any]

POD = Kind("v1", "Pod")


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of a kind in a namespace (empty: all), narrowed by selectors."""

    kind: Kind
    namespace: str = ""
    labels: str = ""
    fields: str = ""


def applications(namespace: str, name: str = "", labels: str = "") -> ListQuery:
    """All applications, or the one of this name, or those that a label selector takes."""
    fields = f"metadata.name={name}" if name else ""
    return ListQuery(kind=APPLICATION, namespace=namespace, labels=labels, fields=fields)


def pods(namespace: str) -> ListQuery:
    """The pods of all instances."""
    return ListQuery(kind=POD, namespace=namespace, labels=stamp.INSTANCE)


def found_applications(documents: Iterable[Document]) -> list[Document]:
    """The applications among documents, by namespace and name."""
    found = [document for document in documents if document["kind"] == APPLICATION.kind]
    return sorted(found, key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"]))


async def once(cluster: ClusterClient, looks: Iterable[ListQuery]) -> list[Document]:
    """The objects as they are now, without managedFields. Raises KubeError when the applications cannot be read."""
    found: list[Document] = []
    for look in looks:
        try:
            found += await _list(cluster, look)
        except (ForbiddenError, KindAbsentError) as error:
            if look.kind == APPLICATION:
                raise
            click.echo(f"warning: {unread(error)}", err=True)
    return found


async def _list(cluster: ClusterClient, look: ListQuery) -> list[Document]:
    resource = await cluster.resource(look.kind)
    selection = Selection(resource, look.namespace, labels=look.labels, fields=look.fields)
    items = await cluster.client.list_all(selection)
    for item in items:
        item["metadata"].pop("managedFields", None)
    return [{"apiVersion": look.kind.api_version, "kind": look.kind.kind, **item} for item in items]


Choose = Callable[[Sequence[Document]], Iterable[ListQuery]]
"""What to watch, given what was seen so far: a watch that is named once goes on."""


async def follow(cluster: ClusterClient, choose: Choose, show: Callable[[Sequence[Document]], None]) -> None:
    """Show the objects, and again after every change, until cancelled; the first time when all were listed.

    Raises KubeError when the applications cannot be read.
    """
    await _Follower(cluster, choose, show).run()


class _Follower:
    def __init__(self, cluster: ClusterClient, choose: Choose, show: Callable[[Sequence[Document]], None]) -> None:
        self._cluster = cluster
        self._choose = choose
        self._show = show
        self._objects: dict[str, Document] = {}
        self._open: set[ListQuery] = set()  # not listed yet
        self._begun: set[ListQuery] = set()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                documents = list(self._objects.values())
                for look in self._choose(documents):
                    if look not in self._begun:
                        self._begun.add(look)
                        self._open.add(look)
                        tasks.create_task(self._watch(look), name=f"watch {look.kind}")
                if not self._open:
                    self._show(documents)
                await self._changed.wait()
                self._changed.clear()

    async def _watch(self, look: ListQuery) -> None:
        try:
            resource = await self._cluster.resource(look.kind)
        except KindAbsentError as error:
            self._refused(look, str(error), error)
            return
        selection = Selection(resource, look.namespace, labels=look.labels, fields=look.fields)
        stream = watch.events(
            self._cluster.transport, selection, settings=Settings(), clock=SystemClock(), random=random.random
        )
        known: dict[str, None] = {}
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                self._take(look, event, known)
                self._changed.set()

    def _take(self, look: ListQuery, event: Event, known: dict[str, None]) -> None:
        match event:
            case ListingStarted():
                for uid in known:
                    self._objects.pop(uid, None)
                known.clear()
                self._open.add(look)
            case Listed(live) | Applied(live):
                known[live.uid] = None
                self._objects[live.uid] = live.document()
            case Deleted(live):
                known.pop(live.uid, None)
                self._objects.pop(live.uid, None)
            case ListingDone():
                self._open.discard(look)
            case Forbidden(error, right):
                told = f"you {error}" if right is not None else error
                self._refused(look, told, ForbiddenError(told, status=403, reason="Forbidden"))
            case KindAbsent(error):
                kind = look.kind
                self._refused(look, error, KindAbsentError(error, api_version=kind.api_version, kind=kind.kind))
            case Interrupted(error, pause):
                click.echo(f"warning: {error}; trying again in {pause:.0f} s", err=True)
            case _:
                pass

    def _refused(self, look: ListQuery, told: str, error: Exception) -> None:
        if look.kind == APPLICATION:
            raise error
        if look in self._open:
            click.echo(f"warning: {told}", err=True)
        self._open.discard(look)
        self._changed.set()
