"""Replaces sensitive values of documents in everything that a command prints, see `model.sensitive`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from rudr_py.model import sensitive
from rudr_py.model.hidden_values import SHORTEST, DocumentTexts, HiddenValues
from rudr_py.model.sensitive import MASK

_WORDS = frozenset({"level", "state"})
"""The fields of structs with one of several words of rudr."""

S = TypeVar("S", bound=msgspec.Struct)


class Mask:
    """The sensitive values of the documents that a command reads."""

    def __init__(self, documents: Iterable[Mapping[str, Any]], words: Iterable[str]) -> None:
        """`words` make a name sensitive; without words, nothing is replaced."""
        names = frozenset(words)
        sensitive_values = sensitive.find(documents if names else (), names)
        self._values = sensitive_values.values
        self._names = sensitive_values.names
        self._hidden = HiddenValues(DocumentTexts(sensitive_values.values), replacement=MASK)

    def text(self, text: str) -> str:
        """A text without sensitive values."""
        return self._hidden.text(text)

    def document(self, value: Any) -> Any:
        """A JSON value without sensitive values; an entry with a sensitive name has no value."""
        if isinstance(value, dict):
            is_entry = isinstance(value.get("value"), str) and value.get("name") in self._names
            masked = {key: self.document(item) for key, item in value.items()}
            return {**masked, "value": MASK} if is_entry else masked
        if isinstance(value, list):
            return [self.document(item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        if str(value) in self._values:
            return MASK
        return self.text(value) if isinstance(value, str) else value

    def data(self, value: Any) -> Any:
        """A JSON value that a command has built, without sensitive values in its texts. Keys and numbers stay."""
        if isinstance(value, dict):
            return {key: item if key in _WORDS else self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        if not isinstance(value, str):
            return value
        return MASK if value in self._values and len(value) < SHORTEST else self.text(value)

    def struct(self, value: S) -> S:
        """A struct without sensitive values in its texts. Texts are masked before they are wrapped into lines."""
        return msgspec.convert(self.data(msgspec.to_builtins(value)), type(value))

    def pair(self, live: Any, merged: Any) -> tuple[Any, Any]:
        """Two versions of a JSON value. A sensitive value that differs is marked, as `kubectl diff` does."""
        return _marked(live, merged, self.document(live), self.document(merged))


def _marked(live: Any, merged: Any, masked_live: Any, masked_merged: Any) -> tuple[Any, Any]:
    if isinstance(live, dict) and isinstance(merged, dict):
        pairs = {
            key: _marked(live[key], merged[key], masked_live[key], masked_merged[key])
            for key in live.keys() & merged.keys()
        }
        return (
            {key: pairs[key][0] if key in pairs else item for key, item in masked_live.items()},
            {key: pairs[key][1] if key in pairs else item for key, item in masked_merged.items()},
        )
    if isinstance(live, list) and isinstance(merged, list) and len(live) == len(merged):
        marked = [_marked(*items) for items in zip(live, merged, masked_live, masked_merged, strict=True)]
        return [item for item, _ in marked], [item for _, item in marked]
    if live != merged and masked_live == masked_merged:
        return f"{masked_live} (before)", f"{masked_merged} (after)"
    return masked_live, masked_merged


NO_MASK = Mask((), ())
"""Replaces nothing."""
