"""Rule 6, identifiers: no private words. And the wording of docstrings: no phrase of `bench.language.PHRASES`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bench.language import docstrings, identifiers, phrases
from tests.naming.sources import Module, Violation

PRIVATE_WORDS = frozenset(
    {
        *("once", "recent", "told", "fights", "strangers", "telling", "rooting", "seeking", "somebody"),
        *("found", "wanted", "known", "given", "shown", "asked"),
    }
)
"""Words that name nothing. `current` is not among them: as an identifier it is a role, see `nouns.ROLES`."""

INSTEAD = {
    "tell": "report, return, log, state",
    "say": "state, contain, name",
    "What/Who clause": "start with the subject",
    "somebody": "another client, the user, the caller",
}


def identifier_violations(modules: Sequence[Module]) -> list[Violation]:
    """Each use of a private word as an identifier. Names that other libraries define are excluded."""
    return [violation for module in modules for violation in _in_identifiers(module)]


def docstring_violations(modules: Sequence[Module]) -> list[Violation]:
    """Each phrase in a docstring, or in a description below a constant or an attribute."""
    return [
        Violation(module.path, place.line, f"“{place.text}”", INSTEAD[phrase])
        for module in modules
        for docstring in docstrings(module.tree)
        for phrase, place in phrases(docstring)
    ]


def _in_identifiers(module: Module) -> Iterator[Violation]:
    foreign = _imported(module.tree)
    for identifier in identifiers(module.tree):
        if identifier.text in PRIVATE_WORDS and identifier.text not in foreign:
            yield Violation(module.path, identifier.line, identifier.text, "name the thing")


def _imported(tree: ast.Module) -> set[str]:
    """The names that are imported from other libraries, such as `given` of hypothesis."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    own = ("rudr_py", "tests", "bench")
    return {
        alias.name
        for node in imports
        if not node.level and not (node.module or "").startswith(own)
        for alias in node.names
    }
