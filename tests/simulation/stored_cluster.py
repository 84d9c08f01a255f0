"""A local API whose store is read and written without HTTP, for the user and the oracle of simulations and soak tests.

The controllers of rudr may run in the same process or in others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.kube import requests
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Resource, Target
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Event
from rudr_py.settings import FIELD_MANAGER
from tests.simulation.api import InProcessApi
from tests.simulation.network import Log

Document = dict[str, Any]

NAMESPACE = "default"
USER, INTRUDER = "user", "intruder"


class StoredCluster:
    """A cluster with the types of `catalog`. Writes of the user are added to `log`."""

    def __init__(self, local: LocalCluster, catalog: Catalog, clock: Clock, log: Log) -> None:
        self.local = local
        self.catalog = catalog
        self.clock = clock
        self.log = log
        self.api = InProcessApi(local.backend)

    def target(self, api_version: str, kind: str, name: str) -> Target:
        """The address of an object in the namespace of the applications."""
        resource = self.local.client.resource(KindInfo(api_version, kind))
        assert resource is not None, kind
        group, _, version = api_version.rpartition("/")
        return Target(Resource(group, version, kind, resource.plural, resource.namespaced), NAMESPACE, name)

    def apply(self, document: Document, manager: str = USER) -> int:
        """Server-side apply; returns the HTTP status."""
        target = self.target(document["apiVersion"], document["kind"], document["metadata"]["name"])
        return self._user(requests.apply(target, msgspec.json.encode(document), manager), manager)

    def patch(self, kind: Kind, name: str, content: Document, manager: str = INTRUDER) -> int:
        """JSON merge patch."""
        target = self.target(kind.api_version, kind.kind, name)
        return self._user(requests.merge_patch(target, msgspec.json.encode(content), manager), manager)

    def write_status(self, kind: Kind, name: str, status: Document) -> int:
        """Write a status as a process of rudr, whose request arrives now, would."""
        target = msgspec.structs.replace(self.target(kind.api_version, kind.kind, name), subresource="status")
        header = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
        body = msgspec.json.encode({**header, "status": status})
        return self._user(requests.apply(target, body, FIELD_MANAGER), INTRUDER)

    def delete(self, kind: Kind, name: str) -> int:
        """Delete an object with its dependents."""
        return self._user(requests.delete(self.target(kind.api_version, kind.kind, name)), USER)

    def _user(self, request: requests.Request, client: str) -> int:
        reply = self.api.answer(request, client)
        self.log.add(f"{client} {request.method} {request.path} -> {reply.status}", request.body or b"")
        return reply.status

    def get(self, kind: Kind, name: str) -> Document | None:
        """The live object, or None."""
        return self.local.client.get(KindInfo(kind.api_version, kind.kind), NAMESPACE, name)

    def objects(self) -> list[Document]:
        """All objects of the namespace of the applications, ordered by table and name."""
        store = self.local.backend.store
        return [obj for table in sorted(store.tables()) for obj in store.list(table, NAMESPACE)]

    def listen(self, listener: Callable[[Event, str], None]) -> None:
        """Call a listener with each write and the name of its client; the local controllers have the empty name."""
        self.local.backend.store.listeners.append(lambda event: listener(event, self.api.writer))
