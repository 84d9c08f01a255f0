"""Reads the pages of docs/ and of the root folder: headings, links, code blocks and inline code.

Supports only the Markdown that these pages use.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs"

_FENCE = re.compile(r"^( *)```([\w{}-]+)(?: +(.+?))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"(?<!\\)\[[^\]]*(?<!\\)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the rest of its first line, its text, and the line in the page where it begins."""

    language: str
    argument: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A Markdown page."""

    path: Path

    @property
    def name(self) -> str:
        """The path relative to the project."""
        return self.path.relative_to(ROOT).as_posix()

    @functools.cached_property
    def text(self) -> str:
        """The text of the file."""
        return self.path.read_text()

    @functools.cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The fenced blocks, in order."""
        return tuple(
            Block(match[2], match[3] or "", textwrap.dedent(match[4]), self.text.count("\n", 0, match.start()) + 1)
            for match in _FENCE.finditer(self.text)
        )

    @functools.cached_property
    def prose(self) -> str:
        """The page without its blocks."""
        return _FENCE.sub("", self.text)

    @functools.cached_property
    def codes(self) -> tuple[str, ...]:
        """The inline code of the prose."""
        return tuple(_CODE.findall(self.prose))

    @functools.cached_property
    def links(self) -> tuple[str, ...]:
        """The targets of all links and images."""
        return tuple(_LINK.findall(_CODE.sub("", self.prose)))

    @functools.cached_property
    def anchors(self) -> frozenset[str]:
        """The anchors that links can use after `#`."""
        return frozenset(_slugs(match[2] for match in _HEADING.finditer(self.prose)))


def pages() -> list[Page]:
    """README, CONTRIBUTING, SECURITY, and all pages of docs/."""
    root = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
    return [*map(Page, root), *map(Page, sorted(FOLDER.rglob("*.md")))]


def _slugs(headings: Iterator[str]) -> Iterator[str]:
    """Anchors as in repositories and myst-parser: lower case, no punctuation, dashes, a number for duplicates."""
    seen: Counter[str] = Counter()
    for heading in headings:
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1
