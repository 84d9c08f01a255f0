"""The nearest known name, for messages about unknown ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?` with the known name most like `name`, or ""; case is ignored."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    found = difflib.get_close_matches(name.casefold()[:100], by_folded, n=1)
    return f' Did you mean "{by_folded[found[0]]}"?' if found else ""
