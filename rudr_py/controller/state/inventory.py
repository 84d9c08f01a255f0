"""What we applied, by object: the uid, and a digest of what the server then held us to own. Memory only.

Its copy in `status.resources[]` of each application lets the next process start with 0 writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Kind, Ref
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey


class AppliedRecord(msgspec.Struct, frozen=True):
    """An object of ours: its uid (empty: we were about to create it) and what `digest` said (empty: unknown)."""

    ref: Ref
    uid: str = ""
    digest: str = ""

    def resource(self) -> dict[str, Any]:
        """The record as an entry of `status.resources[]`."""
        found = {"apiVersion": self.ref.kind.api_version, "kind": self.ref.kind.kind, "name": self.ref.name}
        return {**found, **({"uid": self.uid} if self.uid else {}), **({"digest": self.digest} if self.digest else {})}


def digest(live: LiveObject) -> str:
    """What changes when anybody touches our fields: the digest of our entry, and the hash of the body it is from.

    The entry alone would not do: it names fields, so a body that lacks a field and a later one from which somebody
    took just that field have the same. Empty when we own nothing.
    """
    return f"{live.digest}-{live.applied}" if live.digest else ""


def read(resources: object) -> dict[Ref, AppliedRecord]:
    """The records of a stored status; what names no object is passed over, for old definitions let anything in."""
    found = {}
    for entry in resources if isinstance(resources, list | tuple) else ():
        if not isinstance(entry, Mapping):
            continue
        parts = [entry.get(name) for name in ("apiVersion", "kind", "name")]
        if all(isinstance(part, str) and part for part in parts):
            ref = Ref(Kind(str(parts[0]), str(parts[1])), str(parts[2]))
            found[ref] = AppliedRecord(ref, str(entry.get("uid") or ""), str(entry.get("digest") or ""))
    return found


class Inventory:
    """The records of all applications, by key and uid of the application."""

    def __init__(self) -> None:
        self._pages: dict[ObjectKey, tuple[str, dict[Ref, AppliedRecord]]] = {}

    def page(self, application: LiveObject, stored: Iterable[dict[str, Any]]) -> dict[Ref, AppliedRecord]:
        """The records of an application, to be read and changed; taken from `stored` when we have none."""
        key = ObjectKey(application.namespace, application.name)
        uid, records = self._pages.get(key, ("", {}))
        if uid != application.uid:
            records = read(stored)
            self._pages[key] = (application.uid, records)
        return records

    def forget(self, application: ObjectKey) -> None:
        """The application is gone."""
        self._pages.pop(application, None)


def order(records: Iterable[AppliedRecord]) -> tuple[dict[str, Any], ...]:
    """Entries for `status.resources[]`, in an order that does not change by itself."""
    return tuple(record.resource() for record in sorted(records, key=lambda r: (str(r.ref.kind), r.ref.name)))
