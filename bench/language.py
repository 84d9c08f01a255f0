"""Counts identifiers and docstring words in Python sources. Reads syntax trees; imports nothing of what it measures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

VAGUE_IDENTIFIERS = ("found", "told", "known", "wanted", "given", "shown", "asked")
"""Participles that do not name what they hold."""

PHRASES = {
    "tell": re.compile(r"\b(?:tell|tells|telling|told)\b", re.IGNORECASE),
    "say": re.compile(r"\b(?:say|says|saying|said)\b", re.IGNORECASE),
    "What/Who clause": re.compile(r"(?:\A|[.!?:;]\s+|\n\s*\n)\s*(?:[-*] +)?(?P<word>What|Who|Whose|Which)\b"),
    "somebody": re.compile(r"\b(?:somebody|nobody|anybody)\b", re.IGNORECASE),
}
"""Wording that style rules out in docstrings. A group named `word`, if any, is the part that is reported."""


@dataclass(frozen=True)
class Occurrence:
    """A piece of text and the line it is on."""

    line: int
    text: str


def identifiers(tree: ast.AST) -> Iterator[Occurrence]:
    """Every place that binds or uses an identifier, without leading and trailing underscores.

    Covers variables, parameters, keyword arguments, attributes, functions, classes, and the names that imports with
    `as`, `except` clauses and `match` patterns bind. Strings and imported module paths are not identifiers.
    """
    for node in ast.walk(tree):
        name = _identifier(node)
        if name and (stripped := name.strip("_")):
            # an attribute in a chain over several lines stands where the chain ends, not where it starts
            line = node.end_lineno if isinstance(node, ast.Attribute) else getattr(node, "lineno", 0)
            yield Occurrence(line or 0, stripped)


def loop_variables(tree: ast.AST) -> Iterator[Occurrence]:
    """The variables that `for` statements and comprehensions bind."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for target in ast.walk(node.target):
                if isinstance(target, ast.Name):
                    yield Occurrence(target.lineno, target.id)


def docstrings(tree: ast.AST) -> Iterator[Occurrence]:
    """Every string that stands as a statement: docstrings, and the descriptions below constants and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Occurrence(node.lineno, node.value.value)


def phrases(docstring: Occurrence) -> Iterator[tuple[str, Occurrence]]:
    """The matches of PHRASES in a docstring, as pairs of the phrase's name and the place."""
    for name, pattern in PHRASES.items():
        for match in pattern.finditer(docstring.text):
            group = "word" if "word" in pattern.groupindex else 0
            line = docstring.line + docstring.text.count("\n", 0, match.start(group))
            yield name, Occurrence(line, match[group])


def word_count(text: str) -> int:
    """The number of words, separated by white space."""
    return len(text.split())


def _identifier(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.keyword(arg=optional) | ast.alias(asname=optional) | ast.ExceptHandler(name=optional):
            return optional
        case ast.MatchAs(name=optional) | ast.MatchStar(name=optional) | ast.MatchMapping(rest=optional):
            return optional
        case _:
            return None
