"""The text of a file with its documents in the form of v1alpha1, and a report of the changes. Pure.

A document without an old shape, and a document that is not OAM's, keeps its text byte for byte.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from rudr_py.cli.commands.convert import rewriting
from rudr_py.errors import Problem
from rudr_py.model.advice import apis
from rudr_py.model.document import Document, Json
from rudr_py.model.identity import API_VERSION, CORE_GROUP
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.model.shapes import hydra, rewrite
from rudr_py.model.shapes.rewrite import Rewritten
from rudr_py.model.shapes.shape import Note

_VERSIONS: Final = (API_VERSION, f"{CORE_GROUP}/v1")
"""The versions of OAM's group with the model of v1alpha1; v1 is that of a draft."""

_ADVICE: Final = re.compile("; (?=write|remove|move)")


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one file. `values` are its documents after the conversion.

    `changes` are the old shapes that were rewritten, `losses` the parts that the text does not contain any more, and
    `problems` those without a form in v1alpha1, which stay as written. `changed` is the number of changed documents.
    """

    content: bytes
    values: tuple[Json, ...] = ()
    changes: tuple[Problem, ...] = ()
    losses: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    changed: int = 0


def convert(content: bytes, name: str) -> Conversion:
    """Convert the documents of a file. A file that cannot be read has problems and no content."""
    documents, problems = yaml_file.read(content, name)
    if problems:
        return Conversion(content=b"", problems=tuple(problems))
    targets = [rewriting.Target(document=document, rewritten=_rewritten(document)) for document in documents]
    notes = [(note, target.document) for target in targets for note in target.rewritten.notes]
    result = Conversion(
        content=content,
        values=tuple(target.rewritten.value for target in targets),
        changes=tuple(_problem(note, document, _done(note)) for note, document in notes if not note.kept),
        losses=tuple(_problem(note, document, note.lost) for note, document in notes if note.lost),
        problems=(
            *(_without_kind(target.document) for target in targets if _has_no_kind(target)),
            *(_problem(note, document, note.message) for note, document in notes if note.severity == "error"),
        ),
        changed=sum(target.is_changed for target in targets),
    )
    if not result.changed:
        return result
    written, lost = rewriting.written(yaml_file.decoded(content, name), name, targets)
    losses = (*result.losses, *map(_written_anew, lost))
    return msgspec.structs.replace(result, content=written.encode(), losses=losses)


def _rewritten(document: Document) -> Rewritten:
    value = document.value
    if hydra.is_hydra(value) or (value.get("apiVersion") in _VERSIONS and not apis.is_later_component(value)):
        rewritten = rewrite.for_conversion(value)
        # a document without a kind in v1alpha1 stays as written
        return rewritten if rewritten.value.get("kind") in parse.READERS else Rewritten(value=value)
    return Rewritten(value=value)


def _has_no_kind(target: rewriting.Target) -> bool:
    return hydra.is_hydra(target.document.value) and not target.is_changed


def _without_kind(document: Document) -> Problem:
    message = f"OAM v1alpha1 has nothing for the kind {document.value.get('kind')}; it stays as it is"
    return Problem(message, "$.kind", document.positions.of_value("$.kind"))


def _problem(note: Note, document: Document, message: str) -> Problem:
    positions = document.positions
    location = positions.of_key(note.path) if note.at_key else positions.of_value(note.path)
    return Problem(message, note.path, location)


def _done(note: Note) -> str:
    """The message without its advice, which was followed."""
    message, *_ = _ADVICE.split(note.message, maxsplit=1)
    return message.replace(" is read as ", " is now ", 1)


def _written_anew(document: Document) -> Problem:
    message = "the document was written as a whole, and its comments were lost"
    return Problem(message, "$", document.positions.of_value("$"))


def passed_over(document: Document) -> str:
    """The reason why a document of OAM is not converted: it belongs to a later version; empty for any other one."""
    api_version = document.value.get("apiVersion")
    is_ours = parse.is_oam(document.value)
    if is_ours and (api_version not in _VERSIONS or apis.is_later_component(document.value)):
        return f"{document.value.get('kind')} of {api_version} is of a later model of OAM and stays as it is"
    return ""
