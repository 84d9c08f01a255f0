"""An object that is kept as it was received, and is decoded when a reader needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from rudr_py import errors
from rudr_py.kube.storage.body import Body, BodyBudget

T = TypeVar("T")


class Identity(msgspec.Struct, frozen=True, rename="camel"):
    """One version of an object."""

    namespace: str = ""
    name: str = ""
    uid: str = ""
    resource_version: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name


class _Identified(msgspec.Struct, frozen=True):
    metadata: Identity


_identified = msgspec.json.Decoder(_Identified)


def identity(data: bytes | msgspec.Raw) -> Identity | None:
    """The version of an object; None if it cannot be decoded."""
    try:
        return _identified.decode(data).metadata
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class DeferredObject(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """The whole document of an object of a kind, with its managedFields, and the way to decode it.

    A cache keeps the document compressed, or outside of memory, like that of a decoded object.
    """

    identity: Identity
    kind: str
    stored: bytes | Body
    decoder: Callable[[bytes], T]

    @property
    def namespace(self) -> str:
        """The namespace."""
        return self.identity.namespace

    @property
    def name(self) -> str:
        """The name."""
        return self.identity.name

    @property
    def uid(self) -> str:
        """The uid."""
        return self.identity.uid

    @property
    def resource_version(self) -> str:
        """The version."""
        return self.identity.resource_version

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.identity.key

    def kept_by(self, budget: BodyBudget) -> DeferredObject[T]:
        """The same object whose document counts in a budget."""
        if not isinstance(self.stored, bytes):
            return self
        stored = budget.keep(self.identity.namespace, self.stored, f"{self.kind}, deferred")
        return msgspec.structs.replace(self, stored=stored)

    def decode(self) -> T:
        """The object. Raises `UndecodableError`."""
        try:
            text = self.stored if isinstance(self.stored, bytes) else self.stored.read()
        except OSError as error:
            raise errors.UndecodableError(f"{'/'.join(self.key)} cannot be read: {error}") from error
        return self.decoder(text)
