"""Kubernetes objects as YAML, JSON or names, and tables. Returns text and prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
import yaml

from rudr_py.api import Kind, Ref
from rudr_py.cli.output import plain_text
from rudr_py.model.parse import yaml_scalars

OutputFormat = Literal["yaml", "json", "name"]

Document = dict[str, Any]


def text(objects: Sequence[Document], output_format: OutputFormat) -> str:
    """The objects in a format, ending in a newline unless there are none."""
    if output_format == "name":
        return "".join(f"{_name(document)}\n" for document in objects)
    if output_format == "json":
        return data({"apiVersion": "v1", "kind": "List", "items": list(objects)}, output_format)
    return documents(objects)


def data(value: Document, output_format: str) -> str:
    """A value that is not a Kubernetes object: as JSON if that is the format, else as YAML."""
    if output_format == "json":
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
    return documents([value])


def documents(objects: Iterable[Document]) -> str:
    """The objects as one YAML stream, with their keys in order. kubectl reads the same values from it."""
    return "---\n".join(
        yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**16) for document in objects
    )


def flow(value: Any) -> str:
    """A JSON value as YAML in one line, with brackets around maps and lists."""
    text: str = yaml.dump(
        value, Dumper=_LineDumper, sort_keys=False, allow_unicode=True, width=2**31 - 1, default_flow_style=True
    )
    return text.removesuffix("...\n").rstrip("\n")


def table(rows: Sequence[Sequence[str]], *, headers: bool = True) -> str:
    """The rows in columns three spaces apart, as kubectl prints them. The first row is the header row."""
    widths = [max(map(plain_text.columns, column)) for column in zip(*rows, strict=True)]
    lines = (
        "   ".join(plain_text.padded(cell, width) for cell, width in zip(row, widths, strict=True))
        for row in (rows if headers else rows[1:])
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _name(document: Document) -> str:
    return str(Ref(Kind(document["apiVersion"], document["kind"]), document["metadata"]["name"]))


_BREAKS = frozenset("\r\x85\u2028\u2029")
"""Line breaks of YAML 1.1 that only an escape sequence preserves."""


class _Dumper(yaml.SafeDumper):
    """Writes text without quotes only where kubectl also reads it as text, and text with lines as a block."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always true: a value that is shared in memory is written out each time."""
        del data
        return True


class _LineDumper(_Dumper):
    """Writes text with lines in quotes."""


def _string_in_line(dumper: _LineDumper, data: str) -> yaml.ScalarNode:
    style = '"' if "\n" in data or not _is_plain(data) or _BREAKS.intersection(data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


def _string(dumper: _Dumper, data: str) -> yaml.ScalarNode:
    style = None
    if not _is_plain(data) or _BREAKS.intersection(data):
        style = '"'
    elif "\n" in data:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


def _is_plain(data: str) -> bool:
    """Whether the text without quotes is read as the same text. As a key, `<<` is not."""
    try:
        return data != "<<" and bool(yaml_scalars.plain(data) == data)
    except ValueError:
        return False


_Dumper.add_representer(str, _string)
_LineDumper.add_representer(str, _string_in_line)
