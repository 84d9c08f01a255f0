"""Suggests a valid name that is similar to an unknown one, for messages."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Mapping

COMPARED = 200
"""Maximum number of names that a name is compared with; among more, none is suggested, because it takes too long."""


def nearest(name: str, names: Iterable[str]) -> str:
    """` Did you mean "x"?` with the name most similar to `name`, or ""; case is ignored."""
    return _nearest(name, {candidate.casefold(): candidate for candidate in _compared(names)})


def nearest_kind(name: str, names: Iterable[str]) -> str:
    """Like `nearest`, for a name that may be a kind alone: `Server` for `core.oam.dev/v1alpha1.Server`."""
    return _nearest(name, {candidate.rpartition(".")[2].casefold(): candidate for candidate in _compared(names)})


def _compared(names: Iterable[str]) -> list[str]:
    first = list(itertools.islice(names, COMPARED + 1))
    return sorted(first) if len(first) <= COMPARED else []


def _nearest(name: str, by_folded: Mapping[str, str]) -> str:
    matches = difflib.get_close_matches(name.casefold()[:100], by_folded, n=1)
    return f' Did you mean "{by_folded[matches[0]]}"?' if matches else ""
