"""The right form of a list that a document has in the form of Compose or of a command line. Pure."""

from __future__ import annotations

import json
import re
from typing import Final

from rudr_py.model.document import Json

_COMMANDS: Final = frozenset({"appliesTo", "applicationScopes", "args", "cmd", "command"})
_ENTRIES: Final = {
    "env": "a list of name and value",
    "parameters": "a list of name and type",
    "settings": "a list of name and type, or a JSON Schema with properties",
    "variables": "a list of name and value",
    "workloadSettings": "a list of name and value, or a map",
}
"""The form of each list of entries."""

_LONGEST: Final = 200
_ASSIGNMENT: Final = re.compile(r"(?P<name>[A-Za-z_][\w.-]{0,100})=(?P<value>.{0,100})")
_PORT: Final = re.compile(r"([0-9]{1,5}:)?(?P<number>[0-9]{1,5})(/(?P<protocol>tcp|udp|sctp))?", re.IGNORECASE)


def of_value(key: str, value: Json) -> str:
    """Advice for a value in the place of a list, as the continuation of a message; "" without any."""
    if isinstance(value, str) and key in _COMMANDS and len(value) <= _LONGEST:
        return f"; write {json.dumps(value.split(), ensure_ascii=False)}"
    return f"; write {_ENTRIES[key]}" if key in _ENTRIES and isinstance(value, str | dict) else ""


def of_item(key: str, item: Json) -> str:
    """Advice for an entry in the place of a map, as the continuation of a message; "" without any."""
    text = str(item) if isinstance(item, str | int) and not isinstance(item, bool) else ""
    if key == "env" and (assignment := _ASSIGNMENT.fullmatch(text)):
        return f"; write {{name: {assignment['name']}, value: {json.dumps(assignment['value'], ensure_ascii=False)}}}"
    if key == "ports" and (port := _PORT.fullmatch(text)):
        protocol = f", protocol: {port['protocol'].upper()}" if port["protocol"] else ""
        return f"; write {{name: http, containerPort: {int(port['number'])}{protocol}}}"
    if key == "traits" and text:
        return f"; write {{name: {text[:_LONGEST]}}}"
    return ""
