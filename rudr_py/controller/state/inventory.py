"""The inventory of applied objects: the uid of each, and a digest of the fields that the server records as ours.

The copy in `status.resources[]` of each application lets the next process start without writes.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, get_in
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage.packing import Packer


class AppliedRecord(msgspec.Struct, frozen=True, gc=False):
    """An applied object: its uid, empty before it is created, and its `digest`, empty when that is unknown."""

    ref: Ref
    uid: str = ""
    digest: str = ""

    def resource(self) -> dict[str, Any]:
        """The record as an entry of `status.resources[]`."""
        entry = {"apiVersion": self.ref.kind.api_version, "kind": self.ref.kind.kind, "name": self.ref.name}
        return {**entry, **({"uid": self.uid} if self.uid else {}), **({"digest": self.digest} if self.digest else {})}


def digest(live: LiveObject) -> str:
    """A value that changes with every change of our fields: the digest of our managedFields entry and the applied hash.

    The entry alone is not enough, because it names fields without values: a body without a field, and a later body
    from which another manager took just that field, have the same entry. Empty when no field is ours.
    """
    return f"{live.digest}-{live.applied}" if live.digest else ""


def read(resources: object) -> dict[Ref, AppliedRecord]:
    """The records of a stored status. Malformed entries are skipped, because older CRDs accept any value."""
    records = {}
    for entry in resources if isinstance(resources, list | tuple) else ():
        if not isinstance(entry, Mapping):
            continue
        parts = [entry.get(name) for name in ("apiVersion", "kind", "name")]
        if all(isinstance(part, str) and part for part in parts):
            ref = Ref(Kind(str(parts[0]), str(parts[1])), str(parts[2]))
            records[ref] = AppliedRecord(ref, str(entry.get("uid") or ""), str(entry.get("digest") or ""))
    return records


class _Resource(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    api_version: str = ""
    kind: str = ""
    name: str = ""


class _Status(msgspec.Struct, frozen=True):
    resources: list[_Resource] = []


class _Application(msgspec.Struct, frozen=True):
    status: _Status = _Status()


_kinds = msgspec.json.Decoder(_Application)


def kinds(application: LiveObject) -> frozenset[Kind]:
    """The kinds of the records in the stored status of an application; the rest of the document is not decoded."""
    try:
        resources = _kinds.decode(application.body).status.resources
    except (errors.UndecodableError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _lenient_kinds(application)
    named = {(one.api_version, one.kind) for one in resources if one.api_version and one.kind and one.name}
    return frozenset(Kind(api_version, kind) for api_version, kind in named)


def _lenient_kinds(application: LiveObject) -> frozenset[Kind]:
    """The kinds of the records in any status, because older CRDs accept any value; none of an unreadable one."""
    try:
        status = application.part("status")
    except errors.UndecodableError:
        return frozenset()
    return frozenset(ref.kind for ref in read(get_in(status, "resources", default=[])))


_packer = Packer()
_decoder = msgspec.msgpack.Decoder(tuple[AppliedRecord, ...])


def pack(records: Iterable[AppliedRecord]) -> bytes:
    """Records in a twentieth of the memory; empty without any."""
    listed = tuple(records)
    return _packer.pack(msgspec.msgpack.encode(listed)) if listed else b""


def unpack(packed: bytes) -> tuple[AppliedRecord, ...]:
    """The records of the result of `pack` in this process."""
    return _decoder.decode(_packer.unpack(packed)) if packed else ()


def agree(
    records: dict[Ref, AppliedRecord],
    stored: Mapping[Ref, AppliedRecord],
    find: Callable[[Ref], LiveObject | None],
    *,
    confirmed: Container[Ref],
    named: Container[Ref],
) -> None:
    """Bring the records of objects about which this reconcile learned nothing in line with those of the status.

    Every process that reads the same status and the same objects then has the same records. Otherwise two processes
    would write the status in turn, each with what it remembers. `confirmed` were applied, or do not exist any more.
    The record that describes the live object wins, else that of the status. One that describes no object and that the
    status does not list is dropped, unless it is `named` before its object is created.
    """
    for ref in [ref for ref in {**records, **stored} if ref not in confirmed]:
        live, own, other = find(ref), records.get(ref), stored.get(ref)
        if other is not None and _match(other, live) >= (_match(own, live) if own is not None else 1):
            records[ref] = other
        elif own is not None and other is None and not _match(own, live) and (own.uid or ref not in named):
            del records[ref]


def _match(record: AppliedRecord, live: LiveObject | None) -> int:
    """How well a record describes a live object: 0 for another object or none, 2 for its current fields."""
    if live is None or record.uid != live.uid:
        return 0
    return 2 if record.digest == digest(live) else 1


def order(records: Iterable[AppliedRecord]) -> tuple[dict[str, Any], ...]:
    """Entries for `status.resources[]`, in a stable order."""
    return tuple(record.resource() for record in sorted(records, key=lambda r: (str(r.ref.kind), r.ref.name)))
