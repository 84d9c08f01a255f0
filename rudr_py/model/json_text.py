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


def excerpt(value: Json) -> str:
    """A value as JSON for a message, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
