"""Finds the sensitive values of OAM documents: those of sensitive parameters, variables, settings and properties. Pure.

A name is sensitive if one of its words is, such as `dbPassword` or `API_TOKEN`, or if the annotation
`rudr.oam.dev/sensitive` of the document lists it. A value is sensitive with its name, and so is each parameter and
variable that it is read from, and each environment variable and file that reads it.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from rudr_py.model import metadata_keys, resolve
from rudr_py.model.stepwise import BATCH_SIZE, Stepwise, batches, run
from rudr_py.settings import SENSITIVE_WORDS

MASK: Final = "***"

_REFERENCES: Final = frozenset({"name", "names", "ref", "refs"})
"""Last words of names of references: the name of a Secret is not a secret."""

_OPERATORS: Final = frozenset({"In", "NotIn", "Exists", "DoesNotExist", "Equal"})
"""The operators of requirements for labels and taints."""

_RUN = re.compile(r"[A-Z]+[a-z0-9]*|[a-z0-9]+")
_VARIABLE = re.compile(r"\[fromVariable\(([^()\[\]\s]{1,253})\)\]")

_ROUNDS: Final = 10

_LONGEST: Final = 1_000
"""The most characters of a name whose words are read."""


class SensitiveValues(msgspec.Struct, frozen=True):
    """The values as text, and the names of the entries that contain them."""

    values: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def is_sensitive(name: str, words: Collection[str] = SENSITIVE_WORDS) -> bool:
    """Whether a name contains one of these words, and is not that of a reference. Very long names are not read."""
    if len(name) > _LONGEST:
        return True
    parts = _parts(name)
    return not parts.isdisjoint(words)


def may_contain(text: bytes, words: Collection[str] = SENSITIVE_WORDS) -> bool:
    """Whether a document without annotations may have sensitive values, by the JSON text of its spec.

    False means that `find` returns no value for it alone. A text with escaped characters is not searched.
    """
    if b"\\" in text or max(map(len, text.split(b'"'))) > _LONGEST:
        return True
    small = text.lower()
    return any(word.encode() in small for word in words)


# documents consist of the same few names
@functools.lru_cache(maxsize=1024)
def _parts(name: str) -> frozenset[str]:
    """The words of a name that may be sensitive; none for a reference."""
    parts = [part.lower().rstrip(string.digits) for run in _RUN.findall(name) for part in _words(run) if part]
    return frozenset(parts) if parts and parts[-1] not in _REFERENCES else frozenset()


def _words(run: str) -> tuple[str, ...]:
    """The words of capitals that small letters or digits may follow: `DBPassword` is `DB` and `Password`."""
    small = run.lstrip(string.ascii_uppercase)
    capitals = len(run) - len(small)
    split = max(capitals - 1, 0) if small[:1].islower() else capitals
    return run[:split], run[split:]


def find(documents: Iterable[Mapping[str, Any]], words: Collection[str] = SENSITIVE_WORDS) -> SensitiveValues:
    """The result of `steps`."""
    return run(steps(documents, words))


def steps(
    documents: Iterable[Mapping[str, Any]], words: Collection[str] = SENSITIVE_WORDS
) -> Stepwise[SensitiveValues]:
    """The sensitive values of documents, which may have any form."""
    search = _Search(words)
    for document in documents:
        yield from search.add(document)
    return (yield from search.result())


class _Search:
    """Collects the entries of documents, then follows their references."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = words
        self._marked: set[str] = set()
        self._entries: list[tuple[str, Any]] = []
        self._links: list[tuple[str, str]] = []  # an entry, and the parameter that it reads
        self._variables: dict[str, Any] = {}

    def add(self, document: Mapping[str, Any]) -> Stepwise[None]:
        metadata = document.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        listed = annotations.get(metadata_keys.SENSITIVE_ANNOTATION) if isinstance(annotations, dict) else None
        self._marked.update(name.strip() for name in str(listed or "").split(",") if name.strip())
        spec = document.get("spec")
        for nodes in batches(_nodes(spec)):
            yield BATCH_SIZE
            for node in nodes:
                self._add_node(node)
        variables = spec.get("variables") if isinstance(spec, dict) else None
        for entry in variables if isinstance(variables, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                self._variables[entry["name"]] = entry.get("value")

    def _add_node(self, node: Mapping[str, Any]) -> None:
        name = node.get("name")
        if isinstance(name, str):
            self._entries += ((name, node[field]) for field in ("value", "default") if field in node)
            if isinstance(node.get("fromParam"), str):
                self._links.append((name, node["fromParam"]))
        path = node.get("path")
        if isinstance(path, str) and isinstance(node.get("fromParam"), str):
            self._links.append((path, node["fromParam"]))
        named = _named_keys(node)
        self._entries += ((str(key), item) for key, item in node.items() if key not in named)

    def result(self) -> Stepwise[SensitiveValues]:
        values: set[str] = set()
        for _ in range(_ROUNDS):
            sizes = len(self._marked), len(values)
            for links in batches(self._links):
                yield BATCH_SIZE
                for name, target in links:
                    if self._is_sensitive(name) or self._is_sensitive(target):
                        self._marked.update((name, target))
            for entries in batches(self._entries):
                yield BATCH_SIZE
                for name, item in entries:
                    if self._is_sensitive(name):
                        self._marked.add(name)
                        values.update(self._texts(item))
            if sizes == (len(self._marked), len(values)):
                break
        return SensitiveValues(frozenset(values), frozenset(self._marked))

    def _is_sensitive(self, name: str) -> bool:
        return name in self._marked or is_sensitive(name, self._words)

    def _texts(self, item: Any) -> Iterator[str]:
        for leaf in _leaves(item):
            if isinstance(leaf, str):
                self._marked.update(_VARIABLE.findall(leaf))
                value, _ = resolve.substitute(leaf, self._variables, "$")
                yield resolve.text_of(value)
            elif not isinstance(leaf, bool) and leaf is not None:
                yield resolve.text_of(leaf)


def _named_keys(node: Mapping[str, Any]) -> tuple[str, ...]:
    """The entries of a map that are names of keys: of a Secret, a ConfigMap, or labels."""
    is_reference = not {"secretName", "configMapName"}.isdisjoint(node) or {"parameter", "name"} <= node.keys()
    is_reference = is_reference or str(node.get("operator")) in _OPERATORS
    return ("key", "topologyKey") if is_reference else ("topologyKey",)


def _nodes(part: Any) -> Iterator[Mapping[str, Any]]:
    """All maps inside a value."""
    pending = [part]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield part
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)


def _leaves(part: Any) -> Iterator[Any]:
    pending = [part]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
        else:
            yield part
