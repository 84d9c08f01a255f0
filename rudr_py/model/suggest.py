"""The nearest known name, for messages about unknown ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?` with the known name most like `name`, or ""; case is ignored."""
    return _nearest(name, {candidate.casefold(): candidate for candidate in sorted(known)})


def nearest_kind(name: str, known: Iterable[str]) -> str:
    """As `nearest`, for a name that may be a kind alone: `Server` for `core.oam.dev/v1alpha1.Server`."""
    return _nearest(name, {candidate.rpartition(".")[2].casefold(): candidate for candidate in sorted(known)})


def _nearest(name: str, by_folded: Mapping[str, str]) -> str:
    found = difflib.get_close_matches(name.casefold()[:100], by_folded, n=1)
    return f' Did you mean "{by_folded[found[0]]}"?' if found else ""
