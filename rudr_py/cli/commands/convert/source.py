"""The text of a YAML document with the places of its values and comments. Pure.

The places are those of PyYAML's nodes, whose text is not changed here.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import yaml

from rudr_py.model.document import Json
from rudr_py.model.shapes.shape import Steps

Node = yaml.Node

_COMMENT: Final = re.compile(r"(?:(?<=\s)|^)#[^\r\n]*", re.MULTILINE)
_TRAILING: Final = re.compile(r"[ \t]+(#[^\r\n]*)")


def same(first: Json, second: Json) -> bool:
    """Whether two JSON values are equal; true and 1 are not, and neither are 1 and 1.0."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(value, second[key]) for key, value in first.items())
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and bool(first == second)


class NotInPlace(Exception):  # noqa: N818 - not an error of the user; the document is written as a whole
    """The text cannot be changed in place, because it uses a feature of YAML that is not supported here."""


class Source:
    """The text of a file, and the root node of one document in it."""

    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.root = root
        scalars = {
            (node.start_mark.index, node.end_mark.index) for node in _nodes(root) if isinstance(node, yaml.ScalarNode)
        }
        self._scalars = sorted(scalars)

    def node(self, root: Node, steps: Steps) -> Node | None:
        """The node at a place below another one; None if the text has no such place."""
        node: Node | None = root
        for step in steps:
            if isinstance(node, yaml.MappingNode) and isinstance(step, str):
                node = next((value for key, value in node.value if key.value == step), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def start(self, node: Node) -> int:
        """The offset of the first character of a value."""
        index: int = node.start_mark.index
        return index

    def end(self, node: Node) -> int:
        """The offset behind the last character of a value, without the space and the comments that follow it."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return max(self.end(part) for part in (last if isinstance(last, tuple) else (last,)))
        index: int = node.end_mark.index
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return len(self.text[:index].rstrip("\r\n"))
        return max(index, self.start(node))

    def of(self, node: Node) -> str:
        """The text of a value."""
        return self.text[self.start(node) : self.end(node)]

    def column(self, offset: int) -> int:
        """The number of characters before an offset in its line."""
        return offset - self.line_start(offset)

    def line_start(self, offset: int) -> int:
        """The offset of the first character of a line."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The offset behind the line break of a line, or the end of the text."""
        position = self.text.find("\n", offset)
        return len(self.text) if position < 0 else position + 1

    def comments(self, start: int, end: int) -> list[tuple[int, str]]:
        """The comments of a part of the text, with their offsets."""
        return [
            (match.start(), match[0].rstrip())
            for match in _COMMENT.finditer(self.text, start, end)
            if not self._is_inside_scalar(match.start())
        ]

    def trailing_comment(self, offset: int) -> str:
        """The comment that follows a value in its line; empty without one."""
        match = _TRAILING.match(self.text, offset)
        return match[1].rstrip() if match else ""

    def is_in_flow(self, node: Node) -> bool:
        """Whether a value is part of a map or list in brackets."""
        start = self.start(node)
        position = bisect.bisect_left(self._flows, (start, 0)) - 1
        return position >= 0 and self._flows[position][0] < start < self._flows[position][1]

    @cached_property
    def _flows(self) -> list[tuple[int, int]]:
        """The places of the outermost maps and lists in brackets."""
        places: list[tuple[int, int]] = []
        stack: list[Any] = [self.root]
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            if id(node) in seen or isinstance(node, yaml.ScalarNode):
                continue
            seen.add(id(node))
            if node.flow_style:
                places.append((self.start(node), self.end(node)))
            elif isinstance(node, yaml.MappingNode):
                stack += [part for pair in node.value for part in pair]
            else:
                stack += node.value
        return sorted(places)

    def _is_inside_scalar(self, offset: int) -> bool:
        position = bisect.bisect_right(self._scalars, (offset, len(self.text))) - 1
        return position >= 0 and self._scalars[position][0] <= offset < self._scalars[position][1]


def _nodes(root: Node) -> Iterator[Node]:
    """All nodes, each once, although aliases refer to some of them again."""
    stack: list[Any] = [root]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            stack += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value
