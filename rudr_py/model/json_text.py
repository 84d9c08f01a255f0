"""JSON values and lists of names in the text of messages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rudr_py.model.document import Json


def type_in_words(value: Json) -> str:
    """The JSON type of a value, in words for a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a map"


def listed(names: Sequence[str], maximum: int) -> str:
    """The first names, `maximum` at most, and the number of further ones: `a, b and 3 more`."""
    further = f" and {len(names) - maximum} more" if len(names) > maximum else ""
    return ", ".join(names[:maximum]) + further


LONGEST = 60
"""Maximum characters of an excerpt."""

_TAIL = 24
"""Characters of the end of a text in its excerpt: the tag of an image is there, for example."""

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def excerpt(value: Json) -> str:
    """A value as JSON for a message, cut to a readable length: a text in its middle, any other value at its end.

    Of a large value only the beginning is encoded.
    """
    if isinstance(value, str):
        return _excerpt_of_text(value)
    text = ""
    for part in _ENCODER.iterencode(value):
        text += part[: LONGEST + 1]
        if len(text) > LONGEST:
            return f"{text[: LONGEST - 3]}..."
    return text


def _excerpt_of_text(value: str) -> str:
    text = _ENCODER.encode(value[: 2 * LONGEST])
    if len(value) <= LONGEST and len(text) <= LONGEST:
        return text
    tail = _ENCODER.encode(value[-_TAIL:])[-_TAIL:]
    return f"{text[: LONGEST - 3 - _TAIL]}...{tail}"
