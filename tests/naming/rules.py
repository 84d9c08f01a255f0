"""The rules of naming by their short names, and the number of violations that each package may still have."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence

from tests.naming import layout, nouns, words
from tests.naming.permitted import PERMITTED
from tests.naming.sources import Module, Violation, modules, package_of

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


def counts(rule: str) -> Counter[str]:
    """The number of violations of one rule in each package that has any."""
    return Counter(package_of(violation.path) for violation in violations(rule))


def permitted(rule: str) -> Counter[str]:
    """The number of violations of one rule that each package may have."""
    return Counter({package: numbers.get(rule, 0) for package, numbers in PERMITTED.items()})


def changes(actual: Counter[str], allowed: Counter[str]) -> tuple[list[str], list[str]]:
    """The packages with more violations than allowed, and those with fewer."""
    packages = sorted({*actual, *allowed})
    above = [package for package in packages if actual[package] > allowed[package]]
    below = [package for package in packages if actual[package] < allowed[package]]
    return above, below
