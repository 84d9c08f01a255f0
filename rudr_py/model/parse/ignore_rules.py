"""The annotation `rudr.oam.dev/ignore-differences` of an application: fields that are left to other managers.

A YAML list in the form of Argo CD's `ignoreDifferences`: `kind`, optionally `group` and `name`, and `jsonPointers`.
Whether a rule matches an object is not checked here.
"""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.errors import DocumentError
from rudr_py.model import paths
from rudr_py.model.application import IgnoreRule
from rudr_py.model.document import Json
from rudr_py.model.identity import Metadata
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.metadata_keys import IGNORE_DIFFERENCES_ANNOTATION
from rudr_py.model.parse import yaml_file
from rudr_py.model.parse.fields import FieldReader, ProblemList

PATH = paths.child(paths.ROOT, "metadata", "annotations", IGNORE_DIFFERENCES_ANNOTATION)

LONGEST = 65_536
"""Maximum characters of the annotation, because YAML takes long to read."""

_KEY = "rules"

_METADATA = ("labels", "annotations")


def ignore_rules(metadata: Metadata, problems: ProblemList) -> tuple[IgnoreRule, ...]:
    """The rules of an application; invalid ones are left out and added to the problems."""
    text = metadata.annotations.get(IGNORE_DIFFERENCES_ANNOTATION, "")
    if not text.strip():
        return ()
    if len(text) > LONGEST:
        problems.error(PATH, f"has {len(text)} characters; at most {LONGEST} are read")
        return ()
    value = _loaded(text, problems)
    if not isinstance(value, list):
        if value is not None:
            problems.error(PATH, f"must be a list of rules, not {type_in_words(value)}")
        return ()
    pointers = (item.get("jsonPointers") for item in value if isinstance(item, dict))
    number = sum(len(listed) if isinstance(listed, list) else 1 for listed in pointers)
    problems.check_limit("ignored_fields", number, "fields in the annotation", PATH)
    if number > problems.limits.ignored_fields:
        return ()
    return tuple(rule for index, item in enumerate(value) if (rule := _rule(item, index, problems)) is not None)


def _loaded(text: str, problems: ProblemList) -> Json:
    # a file has maps only, so the list is read as the value of a key
    indented = "\n".join(f"  {line}" for line in text.splitlines())
    try:
        (document,) = yaml_file.load(f"{_KEY}:\n{indented}\n", IGNORE_DIFFERENCES_ANNOTATION)
    except (DocumentError, ValueError) as error:
        message = error.problems[0].message if isinstance(error, DocumentError) else "it has several documents"
        problems.error(PATH, f"is no valid YAML: {message}")
        return None
    return document.value.get(_KEY)


def _rule(item: Json, index: int, problems: ProblemList) -> IgnoreRule | None:
    path = paths.child(PATH, index)
    if not isinstance(item, dict):
        problems.error(path, f"a rule must be a map with kind and jsonPointers, not {type_in_words(item)}")
        return None
    fields = FieldReader(item, path, problems)
    kind, group, name = fields.text("kind", required=True), fields.text("group"), fields.text("name")
    pointers = fields.texts("jsonPointers")
    if not pointers and not item.get("jsonPointers"):
        problems.error(path, '"jsonPointers" is missing; list the fields, such as /spec/rules')
    steps = tuple(_steps(pointers, path, problems))
    for key in fields.unread():
        problems.error(fields.at(key), f"unknown field {excerpt(key)}; a rule has kind, group, name and jsonPointers")
    return IgnoreRule(kind=kind, group=group, name=name, pointers=steps, path=path) if kind else None


def _steps(pointers: tuple[str, ...], path: str, problems: ProblemList) -> Iterator[tuple[str, ...]]:
    """The steps of each pointer; those of an invalid one are empty, so that indices stay valid."""
    for index, pointer in enumerate(pointers):
        steps = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
        message = _invalid(pointer, steps)
        if message:
            problems.error(paths.child(path, "jsonPointers", index), message)
        yield () if message else steps


def _invalid(pointer: str, steps: tuple[str, ...]) -> str:
    if not pointer.startswith("/") or not all(steps):
        return f"{excerpt(pointer)} is no JSON pointer to a field; write it as /spec/replicas"
    if steps[0] in ("apiVersion", "kind", "status"):
        return f"{pointer} cannot be ignored: rudr does not leave it to other managers, or never writes it"
    if steps[0] == "metadata" and (len(steps) < 3 or steps[1] not in _METADATA):
        return f"{pointer} cannot be ignored; of metadata only single labels and annotations can"
    return ""
