"""New values as lines of YAML, which contain the text and the comments of the values that they are made of. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from rudr_py.cli.commands.convert.source import Node, Source, same
from rudr_py.cli.output import documents
from rudr_py.model.document import Json
from rudr_py.model.shapes.shape import Steps


class Block:
    """Writes values of a document. `origins` leads from a place of the new value to the one in the text.

    `root` is the node of the document, and `document` its value as written.
    """

    def __init__(self, source: Source, origins: Mapping[Steps, Steps], root: Node, document: Json) -> None:
        self._source = source
        self._origins = origins
        self._root = root
        self._document = document

    def written(self, steps: Steps) -> Steps:
        """The place of a value in the document as written."""
        for length in range(len(steps), 0, -1):
            origin = self._origins.get(steps[:length])
            if origin is not None:
                return (*origin, *steps[length:])
        return steps

    def entries(self, values: Mapping[str, Json], steps: Steps, parts: Iterable[tuple[int, int]]) -> list[list[str]]:
        """New entries of a map; the comments of `parts` of the text go with the values that they stand at."""
        comments = _Comments(self._source, [comment for part in parts for comment in self._source.comments(*part)])
        lines = [self._entry(key, value, (*steps, key), comments) for key, value in values.items()]
        if lines:
            lines[-1] += comments.rest()
        return lines

    def is_moved(self, written: Steps) -> bool:
        """Whether a value of the text, or one inside it, is at another place of the new value."""
        return any(origin[: len(written)] == written for origin in self._origins.values())

    def lines(self, value: Json, steps: Steps, parts: Iterable[tuple[int, int]]) -> list[str]:
        """A new value that replaces parts of the text; no comment of them is lost."""
        comments = _Comments(self._source, [comment for part in parts for comment in self._source.comments(*part)])
        return [*self._lines(value, steps, comments), *comments.rest()]

    def _lines(self, value: Json, steps: Steps, comments: _Comments) -> list[str]:
        if isinstance(value, dict):
            return [line for key, inner in value.items() for line in self._entry(key, inner, (*steps, key), comments)]
        return [line for index, item in enumerate(value) for line in self._item(item, (*steps, index), comments)]

    def _item(self, item: Json, steps: Steps, comments: _Comments) -> list[str]:
        above = self._above(steps, item, comments)
        if not isinstance(item, dict | list) or not item:
            return [*above, f"- {documents.flow(item)}"]
        lines = self._lines(item, steps, comments)
        return [*above, f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]

    def _entry(self, key: str, value: Json, steps: Steps, comments: _Comments) -> list[str]:
        name = documents.flow(key)
        node = self._reusable(steps, value)
        above = self._above(steps, value, comments)
        if node is not None and self._is_inline(node):
            trailing = comments.trailing(self._source.end(node))
            return [*above, f"{name}: {self._source.of(node)}{f'  {trailing}' if trailing else ''}"]
        if node is not None:
            comments.skip_to(self._source.end(node))
            text = self._source.text[self._source.line_start(self._source.start(node)) : self._source.end(node)]
            if not isinstance(node, yaml.ScalarNode) and not text[: self._column(node)].strip():
                return [*above, f"{name}:", *(f"  {line}" for line in textwrap.dedent(text).splitlines())]
        if isinstance(value, dict | list) and value:
            inner = self._lines(value, steps, comments)
            return [*above, f"{name}:", *(f"  {line}" for line in inner)]
        dumped = documents.documents([{key: value}]).splitlines()
        return [*above, *dumped]

    def _column(self, node: Node) -> int:
        return self._source.column(self._source.start(node))

    def _reusable(self, steps: Steps, value: Json) -> Node | None:
        """The node of the text with this value; None for a new value."""
        if not any(steps[:length] in self._origins for length in range(1, len(steps) + 1)):
            return None
        written = self.written(steps)
        node = self._source.node(self._root, written)
        return node if node is not None and same(_at(self._document, written), value) else None

    def _above(self, steps: Steps, value: Json, comments: _Comments) -> list[str]:
        node = self._reusable(steps, value)
        return comments.before(self._source.start(node)) if node is not None else []

    def _is_inline(self, node: Any) -> bool:
        """Whether the text of a node fits into the line of its key."""
        if isinstance(node, yaml.ScalarNode):
            return node.style not in ("|", ">") and "\n" not in self._source.of(node)
        return bool(node.flow_style) and "\n" not in self._source.of(node)


class _Comments:
    """The comments of a part of the text, in their order, each until it is taken."""

    def __init__(self, source: Source, comments: list[tuple[int, str]]) -> None:
        self._source = source
        self._comments = comments

    def before(self, offset: int) -> list[str]:
        """The comments before an offset that nothing has taken."""
        taken = [text for position, text in self._comments if position < offset]
        self._comments = [(position, text) for position, text in self._comments if position >= offset]
        return taken

    def trailing(self, offset: int) -> str:
        """The comment that follows a value in its line."""
        end = self._source.line_end(offset)
        follows = [(position, text) for position, text in self._comments if offset <= position < end]
        if not follows or not self._source.trailing_comment(offset):
            return ""
        self._comments.remove(follows[0])
        return follows[0][1]

    def skip_to(self, offset: int) -> None:
        """Leave out the comments before an offset: they are inside a text that is copied."""
        self._comments = [(position, text) for position, text in self._comments if position >= offset]

    def rest(self) -> list[str]:
        """The comments that nothing has taken."""
        return [text for _, text in self._comments]


def _at(document: Json, steps: Steps) -> Json:
    """The value at a place that the document has."""
    for step in steps:
        document = document[step]
    return document
