"""Kubernetes objects as YAML, JSON or names, and tables. Text only: writing it is up to the command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
import yaml

from rudr_py.api import Kind, Ref
from rudr_py.model.parse import yaml_scalars

Form = Literal["yaml", "json", "name"]

FORMS: tuple[Form, ...] = ("yaml", "json", "name")
"""What `-o` accepts."""

Document = dict[str, Any]


def text(objects: Sequence[Document], form: Form) -> str:
    """The objects in the form that `-o` asks for, ending in a newline unless there is nothing to say."""
    if form == "name":
        return "".join(f"{_name(found)}\n" for found in objects)
    if form == "json":
        return data({"apiVersion": "v1", "kind": "List", "items": list(objects)}, form)
    return documents(objects)


def data(value: Document, form: str) -> str:
    """One value that is no object of Kubernetes, for machines: as JSON, if that is the form, else as YAML."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
    return documents([value])


def documents(objects: Iterable[Document]) -> str:
    """The objects as one YAML stream that kubectl reads as it is meant, keys in the given order."""
    return "---\n".join(
        yaml.dump(found, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**16) for found in objects
    )


def table(rows: Sequence[Sequence[str]], *, headers: bool = True) -> str:
    """As kubectl prints tables: three spaces between columns, none at the end; without `headers`, not the first row."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown = rows if headers else rows[1:]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _name(found: Document) -> str:
    return str(Ref(Kind(found["apiVersion"], found["kind"]), found["metadata"]["name"]))


_BREAKS = frozenset("\r\x85\u2028\u2029")
"""Line breaks of YAML 1.1 that only an escape keeps as they are."""


class _Dumper(yaml.SafeDumper):
    """Writes text without quotes only where kubectl, too, reads it as text, and long text line by line."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out: an object that is shared in memory is not shared in a document."""
        del data
        return True


def _string(dumper: _Dumper, data: str) -> yaml.ScalarNode:
    style = None
    if not _means_itself(data) or _BREAKS.intersection(data):
        style = '"'
    elif "\n" in data:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


def _means_itself(data: str) -> bool:
    """Whether the text without quotes is text; as a key, `<<` is not."""
    try:
        return data != "<<" and bool(yaml_scalars.plain(data) == data)
    except ValueError:
        return False


_Dumper.add_representer(str, _string)
