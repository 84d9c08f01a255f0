"""The rules of naming by their short names."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from tests.naming import layout, nouns, words
from tests.naming.sources import Module, Violation, modules

RULES: dict[str, Callable[[Sequence[Module]], list[Violation]]] = {
    "noun": nouns.violations,
    "homonym": layout.homonym_violations,
    "twin": layout.twin_violations,
    "module": layout.module_name_violations,
    "folder": layout.size_violations,
    "word": words.identifier_violations,
    "docstring": words.docstring_violations,
}


@functools.cache
def violations(rule: str) -> tuple[Violation, ...]:
    """The violations of one rule in the repository, in the order of their places."""
    return tuple(sorted(RULES[rule](modules())))
