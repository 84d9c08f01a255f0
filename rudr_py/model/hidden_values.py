"""Finds the values of OAM documents, and removes them from text that other users may read. Pure.

Values are what the documents pass on: parameters, variables, environment variables, config files, arguments, settings
and properties. Names of fields, components, instances and types are not values. The name of an object is visible in the
namespace, so a value that is such a name is not removed.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, Literal

import msgspec

from rudr_py.model.stepwise import BATCH, BATCH_SIZE, Stepwise, batches, run

HIDDEN: Final = "(hidden)"
"""The replacement of a value."""

SHORTEST: Final = 4
"""The length of the shortest value that is removed: shorter ones are parts of most words."""

DISTINCT: Final = 8
"""The length from which a value is also removed from the middle of a word."""

EXCERPT: Final = 24
"""The length of the beginning of a longer value that is removed, too, because messages are cut."""

LONGEST_END: Final = 64
"""The longest end of a value that a message contains which is cut in the middle of the value."""

MOST: Final = 5_000
"""The number of values up to which all their forms are searched; otherwise the rest of a text is removed from the
beginning of a longer value on."""

_VALUE_FIELDS: Final = frozenset({"args", "cmd", "default", "value"})
"""The fields whose whole content is a value."""

_ENTRY_FIELDS: Final = frozenset(
    {"config", "env", "httpHeaders", "parameterValues", "properties", "variables", "workloadSettings"}
)
"""The fields with a map of values, or a list of entries that have a name and a value."""

_BINDING_FIELDS: Final = frozenset({"scopes", "traits"})
"""Lists whose entries may have properties beside their name."""

_NAMES: Final = frozenset({"description", "fromParam", "name", "path", "required", "type"})
"""The fields of an entry that are not its value."""

_OWN_WORDS: Final = frozenset(
    {
        *("create", "delete", "deleted", "list", "patch", "update", "watch"),
        *("application", "claim", "claims", "component", "components", "container", "containers", "field", "instance"),
        *("instances", "kind", "name", "namespace", "object", "objects", "property", "scope", "service", "trait"),
        *("traits", "type", "value", "volume", "workload", "deployment", "ingress", "replicas"),
        *("ready", "running", "pending", "failed", "healthy", "unhealthy", "unknown", "valid", "kept", "needed"),
        *("complete", "waits"),
        *("true", "false", "none", "null", "default", "missing", "required", "http", "https"),
    }
)
"""Words of rudr's own messages: a value that is such a word is not revealed by them, and they stay readable."""

_QUOTED: Final = frozenset("\"'\\")
"""The printable characters that messages escape."""

_FEW: Final = 64
"""The number of values up to which a text is searched for the beginning of each of them first."""

_BUCKET: Final = 64
"""The number of values with the same beginning that are compared one by one."""

_Role = Literal["structure", "entry", "binding", "value"]

_VISIBLE: Final[frozenset[_Role]] = frozenset({"structure", "binding"})

_CONTAINERS: Final = (dict, list)


class DocumentTexts(msgspec.Struct, frozen=True):
    """The values of documents as text, and the texts at all other places, which are visible."""

    values: frozenset[str] = frozenset()
    visible: frozenset[str] = frozenset()


def read(specs: Iterable[Any]) -> DocumentTexts:
    """The result of `read_steps`."""
    return run(read_steps(specs))


def read_steps(specs: Iterable[Any]) -> Stepwise[DocumentTexts]:
    """The texts in the specs of documents, which may have any form."""
    values: set[str] = set()
    visible: set[str] = set()
    pending: list[tuple[Iterator[Any], _Role, bool]] = [(iter(specs), "structure", False)]
    count = BATCH
    while pending:
        items, outer, is_map = pending[-1]
        for item in items:
            if count == BATCH:
                count = 0
                yield BATCH_SIZE
            count += 1
            if is_map:
                key, part = item
                role = _role(outer, str(key), part)
            else:
                part = item
                role = outer if isinstance(part, dict) else _plain(outer)
            if isinstance(part, _CONTAINERS):
                pending.append((iter(part.items() if isinstance(part, dict) else part), role, isinstance(part, dict)))
                break
            if part is not None and not isinstance(part, bool):
                (visible if role in _VISIBLE else values).add(str(part))
        else:
            pending.pop()
    return DocumentTexts(frozenset(values), frozenset(visible))


def _role(role: _Role, key: str, item: Any) -> _Role:
    """The role of a field of a map in this role."""
    if role == "value" or (role == "structure" and key in _VALUE_FIELDS):
        return "value"
    if role == "entry":
        return "structure" if key in _NAMES and isinstance(item, str) else "value"
    if key in _ENTRY_FIELDS:
        return "entry" if isinstance(item, list) else "value"
    if role == "binding":
        return "structure" if key in ("name", "type") else "value"
    return "binding" if key in _BINDING_FIELDS and isinstance(item, list) else "structure"


def _plain(role: _Role) -> _Role:
    """The role of an item of a list that is no map."""
    return "value" if role == "entry" else role


