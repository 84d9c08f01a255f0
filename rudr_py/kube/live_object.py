"""One object of the cluster as a slim frozen value.

Decoding is typed, so that managedFields, half of the bytes, never become Python objects: of them only the digest
of rudr's own entry is kept. The rest of the document stays JSON text until it is requested; a cache keeps that text
compressed, or outside of memory, see `kube.storage.body`.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from sys import intern
from typing import Any

import msgspec

from rudr_py import errors, settings
from rudr_py.kube.storage.body import Body, BodyBudget

APPLIED_ANNOTATION = "rudr.oam.dev/applied"
"""The annotation with the hash of the last applied body."""

SMALL = 16 * 1024
"""Bytes of JSON up to which the annotations of recently read objects are kept."""

LARGE = 64 * 1024
"""Bytes of JSON from which an object counts as large."""

_DECODING_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class LiveObject(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An object as last received from the API server. It contains only strings and a Body, hence no cycles.

    `label_pairs` are the labels, each name followed by its value, which takes a third of a dict. `owner_*` describe the
    owner with `controller: true`. `applied` is the value of APPLIED_ANNOTATION. `digest` is the digest of rudr's
    managedFields entry, empty without one; `sized` is false if that surely contains no field `replicas`. `held` is true
    if the hand-over manager has an entry, too, `patched` if rudr has one of a patch, which owns an owner reference.
    `edited` is the time of the last write of another manager, except to a subresource, as in managedFields, and
    `edited_by` that manager; empty without one. `annotations` does not contain kubectl's last-applied copy.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    deleting: bool
    label_pairs: tuple[str, ...]
    owner_uid: str
    owner_kind: str
    owner_name: str
    applied: str
    digest: str
    sized: bool = False
    held: bool = False
    patched: bool = False
    edited: str = ""
    edited_by: str = ""
    stored: bytes | Body

    @property
    def body(self) -> bytes:
        """The document as JSON, without managedFields, apiVersion and kind. Raises `UndecodableError` like `part`."""
        if isinstance(self.stored, bytes):
            return self.stored
        try:
            return self.stored.read()
        except OSError as error:
            name = f"{self.kind} {self.namespace}/{self.name}"
            raise errors.UndecodableError(f"{name} cannot be read: {error}") from error

    @property
    def size(self) -> int:
        """The number of bytes of the document as JSON."""
        return len(self.stored) if isinstance(self.stored, bytes) else self.stored.size

    def kept_by(self, budget: BodyBudget) -> LiveObject:
        """The same object whose document counts in a budget, and is outside of memory beyond it."""
        if not isinstance(self.stored, bytes):
            return self
        return msgspec.structs.replace(self, stored=budget.keep(self.namespace, self.stored, self.kind))

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def labels(self) -> dict[str, str]:
        """The labels; a new dict at each use."""
        pairs = iter(self.label_pairs)
        return dict(zip(pairs, pairs, strict=True))

    @property
    def annotations(self) -> dict[str, str]:
        """All annotations except kubectl's last-applied copy; a new dict at each use."""
        body = self.body
        try:
            return dict((_recent_annotations if len(body) <= SMALL else _annotations)(body))
        except _DECODING_ERRORS as error:
            raise self._undecodable(error) from error

    def document(self) -> dict[str, Any]:
        """The whole object without managedFields; decoded at each call, so the caller may change it.

        Raises `UndecodableError` when it is nested too deeply for the caller's stack.
        """
        type_fields = {"apiVersion": self.api_version, "kind": self.kind}
        try:
            return type_fields | dict(msgspec.json.decode(self.body))
        except _DECODING_ERRORS as error:
            raise self._undecodable(error) from error

    def part(self, name: str) -> Any:
        """One top-level field (`spec`, `status`, `data` …), or None; decoded at each call; cheaper than `document()`.

        Raises `UndecodableError` like `document()`.
        """
        text = self.text(name)
        try:
            return msgspec.json.decode(text) if text else None
        except _DECODING_ERRORS as error:
            raise self._undecodable(error) from error

    def text(self, name: str) -> bytes | msgspec.Raw:
        """The JSON text of one top-level field, empty without it. Raises `UndecodableError` like `document()`."""
        try:
            return _parts.decode(self.body).get(name, b"")
        except _DECODING_ERRORS as error:
            raise self._undecodable(error) from error

    def _undecodable(self, error: Exception) -> errors.UndecodableError:
        return errors.UndecodableError(f"{self.kind} {self.namespace}/{self.name} cannot be decoded: {error}")


