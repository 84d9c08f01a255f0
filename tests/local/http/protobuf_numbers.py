"""Writes the table of protobuf field numbers, which `rudr_py.local.http.protobuf` reads.

    python -m tests.local.http.protobuf_numbers FOLDER

The folder has the generated.proto files of k8s.io/api, apimachinery, apiextensions-apiserver and kube-aggregator, of
each release in a folder of its own. Fields are named as in the published schemas. A field whose schema has another
form has a path of numbers: `2.1:http` is field 1 of the message in field 2.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rudr_py.local.http.protobuf import fields as numbered
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.schema.node import SchemaNode

_HEADER = """\
# Field numbers of the messages of the Kubernetes API, by package, in the order of their numbers: from 1, or from the
# number before a colon. `2.1:http` is field 1 of the message in field 2, which JSON inlines.
# Facts from the generated.proto files of k8s.io/api, apimachinery, apiextensions-apiserver and kube-aggregator
# (Kubernetes {first} to {last}; Apache-2.0), written by tests/local/http/protobuf_numbers.py. Types are those of the
# schemas.
"""
RELEASES = tuple(f"1.{minor}" for minor in range(25, 38))
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_PARTIAL = {
    f"{_META}PartialObjectMetadata": {"metadata": SchemaNode()},
    f"{_META}PartialObjectMetadataList": {"metadata": SchemaNode(), "items": SchemaNode(type="array")},
}
"""Messages without a schema."""

_FIELD = re.compile(r"\s*(?:optional|repeated|map)\s*(<.*>|\S+)\s+(\w+) = (\d+);")


class Field(NamedTuple):
    """A field of a message: its number, and the full name of its type."""

    number: int
    type: str


Messages = dict[str, dict[str, Field]]


def read(folder: Path) -> Messages:
    """The messages of all releases, by the names of the schemas."""
    messages: Messages = {}
    for file in sorted(folder.rglob("generated.proto")):
        package, fields = "", dict[str, Field]()
        for line in file.read_text().splitlines():
            if line.startswith("package "):
                package = _schema_name(line.removeprefix("package ").rstrip(";"))
            elif line.startswith("message "):
                fields = messages.setdefault(f"{package}.{line.split()[1]}", {})
            elif match := _FIELD.match(line):
                kind = match[1].removeprefix(".")
                fields[match[2]] = Field(int(match[3]), _schema_name(kind) if "." in kind else f"{package}.{kind}")
    return messages


def _schema_name(name: str) -> str:
    return name.replace("k8s.io.", "io.k8s.", 1).replace("_apiserver", "-apiserver").replace("kube_", "kube-")


def paths(messages: Messages, message: str, properties: dict[str, SchemaNode]) -> Iterator[tuple[tuple[int, ...], str]]:
    """The path of numbers of each property of a message."""
    names = {_plain(name): name for name in properties}
    for name, field in messages[message].items():
        inner = messages.get(field.type, {})
        if (own := names.get(_plain(name))) is not None:
            is_wrapped = properties[own].type == "array" and set(inner) == {"items"}
            yield ((field.number, 1) if is_wrapped else (field.number,)), own
        elif inner and field.type != message:
            rest = {key: node for key, node in properties.items() if _plain(key) not in map(_plain, messages[message])}
            for path, inlined in paths(messages, field.type, rest) if rest else ():
                yield (field.number, *path), inlined


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def line(fields: list[tuple[tuple[int, ...], str]]) -> str:
    """The fields of a message in the form of the table."""
    words: list[str] = []
    following: tuple[int, ...] = (1,)
    for path, name in sorted(fields):
        words.append(name if path == following else f"{'.'.join(map(str, path))}:{name}")
        following = (*path[:-1], path[-1] + 1)
    return " ".join(words)


def table(messages: Messages) -> str:
    """The text of the table."""
    properties: dict[str, dict[str, SchemaNode]] = {**_PARTIAL}
    for release in RELEASES:
        schema = builtin_schema(release)
        for name in schema.definitions:
            properties.setdefault(name, {}).update(schema.definition(name).properties)
    lines: list[str] = []
    package = ""
    for name in sorted(properties):
        fields = sorted(set(paths(messages, name, properties[name]))) if name in messages else []
        if not fields:
            continue
        if name.rpartition(".")[0] != package:
            package = name.rpartition(".")[0]
            lines.append(f"[{package.removeprefix('io.k8s.')}]")
        lines.append(f"{name.rpartition('.')[2]} {line(fields)}")
    return _HEADER.format(first=RELEASES[0], last=RELEASES[-1]) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    numbered.FILE.write_text(table(read(Path(sys.argv[1]))))
