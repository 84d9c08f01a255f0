"""One object of the cluster as a slim frozen value.

Decoding is typed, so that managedFields, half of the bytes, never become Python objects: of them only the digest
of our own entry is kept. The rest of the document stays JSON text until somebody asks for it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterator
from sys import intern
from typing import Any

import msgspec

from rudr_py import errors, settings

APPLIED_ANNOTATION = "rudr.oam.dev/applied"
"""Holds the hash of the body that we applied last."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class LiveObject(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An object as the API server last told it. It holds strings and dicts of strings only, hence no cycles.

    `owner_*` describe the owner with `controller: true`. `applied` is the value of our annotation. `digest` is that
    of our own managedFields entry, or empty when we own nothing; `held` says that our hand-over manager has one too.
    `annotations` lacks kubectl's last-applied copy.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    deleting: bool
    labels: dict[str, str]
    owner_uid: str
    owner_kind: str
    owner_name: str
    applied: str
    digest: str
    held: bool = False
    body: bytes

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def annotations(self) -> dict[str, str]:
        """All annotations but kubectl's last-applied copy, decoded anew at each use."""
        with _as_undecodable(f"{self.kind} {self.namespace}/{self.name}"):
            found = _annotated.decode(self.body).metadata.annotations or {}
        found.pop(_LAST_APPLIED, None)
        return found

    def document(self) -> dict[str, Any]:
        """The whole object without managedFields, decoded anew at each call; the caller may change it.

        Raises `UndecodableError` when it is nested too deeply for the stack of the caller.
        """
        head = {"apiVersion": self.api_version, "kind": self.kind}
        with _as_undecodable(f"{self.kind} {self.namespace}/{self.name}"):
            return head | dict(msgspec.json.decode(self.body))

    def part(self, name: str) -> Any:
        """One top-level field (`spec`, `status`, `data` …) decoded anew, or None; cheaper than `document()`.

        Raises `UndecodableError` as `document()` does.
        """
        with _as_undecodable(f"{self.kind} {self.namespace}/{self.name}"):
            raw = _parts.decode(self.body).get(name)
            return None if raw is None else msgspec.json.decode(raw)


class _Owner(msgspec.Struct, frozen=True):
    uid: str = ""
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
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


class _AllAnnotations(msgspec.Struct, frozen=True):
    annotations: dict[str, str] | None = None


class _Annotated(msgspec.Struct, frozen=True):
    metadata: _AllAnnotations = _AllAnnotations()


_annotated = msgspec.json.Decoder(_Annotated)
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_metadata = msgspec.json.Decoder(_Metadata)
_nobody = _Owner()
_unannotated = _OwnAnnotations()


def decode(
    data: bytes | msgspec.Raw, api_version: str = "", kind: str = "", *, parts: tuple[str, ...] = ()
) -> LiveObject:
    """Read one object. List items carry no apiVersion and kind, so the caller says what they are.

    `parts` are the top-level fields to keep besides the metadata; empty keeps all. The value shares no memory with
    `data`. Raises `UndecodableError`.
    """
    try:
        return _decode(data, api_version, kind, parts)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise errors.UndecodableError(f"{kind or 'an object'} cannot be read: {error}") from error


def digest(fields: bytes) -> str:
    """The digest of the `fieldsV1` of a managedFields entry: equal when the fields are, in whatever order."""
    return _digest(bytes(fields))


def _decode(data: bytes | msgspec.Raw, api_version: str, kind: str, parts: tuple[str, ...]) -> LiveObject:
    found = _parts.decode(data)
    api_version = _text(found.pop("apiVersion", None)) or api_version
    kind = _text(found.pop("kind", None)) or kind
    raw = found.pop("metadata", msgspec.Raw(b"{}"))
    metadata = _metadata.decode(raw)
    if metadata.managed_fields is not None:
        kept = _parts.decode(raw)
        kept.pop("managedFields", None)
        raw = msgspec.Raw(msgspec.json.encode(kept))
    if parts:
        found = {name: found[name] for name in parts if name in found}
    # Decoding finds text that is not UTF-8, which a decoder that skips it lets pass; and what is encoded anew lies in
    # memory of its own size, where the JSON encoder leaves the rest of its buffer behind.
    body = msgspec.json.encode({"metadata": raw} | found).decode().encode()
    owner = next((owner for owner in metadata.owner_references or () if owner.controller), _nobody)
    # thousands of objects say the same few words
    return LiveObject(
        api_version=intern(api_version),
        kind=intern(kind),
        namespace=intern(metadata.namespace),
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
        generation=metadata.generation,
        deleting=metadata.deletion_timestamp is not None,
        labels={intern(label): intern(value) for label, value in (metadata.labels or {}).items()},
        owner_uid=intern(owner.uid),
        owner_kind=intern(owner.kind),
        owner_name=intern(owner.name),
        applied=(metadata.annotations or _unannotated).applied,
        digest=_own_digest(metadata.managed_fields or []),
        held=any(entry.manager == settings.HANDOVER_MANAGER for entry in metadata.managed_fields or ()),
        body=body,
    )


def _own_digest(entries: list[_Entry]) -> str:
    for entry in entries:
        if entry.manager == settings.FIELD_MANAGER and entry.operation == "Apply" and not entry.subresource:
            return digest(bytes(entry.fields))
    return ""


# Objects rendered alike have equal entries, so that most look-ups save the decoding.
@functools.lru_cache(maxsize=1024)
def _digest(fields: bytes) -> str:
    canonical = msgspec.json.encode(msgspec.json.decode(fields), order="deterministic") if fields else b""
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()


@contextlib.contextmanager
def _as_undecodable(what: str) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise errors.UndecodableError(f"{what} cannot be read: {error}") from error


def _text(raw: msgspec.Raw | None) -> str:
    return "" if raw is None else msgspec.json.decode(raw, type=str)
