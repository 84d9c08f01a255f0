"""JSON values in the text of messages."""

from __future__ import annotations

import json

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


LONGEST = 60
"""Maximum characters of an excerpt."""

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def excerpt(value: Json) -> str:
    """A value as JSON for a message, cut to a readable length. Of a large value only the beginning is encoded."""
    text = ""
    for part in _ENCODER.iterencode(value[:LONGEST] if isinstance(value, str) else value):
        text += part[: LONGEST + 1]
        if len(text) > LONGEST:
            return f"{text[: LONGEST - 3]}..."
    return text
