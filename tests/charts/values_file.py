"""Reads charts/rudr-py/values.yaml: each value with its default and the comment above it.

The chart's README and the descriptions in its schema are generated from it. Does not read templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

FOLDER = Path(__file__).parents[2] / "charts" / "rudr-py"

MARK = "<!-- The table is printed from values.yaml by `make chart`. -->\n\n"

_KEY = re.compile(r"^( *)(\w+):")


class Value(msgspec.Struct, frozen=True):
    """A value of the chart. `path` holds its keys, `text` its comment as one line."""

    path: tuple[str, ...]
    default: Any
    text: str

    @property
    def name(self) -> str:
        """The path with dots."""
        return ".".join(self.path)


def values() -> list[Value]:
    """Every value, in the order of the file: keys with a comment above."""
    return list(_commented((FOLDER / "values.yaml").read_text()))


def described_schema() -> str:
    """values.schema.json with the comments of values.yaml as descriptions."""
    schema = json.loads((FOLDER / "values.schema.json").read_text())
    for value in values():
        node = schema
        for key in value.path:
            node = node["properties"][key]
        node["description"] = value.text
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def readme() -> str:
    """The chart's README with a new table; the text before the table is unchanged."""
    head, mark, _ = (FOLDER / "README.md").read_text().partition(MARK)
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for value in values():
        default = json.dumps(value.default, ensure_ascii=False)
        rows.append(f"| `{value.name}` | `{_cell(default)}` | {_cell(value.text)} |")
    return head + mark + "\n".join(rows) + "\n"


def _commented(text: str) -> Iterator[Value]:
    """The keys of a file with an indentation of two, each with the comment lines directly above it."""
    defaults = yaml.safe_load(text)
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            comment.append(line.lstrip()[1:].strip())
            continue
        match = _KEY.match(line)
        if match and comment:
            path = [*path[: len(match[1]) // 2], match[2]]
            yield Value(tuple(path), _at(defaults, path), " ".join(comment))
        elif match:
            path = [*path[: len(match[1]) // 2], match[2]]
        comment = []


def _at(defaults: Any, path: list[str]) -> Any:
    for key in path:
        defaults = defaults[key]
    return defaults


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
