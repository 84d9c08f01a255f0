"""Writes the changed documents of a file into its text, and checks that the text is read as them. Pure."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import yaml

from rudr_py.cli.commands.convert import patch
from rudr_py.cli.commands.convert.source import Node, NotInPlace, Source, same
from rudr_py.cli.output import documents as output
from rudr_py.errors import DocumentError
from rudr_py.model.document import Document, Json
from rudr_py.model.parse import yaml_file
from rudr_py.model.shapes.rewrite import Rewritten

_SEPARATOR: Final = "---\n"


class Target(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One document of a file, or one item of a list of objects, and its rewritten form."""

    document: Document
    rewritten: Rewritten

    @property
    def is_changed(self) -> bool:
        """Whether the rewritten form differs."""
        return not same(self.document.value, self.rewritten.value)


def written(text: str, name: str, targets: list[Target]) -> tuple[str, list[Document]]:
    """The text with the changed documents, and those documents whose comments are lost.

    A document that cannot be changed in place is written as a whole.
    """
    if (result := _as_json(text, targets)) is not None:
        return result, []
    with contextlib.suppress(NotInPlace, yaml.YAMLError):
        result, lost = _changed(text, name, targets)
        if _reads_as(result, name, targets):
            return result, [target.document for target in lost]
    return output.documents([target.rewritten.value for target in targets]), [target.document for target in targets]


def _changed(text: str, name: str, targets: list[Target]) -> tuple[str, list[Target]]:
    """The text with the changes, in place where a document is read from it as expected, and the other documents."""
    roots = list(yaml.compose_all(text, Loader=yaml_file.LOADER))
    ends = [*(root.start_mark.index for root in roots[1:]), len(text)]
    remaining = list(targets)
    edits: list[patch.Edit] = []
    lost: list[Target] = []
    for root, end in zip(roots, ends, strict=True):
        nodes = list(_objects(root))
        own, remaining = remaining[: len(nodes)], remaining[len(nodes) :]
        if len(own) != len(nodes):
            raise NotInPlace
        if not any(target.is_changed for target in own):
            continue
        source = Source(text, root)
        changes = _in_place(source, nodes, own, end, name)
        if changes is None:
            lost += [target for target in own if target.is_changed]
            changed = [(node, target) for node, target in zip(nodes, own, strict=True) if target.is_changed]
            changes = [_anew(source, node, target.rewritten.value) for node, target in changed]
        edits += changes
    if remaining:
        raise NotInPlace
    return patch.apply(text, edits), lost


def _in_place(source: Source, nodes: list[Node], own: list[Target], end: int, name: str) -> list[patch.Edit] | None:
    """The edits of the objects of one document that ends before `end`; None if it is not read as expected then."""
    edits: list[patch.Edit] = []
    start = source.start(source.root)
    try:
        for node, target in zip(nodes, own, strict=True):
            patching = patch.Patch(source, target.rewritten.origins, node, target.document.value)
            patching.value(node, target.document.value, target.rewritten.value)
            edits += patching.edits
        inside = [patch.Edit(edit.start - start, edit.end - start, edit.text) for edit in edits]
        if _reads_as(" " * source.column(start) + patch.apply(source.text[start:end], inside), name, own):
            return edits
    except NotInPlace:
        pass
    return None


def _anew(source: Source, node: Node, value: Json) -> patch.Edit:
    start = source.start(node)
    space = " " * source.column(start)
    lines = output.documents([value]).rstrip("\n").split("\n")
    return patch.Edit(start, source.end(node), f"\n{space}".join(lines))


def _objects(node: Any) -> Iterator[Node]:
    """The node of a document, or those of the items of a list of objects."""
    if not isinstance(node, yaml.MappingNode):
        return
    fields = {key.value: value for key, value in node.value}
    kind, items = fields.get("kind"), fields.get("items")
    if isinstance(items, yaml.SequenceNode) and kind is not None and str(kind.value).endswith("List"):
        for item in items.value:
            yield from _objects(item)
    else:
        yield node


def _reads_as(text: str, name: str, targets: list[Target]) -> bool:
    """Whether the text contains exactly the rewritten documents."""
    try:
        documents = yaml_file.load(text, name)
    except DocumentError:
        return False
    return same([document.value for document in documents], [target.rewritten.value for target in targets])


def _as_json(text: str, targets: list[Target]) -> str | None:
    """JSON text with the rewritten documents; None if the text is not JSON."""
    decoder = json.JSONDecoder()
    values: list[Json] = []
    position = len(text) - len(text.lstrip())
    if not text.startswith("{", position):
        return None
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return None
        values.append(value)
        position = end + len(text[end:]) - len(text[end:].lstrip())
    rewritten = (target.rewritten.value for target in targets)
    indent = 2 if "\n" in text.strip() else None
    with contextlib.suppress(StopIteration):
        results = [_with_objects(value, rewritten) for value in values]
        return "".join(json.dumps(result, indent=indent, ensure_ascii=False) + "\n" for result in results)
    return None


def _with_objects(value: Json, rewritten: Iterator[Json]) -> Json:
    items = value.get("items")
    if isinstance(items, list) and str(value.get("kind", "")).endswith("List"):
        return {**value, "items": [_with_objects(item, rewritten) for item in items]}
    return next(rewritten)
