"""The objects that a command reads from a cluster: listed, or followed by watches. Writes nothing.

A kind that is forbidden or not served is left out with a warning, except the applications themselves.
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
from rudr_py.cli.cluster.client import ClusterClient, missing_right_message, unreadable_message
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
from rudr_py.model.kinds import APPLICATION, COMPONENT, POD
from rudr_py.render.values import labels as instance_labels
from rudr_py.settings import Settings

Document = dict[str, Any]


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of a kind in a namespace (empty: all), restricted by selectors."""

    kind: Kind
    namespace: str = ""
    labels: str = ""
    fields: str = ""


def applications(namespace: str, name: str = "", labels: str = "") -> ListQuery:
    """All applications, or the one of this name, or those that match a label selector."""
    fields = f"metadata.name={name}" if name else ""
    return ListQuery(kind=APPLICATION, namespace=namespace, labels=labels, fields=fields)


def components(namespace: str) -> ListQuery:
    """The components of all applications."""
    return ListQuery(kind=COMPONENT, namespace=namespace)


def pods(namespace: str) -> ListQuery:
    """The pods of all instances."""
    return ListQuery(kind=POD, namespace=namespace, labels=instance_labels.INSTANCE)


def select_applications(documents: Iterable[Document]) -> list[Document]:
    """The applications among documents, by namespace and name."""
    selected = [document for document in documents if document["kind"] == APPLICATION.kind]
    return sorted(selected, key=lambda document: _order(document["metadata"]))


def _order(metadata: Document) -> tuple[str, str]:
    return metadata.get("namespace", ""), metadata["name"]


async def read(cluster: ClusterClient, queries: Iterable[ListQuery]) -> list[Document]:
    """The objects, without managedFields. Raises KubeError when the applications cannot be read."""
    documents: list[Document] = []
    for query in queries:
        try:
            documents += await _list(cluster, query)
        except (ForbiddenError, KindAbsentError) as error:
            if query.kind == APPLICATION:
                raise
            warn(f"warning: {unreadable_message(error)}")
    return documents


async def _list(cluster: ClusterClient, query: ListQuery) -> list[Document]:
    resource = await cluster.resource(query.kind)
    selection = Selection(resource, query.namespace, labels=query.labels, fields=query.fields)
    items = await cluster.client.list_all(selection)
    for item in items:
        item["metadata"].pop("managedFields", None)
    return [{"apiVersion": query.kind.api_version, "kind": query.kind.kind, **item} for item in items]


Choose = Callable[[Sequence[Document]], Iterable[ListQuery]]
"""The queries to watch for the objects that were received so far. A query continues when it is no longer returned."""


def warn(text: str) -> None:
    """Print a warning."""
    click.echo(text, err=True)


async def follow(
    cluster: ClusterClient,
    choose: Choose,
    show: Callable[[Sequence[Document]], None],
    warn: Callable[[str], None] = warn,
) -> None:
    """Call `show` when all kinds have been listed and after every change, until cancelled.

    `warn` prints the warnings. Raises KubeError when the applications cannot be read.
    """
    await _Follower(cluster, choose, show, warn).run()


class _Follower:
    def __init__(
        self,
        cluster: ClusterClient,
        choose: Choose,
        show: Callable[[Sequence[Document]], None],
        warn: Callable[[str], None],
    ) -> None:
        self._cluster = cluster
        self._choose = choose
        self._show = show
        self._warn = warn
        self._objects: dict[str, Document] = {}
        self._unlisted: set[ListQuery] = set()
        self._started: set[ListQuery] = set()

        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                documents = list(self._objects.values())
                for query in self._choose(documents):
                    if query not in self._started:
                        self._started.add(query)
                        self._unlisted.add(query)
                        tasks.create_task(self._watch(query), name=f"watch {query.kind}")
                if not self._unlisted:
                    self._show(documents)
                await self._changed.wait()
                self._changed.clear()

    async def _watch(self, query: ListQuery) -> None:
        try:
            resource = await self._cluster.resource(query.kind)
        except KindAbsentError as error:
            self._refused(query, str(error), error)
            return
        selection = Selection(resource, query.namespace, labels=query.labels, fields=query.fields)
        stream = watch.events(
            self._cluster.transport, selection, settings=Settings(), clock=SystemClock(), random=random.random
        )
        uids: dict[str, None] = {}
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                self._take(query, event, uids)
                self._changed.set()

    def _take(self, query: ListQuery, event: Event, uids: dict[str, None]) -> None:
        match event:
            case ListingStarted():
                for uid in uids:
                    self._objects.pop(uid, None)
                uids.clear()
                self._unlisted.add(query)
            case Listed(live) | Applied(live):
                uids[live.uid] = None
                self._objects[live.uid] = live.document()
            case Deleted(live):
                uids.pop(live.uid, None)
                self._objects.pop(live.uid, None)
            case ListingDone():
                self._unlisted.discard(query)
            case Forbidden(error, right):
                message = missing_right_message(right) if right is not None else error
                self._refused(query, message, ForbiddenError(message, status=403, reason="Forbidden"))
            case KindAbsent(error):
                kind = query.kind
                self._refused(query, error, KindAbsentError(error, api_version=kind.api_version, kind=kind.kind))
            case Interrupted(error, pause):
                self._warn(f"warning: {error}; retrying in {pause:.0f} s")
            case _:
                pass

    def _refused(self, query: ListQuery, message: str, error: Exception) -> None:
        if query.kind == APPLICATION:
            raise error
        if query in self._unlisted:
            self._warn(f"warning: {message}")
        self._unlisted.discard(query)
        self._changed.set()
