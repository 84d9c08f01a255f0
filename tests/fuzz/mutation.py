"""Changes documents and texts at random: structure-aware, with values that parsers tend to forget.

Everything is drawn from one `random.Random`, so that a seed replays an input.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

ATOMS: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, -(10**30), 0.0, -0.0, 1.5, 1e308),
    *(float("nan"), float("inf"), float("-inf"), [], {}, [[]], [{}], [None], {"": None}, {"name": None}, {"name": []}),
    *(
        "",
        " ",
        "\n",
        "a",
        "A",
        "-",
        ".",
        "..",
        "/",
        "0",
        "true",
        "null",
        "~",
        "1e400",
        "NaN",
        "0x1F",
        "1_000",
        "12:30:45",
    ),
    *(
        "\ud800",
        "a\udfff",
        "\0",
        "\x7f",
        "\x85",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\U0010ffff",
        "é",
        "İ",
        "\u017f",
        "\u212a",
        "\u0661",
    ),
    *("a" * 64, "a" * 254, "x" * 5000, "-" * 300, "a." * 200, "[" * 50, " " * 2000, "1" * 5000, "9" * 400 + "m"),
    *(
        "[fromVariable(a)]",
        "[fromVariable( a )]",
        "[fromVariable(",
        "[fromVariable(" + " " * 500,
        "[fromVariable(\ud800)]",
    ),
    *(
        "core.oam.dev/v1alpha1.Server",
        "core.oam.dev/v1.\ud800",
        "v1",
        "a/b/c",
        "100m",
        "1.5Gi",
        "1e3",
        "-1",
        "50%",
        "1h30m",
    ),
    *("2026-01-01T00:00:00Z", "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+23:59", "$.a[0]", '$["\\'),
    *("f:metadata", 'k:{"name":"a"}', "k:{", "v:", "i:0", ".", "a=b,c in (d", "{.spec[?(@.a==", "http://[::1", "*/*/*"),
)
"""Values for any place of a document."""

KEYS: Final[tuple[str, ...]] = (
    *(
        "",
        ".",
        "name",
        "value",
        "kind",
        "metadata",
        "spec",
        "status",
        "items",
        "\ud800",
        "a.b/c",
        "$ref",
        "__class__",
        "x" * 300,
    ),
    *("f:spec", 'k:{"name":"a"}', "k:{", "v:1", "fromParam", "é\0", '"', "\\"),
)

TOKENS: Final[tuple[bytes, ...]] = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"',
        b"'",
        b"\\",
        b"\n",
        b"\t",
        b"- ",
        b"? ",
        b"&a ",
        b"*a",
        b"<<: *a",
        b"!!binary ",
    ),
    *(
        b"---\n",
        b"...\n",
        b"%YAML 9.9\n",
        b"|",
        b">-",
        b"#",
        b"!",
        b"@",
        b"`",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
    ),
    *(
        b"\\ud800",
        b"\\ud83d\\ude00",
        b"\\u0000",
        b"1e400",
        b"-0",
        b"NaN",
        b"0x",
        b"[" * 300,
        b'{"a":' * 300,
        b"9" * 5000,
        b"null",
    ),
)


class Mutator:
    """Draws values and changes from a generator."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._nested = False

    def value(self, depth: int = 3) -> Any:
        """Any JSON value, and some that only Python has."""
        kind = self.rng.random()
        if depth == 0 or kind < 0.7:
            return self.copied(self.rng.choice(ATOMS))
        if kind < 0.85:
            return [self.value(depth - 1) for _ in range(self.rng.randrange(4))]
        return {self.rng.choice(KEYS): self.value(depth - 1) for _ in range(self.rng.randrange(4))}

    def text(self) -> str:
        """A text, often one that a parser reads."""
        texts = [atom for atom in ATOMS if isinstance(atom, str)]
        return "".join(self.rng.choice(texts) for _ in range(self.rng.randrange(1, 3)))

    def document(self, original: Any, changes: int | None = None) -> Any:
        """A copy of a document with a few changes at random places."""
        self._nested = False
        document = self.copied(original)
        for _ in range(self.rng.choice((0, 1, 1, 1, 2, 3, 8)) if changes is None else changes):
            document = self._changed(document)
        return document

    def data(self, original: bytes) -> bytes:
        """A copy of a text with a few tokens inserted, removed, repeated or replaced."""
        data = original
        for _ in range(self.rng.choice((0, 1, 1, 2, 4, 10))):
            start = self.rng.randrange(len(data) + 1)
            end = min(len(data), start + self.rng.choice((0, 1, 1, 3, 20, 200)))
            piece = self.rng.choice((b"", data[start:end] * 2, self.rng.choice(TOKENS), self.rng.randbytes(2)))
            data = data[:start] + piece + data[end:]
        return data

    def copied(self, value: Any) -> Any:
        """A copy of lists and maps."""
        if isinstance(value, dict):
            return {name: self.copied(part) for name, part in value.items()}
        return [self.copied(part) for part in value] if isinstance(value, list) else value

    def _changed(self, document: Any) -> Any:
        places = list(_places(document))
        if not places or self.rng.random() < 0.02:
            return self.value()
        parent, key = self.rng.choice(places)
        change: Callable[[Any, Any, Sequence[tuple[Any, Any]]], None] = self.rng.choice(
            (
                self._replace,
                self._replace,
                self._replace,
                self._remove,
                self._rename,
                self._repeat,
                self._swap,
                self._nest,
            )
        )
        change(parent, key, places)
        return document

    def _replace(self, parent: Any, key: Any, _: Any) -> None:
        old = parent[key]
        parent[key] = self._similar(old) if self.rng.random() < 0.5 else self.value()

    def _similar(self, old: Any) -> Any:
        """A value of the same type, which passes the first check of a parser."""
        if isinstance(old, str):
            return f"{old}{self.text()}" if self.rng.random() < 0.5 else self.text()
        similar = [atom for atom in ATOMS if type(atom) is type(old)]
        return self.copied(self.rng.choice(similar)) if similar else self.value()

    def _remove(self, parent: Any, key: Any, _: Any) -> None:
        del parent[key]

    def _rename(self, parent: Any, key: Any, _: Any) -> None:
        if isinstance(parent, dict):
            parent[self.rng.choice((*KEYS, *(f"{key}{letter}" for letter in "x -")))] = parent.pop(key)

    def _repeat(self, parent: Any, key: Any, _: Any) -> None:
        if isinstance(parent, list):
            parent.extend(self.copied(parent[key]) for _ in range(self.rng.choice((1, 2, 20))))
        else:
            parent[f"{key}x"] = self.copied(parent[key])

    def _swap(self, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
        other, other_key = self.rng.choice(places)
        parent[key] = self.copied(other[other_key])

    def _nest(self, parent: Any, key: Any, _: Any) -> None:
        value = parent[key]
        # only one deep value for each document, because a copy of it uses the stack
        depth = self.rng.choice((1, 1, 3) if self._nested else (1, 3, 60, 150))
        self._nested = self._nested or depth > 3
        for _ in range(depth):
            value = [value] if self.rng.random() < 0.5 else {self.rng.choice(KEYS): value}
        parent[key] = value


def _places(document: Any) -> list[tuple[Any, Any]]:
    """All places of a document as a container and a key."""
    places: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        container = stack.pop()
        if isinstance(container, dict | list):
            keys = list(container) if isinstance(container, dict) else range(len(container))
            for key in keys:
                places.append((container, key))
                stack.append(container[key])
    return places
