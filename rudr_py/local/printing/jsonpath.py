"""The JSONPath of printer columns and selectable fields: fields, indexes, `[*]` and `[?(@.a=="b")]`. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"""\.?(?P<field>[A-Za-z_][\w\-/]*(?:\\\.[\w\-/]+)*)
      | \[(?P<index>-?\d+|\*)\]
      | \[["'](?P<quoted>[^"']+)["']\]
      | \[\?\(\s*@\.(?P<key>[\w.\-]+)\s*(?P<operator>==|!=)\s*["']?(?P<value>[^"')]*)["']?\s*\)\]
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
        found = _STEP.match(text, position)
        if found is None or found.end() == position:
            return (("none", "", ""),)
        position = found.end()
        if found["key"] is not None:
            steps.append((found["operator"], found["key"], found["value"]))
        elif found["index"] is not None or found["star"] is not None:
            steps.append(("index", found["index"] or "*", ""))
        else:
            steps.append(("field", found["quoted"] or found["field"].replace("\\.", "."), ""))
    return tuple(steps)


def find(obj: Any, path: str) -> list[Any]:
    """Return all values at a path; a path that is not understood finds nothing."""
    values = [obj]
    for kind, name, wanted in _steps(path):
        values = [found for value in values for found in _step(value, kind, name, wanted)]
    return values


def _step(value: Any, kind: str, name: str, wanted: str) -> list[Any]:
    if kind == "field":
        return [value[name]] if isinstance(value, dict) and name in value else []
    if kind == "index":
        if name == "*":
            return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
        number = int(name)
        return [value[number]] if isinstance(value, list) and -len(value) <= number < len(value) else []
    if kind in ("==", "!="):
        items = value if isinstance(value, list) else []
        return [each for each in items if (_shown(find(each, f".{name}")) == wanted) == (kind == "==")]
    return []


def _shown(found: list[Any]) -> str:
    if not found:
        return ""
    value = found[0]
    return str(value).lower() if isinstance(value, bool) else str(value)
