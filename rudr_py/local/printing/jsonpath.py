"""The JSONPath of printer columns and selectable fields: fields, indexes, `[*]` and `[?(@.a=="b")]`. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"""\.?(?P<field>[A-Za-z_][\w\-/]*(?:\\\.[\w\-/]+)*)
      | \[(?P<index>-?\d+|\*)\]
      | \[["'](?P<quoted>[^"']+)["']\]
      | \[\?\(\s*@\.(?P<key>[\w.\-]+)\s*(?P<operator>==|!=)\s*+["']?(?P<value>[^"')]*+)["']?\s*\)\]
      | \.(?P<star>\*)""",
    re.VERBOSE,
)
_Step = tuple[str, str, str]


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or match.end() == position:
            return (("none", "", ""),)
        position = match.end()
        if match["key"] is not None:
            steps.append((match["operator"], match["key"], match["value"]))
        elif match["index"] is not None or match["star"] is not None:
            steps.append(("index", match["index"] or "*", ""))
        else:
            steps.append(("field", match["quoted"] or match["field"].replace("\\.", "."), ""))
    return tuple(steps)


def find(obj: Any, path: str) -> list[Any]:
    """Return all values at a path; none if the path is not supported."""
    values = [obj]
    for kind, name, operand in _steps(path):
        values = [child for value in values for child in _step(value, kind, name, operand)]
    return values


def _step(value: Any, kind: str, name: str, operand: str) -> list[Any]:
    if kind == "field":
        return [value[name]] if isinstance(value, dict) and name in value else []
    if kind == "index":
        if name == "*":
            return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
        number = int(name)
        return [value[number]] if isinstance(value, list) and -len(value) <= number < len(value) else []
    if kind in ("==", "!="):
        items = value if isinstance(value, list) else []
        return [each for each in items if (_as_text(find(each, f".{name}")) == operand) == (kind == "==")]
    return []


def _as_text(values: list[Any]) -> str:
    if not values:
        return ""
    value = values[0]
    return str(value).lower() if isinstance(value, bool) else str(value)
