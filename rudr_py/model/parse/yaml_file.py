"""The text of a YAML or JSON file -> documents with the position of every key and value.

Scalars mean the same as in kubectl (`yaml_scalars`). Rejects duplicate keys, exponential aliases and unlimited nesting.
Nothing here opens a file or depends on an OAM kind.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import yaml

from rudr_py.errors import DocumentError, Location, Problem
from rudr_py.model import paths
from rudr_py.model.advice import templates
from rudr_py.model.document import Document, Json, Positions
from rudr_py.model.parse.yaml_tree import TOO_DEEP, YamlTree, read_trees

T = TypeVar("T")

LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser (eight times faster) if PyYAML was built with it."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SURROGATES: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_ITEM: Final = re.compile(r"\$\.items\[(\d+)\]")


def load(text: bytes | str, name: str, loader: Any = LOADER) -> tuple[Document, ...]:
    """The documents of `read`. Raises DocumentError with all problems of the file."""
    documents, problems = read(text, name, loader)
    if problems:
        raise DocumentError(problems)
    return documents


def read(text: bytes | str, name: str, loader: Any = LOADER) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """The documents of the file `name`, in order, without empty and wrong ones, and the problems of reading it.

    A `List` is replaced by its items. `loader` is a loader class of PyYAML, whose parser is used. A syntax error ends
    parsing, and the documents before it are returned; a duplicate key excludes its document only.
    """
    problems: list[Problem] = []
    documents: list[Document] = []
    try:
        content = decoded(text, name)
    except DocumentError as error:
        return (), error.problems
    for part in _json_documents(content):
        count = len(problems)
        for tree in _trees(_json_as_yaml(part), name, loader, problems):
            is_wrong, count = len(problems) > count, len(problems)
            if tree.value is None or is_wrong:
                continue
            positions = Positions(file=name, keys=tree.keys, values=tree.values, surprises=tree.surprises)
            if isinstance(tree.value, dict):
                documents += _expanded(tree.value, positions, tree.index, problems)
            else:
                problems.append(_not_a_map(tree.value, positions, "$"))
    template = templates.problem(content, name, problems) if problems else None
    return tuple(documents), (template,) if template else tuple(problems)


def decoded(text: bytes | str, name: str) -> str:
    """Text without a byte-order mark. Raises DocumentError unless the bytes are UTF-8, or UTF-16 with a mark."""
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    encoding = next((encoding for bom, encoding in _BOMS if text.startswith(bom)), "utf-8")
    try:
        return text.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode(encoding, errors="replace")
        place = _place(before, len(before), name)
        raise DocumentError((Problem(f"the file is not {encoding.upper()}", location=place),)) from error


def _json_documents(text: str) -> list[str]:
    """JSON objects that follow one another, each at its place in the text; other text as a whole."""
    start = len(text) - len(text.lstrip())
    if not text.startswith("{", start):
        return [text]
    parts: list[str] = []
    decoder = json.JSONDecoder()
    while start < len(text):
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return [text]
        lines = text.count("\n", 0, start)
        column = start - text.rfind("\n", 0, start) - 1
        parts.append("\n" * lines + " " * column + text[start:end])
        start = end + len(text[end:]) - len(text[end:].lstrip())
    return parts if len(parts) > 1 else [text]


def _json_as_yaml(text: str) -> str:
    r"""JSON text with YAML's `\U0001f600` for JSON's `\ud83d\ude00` and without leading tabs; other text unchanged."""
    if not text.lstrip().startswith(("{", "[")):
        return text

    def joined(match: re.Match[str]) -> str:
        pair = bytes.fromhex(match[2] + match[3]).decode("utf-16-be")
        return f"{match[1]}\\U{ord(pair):08x}"

    indented = _INDENT.sub(lambda match: " " * len(match[0]), text)
    return _SURROGATES.sub(joined, indented)


def _trees(text: str, name: str, loader: Any, problems: list[Problem]) -> Iterator[YamlTree]:
    try:
        yield from read_trees(yaml.parse(text, Loader=loader), name, problems)
    except yaml.YAMLError as error:
        problems.append(_nesting(error, text, name, loader) or _syntax(error, text, name))
    except UnicodeEncodeError as error:
        # libyaml reads bytes, and a lone surrogate cannot be encoded
        problems.append(
            Problem(f"the file is not valid YAML: {error.reason}", location=_place(text, error.start, name))
        )


def _nesting(error: yaml.YAMLError, text: str, name: str, loader: Any) -> Problem | None:
    """The problem of exceeding our own limit of levels in the text before `error`, if it does.

    libyaml scans up to 1024 characters ahead of the events that it returns, and may stop at a limit of its own there.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return None
    problems: list[Problem] = []
    with contextlib.suppress(yaml.YAMLError):
        list(read_trees(yaml.parse(text[: mark.index], Loader=loader), name, problems))
    return problems[-1] if problems and problems[-1].message == TOO_DEEP else None


def _syntax(error: yaml.YAMLError, text: str, name: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        place = Location(name, mark.line + 1, mark.column + 1)
        parts = (getattr(error, "context", None), getattr(error, "problem", None))
        details = ", ".join(part for part in parts if part)
        hint = " (indent with spaces)" if "'\\t'" in details else ""
        return Problem(f"the file is not valid YAML: {details}{hint}", location=place)
    position = getattr(error, "position", 0)
    reason = getattr(error, "reason", "it cannot be read")
    place = _place(text, position if isinstance(position, int) else 0, name)
    return Problem(f"the file is not valid YAML: {reason}", location=place)


def _place(text: str, offset: int, name: str) -> Location:
    before = text[:offset]
    return Location(name, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


def _expanded(value: dict[str, Json], positions: Positions, index: int, problems: list[Problem]) -> list[Document]:
    """The document, or the items of a Kubernetes `List`, and of the lists in it, as separate documents."""
    items = value.get("items")
    is_empty = items is None and value.get("kind") == "List"
    if not is_empty and (not str(value.get("kind", "")).endswith("List") or not isinstance(items, list)):
        return [Document(value=value, positions=positions, name=positions.file, index=index)]
    items = items or []
    keys, values = _by_item(positions.keys, len(items)), _by_item(positions.values, len(items))
    surprises = _by_item(positions.surprises, len(items))
    documents: list[Document] = []
    for number, item in enumerate(items):
        if isinstance(item, dict):
            item_positions = Positions(
                file=positions.file, keys=keys[number], values=values[number], surprises=surprises[number]
            )
            documents += _expanded(item, item_positions, index, problems)
        else:
            problems.append(_not_a_map(item, positions, paths.child("$.items", number)))
    return documents


def _by_item(places: dict[str, T], count: int) -> list[dict[str, T]]:
    """The entries inside `$.items[n]`, for each n, with paths that start at the item."""
    positions: list[dict[str, T]] = [{} for _ in range(count)]
    for path, place in places.items():
        if match := _ITEM.match(path):
            positions[int(match[1])][paths.ROOT + path[match.end() :]] = place
    return positions


def _not_a_map(value: Json, positions: Positions, path: str) -> Problem:
    actual = "a list" if isinstance(value, list) else "a single value"
    message = f"a document must be a map with apiVersion and kind, not {actual}"
    return Problem(message, path, positions.of_value(path), "MD-1")