class HiddenValues:
    """Replaces values in text. `visible` are texts that are not removed although they are values."""

    def __init__(self, texts: DocumentTexts, visible: Collection[str] = (), replacement: str = HIDDEN) -> None:
        self._replacement = replacement
        self._buckets: dict[str, list[str]] = {}
        self._excerpts: set[str] = set()
        self._short: set[str] = set()
        self._beginnings: set[str] = set()
        run(self._add(texts, visible))

    @classmethod
    def steps(cls, texts: DocumentTexts, visible: Collection[str] = ()) -> Stepwise[HiddenValues]:
        """The same as the constructor, in steps."""
        hidden = cls(DocumentTexts())
        yield from hidden._add(texts, visible)
        return hidden

    def _add(self, texts: DocumentTexts, visible: Collection[str]) -> Stepwise[None]:
        values = texts.values - texts.visible.union(visible) - _OWN_WORDS
        if len(values) > MOST:
            for lines in batches(line for value in values for line in _lines(value)):
                yield BATCH_SIZE
                self._short.update(line for line in lines if len(line) < DISTINCT)
                self._beginnings.update(line[:DISTINCT] for line in lines if len(line) >= DISTINCT)
            return
        buckets: dict[str, set[str]] = {}
        for forms in batches(form for value in values for form in _forms(value)):
            yield BATCH_SIZE
            for form in forms:
                buckets.setdefault(form[:SHORTEST], set()).add(form)
        for beginnings in batches(buckets):
            yield BATCH_SIZE
            for beginning in beginnings:
                self._buckets[beginning] = sorted(buckets[beginning], key=len, reverse=True)
                self._excerpts.update(form[:EXCERPT] for form in buckets[beginning])

    def may_occur(self, text: str) -> bool:
        """Whether the text may contain a value; False means that `text` returns it unchanged."""
        if self._beginnings or self._short or len(self._excerpts) > _FEW:
            return True
        return any(map(text.__contains__, self._excerpts))

    def text(self, text: str) -> str:
        """The text without values."""
        if self._beginnings or self._short:
            return self._rough(text)
        if not self.may_occur(text):
            return text
        parts: list[str] = []
        start = at = 0
        while at <= len(text) - SHORTEST:
            bucket = self._buckets.get(text[at : at + SHORTEST])
            end = _match(text, at, bucket) if bucket else 0
            if end:
                parts += (text[start:at], self._replacement)
                start = at = end
            else:
                at += 1
        return "".join((*parts, text[start:])) if parts else text

    def _rough(self, text: str) -> str:
        """The text without short values, and up to the first place at which a longer one may begin."""
        parts: list[str] = []
        start = at = 0
        while at < len(text):
            if text[at : at + DISTINCT] in self._beginnings:
                return "".join((*parts, text[start:at], self._replacement))
            end = at + 1
            while end < len(text) and end - at < DISTINCT and not _is_boundary(text, end):
                end += 1
            if text[at:end] in self._short and _is_boundary(text, at) and _is_boundary(text, end):
                parts += (text[start:at], self._replacement)
                start = at = end
            else:
                at += 1
        return "".join((*parts, text[start:]))

    def document(self, value: Any) -> Any:
        """A JSON value without values in its texts; keys are not changed. Its depth must be limited."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.document(item) for item in value]
        return {key: self.document(item) for key, item in value.items()} if isinstance(value, dict) else value


def _forms(value: str) -> Iterator[str]:
    """The forms of a value in messages: as it is, escaped, without line breaks, and its lines."""
    if value.isascii() and value.isprintable() and not _QUOTED.intersection(value):
        yield from (value,) if len(value) >= SHORTEST else ()
        return
    forms = (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    lines = (" ".join(value.split()), *(line.strip() for line in value.splitlines()))
    yield from (form for form in itertools.chain(forms, lines) if len(form) >= SHORTEST)


def _lines(value: str) -> Iterator[str]:
    """The lines of a value, as they are and as JSON escapes their beginnings."""
    for line in (value, *value.splitlines()) if not value.isprintable() else (value,):
        stripped = line.strip()
        if len(stripped) >= SHORTEST:
            yield stripped
            if not stripped.isascii() or _QUOTED.intersection(stripped[:DISTINCT]):
                yield json.dumps(stripped[:DISTINCT])[1:-1]
                yield repr(stripped[:DISTINCT])[1:-1]


def _match(text: str, at: int, bucket: list[str]) -> int:
    """The end of the longest value of a bucket at a place of a text; 0 for none."""
    if len(bucket) > _BUCKET:
        return _end_of_word(text, at)
    for value in bucket:
        if text.startswith(value, at):
            end = at + len(value)
            if len(value) >= DISTINCT or (_is_boundary(text, at) and _is_boundary(text, end)):
                return end
        elif len(value) > EXCERPT and text.startswith(value[:EXCERPT], at):
            pairs = zip(text[at:], value, strict=False)
            end = at + sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
            return _end_of_excerpt(text, end, value)
    return 0


def _end_of_excerpt(text: str, at: int, value: str) -> int:
    """The end of an excerpt of a value: a message may be cut in its middle, and contain its end after the dots."""
    for dots in ("...", "…"):
        if text.startswith(dots, at):
            start = at + len(dots)
            longest = min(len(value), LONGEST_END)
            return next((start + n for n in range(longest, 0, -1) if text.startswith(value[-n:], start)), at)
    return at


def _is_boundary(text: str, at: int) -> bool:
    """Whether a word begins or ends at a place of a text; a name with dashes is one word."""
    return at <= 0 or at >= len(text) or not (_is_of_word(text[at - 1]) and _is_of_word(text[at]))


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character in "-_"


def _end_of_word(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at
