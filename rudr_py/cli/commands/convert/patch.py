"""The changes of the text of a document that turn its value into another one. Pure.

A change replaces as little of the text as possible, so that comments, order, quotes and indentation stay. The caller
reads the result and compares it, because YAML has forms that this module does not support.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import yaml

from rudr_py.cli.commands.convert.block import Block
from rudr_py.cli.commands.convert.source import Node, NotInPlace, Source, same
from rudr_py.cli.output import documents
from rudr_py.model.document import Json
from rudr_py.model.shapes.shape import Steps

_INDENT: Final = 2


class Edit(NamedTuple):
    """Replaces the text from `start` to `end`."""

    start: int
    end: int
    text: str


def apply(text: str, edits: list[Edit]) -> str:
    """The text with all edits. Raises NotInPlace if two of them overlap."""
    parts: list[str] = []
    position = 0
    for edit in sorted(dict.fromkeys(edits)):
        if edit.start < position:
            raise NotInPlace
        parts += (text[position : edit.start], edit.text)
        position = edit.end
    return "".join([*parts, text[position:]])


class Patch:
    """Collects the edits of one document. `origins` leads from a place of the new value to the one in the text."""

    def __init__(self, source: Source, origins: Mapping[Steps, Steps], root: Node, document: Json) -> None:
        self.edits: list[Edit] = []
        self._moved: list[tuple[int, int]] = []
        self._source = source
        self._block = Block(source, origins, root, document)

    def value(self, node: Node, old: Json, new: Json, steps: Steps = (), key: Node | None = None) -> None:
        """Add the edits that turn the value of a node into another one; `key` is the node of its key, if it has one."""
        if same(old, new):
            return
        if isinstance(node, yaml.MappingNode) and isinstance(old, dict) and isinstance(new, dict) and new:
            self._mapping(node, old, new, steps)
        elif isinstance(node, yaml.SequenceNode) and isinstance(new, list) and len(new) == len(node.value):
            for index, item in enumerate(node.value):
                self.value(item, old[index], new[index], (*steps, index))
        else:
            self._replace(node, new, steps, key)

    def _column(self, node: Node) -> int:
        return self._source.column(self._source.start(node))

    def _mapping(self, node: Any, old: dict[str, Json], new: dict[str, Json], steps: Steps) -> None:
        entries = {key.value: (key, value) for key, value in node.value}
        if entries.keys() != old.keys() or len(entries) != len(node.value):
            raise NotInPlace  # merged keys, or keys that are numbers
        written = self._block.written(steps)
        sources = self._sources(steps, written, old, new)
        kept = [key for key in new if sources[key] is not None]
        removed = len(entries) - len(kept)
        if not kept or len({sources[key] for key in kept}) != len(kept) or (node.flow_style and removed > 1):
            self._replace(node, new, steps, None)
            return
        self._remove_unused(node, entries, {sources[key] for key in kept}, written)
        for key in kept:
            name, value = entries[sources[key]]
            if name.value != key:
                self._scalar(name, key)
            self.value(value, old[name.value], new[key], (*steps, key), name)
        self._insert(node, new, {key: entries[sources[key]] for key in kept}, steps)

    def _remove_unused(self, node: Any, entries: dict[str, tuple[Node, Node]], used: set[Any], written: Steps) -> None:
        """Remove the entries that the new map does not have. The comments of those that are moved go with them."""
        order = list(entries)
        for position, written_key in enumerate(order):
            if written_key in used:
                continue
            is_moved = self._block.is_moved((*written, written_key))
            key, value = entries[written_key]
            self._remove(node, order[position + 1 :], (key, value), with_comments=is_moved)
            if is_moved:
                start = self._source.start(key)
                self._moved.append((start, self._source.line_end(max(start, self._source.end(value)))))

    def _sources(self, steps: Steps, written: Steps, old: dict[str, Json], new: dict[str, Json]) -> dict[str, Any]:
        """The keys of the text that become those of the new map; None for a value that is new or from elsewhere."""
        origins = {key: self._block.written((*steps, key)) for key in new}
        sources = {
            key: origin[-1] if origin[:-1] == written and origin[-1] in old else None for key, origin in origins.items()
        }
        renamed = {source for key, source in sources.items() if source != key}
        return {key: None if source == key and source in renamed else source for key, source in sources.items()}

    def _scalar(self, node: Node, value: Json) -> None:
        source, start, end = self._source, self._source.start(node), self._source.end(node)
        self.edits.append(Edit(start, end, _like(source.text[start:end], value)))

    def _replace(self, node: Node, new: Json, steps: Steps, key: Node | None) -> None:
        """Replace a whole value. Comments inside it go with the values that are kept, or to the end."""
        source, start, end = self._source, self._source.start(node), self._source.end(node)
        is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)
        column = self._column(node if key is None else key)
        is_line = isinstance(node, yaml.CollectionNode) and node.flow_style and not source.comments(start, end)
        is_nested = isinstance(new, dict | list) and bool(new)
        if key is not None and not self._is_in_flow(node) and (is_block or (is_nested and not is_line)):
            start = source.text.index(":", source.end(key)) + 1
        if self._is_in_flow(node):
            self.edits.append(Edit(start, end, documents.flow(new)))
        elif not is_nested:
            comments = [text for _, text in source.comments(start, end)]
            text = _like(source.of(node), new) if not isinstance(node, yaml.CollectionNode) else _like("", new)
            tail = f"  {' '.join(comments)}" if comments else ""
            self.edits.append(Edit(start, end, f"{' ' if is_block else ''}{text}{tail}"))
        elif is_line:
            self.edits.append(Edit(start, end, documents.flow(new)))
        else:
            indent = self._indent(node, new, column, is_block=is_block)
            lines = self._block.lines(new, steps, [(start, end), *self._moved])
            self._moved = []
            space = " " * indent
            text = f"\n{space}".join(lines)
            self.edits.append(Edit(start, end, text if key is None else f"\n{space}{text}"))

    def _indent(self, node: Node, new: Json, column: int, *, is_block: bool) -> int:
        own = self._column(node)
        if is_block and (own > column or (isinstance(node, yaml.MappingNode) and isinstance(new, dict))):
            return own
        return column + _INDENT if isinstance(new, dict) or not is_block else column

    def _is_in_flow(self, node: Node) -> bool:
        """Whether a value is part of a map or list in brackets."""
        return self._source.is_in_flow(node)

    def _remove(self, node: Any, following: list[str], entry: tuple[Node, Node], *, with_comments: bool) -> None:
        """Remove an entry. Its comments stay, unless they are removed `with_comments`."""
        source = self._source
        key, value = entry
        start, end = source.start(key), max(source.end(key), source.end(value))
        if node.flow_style:
            self.edits.append(self._removed_from_flow(start, end, is_last=not following))
            return
        comment = source.trailing_comment(end)
        line = source.line_start(start)
        line_end = source.line_end(end)
        comments = [text for _, text in source.comments(start, end)] + ([comment] if comment else [])
        comments = [] if with_comments else comments
        space = " " * source.column(start)
        if source.text[line:start].strip():  # the first key of an item of a list
            if not following:
                raise NotInPlace
            rest = line_end + len(source.text[line_end:]) - len(source.text[line_end:].lstrip(" "))
            self.edits.append(Edit(start, rest, "".join(f"{text}\n{space}" for text in comments)))
        else:
            self.edits.append(Edit(line, line_end, "".join(f"{space}{text}\n" for text in comments)))

    def _removed_from_flow(self, start: int, end: int, *, is_last: bool) -> Edit:
        text = self._source.text
        if not is_last:
            comma = text.index(",", end)
            return Edit(start, comma + 1 + len(text[comma + 1 :]) - len(text[comma + 1 :].lstrip(" ")), "")
        before = text[:start].rstrip()
        return Edit(len(before) - 1 if before.endswith(",") else start, end, "")

    def _insert(
        self,
        node: Any,
        new: dict[str, Json],
        entries: dict[str, tuple[Node, Node]],
        steps: Steps,
    ) -> None:
        """Add the new keys, each behind the one before it, and those before the first one in front of it."""
        source = self._source
        first = next(iter(entries.values()))
        column = self._column(first[0])
        added = {key: value for key, value in new.items() if key not in entries}
        lines_of = dict(zip(added, self._block.entries(added, steps, self._moved), strict=True))
        self._moved = [] if added else self._moved
        before: list[str] = []
        previous = ""
        for key, value in new.items():
            if key in entries:
                previous = key
                continue
            if node.flow_style:
                entry = documents.flow({key: value})[1:-1]
                at = source.end(entries[previous][1]) if previous else source.start(first[0])
                self.edits.append(Edit(at, at, f", {entry}" if previous else f"{entry}, "))
                continue
            if not previous:
                before += lines_of[key]
                continue
            end = source.end(entries[previous][1])
            at = source.line_end(max(end, source.end(entries[previous][0])))
            text = "".join(f"{' ' * column}{line}\n" for line in lines_of[key])
            missing_break = "" if source.text[:at].endswith("\n") else "\n"
            self.edits.append(Edit(at, at, f"{missing_break}{text}"))
        if before:
            at = source.start(first[0])
            self.edits.append(Edit(at, at, "".join(f"{line}\n{' ' * column}" for line in before)))


def _like(written: str, value: Json) -> str:
    """A value as a scalar, in the quotes of the text that it replaces."""
    if isinstance(value, str) and "\n" not in value and written[:1] == '"':
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.isprintable() and written[:1] == "'":
        return "'" + value.replace("'", "''") + "'"
    return documents.flow(value)
