"""YAML events -> JSON values with positions, without recursion and within limits.

Works on events, because a tree of nodes is built by recursion in C, which deep nesting can end, and because limits
must hold before memory is spent. Nothing here knows text, files or kinds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import yaml

from rudr_py.errors import Location, Problem
from rudr_py.model import paths
from rudr_py.model.document import Json
from rudr_py.model.parse import yaml_scalars
from rudr_py.model.parse.fields import MAX_DEPTH

MAX_NODES: Final = 500_000
"""How many keys and values a file may have once its aliases are put in."""

TOO_DEEP: Final = f"nested deeper than {MAX_DEPTH} levels"
"""The message of the problem that ends the reading of a document with too many levels."""

_LONGEST_KEY: Final = 1024
"""As many characters as YAML allows a key without `?`."""

_TEXT_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"})
_PLAIN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_COLLECTION_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})

Places = dict[str, tuple[int, int]]


class YamlTree(msgspec.Struct, kw_only=True):
    """One document: its value and the (line, column) of every key and value by path. `index` counts from 0."""

    index: int
    value: Json = None
    keys: Places = {}
    values: Places = {}


class _Open(msgspec.Struct, kw_only=True):
    """A map or list that has begun.

    `size` counts its nodes and `height` its levels so far; `key` waits for its value; `merges` are its `<<`.
    """

    value: Any
    path: str
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    merges: list[Any] = []
    inside_key: bool = False


class _Whole(msgspec.Struct, kw_only=True):
    """A finished value, as `&name` keeps it. `size` is 0 while it is still open; a scalar has no `height`."""

    value: Json
    size: int
    height: int = 0


class _Stop(Exception):  # noqa: N818 - it is no error of the caller, it only ends the reading
    """The file cannot be read further; the problem is noted."""


def read_trees(events: Iterable[Any], name: str, problems: list[Problem]) -> list[YamlTree]:
    """Every document of a stream of PyYAML events. Adds to `problems` what is wrong; `name` is the file's.

    Raises what the events raise (yaml.YAMLError).
    """
    builder = _Builder(name, problems)
    try:
        for event in events:
            builder.take(event)
    except _Stop:
        return []
    return builder.trees


class _Builder:
    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.trees: list[YamlTree] = []
        self._name = name
        self._problems = problems
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Whole] = {}
        self._nodes = 0

    def take(self, event: Any) -> None:
        """One more event."""
        match event:
            case yaml.DocumentStartEvent():
                self.trees.append(YamlTree(index=len(self.trees)))
                self._anchors.clear()
            case yaml.ScalarEvent():
                value = self._scalar(event)
                whole = _Whole(value=value, size=1)
                if event.anchor:
                    self._anchors[event.anchor] = whole
                self._put(whole, event, merge=_is_merge(event))
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
                return yaml_scalars.plain(event.value)
            except ValueError as error:
                self._problem(event, str(error))
        elif event.tag is None or event.tag in _TEXT_TAGS:
            return event.value
        else:
            self._problem(event, f"the tag {event.tag} is not known here; remove it")
        return None

    def _open(self, value: Json, event: Any) -> None:
        self._limit(event, height=1)
        if event.tag not in _COLLECTION_TAGS:
            self._problem(event, f"the tag {event.tag} is not known here; remove it")
        self._count(1, event)
        top = self._stack[-1] if self._stack else None
        is_key = top is not None and isinstance(top.value, dict) and top.key is None
        if is_key:
            self._problem(event, "a key must be text, not a map or a list")
        path = self._place(event)
        if event.anchor:
            self._anchors[event.anchor] = _Whole(value=None, size=0)
        self._stack.append(_Open(value=value, path=path, anchor=event.anchor, merges=[], inside_key=is_key))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        for merged in done.merges:
            done.value.update({key: inner for key, inner in merged.items() if key not in done.value})
        whole = _Whole(value=done.value, size=done.size, height=done.height)
        if done.anchor:
            self._anchors[done.anchor] = whole
        if done.inside_key:
            self._stack[-1].key = ""
        elif self._stack:
            self._add(whole, event)
        else:
            self.trees[-1].value = done.value

    def _alias(self, event: Any) -> None:
        anchor = self._anchors.get(event.anchor)
        if anchor is None or anchor.size == 0:
            why = "is not defined above" if anchor is None else "would hold itself"
            self._problem(event, f"the alias *{event.anchor} {why}")
            raise _Stop
        self._limit(event, height=anchor.height)
        self._put(anchor, event, merge=False)

    def _put(self, whole: _Whole, event: Any, *, merge: bool) -> None:
        """A value that is complete: a scalar or an alias. In the place of a key it becomes one."""
        self._count(whole.size, event)
        if not self._stack:
            self.trees[-1].value = whole.value
            self.trees[-1].values = {paths.ROOT: _at(event)}
            return
        top = self._stack[-1]
        if isinstance(top.value, dict) and top.key is None:
            self._key(top, "<<" if merge else whole.value, event, merge=merge)
            return
        self._place(event)
        self._add(whole, event)

    def _key(self, top: _Open, value: Json, event: Any, *, merge: bool) -> None:
        key = _key_text(value)
        if key is None or len(key) > _LONGEST_KEY:
            self._problem(event, f"a key must be text of at most {_LONGEST_KEY} characters")
            key = ""
        path = paths.child(top.path, key)
        place = self.trees[-1].keys.get(path)
        if not merge and place is not None and not top.inside_key:
            first = Location(self._name, *place)
            self._problem(event, f'the key "{key}" comes twice; the first is at {first}', path)
        else:
            self.trees[-1].keys[path] = _at(event)
        top.key = _MERGE if merge else key

    def _add(self, whole: _Whole, event: Any) -> None:
        """Hang a finished value into the map or list that is open."""
        top = self._stack[-1]
        top.size += whole.size
        top.height = max(top.height, whole.height + 1)
        if isinstance(top.value, list):
            top.value.append(whole.value)
            return
        key, top.key = top.key, None
        if key != _MERGE:
            top.value[key] = whole.value
            return
        merged = whole.value if isinstance(whole.value, list) else [whole.value]
        if not all(isinstance(inner, dict) for inner in merged):
            self._problem(event, "<< takes a map, or a list of maps")
        else:
            top.merges += merged

    def _place(self, event: Any) -> str:
        """Note where the next value of the open map or list stands; its path."""
        if not self._stack:
            path = paths.ROOT
        else:
            top = self._stack[-1]
            step = len(top.value) if isinstance(top.value, list) else (top.key or "")
            path = paths.child(top.path, "<<" if step == _MERGE else step)
        self.trees[-1].values[path] = _at(event)
        return path

    def _limit(self, event: Any, *, height: int) -> None:
        if len(self._stack) + height > MAX_DEPTH:
            self._problem(event, TOO_DEEP)
            raise _Stop

    def _count(self, size: int, event: Any) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES:
            self._problem(event, f"the file has more than {MAX_NODES} keys and values, aliases put in")
            raise _Stop

    def _problem(self, event: Any, message: str, path: str = "") -> None:
        path = path or (self._stack[-1].path if self._stack else paths.ROOT)
        self._problems.append(Problem(message, path, Location(self._name, *_at(event))))


_MERGE: Final = "\0<<"
"""Stands for the merge key; no text of YAML holds a NUL."""


def _is_merge(event: Any) -> bool:
    return bool(event.value == "<<" and event.implicit[0] and event.tag is None)


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _key_text(value: Json) -> str | None:
    """A key as kubectl has it in JSON: numbers and booleans become text, null and collections are refused."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None
