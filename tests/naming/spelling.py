"""Splits names into words, and reduces words to their singular or stem. English only, and only what names need."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")
_ENDINGS = (
    *("ations", "ation", "itions", "ition", "ions", "ion", "ences", "ence", "ances", "ance"),
    *("ments", "ment", "ings", "ing", "ers", "er", "ors", "or", "ies", "ied", "ed", "es", "s", "e", "y"),
)
"""Longer endings first."""

SHORTEST_STEM = 3


def words(name: str) -> list[str]:
    """The words of a snake_case or CamelCase name, in lower case."""
    return [word.lower() for word in _WORDS.findall(name)]


def singular(word: str) -> str:
    """A word without its plural ending."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def snake(name: str) -> str:
    """A CamelCase name in snake_case."""
    return "_".join(words(name))


def stem(word: str) -> str:
    """A word without grammatical endings: `diff` for diff, differ and difference; `complet` for completing."""
    shortened = True
    while shortened:
        shortened = False
        for ending in _ENDINGS:
            rest = word.removesuffix(ending)
            if rest != word and len(rest) >= SHORTEST_STEM and not (ending == "s" and rest.endswith(("s", "u", "i"))):
                word, shortened = rest, True
                break
    if len(word) > SHORTEST_STEM and word[-1] == word[-2]:
        word = word[:-1]
    return word
