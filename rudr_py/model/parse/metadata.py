"""The fields of every kind: apiVersion, kind, metadata and spec.

The fields of a single kind are read by its own module.
"""

from __future__ import annotations

from typing import NamedTuple

from rudr_py.model import names, size, suggest
from rudr_py.model.document import Json
from rudr_py.model.identity import API_VERSION, Metadata
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.metadata_keys import DOCUMENT_ANNOTATIONS, PACKAGE_ANNOTATION, PREFIX, RECLAIM, SCHEMA_ANNOTATION
from rudr_py.model.parse.fields import FieldReader, ProblemList
from rudr_py.model.parse.json_values import invalid_json_steps, is_small_json
from rudr_py.model.shapes import rewrite
from rudr_py.model.stepwise import Stepwise, run

DEFAULT_NAMESPACE = "default"
"""The namespace of a document without one, as in kubectl."""

_USER_KINDS = ("ApplicationConfiguration", "ComponentSchematic")
"""The kinds that only users write; the controller annotates objects of the other ones."""

_METADATA_NAME_RULE = "MD-2"


class Envelope(NamedTuple):
    """The parsed metadata of a document, and readers of its spec and of the whole document."""

    metadata: Metadata
    spec: FieldReader
    document_fields: FieldReader


def open_document(document: Json, kind: str, problems: ProblemList) -> Envelope | None:
    """The result of `open_steps`."""
    return run(open_steps(document, kind, problems))


def open_steps(document: Json, kind: str, problems: ProblemList) -> Stepwise[Envelope | None]:
    """The envelope of a document of `kind`; None, with the reasons in `problems`, when it cannot be read as one."""
    if not isinstance(document, dict):
        problems.error("$", f"a document must be a map, not {type_in_words(document)}", "MD-1")
        return None
    suggest.begin()
    own, added = size.parts(document)
    problems.size = yield from size.steps(own, problems.limits.values)
    is_valid = is_small_json(own, problems.size)
    if not is_valid and (yield from invalid_json_steps(own, problems, problems.limits.values)):
        return None
    if _is_too_large(problems):
        return None
    if added and (yield from invalid_json_steps(added, problems)):
        return None
    yield problems.size.values // 10
    document_fields = FieldReader(_rewritten(document, kind, problems), "$", problems)
    problems.warn_of_surprises()
    _expect(document_fields, "apiVersion", API_VERSION, "MD-9")
    _expect(document_fields, "kind", kind, "MD-1")
    metadata = read_metadata(document_fields)
    spec = document_fields.map("spec", "MD-1")
    if spec is None and document_fields.value.get("spec") is None:
        problems.error("$", '"spec" is missing', "MD-1")
    document_fields.has("status")
    document_fields.warn_unread()
    if metadata is None or document_fields.value.get("kind") != kind:
        return None
    return Envelope(metadata, spec or FieldReader({}, document_fields.at("spec"), problems), document_fields)


def _rewritten(document: dict[str, Json], kind: str, problems: ProblemList) -> dict[str, Json]:
    """The document with its old shapes in today's spelling, and their warnings."""
    rewritten = rewrite.for_parser(document, kind)
    for note in rewritten.notes:
        if note.severity == "none":
            continue
        report = problems.error if note.severity == "error" else problems.warn
        report(note.path, note.message, at_key=note.at_key)
    problems.origins = rewrite.origin_paths(rewritten.origins)
    value: dict[str, Json] = rewritten.value
    return value


def _is_too_large(problems: ProblemList) -> bool:
    if problems.size.values <= problems.limits.values:
        return False
    problems.too_large("values", f"the document has more than {problems.limits.values} values")
    return True


def _expect(document_fields: FieldReader, key: str, expected: str, rule: str) -> None:
    value = document_fields.raw(key)
    if value is None:
        document_fields.problems.error("$", f'"{key}" is missing; it must be {expected}', "MD-1")
    elif value != expected:
        hint = suggest.nearest(value, [expected]) if isinstance(value, str) else ""
        document_fields.problems.error(
            document_fields.at(key), f'"{key}" must be {expected}, not {excerpt(value)}.{hint}', rule
        )


def read_metadata(document_fields: FieldReader) -> Metadata | None:
    """The metadata of a document; None without a name."""
    fields = document_fields.map("metadata", "MD-1")
    if fields is None:
        if document_fields.value.get("metadata") is None:
            document_fields.problems.error("$", '"metadata" is missing', "MD-1")
        return None
    name = fields.text("name", required=True, rule="MD-1")
    if name and (message := names.wrong_object_name(name)):
        fields.problems.error(fields.at("name"), message, _METADATA_NAME_RULE)
    metadata = Metadata(
        name=name,
        namespace=fields.text("namespace", default=DEFAULT_NAMESPACE) or DEFAULT_NAMESPACE,
        uid=fields.text("uid"),
        generation=fields.integer("generation", maximum=2**63),
        resource_version=fields.text("resourceVersion"),
        labels=_texts(fields, "labels"),
        annotations=_texts(fields, "annotations"),
        finalizers=fields.texts("finalizers"),
        deleting=bool(fields.raw("deletionTimestamp")),
    )
    if document_fields.value.get("kind") in _USER_KINDS:
        _warn_of_annotations(fields, metadata)
    return metadata if name else None


def _warn_of_annotations(fields: FieldReader, metadata: Metadata) -> None:
    """Warn of annotations with the prefix of rudr that it does not read, such as a misspelled one."""
    read = {*DOCUMENT_ANNOTATIONS, PACKAGE_ANNOTATION, SCHEMA_ANNOTATION, RECLAIM}
    for key in metadata.annotations:
        if key.startswith(PREFIX) and key not in read:
            hint = suggest.nearest(key, DOCUMENT_ANNOTATIONS)
            message = f"unknown annotation {excerpt(key)}; it has no effect.{hint}"
            fields.problems.warn(fields.at("annotations", key), message, at_key=True)


def _texts(fields: FieldReader, key: str) -> dict[str, str]:
    inner = fields.map(key, "MD-4")
    return {} if inner is None else {name: inner.text(name, rule="MD-4") for name in inner.value}
