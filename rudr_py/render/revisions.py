"""Revisions of an application: the documents of each release, as `apps/v1` ControllerRevision objects. Pure.

A release is a set of documents, of the application and of the components that it uses, whose objects were all applied.
A revision contains what their authors wrote and what has an effect: names, specs, and the annotations that rudr reads
or copies to pods. Documents contain no value of a Secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from rudr_py.api import Kind, get_in, pod_annotations
from rudr_py.model import metadata_keys
from rudr_py.model.identity import Metadata
from rudr_py.model.kinds import APPLICATION
from rudr_py.render.values import digests, labels
from rudr_py.render.values.pins import ReleasedComponent

KIND: Final = Kind("apps/v1", "ControllerRevision")

UID_LABEL: Final = "rudr.oam.dev/application-uid"
"""The label with the uid of the application, by which its revisions are selected."""

NUMBER_ANNOTATION: Final = "rudr.oam.dev/revision"
"""The annotation with the number, so that a list of metadata suffices."""

EDITOR_ANNOTATION: Final = "rudr.oam.dev/edited-by"
"""The annotation with the field manager of the last edit of the documents."""

EDITED_ANNOTATION: Final = "rudr.oam.dev/edited-at"
"""The annotation with the time of that edit."""

SIZE_LIMIT: Final = 1024 * 1024
"""Maximum bytes of the documents of a revision; the API server refuses objects of more than 1.5 MiB."""

_LONGEST_PREFIX: Final = 200
"""Characters of the name of an application in the names of its revisions, which have at most 253."""

_READ: Final = frozenset(metadata_keys.DOCUMENT_ANNOTATIONS) - {
    metadata_keys.PAUSED_ANNOTATION,
    metadata_keys.REMOVAL_ANNOTATION,
    metadata_keys.COMPONENT_UPDATES_ANNOTATION,
    metadata_keys.PROMOTED_ANNOTATION,
}
"""The annotations that the controller reads and that change objects: a pause is no release, nor is a promotion."""

Document = dict[str, Any]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A stored revision. `documents` are the components, sorted by name, then the application.

    `edited_by` and `edited_at` are the field manager and the time of the last edit, empty if unknown; `created_at` is
    the time at which the revision was first released. Times are texts as Kubernetes writes them.
    """

    number: int
    name: str
    documents: tuple[Document, ...]
    edited_by: str = ""
    edited_at: str = ""
    created_at: str = ""

    @property
    def application(self) -> Document:
        """The document of the application."""
        return self.documents[-1]

    @property
    def components(self) -> tuple[Document, ...]:
        """The documents of the components."""
        return self.documents[:-1]


class RevisionName(msgspec.Struct, frozen=True, gc=False):
    """Number and name of a revision, as in the status of an application.

    `components` are those that the application runs, by name, for an application with manual updates only. They are
    those of the revision unless a later one could not be written.
    """

    number: int = 0
    name: str = ""
    components: Mapping[str, ReleasedComponent] = {}


def written(revision: RevisionName) -> dict[str, Any]:
    """A revision as it is in the status."""
    components = {
        name: {"generation": released.generation, "digest": released.digest}
        for name, released in sorted(revision.components.items())
    }
    name = {"number": revision.number, "name": revision.name} if revision.name else {}
    return name | ({"components": components} if components else {})


def newest(*revisions: RevisionName) -> RevisionName:
    """The revision with the highest number; of several with this number, one that lists its components."""
    return max(revisions, key=lambda revision: (revision.number, bool(revision.components)))


def content(application: Mapping[str, Any], components: Iterable[Mapping[str, Any]]) -> Document:
    """`data` of a revision with these live documents."""
    sorted_components = sorted(map(kept, components), key=lambda document: str(document["metadata"]["name"]))
    return {"components": sorted_components, "application": kept(application)}


def digest(component: Mapping[str, Any]) -> str:
    """The digest of the content of a component: the same for the same content, also after it was created again."""
    return digests.of(kept(component))


def object_name(application: str, uid: str, data: Document) -> str:
    """The name of the object of a revision: the same documents of one application have the same."""
    digest = hashlib.sha256(msgspec.json.encode((uid, data), order="deterministic")).hexdigest()
    return f"{application[:_LONGEST_PREFIX].rstrip('-.')}-{digest[:10]}"


def manifest(revision: RevisionName, owner: Metadata, data: Document, annotations: Mapping[str, str]) -> Document:
    """The object of a revision. `owner` is the application."""
    return {
        "apiVersion": KIND.api_version,
        "kind": KIND.kind,
        "metadata": {
            "name": revision.name,
            "namespace": owner.namespace,
            "labels": {labels.MANAGED_BY: labels.MANAGER, UID_LABEL: owner.uid},
            "annotations": {NUMBER_ANNOTATION: str(revision.number), **annotations},
            "ownerReferences": [
                {
                    "apiVersion": APPLICATION.api_version,
                    "kind": APPLICATION.kind,
                    "name": owner.name,
                    "uid": owner.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "data": data,
        "revision": revision.number,
    }


def number_of(document: Mapping[str, Any]) -> int:
    """The number of a stored revision, from its metadata; 0 if it has none."""
    text = get_in(document, "metadata", "annotations", default={}).get(NUMBER_ANNOTATION)
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 10 else 0


def read(document: Mapping[str, Any]) -> Revision | None:
    """A stored revision; None for an object that is not one of an application."""
    data, metadata = get_in(document, "data", default={}), get_in(document, "metadata", default={})
    application, components = get_in(data, "application", default={}), get_in(data, "components", default=[])
    number = number_of(document)
    if not number or not application or not all(isinstance(component, dict) for component in components):
        return None
    annotations = get_in(metadata, "annotations", default={})
    return Revision(
        number=number,
        name=get_in(metadata, "name", default=""),
        documents=(*components, dict(application)),
        edited_by=get_in(annotations, EDITOR_ANNOTATION, default=""),
        edited_at=get_in(annotations, EDITED_ANNOTATION, default=""),
        created_at=get_in(metadata, "creationTimestamp", default=""),
    )


def kept(document: Mapping[str, Any]) -> Document:
    """The parts of a live document that its author wrote and that have an effect."""
    name = get_in(document, "metadata", "name", default="")
    annotations = get_in(document, "metadata", "annotations", default={})
    copied = {} if document.get("kind") == APPLICATION.kind else pod_annotations.copied(annotations)
    effective = {key: value for key, value in annotations.items() if key in _READ or key in copied}
    metadata = {"name": name, "annotations": effective} if effective else {"name": name}
    fields = {name: document[name] for name in ("apiVersion", "kind", "spec") if name in document}
    return {**fields, "metadata": metadata}
