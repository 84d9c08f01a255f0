"""Removes values of documents from the texts of a status. Sends nothing."""

from __future__ import annotations

import re
from typing import Any, Final

from rudr_py.controller.results import log_context

_TEXTS: Final = frozenset({"message", "warnings"})
"""The fields whose strings are messages."""

_COUNT: Final = re.compile(r"[0-9]{1,6}(?:/[0-9]{1,6})?")
"""A number of replicas, for which no document is read."""


def without_values(part: Any, *, is_text: bool = False) -> Any:
    """A part of a status whose messages and warnings contain no values.

    Types choose the facts in `show`, which contain no sensitive values.
    """
    if isinstance(part, str):
        return log_context.without_values(part) if is_text else part
    if isinstance(part, list):
        return [without_values(item, is_text=is_text) for item in part]
    if isinstance(part, dict):
        return {
            key: item
            if key == "resources" or (isinstance(item, str) and not is_text and key not in _TEXTS)
            else _facts(item)
            if key == "show"
            else without_values(item, is_text=is_text or key in _TEXTS)
            for key, item in part.items()
        }
    return part


def _facts(facts: Any) -> Any:
    if not isinstance(facts, dict):
        return facts
    return {
        key: item if not isinstance(item, str) or _COUNT.fullmatch(item) else log_context.without_sensitive(item)
        for key, item in facts.items()
    }
