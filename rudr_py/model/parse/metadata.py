"""What all kinds have in common: apiVersion, kind, metadata and spec.

Nothing here knows the fields of a kind.
"""

from __future__ import annotations

from typing import NamedTuple

from rudr_py.model import names, suggest
from rudr_py.model.document import Json
from rudr_py.model.identity import API_VERSION, Metadata
from rudr_py.model.parse.fields import FieldReader, ProblemList, kind_of, shown, unfit

DEFAULT_NAMESPACE = "default"
"""The namespace of a document that names none, as kubectl has it."""

_METADATA_NAME_RULE = "MD-2"


class Envelope(NamedTuple):
    """The readable frame of a document: its metadata, its spec, and the whole."""

    metadata: Metadata
    spec: FieldReader
    whole: FieldReader


def open_document(document: Json, kind: str, notes: ProblemList) -> Envelope | None:
    """The frame of a document of `kind`; None, with the reasons in `notes`, when it is none or cannot be read."""
    if not isinstance(document, dict):
        notes.error("$", f"a document must be a map, not {kind_of(document)}", "MD-1")
        return None
    if unfit(document, notes):
        return None
    whole = FieldReader(document, "$", notes)
    _expect(whole, "apiVersion", API_VERSION, "MD-9")
    _expect(whole, "kind", kind, "MD-1")
    metadata = _metadata(whole)
    spec = whole.map("spec", "MD-1")
    if spec is None and whole.value.get("spec") is None:
        notes.error("$", '"spec" is missing', "MD-1")
    whole.has("status")
    whole.warn_unread()
    if metadata is None or whole.value.get("kind") != kind:
        return None
    return Envelope(metadata, spec or FieldReader({}, whole.at("spec"), notes), whole)


def _expect(whole: FieldReader, key: str, wanted: str, rule: str) -> None:
    value = whole.raw(key)
    if value is None:
        whole.notes.error("$", f'"{key}" is missing; it must be {wanted}', "MD-1")
    elif value != wanted:
        hint = suggest.nearest(value, [wanted]) if isinstance(value, str) else ""
        whole.notes.error(whole.at(key), f'"{key}" must be {wanted}, not {shown(value)}.{hint}', rule)


def _metadata(whole: FieldReader) -> Metadata | None:
    fields = whole.map("metadata", "MD-1")
    if fields is None:
        if whole.value.get("metadata") is None:
            whole.notes.error("$", '"metadata" is missing', "MD-1")
        return None
    name = fields.text("name", required=True, rule="MD-1")
    if name and (wrong := names.wrong_object_name(name)):
        fields.notes.error(fields.at("name"), wrong, _METADATA_NAME_RULE)
    metadata = Metadata(
        name=name,
        namespace=fields.text("namespace", default=DEFAULT_NAMESPACE) or DEFAULT_NAMESPACE,
        uid=fields.text("uid"),
        generation=fields.integer("generation", most=2**63),
        resource_version=fields.text("resourceVersion"),
        labels=_texts(fields, "labels"),
        annotations=_texts(fields, "annotations"),
        finalizers=fields.texts("finalizers"),
        deleting=bool(fields.raw("deletionTimestamp")),
    )
    return metadata if name else None


def _texts(fields: FieldReader, key: str) -> dict[str, str]:
    inner = fields.map(key, "MD-4")
    return {} if inner is None else {name: inner.text(name, rule="MD-4") for name in inner.value}