class _Owner(msgspec.Struct, frozen=True):
    uid: str = ""
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: str | None = None
    fields: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="fieldsV1")


class _OwnAnnotations(msgspec.Struct, frozen=True):
    applied: str = msgspec.field(default="", name=APPLIED_ANNOTATION)


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: _OwnAnnotations | None = None
    owner_references: list[_Owner] | None = None
    managed_fields: list[_Entry] | None = None


class _WholeEntry(msgspec.Struct, frozen=True, rename="camel"):
    manager: str = ""
    operation: str = ""
    subresource: str | None = None
    time: str | None = None
    fields: dict[str, Any] | None = msgspec.field(default=None, name="fieldsV1")


class _WholeOwner(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class _WholeMetadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    uid: str | None = None
    resource_version: str | None = None
    namespace: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    finalizers: list[str] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[_WholeOwner] | None = None
    managed_fields: list[_WholeEntry] | None = None


class _AllAnnotations(msgspec.Struct, frozen=True):
    annotations: dict[str, str] | None = None


class _Annotated(msgspec.Struct, frozen=True):
    metadata: _AllAnnotations = _AllAnnotations()


_annotated = msgspec.json.Decoder(_Annotated)
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_metadata = msgspec.json.Decoder(_Metadata)
_NO_OWNER = _Owner()
_NO_ANNOTATIONS = _OwnAnnotations()


def decode(
    data: bytes | msgspec.Raw,
    api_version: str = "",
    kind: str = "",
    *,
    parts: tuple[str, ...] = (),
    owners: frozenset[str] = frozenset(),
) -> LiveObject:
    """Decode one object. List items have no apiVersion and kind, so the caller passes them.

    `parts` are the fields to keep beside the metadata, each a top-level field or, as `spec.volumes`, a field of one;
    empty keeps all. With `owners`, only the metadata is kept of a large object that rudr has not written and that has
    no owner of these kinds. The value does not share memory with `data`. Raises `UndecodableError`.
    """
    try:
        return _decode(data, api_version, kind, parts, owners)
    except _DECODING_ERRORS as error:
        raise errors.UndecodableError(f"{kind or 'an object'} cannot be decoded: {error}") from error


def document(data: bytes | msgspec.Raw) -> dict[str, Any]:
    """A whole object with its managedFields, whose metadata has the types of Kubernetes, without null values.

    So no reader of labels, owners or managed fields has to check their types. Raises `UndecodableError`.
    """
    try:
        value: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        metadata = _without_nulls(value.get("metadata") or {})
        for entry in msgspec.convert(metadata, _WholeMetadata).managed_fields or ():
            _check_fields(entry.fields or {})
    except _DECODING_ERRORS as error:
        raise errors.UndecodableError(f"an object cannot be decoded: {error}") from error
    return {**value, "metadata": metadata}


def _without_nulls(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _without_nulls(value) for name, value in part.items() if value is not None}
    return [_without_nulls(value) for value in part] if isinstance(part, list) else part


def _check_fields(fields: dict[str, Any]) -> None:
    """Check the fields of a managedFields entry. Raises ValidationError or DecodeError."""
    for name, below in fields.items():
        if name.startswith("k:"):
            msgspec.json.decode(name[2:], type=dict[str, Any])
        elif name.startswith("v:"):
            msgspec.json.decode(name[2:])
        _check_fields(msgspec.convert(below, dict[str, Any]))


def digest(fields: bytes) -> str:
    """The digest of the `fieldsV1` of a managedFields entry; independent of the order of the fields."""
    return _digest(bytes(fields))


def flat(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The `label_pairs` of an object with these labels."""
    return tuple(map(intern, itertools.chain.from_iterable(labels.items())))


def _decode(
    data: bytes | msgspec.Raw, api_version: str, kind: str, parts: tuple[str, ...], owners: frozenset[str]
) -> LiveObject:
    parts_by_name = _parts.decode(data)
    api_version = _text(parts_by_name.pop("apiVersion", None)) or api_version
    kind = _text(parts_by_name.pop("kind", None)) or kind
    raw = parts_by_name.pop("metadata", msgspec.Raw(b"{}"))
    metadata = _metadata.decode(raw)
    if metadata.managed_fields is not None:
        kept = _parts.decode(raw)
        kept.pop("managedFields", None)
        raw = msgspec.Raw(msgspec.json.encode(kept))
    if parts:
        parts_by_name = dict(_kept(parts_by_name, parts))
    if owners and memoryview(data).nbytes > LARGE and _is_foreign(metadata, owners):
        parts_by_name = {}
    # Decoding detects text that is not UTF-8, which a decoder that skips it ignores. Encoding again allocates memory of
    # the exact size, where the JSON encoder keeps the rest of its buffer.
    body = msgspec.json.encode({"metadata": raw} | parts_by_name).decode().encode()
    owner = next((owner for owner in metadata.owner_references or () if owner.controller), _NO_OWNER)
    writes = _writes(metadata.managed_fields or [])
    # thousands of objects contain the same few strings
    return LiveObject(
        api_version=intern(api_version),
        kind=intern(kind),
        namespace=intern(metadata.namespace),
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
        generation=metadata.generation,
        deleting=metadata.deletion_timestamp is not None,
        label_pairs=flat(metadata.labels or {}),
        owner_uid=intern(owner.uid),
        owner_kind=intern(owner.kind),
        owner_name=intern(owner.name),
        applied=(metadata.annotations or _NO_ANNOTATIONS).applied,
        digest=writes.digest,
        sized=writes.sized,
        held=writes.held,
        patched=writes.patched,
        edited=intern(writes.edited),
        edited_by=intern(writes.edited_by),
        stored=body,
    )


def _is_foreign(metadata: _Metadata, owners: frozenset[str]) -> bool:
    """Whether rudr has not written an object, and it has no owner of these kinds."""
    managers = {entry.manager for entry in metadata.managed_fields or ()}
    is_written = not managers.isdisjoint((settings.FIELD_MANAGER, settings.HANDOVER_MANAGER))
    has_owner = any(owner.kind in owners for owner in metadata.owner_references or ())
    return not (is_written or has_owner or (metadata.annotations or _NO_ANNOTATIONS).applied)


def _kept(fields: dict[str, msgspec.Raw], parts: tuple[str, ...]) -> Iterator[tuple[str, msgspec.Raw]]:
    """The top-level fields to keep, reduced to one field inside where the part names it."""
    for part in parts:
        name, _, inner = part.partition(".")
        raw = fields.get(name)
        if raw is None:
            continue
        if inner:
            below = _parts.decode(raw)
            raw = msgspec.Raw(msgspec.json.encode({inner: below[inner]} if inner in below else {}))
        yield name, raw


class _Writes(msgspec.Struct):
    """The fields of a LiveObject that its managedFields determine."""

    digest: str = ""
    sized: bool = False
    held: bool = False
    patched: bool = False
    edited: str = ""
    edited_by: str = ""


def _writes(entries: list[_Entry]) -> _Writes:
    writes = _Writes()
    for entry in entries:
        if entry.manager == settings.HANDOVER_MANAGER:
            writes.held = True
        elif entry.subresource:
            continue
        elif entry.manager != settings.FIELD_MANAGER:
            edit = (entry.time or "", entry.manager)
            if entry.time and edit > (writes.edited, writes.edited_by):
                writes.edited, writes.edited_by = edit
        elif entry.operation == "Apply" and not writes.digest:
            fields = bytes(entry.fields)
            writes.digest, writes.sized = digest(fields), b'"f:replicas"' in fields
        elif entry.operation == "Update":
            writes.patched = writes.patched or b'"f:ownerReferences"' in bytes(entry.fields)
    return writes


# A change of the status of an object leaves the entry as it is, so that most look-ups save the decoding.
@functools.lru_cache(maxsize=256)
def _digest(fields: bytes) -> str:
    canonical = msgspec.json.encode(msgspec.json.decode(fields), order="deterministic") if fields else b""
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()


def _annotations(body: bytes) -> dict[str, str]:
    annotations = _annotated.decode(body).metadata.annotations or {}
    annotations.pop(_LAST_APPLIED, None)
    return annotations


# a reconcile reads those of its application about ten times
_recent_annotations = functools.lru_cache(maxsize=64)(_annotations)


def _text(raw: msgspec.Raw | None) -> str:
    return "" if raw is None else msgspec.json.decode(raw, type=str)
