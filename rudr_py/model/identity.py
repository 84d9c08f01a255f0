"""The identity of an object: its key, its metadata, and the textual form of a type.

Nothing here checks names against the rules of Kubernetes; `names` does.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

CORE_GROUP: Final = "core.oam.dev"
"""The API group of OAM's own kinds and core types."""

VERSION: Final = "v1alpha1"
"""The one version of the group that is served."""

API_VERSION: Final = f"{CORE_GROUP}/{VERSION}"

_LONGEST_TYPE_NAME = 253 + 63 + 63 + len("/.")
"""The most characters of the name of a type: the longest group, version and kind of a Kubernetes API."""

_TYPE_NAME = re.compile(
    r"(?P<group>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)/(?P<version>v[0-9]+((alpha|beta)[0-9]+)?)\.(?P<kind>[A-Z][A-Za-z0-9]*)"
)


class ObjectKey(msgspec.Struct, frozen=True, order=True, gc=False):
    """Namespace and name of an object, as used in queues, caches and logs."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The part of Kubernetes' ObjectMeta that is used.

    A document of a file has neither uid, generation nor resource_version. `deleting` means that the object
    has a deletionTimestamp.
    """

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    deleting: bool = False

    @property
    def key(self) -> ObjectKey:
        """Namespace and name."""
        return ObjectKey(self.namespace, self.name)

    @property
    def version(self) -> str:
        """The annotation `version` of OAM documents, 0.1.0 when there is none (MD-6)."""
        return self.annotations.get("version", "0.1.0")


class TypeName(msgspec.Struct, frozen=True, order=True):
    """A type in the textual form of OAM, GROUP/VERSION.Kind: `core.oam.dev/v1alpha1.Server`.

    OAM v1alpha1 §2 "Representations"; compatibility is by exact match (MD-8, MD-9, MD-11).
    """

    group: str
    version: str
    kind: str

    @classmethod
    def parse(cls, text: str) -> TypeName | None:
        """The type in `text`; None when it is not GROUP/VERSION.Kind."""
        match = _TYPE_NAME.fullmatch(text) if len(text) <= _LONGEST_TYPE_NAME else None
        return cls(match["group"], match["version"], match["kind"]) if match else None

    @property
    def api_version(self) -> str:
        """`group/version`, as in an object's apiVersion."""
        return f"{self.group}/{self.version}"

    def __str__(self) -> str:
        return f"{self.group}/{self.version}.{self.kind}"
