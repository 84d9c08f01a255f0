"""Suggests a valid name that is similar to an unknown one, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping


def nearest(name: str, names: Iterable[str]) -> str:
    """` Did you mean "x"?` with the name most similar to `name`, or ""; case is ignored."""
    return _nearest(name, {candidate.casefold(): candidate for candidate in sorted(names)})


def nearest_kind(name: str, names: Iterable[str]) -> str:
    """Like `nearest`, for a name that may be a kind alone: `Server` for `core.oam.dev/v1alpha1.Server`."""
    return _nearest(name, {candidate.rpartition(".")[2].casefold(): candidate for candidate in sorted(names)})


def _nearest(name: str, by_folded: Mapping[str, str]) -> str:
    matches = difflib.get_close_matches(name.casefold()[:100], by_folded, n=1)
    return f' Did you mean "{by_folded[matches[0]]}"?' if matches else ""
