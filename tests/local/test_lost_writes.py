"""No acknowledged write is lost, in any order of operations of several clients.

There are three ways to write an object: a read, then a replace with the resourceVersion that was read; a merge patch; a
forced apply by a manager of the client. A model holds the expected value of each key.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.errors import ConflictError
from rudr_py.local.backend import Backend
from rudr_py.local.merge import patch as patching
from rudr_py.local.registry import kinds
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Registry
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import Store
from rudr_py.local.verbs import writes
from rudr_py.local.verbs.writes import WriteOptions

CLIENTS = ("a", "b", "c")
STEPS = st.lists(
    st.tuples(st.sampled_from(("read", "replace", "patch", "apply")), st.sampled_from(CLIENTS), st.sampled_from("xyz")),
    max_size=30,
)


class Clients:
    """A ConfigMap, its three clients, and the expected values of its keys."""

    def __init__(self) -> None:
        registry = Registry(kinds.builtin(builtin_schema("1.36")))
        rng = random.Random(1)  # noqa: S311 - names and addresses, no secrets
        self.backend = Backend(Store(), registry, lambda: datetime(2026, 1, 1, tzinfo=UTC), rng)
        self._create("Namespace", "", {"metadata": {"name": "default"}})
        self.target = self._create("ConfigMap", "default", {"metadata": {"name": "m"}, "data": {}})
        self.model: dict[str, str] = {}
        self.seen: dict[str, dict[str, Any]] = {client: self.live() for client in CLIENTS}
        self.count = 0

    def _create(self, kind: str, namespace: str, body: dict[str, Any]) -> ObjectTarget:
        resource = self.backend.registry.by_kind(KindInfo("v1", kind))
        assert resource is not None
        body = {"apiVersion": "v1", "kind": kind, **body}
        writes.create(self.backend, ObjectTarget(resource, namespace, ""), body, WriteOptions())
        return ObjectTarget(resource, namespace, body["metadata"]["name"])

    def live(self) -> dict[str, Any]:
        stored = self.backend.store.get(self.target.resource.table, "default", "m")
        assert stored is not None
        copy: dict[str, Any] = clone(stored)
        return copy

    def value(self) -> str:
        """A value that was never written before."""
        self.count += 1
        return str(self.count)

    def read(self, client: str, _key: str) -> None:
        self.seen[client] = self.live()

    def replace(self, client: str, key: str) -> None:
        """Replace the object that the client read, with one key changed: all of it is stored, or nothing."""
        body, value = clone(self.seen[client]), self.value()
        body.setdefault("data", {})[key] = value
        fresh = body["metadata"]["resourceVersion"] == self.live()["metadata"]["resourceVersion"]
        try:
            writes.update(self.backend, self.target, body, WriteOptions(manager=client))
        except ConflictError:
            assert not fresh
        else:
            assert fresh, "a replace of something older was taken"
            self.model[key] = value

    def patch(self, client: str, key: str) -> None:
        patch = {"data": {key: self.value()}}
        options = WriteOptions(manager=client)
        writes.patch(self.backend, self.target, lambda live: patching.merge_patch(live, clone(patch)), options)
        self.model |= patch["data"]

    def apply(self, client: str, key: str) -> None:
        """Keys that the client applied before and not now are removed, unless another client wrote them."""
        owners = {k: self._owners(k) for k in self.model}
        data = {key: self.value()}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data}
        writes.apply(self.backend, self.target, body, WriteOptions(manager=client, force=True))
        given_up = {k for k, held in owners.items() if held == {(client, "Apply")} and k != key}
        self.model = {k: v for k, v in self.model.items() if k not in given_up} | data

    def _owners(self, key: str) -> set[tuple[str, str]]:
        entries = self.live()["metadata"].get("managedFields", [])
        return {
            (entry["manager"], entry["operation"])
            for entry in entries
            if f"f:{key}" in entry["fieldsV1"].get("f:data", {})
        }


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_no_acknowledged_write_is_lost(steps: list[tuple[str, str, str]]) -> None:
    clients = Clients()
    for verb, client, key in steps:
        getattr(clients, verb)(client, key)
        assert clients.live().get("data", {}) == clients.model
