"""The size of values and of documents, and the problems of those that are larger than a limit of the settings.

Sizes are counted before anything is done with the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rudr_py.errors import Location, MoreProblems, TooLargeProblem
from rudr_py.model import paths
from rudr_py.model.stepwise import BATCH, Stepwise, run
from rudr_py.settings import Limits

NO_LIMIT: Final = 2**63

_CHEAP: Final = 10
"""To count a value takes this part of the time of rendering it."""

_OF_SERVER: Final = "managedFields"
"""The field of metadata that grows without a change of the document."""


class Size(msgspec.Struct, frozen=True):
    """A number of values, and the bytes of their texts; the keys of maps are texts, too."""

    values: int = 0
    text: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.values + other.values, self.text + other.text)

    def __mul__(self, times: int) -> Size:
        return Size(self.values * times, self.text * times)


def of(value: Any) -> Size:
    """The size of a value."""
    return run(steps(value))


def steps(value: Any, most: int = NO_LIMIT) -> Stepwise[Size]:
    """The size of a value. Counting stops when the number of values exceeds `most`."""
    values = text = 0
    stack: list[Any] = [value]
    while stack and values <= most:
        item = stack.pop()
        if values % BATCH == 0:
            yield BATCH // _CHEAP
        values += 1
        if isinstance(item, str):
            text += text_bytes(item)
        elif isinstance(item, dict):
            for key in item:
                text += text_bytes(key) if isinstance(key, str) else 0
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return Size(values, text)


def text_bytes(text: str) -> int:
    """The length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def parts(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document without the fields that the API server adds, and these fields: they are not limited."""
    own = {key: value for key, value in document.items() if key != "status"}
    added = {key: value for key, value in document.items() if key == "status"}
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and _OF_SERVER in metadata:
        own["metadata"] = {key: value for key, value in metadata.items() if key != _OF_SERVER}
        added["metadata"] = {_OF_SERVER: metadata[_OF_SERVER]}
    return own, added


def too_large(limit: str, counted: str, limits: Limits, path: str = paths.ROOT) -> TooLargeProblem:
    """The problem of what exceeds a limit; `limit` is the name of its field, `counted` its size in words."""
    message = f"{counted}; the limit is {getattr(limits, limit)}. Split it, or raise the limit: --limits {limit}=NUMBER"
    return TooLargeProblem(message, path)


def more(count: int, location: Location | None = None) -> MoreProblems:
    """The problem that stands for `count` further ones."""
    text = "1 further problem is not listed" if count == 1 else f"{count} further problems are not listed"
    return MoreProblems(text, location=location, count=count)
