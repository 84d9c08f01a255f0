"""Suggests a valid name that is similar to an unknown one, for messages."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Mapping
from contextvars import ContextVar

COMPARED = 200
"""Maximum number of names that a name is compared with; among more, none is suggested, because it takes too long."""

CUTOFF = 0.7
"""The least similarity of a suggestion, by difflib. Below it, suggestions are seldom right."""

CUTOFF_OF_SHORT = 0.6
"""The same for short names, of which one letter is a large part."""

EFFORT = 500_000
"""The work for all suggestions in one document or plan, in pairs of characters: about 25 ms."""

_SHORT = 4
_LONGEST = 100
_COMPARISON = 100
"""The work for a comparison of two short names, in pairs of characters."""


class _Effort:
    """The work that is left."""

    def __init__(self) -> None:
        self.left = EFFORT

    def spend(self, work: int) -> bool:
        """Whether the work may be done. After the first that may not, none may."""
        self.left = self.left - work if work <= self.left else 0
        return self.left > 0


_effort: ContextVar[_Effort | None] = ContextVar("rudr_suggestions", default=None)


def begin() -> None:
    """Begin a document or a plan: from now on EFFORT limits the suggestions in this context.

    Beyond it, nothing is suggested: a document may contain thousands of unknown names.
    """
    _effort.set(_Effort())


def nearest(name: str, names: Iterable[str]) -> str:
    """` Did you mean "x"?` with the name most similar to `name`, or ""; case and separators are ignored."""
    return _hint(similar(name, names))


def nearest_kind(name: str, names: Iterable[str]) -> str:
    """Like `nearest`, for a name that may be a kind alone: `Server` for `core.oam.dev/v1alpha1.Server`."""
    return _hint(similar_kind(name, names))


def similar(name: str, names: Iterable[str]) -> str:
    """The name most similar to `name`, or "". Of names with a group, the parts after it must be similar as well."""
    if _is_spent():
        return ""
    nearest_name = _similar(name, {_folded(candidate): candidate for candidate in _compared(names)})
    return nearest_name if "/" not in nearest_name or similar_kind(name, [nearest_name]) else ""


def similar_kind(name: str, names: Iterable[str]) -> str:
    """Like `similar`, for kinds: the last parts after a slash and a dot are compared."""
    if _is_spent():
        return ""
    return _similar(_kind(name), {_folded(_kind(candidate)): candidate for candidate in _compared(names)})


def _kind(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2]


def _is_spent() -> bool:
    effort = _effort.get()
    return effort is not None and not effort.left


def _compared(names: Iterable[str]) -> list[str]:
    first = list(itertools.islice(names, COMPARED + 1))
    return sorted(first) if len(first) <= COMPARED else []


def _folded(name: str) -> str:
    return name[:_LONGEST].casefold().replace("-", "").replace("_", "").strip()


def _similar(name: str, by_folded: Mapping[str, str]) -> str:
    folded = _folded(name)
    effort = _effort.get()
    work = sum(_COMPARISON + len(folded) * len(candidate) for candidate in by_folded)
    if not folded or not by_folded or (effort is not None and not effort.spend(work)):
        return ""
    cutoff = CUTOFF_OF_SHORT if len(folded) <= _SHORT else CUTOFF
    matches = difflib.get_close_matches(folded, by_folded, n=1, cutoff=cutoff)
    return by_folded[matches[0]] if matches else ""


def _hint(name: str) -> str:
    return f' Did you mean "{name}"?' if name else ""
