"""YAML events -> JSON values with positions, without recursion and within limits.

Works on events, because PyYAML builds its tree of nodes by recursion in C, which deep nesting can crash, and because
limits must hold before memory is used. Nothing here reads files or depends on a kind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import yaml

from rudr_py.errors import Location, Problem
from rudr_py.model import paths
from rudr_py.model.document import Json
from rudr_py.model.parse import yaml_scalars
from rudr_py.model.parse.json_values import MAX_DEPTH

MAX_NODES: Final = 500_000
"""Maximum number of keys and values of a file after its aliases are expanded."""

TOO_DEEP: Final = f"nested deeper than {MAX_DEPTH} levels"
"""The message of the problem that ends the reading of a document with too many levels."""

_LONGEST_KEY: Final = 1024
"""The limit of YAML for a key without `?`."""

_TEXT_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"})
_PLAIN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_COLLECTION_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})

Places = dict[str, tuple[int, int]]


class YamlTree(msgspec.Struct, kw_only=True):
    """One document: its value and the (line, column) of every key and value by path. `index` counts from 0.

    `surprises` is advice for scalars whose values look different from their text, by path.
    """

    index: int
    value: Json = None
    keys: Places = {}
    values: Places = {}
    surprises: dict[str, str] = {}


class _OpenNode(msgspec.Struct, kw_only=True):
    """A map or list whose end has not been read.

    `size` counts its nodes and `height` its levels; `key` is the key without a value yet; `merges` are its `<<`.
    """

    value: Any
    path: str
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    merges: list[Any] = []
    inside_key: bool = False


class _CompleteNode(msgspec.Struct, kw_only=True):
    """A complete value, as an anchor refers to it. `size` is 0 while it is incomplete; a scalar has `height` 0."""

    value: Json
    size: int
    height: int = 0


class _Stop(Exception):  # noqa: N818 - not an error of the caller; it only ends parsing
    """Ends parsing after a problem that was added."""


def read_trees(events: Iterable[Any], name: str, problems: list[Problem]) -> Iterator[YamlTree]:
    """The complete documents of a stream of PyYAML events. Adds errors to `problems`; `name` is the name of the file.

    Raises yaml.YAMLError when the events do, after the documents before that.
    """
    builder = _Builder(name, problems)
    with contextlib.suppress(_Stop):
        for event in events:
            builder.take(event)
            if isinstance(event, yaml.DocumentEndEvent):
                yield builder.trees[-1]


class _Builder:
    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.trees: list[YamlTree] = []
        self._name = name
        self._problems = problems
        self._stack: list[_OpenNode] = []
        self._anchors: dict[str, _CompleteNode] = {}
        self._nodes = 0

    def take(self, event: Any) -> None:
        """Process the next event."""
        match event:
            case yaml.DocumentStartEvent():
                self.trees.append(YamlTree(index=len(self.trees)))
                self._anchors.clear()
            case yaml.ScalarEvent():
                value = self._scalar(event)
                node = _CompleteNode(value=value, size=1)
                if event.anchor:
                    self._anchors[event.anchor] = node
                self._put(node, event, merge=_is_merge(event))
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)
            case yaml.AliasEvent():
                self._alias(event)

    def _scalar(self, event: Any) -> Json:
        if (event.tag is None and event.implicit[0]) or event.tag in _PLAIN_TAGS:
            try:
                value = yaml_scalars.plain(event.value)
                self._note_surprise(event.value, value)
            except ValueError as error:
                self._problem(event, str(error))
            else:
                return value
        elif event.tag is None or event.tag in _TEXT_TAGS:
            return event.value
        else:
            self._problem(event, f"the tag {event.tag} is not supported; remove it")
        return None

    def _note_surprise(self, text: str, value: Json) -> None:
        parent = self._stack[-1] if self._stack else None
        advice = yaml_scalars.surprise(text, value) if isinstance(value, bool | int | float) else ""
        if advice and parent is not None:
            step = len(parent.value) if isinstance(parent.value, list) else parent.key
            if step not in (None, _MERGE):
                self.trees[-1].surprises[paths.child(parent.path, step)] = advice

    def _open(self, value: Json, event: Any) -> None:
        self._limit(event, height=1)
        if event.tag not in _COLLECTION_TAGS:
            self._problem(event, f"the tag {event.tag} is not supported; remove it")
        self._count(1, event)
        parent = self._stack[-1] if self._stack else None
        is_key = parent is not None and isinstance(parent.value, dict) and parent.key is None
        if is_key:
            self._problem(event, "a key must be text, not a map or a list")
        path = self._place(event)
        if event.anchor:
            self._anchors[event.anchor] = _CompleteNode(value=None, size=0)
        self._stack.append(_OpenNode(value=value, path=path, anchor=event.anchor, merges=[], inside_key=is_key))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        for merged in done.merges:
            done.value.update({key: inner for key, inner in merged.items() if key not in done.value})
        node = _CompleteNode(value=done.value, size=done.size, height=done.height)
        if done.anchor:
            self._anchors[done.anchor] = node
        if done.inside_key:
            self._stack[-1].key = ""
        elif self._stack:
            self._add(node, event)
        else:
            self.trees[-1].value = done.value

    def _alias(self, event: Any) -> None:
        anchor = self._anchors.get(event.anchor)
        if anchor is None or anchor.size == 0:
            reason = "is not defined above" if anchor is None else "would contain itself"
            self._problem(event, f"the alias *{event.anchor} {reason}")
            raise _Stop
        self._limit(event, height=anchor.height)
        self._put(anchor, event, merge=False)

    def _put(self, node: _CompleteNode, event: Any, *, merge: bool) -> None:
        """Add a complete value, a scalar or an alias, as a value or as a key."""
        self._count(node.size, event)
        if not self._stack:
            self.trees[-1].value = node.value
            self.trees[-1].values = {paths.ROOT: _at(event)}
            return
        parent = self._stack[-1]
        if isinstance(parent.value, dict) and parent.key is None:
            self._key(parent, "<<" if merge else node.value, event, merge=merge)
            return
        self._place(event)
        self._add(node, event)

    def _key(self, parent: _OpenNode, value: Json, event: Any, *, merge: bool) -> None:
        key = _key_text(value)
        if key is None or len(key) > _LONGEST_KEY:
            self._problem(event, f"a key must be text of at most {_LONGEST_KEY} characters")
            key = ""
        path = paths.child(parent.path, key)
        place = self.trees[-1].keys.get(path)
        if not merge and place is not None and not parent.inside_key:
            first = Location(self._name, *place)
            self._problem(event, f'duplicate key "{key}"; the first is at {first}', path)
        else:
            self.trees[-1].keys[path] = _at(event)
        parent.key = _MERGE if merge else key

    def _add(self, node: _CompleteNode, event: Any) -> None:
        """Add a complete value to the innermost map or list."""
        parent = self._stack[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if isinstance(parent.value, list):
            parent.value.append(node.value)
            return
        key, parent.key = parent.key, None
        if key is not _MERGE:
            parent.value[key] = node.value
            return
        merged = node.value if isinstance(node.value, list) else [node.value]
        if not all(isinstance(inner, dict) for inner in merged):
            self._problem(event, "the value of << must be a map, or a list of maps")
        else:
            parent.merges += merged

    def _place(self, event: Any) -> str:
        """Record the position of the next value of the innermost map or list; returns its path."""
        if not self._stack:
            path = paths.ROOT
        else:
            parent = self._stack[-1]
            step = len(parent.value) if isinstance(parent.value, list) else (parent.key or "")
            path = paths.child(parent.path, "<<" if step is _MERGE else step)
        self.trees[-1].values[path] = _at(event)
        return path

    def _limit(self, event: Any, *, height: int) -> None:
        if len(self._stack) + height > MAX_DEPTH:
            self._problem(event, TOO_DEEP)
            raise _Stop

    def _count(self, size: int, event: Any) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES:
            self._problem(event, f"the file has more than {MAX_NODES} keys and values, with aliases expanded")
            raise _Stop

    def _problem(self, event: Any, message: str, path: str = "") -> None:
        path = path or (self._stack[-1].path if self._stack else paths.ROOT)
        self._problems.append(Problem(message, path, Location(self._name, *_at(event))))


class _MergeKey(str):
    __slots__ = ()


_MERGE: Final = _MergeKey("<<")
"""Represents the merge key. It is compared by identity, because a document may have any text as a key."""


def _is_merge(event: Any) -> bool:
    return bool(event.value == "<<" and event.implicit[0] and event.tag is None)


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _key_text(value: Json) -> str | None:
    """A key as kubectl encodes it: numbers and booleans become text, null and collections are rejected."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None
